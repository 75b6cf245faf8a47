/// Batches of an open file are the rows of its matrix, however many are asked for at a time and however it is stored.
module internal SingleSharp.Properties.GatheredRowsLaws

open System
open System.IO
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5

let private opened path (work: H5adFile -> 'a) =
    match H5ad.openFile Settings.standard path with
    | Ok file -> using file work
    | Error fault -> failtest (Fault.sentence fault)

let private rowsOf (batch: CsrBatch) =
    [ for row in 0 .. batch.Cells - 1 do
          [ for i in batch.Offsets[row] .. batch.Offsets[row + 1] - 1 -> batch.Genes[i], batch.Values[i] ] ]

let private bits rows =
    rows |> List.map (List.map (fun (gene: int, value) -> gene, BitConverter.DoubleToInt64Bits value))

let private written rows storage work =
    GenFiles.withPath (fun path ->
        AnnDataFiles.write
            path
            { AnnDataFiles.usual storage with
                Values = DType.Float64 }
            rows

        opened path work)

let private throws<'trouble, 'a when 'trouble :> exn> (work: unit -> 'a) =
    let trouble = Expect.throwsC (fun () -> work () |> ignore) id
    Expect.isTrue (trouble :? 'trouble) $"{trouble}"
    trouble.Message

let tests =
    testList
        "GatheredRows"
        [ Law.holds "any number of rows at a time" (fun (WildRows rows) (AnyStorage storage) (cells: byte) ->
              written rows storage (fun file ->
                  let batches =
                      [ for batch in file.X.Batches(1 + int cells) -> batch.FirstCell, rowsOf batch ]

                  let starts =
                      batches |> List.map (snd >> List.length >> int64) |> List.scan (+) 0L |> List.truncate batches.Length

                  bits (batches |> List.collect snd) = bits rows.Rows && List.map fst batches = starts))

          Law.holds "any rows of them" (fun (WildRows rows) (AnyStorage storage) (first: byte) (cells: byte) ->
              let all = rows.Rows.Length
              let first = if all = 0 then 0 else int first % all
              let cells = min (1 + int cells) (all - first)

              all = 0
              || written rows storage (fun file ->
                  bits (rowsOf (file.X.ReadRows(int64 first, cells))) = bits rows.Rows[first .. first + cells - 1]))

          test "more than a block" {
              written AnnDataFiles.manyRows Unchunked (fun file ->
                  let rows =
                      [ for batch in file.X.Batches 4096 do
                            yield! rowsOf batch ]

                  Expect.equal rows AnnDataFiles.manyRows.Rows "all rows")
          }

          test "a batch that is kept" {
              written AnnDataFiles.manyRows Unchunked (fun file ->
                  let batches = file.X.Batches 10 |> Seq.truncate 2 |> Array.ofSeq
                  Expect.stringContains (throws<InvalidOperationException, _>(fun () -> batches[0].Cells)) "copy what you need" "the first"
                  Expect.equal batches[1].Cells 10 "the second")
          }

          test "a batch that does not fit memory" {
              GenFiles.withPath (fun path ->
                  let long =
                      { Genes = 200_000
                        Rows = [ for _ in 1..12 -> [ for gene in 0..199_999 -> gene, 1.0 ] ] }

                  AnnDataFiles.write path (AnnDataFiles.usual Unchunked) long

                  match
                      H5ad.openFile
                          { Settings.standard with
                              Memory = 16L <<< 20 }
                          path
                  with
                  | Error fault -> failtest (Fault.sentence fault)
                  | Ok file ->
                      use file = file

                      Expect.stringContains
                          (throws<SingleSharpException, _>(fun () -> Seq.length (file.X.Batches 12)))
                          "fewer cells"
                          "too many"

                      Expect.equal (Seq.length (file.X.Batches 2)) 6 "few")
          }

          test "a file that is replaced is read as it was, and one that is changed is not read on" {
              let rows count : Rows =
                  { Genes = 3
                    Rows = [ for _ in 1..count -> [ 0, float count ] ] }

              GenFiles.withPath (fun path ->
                  GenFiles.withPath (fun other ->
                      AnnDataFiles.write path (AnnDataFiles.usual Unchunked) (rows 20)
                      AnnDataFiles.write other (AnnDataFiles.usual Unchunked) (rows 7)

                      opened path (fun file ->
                          use each = (file.X.Batches 3).GetEnumerator()
                          Expect.isTrue (each.MoveNext()) "a batch"
                          File.Move(other, path, true)
                          let mutable cells = each.Current.Cells

                          while each.MoveNext() do
                              cells <- cells + each.Current.Cells

                          Expect.equal cells 20 "all cells of the file that was opened")))

              GenFiles.withPath (fun path ->
                  AnnDataFiles.write path (AnnDataFiles.usual Unchunked) (rows 20)

                  opened path (fun file ->
                      use each = (file.X.Batches 3).GetEnumerator()
                      Expect.isTrue (each.MoveNext()) "a batch"
                      // Locks are advisory: another program may write all the same.
                      using (File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) (fun handle ->
                          RandomAccess.Write(handle, ReadOnlySpan [| 0uy |], RandomAccess.GetLength handle))

                      Expect.stringContains (throws<SingleSharpException, _> each.MoveNext) "open it again" "the next batch"))
          }

          test "a file that is closed" {
              let kept = written AnnDataFiles.manyRows Unchunked (fun file -> file)

              throws<ObjectDisposedException, _>(fun () -> Seq.length (kept.X.Batches 5)) |> ignore
              throws<ObjectDisposedException, _>(fun () -> Seq.length kept.Obs.Names) |> ignore
          } ]
