/// What is spilled comes back.
module internal SingleSharp.Properties.SpillLaws

open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files
open SingleSharp.Core.Reading
open SingleSharp.Properties.Gen

/// Rows in memory, in row batches of so many.
let source perBatch (rows: (int * float) list[]) : Source<RowBatch> =
    let starts = rows |> Array.scan (fun start row -> start + int64 row.Length) 0L

    { Rows = rows.LongLength
      Open =
        fun () ->
            { new RowReader<RowBatch> with
                member _.Read(first, count, visit) =
                    for low in int first .. perBatch .. int first + count - 1 do
                        let high = min (low + perBatch) (int first + count)
                        visit (RowBatches.ofRows (int64 low) starts[low] (List.ofArray rows[low .. high - 1]))

                member _.Dispose() = () } }

let private spill genes precision schedule (source: Source<RowBatch>) work =
    use scratch = new ScratchFile(Path.GetTempPath())
    let spill = Spill(scratch.Disk, genes, precision)
    Blocks.run schedule source spill.Sink (Fold.always ())
    work spill

let private readBack schedule perBatch (spill: Spill) =
    Blocks.run schedule (spill.Rows perBatch) Sink.none AnnDataFiles.transcript

/// The same places, genes and bits.
let private same (left: (int64 * int64 * (int * float) list) list) right =
    List.length left = List.length right
    && List.forall2
        (fun (cell, value, row) (cell', value', row') ->
            cell = cell'
            && value = value'
            && List.length row = List.length row'
            && List.forall2 (fun (gene, value) (gene', value') -> gene = gene' && InMemory.sameBits value value') row row')
        left
        right

/// Rows of several blocks, none of them like the one before; some are empty.
let private manyRows values =
    Array.init 9000 (fun cell -> List.init (values * (cell % 3) * (1 + cell % 2)) (fun i -> 3 * i, float (float32 (cell * 31 + i) / 7.0f)))

let tests =
    testList
        "Spill"
        [ Law.holds "spill" (fun (WildRows matrix) (precise: bool) (perBatch: byte) (target: byte) ->
              let precision = if precise then Precision.Double else Precision.Single

              let rows =
                  matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, Precision.round precision value))

              spill matrix.Genes precision Blocks.sequential (source (1 + int perBatch % 7) (Array.ofList rows)) (fun spill ->
                  same (readBack Blocks.sequential (int target) spill) (AnnDataFiles.expected rows)))

          Law.holdsFor 20 "whatever the schedules" (fun writing reading (perBatch: byte) (target: byte) ->
              let rows = manyRows 2

              spill 70000 Precision.Single (AnnDataFiles.schedule writing) (source (1 + 40 * int perBatch) rows) (fun spill ->
                  same (readBack (AnnDataFiles.schedule reading) (40 * int target) spill) (AnnDataFiles.expected (List.ofArray rows))))

          Law.holdsFor 50 "any rows can be read" (fun (first: uint16) (count: uint16) ->
              let rows = manyRows 1
              let first = int first % rows.Length
              let count = min (int count) (rows.Length - first)

              spill 40 Precision.Double Blocks.sequential (source 100 rows) (fun spill ->
                  use reader = (spill.Rows 1000).Open()
                  let mutable seen = []

                  reader.Read(int64 first, count, fun rowBatch -> seen <- List.rev (Fold.run AnnDataFiles.transcript [ rowBatch ]) @ seen)

                  same (List.rev seen) (AnnDataFiles.expected (List.ofArray rows) |> List.skip first |> List.truncate count)))

          Law.holdsFor 20 "rows that were dropped on the way leave no gap" (fun (AnySchedule(workers, window)) (modulus: byte) ->
              let rows = manyRows 1

              let stays cell =
                  (cell * 7) % (2 + int modulus % 20) <> 0

              let all = source 64 rows

              let some =
                  { all with
                      Open =
                          fun () ->
                              let reader = all.Open()

                              { new RowReader<RowBatch> with
                                  member _.Read(first, count, visit) =
                                      reader.Read(
                                          first,
                                          count,
                                          fun rowBatch ->
                                              Fold.run AnnDataFiles.transcript [ rowBatch ]
                                              |> List.filter (fun (cell, _, _) -> stays (int cell))
                                              |> List.map (fun (_, _, row) -> row)
                                              |> RowBatches.ofRows rowBatch.FirstCell 0L
                                              |> visit
                                      )

                                  member _.Dispose() = reader.Dispose() } }

              let kept =
                  rows |> List.ofArray |> List.indexed |> List.filter (fst >> stays) |> List.map snd

              spill 40 Precision.Double (AnnDataFiles.schedule (AnySchedule(workers, window))) some (fun spill ->
                  same (readBack Blocks.sequential 500 spill) (AnnDataFiles.expected kept)))

          test "pages that leave before their block ends" {
              // A block is some ten times what a buffer holds.
              let rows = manyRows 500

              for schedule in [ Blocks.sequential; AnnDataFiles.schedule (AnySchedule(2, 3)) ] do
                  spill 65536 Precision.Double schedule (source 64 rows) (fun spill ->
                      Expect.isTrue (same (readBack schedule 70000 spill) (AnnDataFiles.expected (List.ofArray rows))) "the rows")
          }

          test "genes up to the last one" {
              for genes in [ 65536; 65537; 200000 ] do
                  let rows = [| [ 0, 1.0; genes - 1, 2.0 ]; []; [ genes - 1, 3.0 ] |]

                  spill genes Precision.Single Blocks.sequential (source 2 rows) (fun spill ->
                      Expect.isTrue (same (readBack Blocks.sequential 1 spill) (AnnDataFiles.expected (List.ofArray rows))) $"{genes}")
          }

          test "a full disk is told with what takes the room" {
              if not (File.Exists "/dev/full") then
                  skiptest "this system has no device that is always full"

              use disk =
                  new RandomAccessFile("scratch", File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write), 0L)

              let spill = Spill(disk, 40, Precision.Single)

              let fault =
                  try
                      Blocks.run Blocks.sequential (source 64 (manyRows 1)) spill.Sink (Fold.always ())
                      None
                  with trouble ->
                      Fault.tryFind trouble

              match fault with
              | Some(CannotWrite("scratch", why)) -> Expect.stringContains why "pca" "what the room is for"
              | other -> failtest $"%A{other}"
          } ]
