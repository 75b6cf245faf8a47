/// Lets scores out to their place, row by row, a block at a time.
namespace SingleSharp.Core

open System
open System.Collections.Concurrent
open System.Runtime.InteropServices

/// One block of scores on its way out.
[<Sealed; AllowNullLiteral>]
type private ScorePage(scores: CellScores) =
    member val Compute = scores.Start()
    member val Values: float32[] = Array.zeroCreate (Checked.(*) Blocks.rowsPerBlock scores.Count)
    member val FirstRow = 0L with get, set
    member val Rows = 0 with get, set

[<RequireQualifiedAccess>]
module ScoreOutlet =
    /// The scores of row i, components as float32, go to the bytes from address + 4 · components · i on.
    let toPlace (disk: Disk) (address: int64) (scores: CellScores) : Outlet<Slice> =
        let spare = ConcurrentBag<ScorePage>()
        let rowBytes = int64 scores.Count * int64 sizeof<float32>

        Outlet.ofPages
            { Begin =
                fun row ->
                    let page =
                        match spare.TryTake() with
                        | true, page -> page
                        | _ -> ScorePage scores

                    page.FirstRow <- row
                    page.Rows <- 0
                    page
              Fill =
                fun page slice ->
                    page.Compute slice page.Values page.Rows
                    page.Rows <- page.Rows + slice.Cells
              IsFull = fun _ -> false
              Flush =
                fun page ->
                    let values = ReadOnlySpan(page.Values, 0, page.Rows * scores.Count)
                    disk.Write(address + page.FirstRow * rowBytes, MemoryMarshal.AsBytes values)
                    page.FirstRow <- page.FirstRow + int64 page.Rows
                    page.Rows <- 0
              Recycle = spare.Add
              Complete = ignore }

/// One block of loadings on its way out.
[<Sealed; AllowNullLiteral>]
type private LoadingPage(count: int, start: unit -> Slice -> float[] -> int -> unit) =
    member val Compute = start ()
    member val Values: float[] = Array.zeroCreate (Checked.(*) Blocks.rowsPerBlock count)
    member val FirstRow = 0L with get, set
    member val Rows = 0 with get, set

[<RequireQualifiedAccess>]
module LoadingOutlet =
    /// Number k that is computed of row i goes to the vectors' entry (k, i).
    let into (vectors: float[][]) (start: unit -> Slice -> float[] -> int -> unit) : Outlet<Slice> =
        let spare = ConcurrentBag<LoadingPage>()
        let count = vectors.Length

        Outlet.ofPages
            { Begin =
                fun row ->
                    let page =
                        match spare.TryTake() with
                        | true, page -> page
                        | _ -> LoadingPage(count, start)

                    page.FirstRow <- row
                    page.Rows <- 0
                    page
              Fill =
                fun page slice ->
                    page.Compute slice page.Values page.Rows
                    page.Rows <- page.Rows + slice.Cells
              IsFull = fun _ -> false
              Flush =
                fun page ->
                    for row in 0 .. page.Rows - 1 do
                        for k in 0 .. count - 1 do
                            vectors[k][int page.FirstRow + row] <- page.Values[row * count + k]

                    page.FirstRow <- page.FirstRow + int64 page.Rows
                    page.Rows <- 0
              Recycle = spare.Add
              Complete = ignore }
