/// Rows of a matrix, as many at a time as somebody wants.
namespace SingleSharp.Core.Opened

open System
open System.Numerics
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows

/// Puts the row batches of a reader together to one of the rows that are asked for. Its buffers are used again for the next ones.
[<Sealed>]
type internal GatheredRows(reader: RowReader<RowBatch>, memory: int64) =
    let rows = RowBatch()
    let mutable genes: int[] = Array.Empty()
    let mutable values: float[] = Array.Empty()
    let mutable count = 0

    let bytesPerValue = 12L

    let reserve needed =
        if genes.Length < needed then
            if int64 needed * bytesPerValue > memory then
                Fault.throw (
                    InsufficientMemory("A batch of these cells", int64 needed * bytesPerValue, memory, "ask for fewer cells at a time, or ")
                )

            let room =
                int64 (BitOperations.RoundUpToPowerOf2(uint32 needed))
                |> min (memory / bytesPerValue)
                |> min (int64 Array.MaxLength)
                |> int

            Array.Resize(&genes, room)
            Array.Resize(&values, room)

    let add first (part: RowBatch) =
        let more = part.Count
        reserve (Checked.(+) count more)
        Array.Copy(part.Genes, 0, genes, count, more)
        Array.Copy(part.Values, 0, values, count, more)
        let at = int (part.FirstCell - first)

        for row in 1 .. part.Cells do
            rows.Offsets[at + row] <- count + part.Offsets[row]

        count <- count + more

    /// The rows [first, first + N), N at most as many as a block has.
    member _.Read(first: int64, cells: int) =
        count <- 0
        rows.Withdraw()
        rows.Reserve(cells, 0)
        rows.FirstCell <- first
        rows.Cells <- cells
        rows.Offsets[0] <- 0
        reader.Read(first, cells, add first)
        rows.Genes <- genes
        rows.Values <- values
        rows.LeaveValues()
        CsrBatch rows

    interface IDisposable with
        member _.Dispose() = reader.Dispose()
