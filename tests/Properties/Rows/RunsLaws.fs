/// Runs of rows that stay are the rows that stay, side by side.
module internal SingleSharp.Properties.RunsLaws

open Expecto
open SingleSharp.Core.Rows

/// Flags with long stretches of one kind, over several words of bits.
let flags (lengths: byte list) (first: bool) =
    lengths |> List.mapi (fun i length -> Array.create (int length % 90) ((i % 2 = 0) = first)) |> Array.concat

let private runsOf kept low stop =
    let found = ResizeArray<int64 * int64 * int64>()
    Runs.visit kept low stop (fun first number count -> found.Add(first, number, count))
    List.ofSeq found

let private part (length: int) (low: uint16) (stop: uint16) =
    let low = if length = 0 then 0 else int low % (length + 1)
    low, low + (if length = low then 0 else int stop % (length - low + 1))

let tests =
    testList
        "Runs"
        [ Law.holds "runs" (fun (lengths: byte list) (first: bool) (low: uint16) (stop: uint16) ->
              let flags = flags lengths first
              let low, stop = part flags.Length low stop
              let kept = RowMask.ofFlags flags
              let runs = runsOf (ValueSome kept) (int64 low) (int64 stop)

              let rows =
                  [ for first, number, count in runs do
                        for i in 0L .. count - 1L -> first + i, number + i ]

              let isApart =
                  runs |> List.pairwise |> List.forall (fun ((first, _, count), (next, _, _)) -> first + count < next)

              rows =
                  [ for row in low .. stop - 1 do
                        if flags[row] then
                            int64 row, kept.Rank(int64 row) ]
              && isApart
              && Runs.count (ValueSome kept) (int64 low) (int64 stop) = int64 rows.Length
              && rows |> List.forall (fun (row, number) -> Runs.oldOf (ValueSome kept) number = row))

          Law.holds "where nothing is dropped there is one run" (fun (low: byte) (length: byte) ->
              let low, stop = int64 low, int64 low + int64 length
              let expected = if length = 0uy then [] else [ low, low, int64 length ]

              runsOf ValueNone low stop = expected
              && Runs.count ValueNone low stop = int64 length
              && Runs.total ValueNone stop = stop
              && Runs.oldOf ValueNone low = low) ]
