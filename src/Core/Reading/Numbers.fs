/// Numbers of any stored type and byte order, in the form in which kernels use them.
namespace SingleSharp.Core.Reading

open System
open System.Numerics
open System.Runtime.InteropServices
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module private Widen =
    /// Each stored number as a wider one.
    let inline each (bytes: Span<byte>) (target: Span<'wide>) ([<InlineIfLambda>] widen: 'stored -> 'wide) =
        let stored = MemoryMarshal.Cast<byte, 'stored> bytes

        for i in 0 .. stored.Length - 1 do
            target[i] <- widen stored[i]

/// Floats as they are stored: the way back.
[<RequireQualifiedAccess>]
module internal Narrow =
    let inline private each (values: float[]) first (target: Span<byte>) ([<InlineIfLambda>] narrow: float -> 'stored) =
        let stored = MemoryMarshal.Cast<byte, 'stored> target

        for i in 0 .. stored.Length - 1 do
            stored[i] <- narrow values[first + i]

    /// Fills the target with values from `first` on, which the type must hold exactly but for the rounding to a shorter float;
    /// what does not fit is a bug and throws.
    let rec encode datatype (values: float[]) first (target: Span<byte>) =
        match datatype with
        | Float(4, _) -> each values first target Precision.toFloat32
        | Float(8, _) -> each values first target Precision.toFloat64
        | Float(2, _) -> each values first target Half.op_Explicit
        | Integer(1, true, _) -> each values first target Checked.sbyte
        | Integer(1, false, _) -> each values first target Checked.byte
        | Integer(2, true, _) -> each values first target Checked.int16
        | Integer(2, false, _) -> each values first target Checked.uint16
        | Integer(4, true, _) -> each values first target Checked.int32
        | Integer(4, false, _) -> each values first target Checked.uint32
        | Integer(8, true, _) -> each values first target Checked.int64
        | Integer(8, false, _) -> each values first target Checked.uint64
        | Enumeration(baseType, _) -> encode baseType values first target
        | other -> invalidOp $"{Datatype.name other} is not a type of numbers"

        if Datatype.isBigEndian datatype then
            Integers.swap (Datatype.size datatype) target

/// Numbers of one dataset, widened to the form in which kernels use them.
[<Sealed>]
type internal NumberReader(disk: RandomAccessFile, dataset: Dataset, chunks: Chunks voption) =
    let reader = DatasetReader(disk, dataset, chunks)
    let size = dataset.ElementSize

    /// How many numbers a row has; one, where there is only one dimension.
    let perRow = Checked.int (Hyperslab.rowBytes dataset / int64 size)

    /// Booleans are stored as integers.
    let stored =
        match dataset.Type with
        | Enumeration(baseType, _) -> baseType
        | datatype -> datatype

    let isUnsigned64 =
        (stored = Integer(8, false, false) || stored = Integer(8, false, true))

    let swap = Datatype.isBigEndian stored
    let isLine = dataset.Dims.Length = 1
    let mutable buffer: byte[] = Array.Empty()
    let mutable wide: int64[] = Array.Empty()

    /// Counts beyond 2^53 are not integers of float64 any more.
    let mostExact = 1L <<< 53

    let reserve bytes =
        if buffer.Length < bytes then
            buffer <- Array.zeroCreate (int (BitOperations.RoundUpToPowerOf2(uint32 bytes)))

    /// The first N bytes of the buffer in the byte order of this machine.
    let inOrder bytes : Span<byte> =
        if swap then
            for at in 0..size .. bytes - size do
                Array.Reverse(buffer, at, size)

        Span(buffer, 0, bytes)

    let load first rows : Span<byte> =
        let bytes = Checked.(*) (Checked.(*) rows perRow) size
        reserve bytes
        reader.Read(first, rows, buffer)
        inOrder bytes

    /// Integers of any width; a uint64 beyond int64 comes out negative, which every caller refuses.
    let widen (bytes: Span<byte>) (target: Span<int64>) =
        match stored with
        | Integer(1, true, _) -> Widen.each bytes target (fun (value: sbyte) -> int64 value)
        | Integer(1, false, _) -> Widen.each bytes target (fun (value: byte) -> int64 value)
        | Integer(2, true, _) -> Widen.each bytes target (fun (value: int16) -> int64 value)
        | Integer(2, false, _) -> Widen.each bytes target (fun (value: uint16) -> int64 value)
        | Integer(4, true, _) -> Widen.each bytes target (fun (value: int32) -> int64 value)
        | Integer(4, false, _) -> Widen.each bytes target (fun (value: uint32) -> int64 value)
        | Integer(8, _, _) -> Widen.each bytes target (fun (value: int64) -> value)
        | other -> invalidOp $"{Datatype.name other} values are not integers"

    let loadWhole first count (target: Span<int64>) = widen (load first count) target

    let reserveWide count =
        if wide.Length < count then
            wide <- Array.zeroCreate (int (BitOperations.RoundUpToPowerOf2(uint32 count)))

    let floats (bytes: Span<byte>) (target: float[]) =
        match stored with
        | Float(4, _) -> Widen.each bytes (Span target) (fun (value: float32) -> float value)
        | Float(8, _) -> Widen.each bytes (Span target) (fun (value: float) -> value)
        | Float(2, _) -> Widen.each bytes (Span target) (fun (value: Half) -> float value)
        | _ ->
            let count = bytes.Length / size
            reserveWide count
            widen bytes (Span wide)

            for i in 0 .. count - 1 do
                if wide[i] > mostExact || wide[i] < (if isUnsigned64 then 0L else -mostExact) then
                    disk.Unsupported dataset.Path "it holds integers beyond 2^53, which cannot be summed exactly"

                target[i] <- float wide[i]

    /// Integers of any width; a uint64 beyond int64 comes out negative.
    member _.Whole(first, count, target: int64[]) = loadWhole first count (Span target)

    /// Row offsets, checked to lie between 0 and `most`.
    member _.Offsets(first, count, target: int64[], most: int64) =
        loadWhole first count (Span target)

        for i in 0 .. count - 1 do
            if uint64 target[i] > uint64 most then
                disk.Damaged dataset.Path $"the row offset {target[i]} at position {first + int64 i} lies outside 0 to {most}"

    /// Column indices, checked to be one of N genes.
    member _.Genes(first, count, target: int[], genes: int) =
        match stored with
        | Integer(4, true, false) when isLine -> reader.ReadLine(first, MemoryMarshal.AsBytes(Span(target, 0, count)))
        | Integer(4, true, _) -> MemoryMarshal.Cast<byte, int>(load first count).CopyTo(Span target)
        | _ ->
            reserveWide count
            loadWhole first count (Span wide)

            for i in 0 .. count - 1 do
                target[i] <- if uint64 wide[i] < uint64 genes then int wide[i] else -1

        let known = RowOrder.below genes (ReadOnlySpan(target, 0, count))

        if known < count then
            disk.Damaged dataset.Path $"the column index at position {first + int64 known} is not one of the {genes} genes"

    /// Are they float32 as this machine has it, one after another?
    member _.AreSingle = (stored = Float(4, false)) && isLine

    /// The numbers of N rows, where they are such.
    member _.Singles(first, rows, target: float32[]) =
        reader.ReadLine(first, MemoryMarshal.AsBytes(Span(target, 0, rows)))

    /// The numbers of N rows, one after another.
    member _.Values(first, rows, target: float[]) = floats (load first rows) target

    /// The numbers of a whole chunk, by its place in row-major order.
    member _.Chunk(index, target: float[]) =
        let bytes = chunks.Value.Bytes
        reserve bytes
        reader.Chunk(index).AsSpan(0, bytes).CopyTo(Span buffer)
        floats (inOrder bytes) target
