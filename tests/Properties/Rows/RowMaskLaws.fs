/// The rows that stay, against a list of them.
module internal SingleSharp.Properties.RowMaskLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp.Core.Rows
open SingleSharp.Properties.GenSelections

let private staying flags =
    flags |> List.indexed |> List.filter snd |> List.map (fst >> int64)

/// Does everything that can be asked have the list's answer?
let isAsListed (kept: RowMask) (flags: bool list) =
    let stays = staying flags

    let ranks =
        flags |> List.scan (fun rank stays -> if stays then rank + 1L else rank) 0L

    kept.Length = int64 flags.Length
    && kept.Count = int64 stays.Length
    && kept.IsAll = (stays.Length = flags.Length)
    && (flags |> List.indexed |> List.forall (fun (row, stays) -> kept.Has(int64 row) = stays))
    && (ranks |> List.indexed |> List.forall (fun (row, rank) -> kept.Rank(int64 row) = rank))
    && (stays |> List.indexed |> List.forall (fun (rank, row) -> kept.At(int64 rank) = row))

let tests =
    testList
        "RowMask"
        [ Law.holds "kept" (fun () ->
              Prop.forAll someFlags (fun (Flags flags) ->
                  let kept = RowMask.ofFlags (Array.ofList flags)
                  Seq.forall (fun rank -> kept.Rank(kept.At rank) = rank && kept.Has(kept.At rank)) [ 0L .. kept.Count - 1L ]))

          Law.holds "length, count, Has, Rank and At are those of the list" (fun () ->
              Prop.forAll someFlags (fun (Flags flags) -> isAsListed (RowMask.ofFlags (Array.ofList flags)) flags))

          Law.holds "all" (fun () ->
              Prop.forAll someFlags (fun (Flags flags) ->
                  isAsListed (RowMask.all (int64 flags.Length)) (flags |> List.map (fun _ -> true))))

          Law.holds "rows that are passed over do not stay" (fun () ->
              Prop.forAll someFlags (fun (Flags flags) ->
                  let kept = RowMask(int64 flags.Length)

                  for row in staying flags do
                      kept.DropUntil row
                      kept.Add true

                  kept.DropUntil kept.Length
                  isAsListed kept flags))

          test "one row among a million" {
              let kept = RowMask 1_000_003L
              kept.DropUntil 700_001L
              kept.Add true
              kept.DropUntil kept.Length
              Expect.equal (kept.At 0L) 700_001L "At"
              Expect.equal [ for row in [ 0L; 700_001L; 700_002L; 1_000_003L ] -> kept.Rank row ] [ 0L; 0L; 1L; 1L ] "Rank"
          }

          test "numbers that no row has are refused" {
              for flags in [ []; [ false ]; List.replicate 64 true; List.replicate 65 true ] do
                  let kept = RowMask.ofFlags (Array.ofList flags)

                  for rank in [ -1L; kept.Count; Int64.MaxValue ] do
                      Expect.throwsT<ArgumentOutOfRangeException> (fun () -> kept.At rank |> ignore) $"{rank} of {kept.Count}"

                  Expect.throwsT<InvalidOperationException> (fun () -> kept.Add true) $"one row more than {kept.Length}"
          } ]
