/// Lets columns with one value per cell out to their place, a block at a time.
namespace SingleSharp.Core.Writing

open System
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal ColumnBytes =
    let inline private each (values: float[]) count (target: byte[]) ([<InlineIfLambda>] store: float -> 'stored) =
        let stored = MemoryMarshal.Cast<byte, 'stored>(Span target)

        for i in 0 .. count - 1 do
            stored[i] <- store values[i]

    /// Integers beyond 2^53 would have been rounded on the way.
    let private mostExact = float (1L <<< 53)

    /// Refuses sums of integers that cannot be exact.
    let requireExact (disk: RandomAccessFile) (column: OutputColumn) (values: float[]) count =
        if not (DType.isFloat column.Type) then
            for i in 0 .. count - 1 do
                if not (abs values[i] < mostExact) then
                    disk.Unsupported
                        "X"
                        $"{column.Name} would go beyond 2^53, where integers cannot be summed exactly; convert X to float64"

    /// The first `count` values in the type of their column, rounded once; returns how many bytes they take.
    /// What does not fit the type is a bug and throws.
    let encode numeric (values: float[]) count (target: byte[]) =
        match numeric with
        | DType.Float64 -> each values count target Precision.toFloat64
        | DType.Float32 -> each values count target Precision.toFloat32
        | DType.Int64 -> each values count target Checked.int64
        | DType.UInt64 -> each values count target Checked.uint64
        | DType.Int32 -> each values count target Checked.int32
        | DType.Bool -> each values count target (fun value -> if value = 0.0 then 0uy else 1uy)
        | other -> invalidOp $"no column is stored as {DType.name other}"

        count * DType.size numeric

[<RequireQualifiedAccess>]
module internal ColumnSink =
    /// Column i goes to the bytes from addresses[i] on.
    let toPlaces (disk: RandomAccessFile) (addresses: int64[]) (columns: CellColumns) : Sink<RowBatch> =
        let columnOf = Array.ofList columns.Columns

        let room () =
            columnOf |> Array.map (fun _ -> Array.zeroCreate<float> Blocks.rowsPerBlock)

        let bytes: byte[] = Array.zeroCreate (8 * Blocks.rowsPerBlock)

        // Counted here and not by the block, because rows may have been dropped on the way.
        let mutable written = 0L

        BlockSink.ofRows BlockSink.columns room columns.Start (fun _ values rows ->
            for i in 0 .. columnOf.Length - 1 do
                ColumnBytes.requireExact disk columnOf[i] values[i] rows
                let length = ColumnBytes.encode columnOf[i].Type values[i] rows bytes
                disk.Write(addresses[i] + written * int64 (DType.size columnOf[i].Type), ReadOnlySpan(bytes, 0, length))

            written <- written + int64 rows)
