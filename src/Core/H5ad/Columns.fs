/// Lets columns with one value per cell out to their place, a block at a time.
namespace SingleSharp.Core

open System
open System.Collections.Concurrent
open System.Runtime.InteropServices

[<RequireQualifiedAccess>]
module ColumnBytes =
    let inline private each (values: float[]) count (target: byte[]) ([<InlineIfLambda>] store: float -> 'stored) =
        let stored = MemoryMarshal.Cast<byte, 'stored>(Span target)

        for i in 0 .. count - 1 do
            stored[i] <- store values[i]

    /// Whole numbers beyond 2^53 would have been rounded on the way.
    let private mostExact = float (1L <<< 53)

    /// Refuses sums of whole numbers that cannot be exact.
    let requireExact (disk: Disk) (column: Column) (values: float[]) count =
        if not (Numeric.isFloat column.Type) then
            for i in 0 .. count - 1 do
                if not (abs values[i] < mostExact) then
                    disk.Unsupported
                        "X"
                        $"{column.Name} would go beyond 2^53, where whole numbers cannot be summed exactly; convert X to float64"

    /// The first `count` values in the type of their column, rounded once; returns how many bytes they take.
    /// What does not fit the type is a bug and throws.
    let encode numeric (values: float[]) count (target: byte[]) =
        match numeric with
        | Numeric.Float64 -> each values count target Precision.toFloat64
        | Numeric.Float32 -> each values count target Precision.toFloat32
        | Numeric.Int64 -> each values count target Checked.int64
        | Numeric.UInt64 -> each values count target Checked.uint64
        | Numeric.Int32 -> each values count target Checked.int32
        | Numeric.Bool -> each values count target (fun value -> if value = 0.0 then 0uy else 1uy)
        | other -> invalidOp $"no column is stored as {Numeric.name other}"

        count * Numeric.size numeric

/// One block of every column, on its way out.
[<Sealed; AllowNullLiteral>]
type private ColumnPage(columns: CellColumns) =
    member val Compute = columns.Start()
    member val Values = columns.Columns |> List.map (fun _ -> Array.zeroCreate<float> Blocks.rowsPerBlock) |> Array.ofList
    member val Bytes: byte[] = Array.zeroCreate (8 * Blocks.rowsPerBlock)
    member val Rows = 0 with get, set

[<RequireQualifiedAccess>]
module ColumnOutlet =
    /// Column i goes to the bytes from addresses[i] on.
    let toPlaces (disk: Disk) (addresses: int64[]) (columns: CellColumns) : Outlet<Slice> =
        let columnOf = Array.ofList columns.Columns
        let spare = ConcurrentBag<ColumnPage>()

        // Counted here and not by the page, because rows may have been dropped on the way.
        let mutable written = 0L

        Outlet.ofPages
            { Begin =
                fun _ ->
                    let page =
                        match spare.TryTake() with
                        | true, page -> page
                        | _ -> ColumnPage columns

                    page.Rows <- 0
                    page
              Fill =
                fun page slice ->
                    page.Compute slice page.Values page.Rows
                    page.Rows <- page.Rows + slice.Cells
              IsFull = fun _ -> false
              Flush =
                fun page ->
                    for i in 0 .. columnOf.Length - 1 do
                        ColumnBytes.requireExact disk columnOf[i] page.Values[i] page.Rows
                        let bytes = ColumnBytes.encode columnOf[i].Type page.Values[i] page.Rows page.Bytes
                        disk.Write(addresses[i] + written * int64 (Numeric.size columnOf[i].Type), ReadOnlySpan(page.Bytes, 0, bytes))

                    written <- written + int64 page.Rows
                    page.Rows <- 0
              Recycle = spare.Add
              Complete = ignore }
