/// Rows come out of a file as they were put into it, whatever the types, the storage, the row batches and the schedule.
module internal SingleSharp.Properties.ReaderLaws

open System
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5

let private same (found: (int64 * int64 * (int * float) list) list) wanted =
    let bits rows =
        rows
        |> List.map (fun (cell, value, row) ->
            cell, value, row |> List.map (fun (gene: int, value) -> gene, BitConverter.DoubleToInt64Bits value))

    bits found = bits wanted

let private isRead write (rows: Rows) schedule rowBatch =
    GenFiles.withPath (fun path ->
        write path
        same (AnnDataFiles.read path (AnnDataFiles.schedule schedule) rowBatch) (AnnDataFiles.expected rows.Rows))

let private each (change: float -> float) (rows: Rows) : Rows =
    { rows with
        Rows = rows.Rows |> List.map (List.map (fun (gene, value) -> gene, change value)) }

/// Values that the type holds: whole, and not too large for it.
let private fitting numeric (rows: Rows) : Rows =
    if numeric = DType.Float64 then
        rows
    elif numeric = DType.Float32 then
        each (float32 >> float) rows
    else
        let most =
            if DType.size numeric = 1 then 100.0
            elif DType.size numeric = 2 then 30000.0
            else 1e9

        each (min most) rows

/// The fault of reading a matrix whose arrays are these.
let private faultOf values indices pointers =
    GenFiles.withPath (fun path ->
        (AnnDataFiles.file (AnnDataFiles.usual Unchunked) 5 (values, indices, pointers) []).Write path

        let trouble =
            Expect.throwsC (fun () -> AnnDataFiles.read path Blocks.sequential 3 |> ignore) id

        Fault.tryFind trouble |> Option.map Fault.sentence |> Option.defaultValue $"no fault, but {trouble}")

let tests =
    testList
        "Reader"
        [ Law.holds "a matrix from NewFile" (fun (CountRows rows) (AnyStorage storage) (rowBatch: uint16) schedule ->
              let rows = fitting DType.Float32 rows
              isRead (fun path -> NewFile.write path storage (AnnDataFiles.counts rows)) rows schedule (1 + int rowBatch % 200))

          Law.holds "a matrix with anything in it" (fun (WildRows rows) (AnyStorage storage) schedule ->
              isRead
                  (fun path ->
                      AnnDataFiles.write
                          path
                          { AnnDataFiles.usual storage with
                              Values = DType.Float64 }
                          rows)
                  rows
                  schedule
                  10)

          Law.holds
              "values, indices and offsets of any type"
              (fun (CountRows rows) (AnyTypes(values, indices, pointers)) (AnyStorage storage) schedule ->
                  let rows = fitting values { rows with Genes = 600 }

                  let stored: AnnDataFiles.Stored =
                      { Values = values
                        // A byte cannot tell 600 genes apart.
                        Indices = if DType.size indices = 1 then DType.UInt16 else indices
                        Pointers = if DType.size pointers = 1 then DType.Int16 else pointers
                        Storage = storage }

                  rows.Rows |> List.sumBy List.length > 32000 || isRead (fun path -> AnnDataFiles.write path stored rows) rows schedule 50)

          test "more rows than a block, in row batches of any size" {
              let rows = AnnDataFiles.manyRows

              for storage in [ Unchunked; InChunks 977; Gzipped 1000 ] do
                  for workers, rowBatch in [ 1, 1_000_000; 3, 5; 4, 700 ] do
                      Expect.isTrue
                          (isRead
                              (fun path -> AnnDataFiles.write path (AnnDataFiles.usual storage) rows)
                              rows
                              (AnySchedule(workers, 2))
                              rowBatch)
                          $"{storage}, {workers} workers, {rowBatch} values"
          }

          test "big-endian numbers" {
              for name in [ "layout_big_endian"; "layout_gzip"; "layout_libver_latest" ] do
                  let rows name =
                      AnnDataFiles.read (GenFiles.goldenEdge name) Blocks.sequential 100

                  Expect.isTrue (same (rows name) (rows "layout_contiguous")) name
          }

          test "row offsets that make no sense are damage at X/indptr" {
              for pointers in
                  [ [| 0.0; 2.0; 1.0; 3.0 |]
                    [| 1.0; 2.0; 2.0; 3.0 |]
                    [| 0.0; 2.0; 2.0; 2.0 |]
                    [| 0.0; 4.0; 4.0; 3.0 |]
                    [| 0.0; -1.0; 2.0; 3.0 |]
                    [| 0.0; 2e9; 2.0; 3.0 |]
                    [| -2e9; 0.0; 2.0; 3.0 |] ] do
                  let sentence = faultOf [| 1.0; 2.0; 3.0 |] [| 0.0; 1.0; 2.0 |] pointers
                  Expect.stringContains sentence "is damaged at X/indptr" $"%A{pointers}"
          }

          test "column indices that are no genes are damage at X/indices" {
              for indices in
                  [ [| 0.0; 1.0; 5.0 |]
                    [| -1.0; 1.0; 2.0 |]
                    [| 0.0; 2147483647.0; 2.0 |]
                    [| 0.0; 1.0; -2147483648.0 |] ] do
                  let sentence = faultOf [| 1.0; 2.0; 3.0 |] indices [| 0.0; 2.0; 2.0; 3.0 |]
                  Expect.stringContains sentence "is damaged at X/indices" $"%A{indices}"
          }

          test "integers beyond 2^53 are refused, and those up to it are exact" {
              let read (values: int64[]) =
                  GenFiles.withPath (fun path ->
                      let stored = AnnDataFiles.usual Unchunked

                      let file =
                          AnnDataFiles.file stored 5 ([| 1.0; 1.0 |], [| 0.0; 1.0 |], [| 0.0; 2.0 |]) []

                      (file["X"] :?> H5Group)["data"] <- H5Dataset values
                      file.Write path
                      AnnDataFiles.read path Blocks.sequential 10)

              let most = 1L <<< 53
              Expect.equal (read [| most; -most |]) [ 0L, 0L, [ 0, float most; 1, -float most ] ] "exact"

              for value in [ most + 1L; -most - 1L; Int64.MaxValue; Int64.MinValue ] do
                  let trouble = Expect.throwsC (fun () -> read [| 1L; value |] |> ignore) id
                  Expect.equal (Fault.tryFind trouble |> Option.map Fault.kind) (Some FaultKind.Unsupported) $"{value}"
          } ]
