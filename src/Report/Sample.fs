/// Which cells are drawn: a fixed rule, so that a page of a file has the same bytes each time.
namespace SingleSharp.Reporting

open System.Collections.Generic

/// Every k-th cell, from the first one.
type internal Sample =
    { Cells: int64
      Every: int64 }

    member sample.Count = (sample.Cells + sample.Every - 1L) / sample.Every

[<RequireQualifiedAccess>]
module internal Sample =
    /// A page with this many cells and all of its plots stays below 6 MB.
    let most = 60_000L

    /// Of N cells, as few left out as `most` allows.
    let ofCells cells =
        { Cells = cells
          Every = max 1L ((cells + most - 1L) / most) }

    /// What belongs to the cells that are drawn, of rows that come in batches of some width; of each row the first `take` numbers.
    let rows (sample: Sample) width take (batches: seq<float[]>) =
        let columns = Array.init take (fun _ -> List<float>(int sample.Count))
        let mutable row = 0L

        for batch in batches do
            for at in 0..width .. batch.Length - width do
                if row % sample.Every = 0L then
                    for column in 0 .. take - 1 do
                        columns[column].Add batch[at + column]

                row <- row + 1L

        columns |> Array.map _.ToArray()
