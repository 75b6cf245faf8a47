/// Brings the entries of a matrix, which may come in any order, into rows: sorted runs on disk, merged once.
namespace SingleSharp.Core.Inputs

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// A sorted run on its way back from disk.
[<Sealed>]
type private Run(disk: RandomAccessFile, address: int64, count: int, room: int) =
    let keys: uint64[] = Array.zeroCreate (min room count)
    let values: float32[] = Array.zeroCreate (min room count)
    let mutable taken = 0
    let mutable held = 0
    let mutable at = 0

    let load () =
        held <- min keys.Length (count - taken)
        disk.ReadInto(address + 8L * int64 taken, MemoryMarshal.AsBytes(Span(keys, 0, held)))
        disk.ReadInto(address + 8L * int64 count + 4L * int64 taken, MemoryMarshal.AsBytes(Span(values, 0, held)))
        taken <- taken + held
        at <- 0

    do load ()

    member _.Key = keys[at]
    member _.Value = values[at]

    /// Goes on; false at the end.
    member _.Advance() =
        at <- at + 1

        if at < held then
            true
        elif taken < count then
            load ()
            true
        else
            false

/// Entries of a matrix of cells × genes; `runLength` of them are sorted in memory at a time, which changes no result.
[<Sealed>]
type internal ExternalSort(folder: string, runLength: int) =
    let scratch = new ScratchFile(folder)
    let keys: uint64[] = Array.zeroCreate runLength
    let values: float32[] = Array.zeroCreate runLength
    let runs = List<struct (int64 * int)>()
    let mutable held = 0
    let mutable isSorted = true
    let mutable written = 0L

    let put (bytes: Span<byte>) =
        scratch.Disk.Write(written, Span.op_Implicit bytes)
        written <- written + int64 bytes.Length

    let leave () =
        if not isSorted then
            Array.Sort(keys, values, 0, held)

        if held > 0 then
            runs.Add(struct (written, held))
            put (MemoryMarshal.AsBytes(Span(keys, 0, held)))
            put (MemoryMarshal.AsBytes(Span(values, 0, held)))

        held <- 0
        isSorted <- true

    /// One entry; cells and genes are numbered from 0 and fit 32 bits.
    member _.Add(cell: int64, gene: int, value: float32) =
        if held = runLength then
            leave ()

        let key = (uint64 cell <<< 32) ||| uint64 gene

        if held > 0 && key < keys[held - 1] then
            isSorted <- false

        keys[held] <- key
        values[held] <- value
        held <- held + 1

    /// Visits all entries by cell and then by gene. Done once, after all have been added.
    /// Law (entries): what is visited is what was added, sorted, however long the runs are.
    member _.Visit(cancel: CancellationToken, visit: int64 -> int -> float32 -> unit) =
        leave ()
        let room = max 64 (min 65536 (runLength / max 1 runs.Count))
        let queue = PriorityQueue<Run, uint64>()

        for struct (address, count) in runs do
            let run = Run(scratch.Disk, address, count, room)
            queue.Enqueue(run, run.Key)

        while queue.Count > 0 do
            cancel.ThrowIfCancellationRequested()
            let run = queue.Dequeue()

            // A run leads until another one comes before its next entry.
            let until =
                match queue.TryPeek() with
                | true, _, key -> key
                | _ -> UInt64.MaxValue

            let mutable leads = true

            while leads do
                let key = run.Key
                visit (int64 (key >>> 32)) (int (key &&& 0xFFFFFFFFUL)) run.Value

                if not (run.Advance()) then
                    leads <- false
                elif run.Key > until then
                    leads <- false
                    queue.Enqueue(run, run.Key)

    interface IDisposable with
        member _.Dispose() = (scratch :> IDisposable).Dispose()

/// Arrays of a matrix in pieces, as if they were in an HDF5 file.
[<RequireQualifiedAccess>]
module private EntryArrays =
    /// An array contiguous at an address.
    let array name numeric count address =
        let datatype = DType.datatype numeric

        { Path = name
          Header =
            { Address = Bytes.undefined
              Version = 2
              OrderFlags = 0uy
              LinkCount = 1
              Messages = [] }
          Type = datatype
          Space = Encode.line count
          Layout = Contiguous address
          Filters = []
          FillValue = Array.zeroCreate (Datatype.size datatype) }

    /// The rows of a matrix of N values.
    let rows cells genes values indicesAt indptrAt : Matrix =
        Matrix.ofDatasets
            "the entries"
            cells
            genes
            DType.Float32
            (array "data" DType.Float32 values 0L)
            (array "indices" DType.Int32 values indicesAt)
            (array "indptr" DType.Int64 (cells + 1L) indptrAt)

/// Rows in a scratch file, written one value after another and then read as a matrix.
[<Sealed>]
type internal SparseScratch(folder: string, cells: int64, genes: int, most: int64) =
    let scratch = new ScratchFile(folder)

    /// Numbers that are written at a time.
    let batch = 65536

    let indicesAt = Bytes.align8 (Checked.(*) 4L most)
    let indptrAt = Checked.(*) 2L indicesAt
    let data: float32[] = Array.zeroCreate batch
    let indices: int[] = Array.zeroCreate batch
    let pointers: int64[] = Array.zeroCreate batch
    let mutable held = 0
    let mutable values = 0L
    let mutable heldPointers = 0
    let mutable rows = 0L

    let write (at: int64) (bytes: Span<byte>) =
        scratch.Disk.Write(at, Span.op_Implicit bytes)

    let leaveValues () =
        let first = values - int64 held
        write (4L * first) (MemoryMarshal.AsBytes(Span(data, 0, held)))
        write (indicesAt + 4L * first) (MemoryMarshal.AsBytes(Span(indices, 0, held)))
        held <- 0

    let leavePointers () =
        write (indptrAt + 8L * (rows - int64 heldPointers)) (MemoryMarshal.AsBytes(Span(pointers, 0, heldPointers)))
        heldPointers <- 0

    let beginRow () =
        if heldPointers = batch then
            leavePointers ()

        pointers[heldPointers] <- values
        heldPointers <- heldPointers + 1
        rows <- rows + 1L

    member _.Disk = scratch.Disk

    /// The next value, by cell and then by gene.
    member _.Add(cell: int64, gene: int, value: float32) =
        while rows <= cell do
            beginRow ()

        if held = batch then
            leaveValues ()

        data[held] <- value
        indices[held] <- gene
        held <- held + 1
        values <- values + 1L

    /// All rows as a matrix, once everything has been added.
    member _.Finish() : Matrix =
        while rows <= cells do
            beginRow ()

        leaveValues ()
        leavePointers ()

        EntryArrays.rows cells genes values indicesAt indptrAt

    /// A matrix of N cells, genes and, at most, values as it will be.
    static member Foreseen(cells: int64, genes: int, values: int64) : Matrix =
        EntryArrays.rows cells genes values 0L 0L

    interface IDisposable with
        member _.Dispose() = (scratch :> IDisposable).Dispose()
