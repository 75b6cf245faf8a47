/// Rows that come are the rows of the new matrix, in the same bytes however they are cut and whoever is faster.
module internal SingleSharp.Properties.SparseSinkLaws

open System
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5

/// Rows in row batches of at most `perBatch`; sometimes dawdles, so that workers overtake one another.
let private source (rows: (int * float) list[]) perBatch : Source<RowBatch> =
    { Rows = rows.LongLength
      Open =
        fun () ->
            { new RowReader<RowBatch> with
                member _.Read(first, count, visit) =
                    for part in Seq.chunkBySize perBatch [| int first .. int first + count - 1 |] do
                        if first / 4096L % 2L = 0L then
                            Thread.Sleep 0

                        let rowBatch = RowBatches.ofRows (int64 part[0]) 0L [ for row in part -> rows[row] ]

                        Array.Copy(rowBatch.Values, rowBatch.Output, rowBatch.Count)
                        visit rowBatch

                member _.Dispose() = () } }

/// A file like the old one, whose X holds these rows instead.
let private write (path: string) target numeric genes (rows: (int * float) list[]) schedule perBatch =
    File.Copy(path, target, true)
    use file = GenFiles.openWrite target
    let store = file.Store
    let editor = FileEditor(store.Disk, store.Superblock, [])

    let sink =
        SparseSink.create editor 32 (Matrix.rows file.X) (DType.datatype numeric) rows.LongLength genes

    Blocks.run schedule (source rows perBatch) sink.Sink (Fold.always ())
    let shape = Attribute.tryFind store.Disk "shape" (Matrix.rows file.X).Group.Header

    let x =
        editor.Rewrite("X", (Matrix.rows file.X).Group, sink.Finish(), [ Matrix.shape shape.Value rows.LongLength genes ])

    let frame name (frame: DataFrame) (count: int64) =
        let index =
            editor.PutDataset(Integer(8, true, false), Encode.line count, editor.Put(Array.zeroCreate (int count * 8)), [])

        name, editor.Rewrite(name, frame.Group, [ "_index", index ], [])

    editor.Commit(
        editor.Rewrite("the root group", store.Root, [ "X", x; frame "obs" file.Obs rows.LongLength; frame "var" file.Var genes ], [])
    )

let private found path =
    AnnDataFiles.read path Blocks.sequential 1000 |> List.map (fun (_, _, row) -> row)

let private withTarget work =
    GenFiles.withPath (fun path -> GenFiles.withPath (work path))

/// Some of the rows, with the genes that a modulus leaves numbered anew.
let private subset (matrix: Rows) every gap =
    let keeps gene = gene % every <> gap

    let numbers =
        [| 0 .. matrix.Genes |] |> Array.scan (fun number gene -> if keeps gene then number + 1 else number) 0

    numbers[matrix.Genes],
    [| for i, row in List.indexed matrix.Rows do
           if i % 3 <> 1 then
               [ for gene, value in row do
                     if keeps gene then
                         numbers[gene], value ] |]

/// A value as a type holds it, which the generators' values do not always fit.
let private fitting numeric (value: float) =
    if numeric = DType.Float32 then
        float (float32 value)
    elif numeric = DType.Float64 then
        value
    else
        let value = if Double.IsFinite value then Math.Truncate value else 0.0
        // Zero has no sign.
        (if DType.isUnsigned numeric then abs value % 200.0 else value % 100.0) + 0.0

let tests =
    testList
        "SparseSink"
        [ Law.holdsFor
              100
              "rows out"
              (fun (WildRows matrix) (AnyTypes(numeric, _, pointers)) (AnyStorage storage) schedule (perBatch: byte, every: byte) ->
                  let matrix =
                      { matrix with
                          Rows = matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, fitting numeric value)) }

                  let stored: AnnDataFiles.Stored =
                      { Values = numeric
                        Indices = DType.UInt16
                        Pointers = (if DType.size pointers < 4 then DType.Int64 else pointers)
                        Storage = storage }

                  let genes, rows = subset matrix (1 + int every % 5) 0

                  withTarget (fun path target ->
                      AnnDataFiles.write path stored matrix
                      write path target numeric genes rows (AnnDataFiles.schedule schedule) (1 + int perBatch)
                      let bytes = File.ReadAllBytes target
                      let values = found target
                      write path target numeric genes rows Blocks.sequential 4096

                      let isSame =
                          List.forall2 (List.forall2 (fun (g, v) (g', v') -> g = g' && InMemory.sameBits v v'))

                      bytes = File.ReadAllBytes target
                      && values.Length = rows.Length
                      && (values |> List.map List.length) = (rows |> List.ofArray |> List.map List.length)
                      && isSame values (List.ofArray rows)))

          test "many blocks in chunks of three arrays, which fill in the same order for every schedule" {
              let matrix = AnnDataFiles.manyRows
              let genes, rows = subset matrix 4 3

              for storage in [ Unchunked; InChunks 1000; Gzipped 777 ] do
                  withTarget (fun path target ->
                      AnnDataFiles.write path (AnnDataFiles.usual storage) matrix

                      let bytes =
                          [ for schedule, perBatch in
                                [ Blocks.sequential, 4096
                                  AnnDataFiles.schedule (AnySchedule(4, 6)), 17
                                  AnnDataFiles.schedule (AnySchedule(2, 2)), 1000 ] do
                                write path target DType.Float64 genes rows schedule perBatch
                                Expect.equal (found target) (List.ofArray rows) $"the rows in {storage}"
                                File.ReadAllBytes target ]

                      Expect.equal (List.distinct bytes).Length 1 "one file")
          }

          test "blocks so full that their pages leave before they end" {
              let matrix =
                  { Genes = 400
                    Rows = List.init 4200 (fun row -> [ for i in 0..299 -> (row + i) % 400, float (row % 7 + i) ]) }

              let genes, rows = subset matrix 100 99

              withTarget (fun path target ->
                  AnnDataFiles.write path (AnnDataFiles.usual (InChunks 30_011)) matrix
                  write path target DType.Float32 genes rows (AnnDataFiles.schedule (AnySchedule(3, 4))) 100
                  let bytes = File.ReadAllBytes target
                  Expect.isTrue (found target = List.ofArray rows) "the rows"
                  write path target DType.Float32 genes rows Blocks.sequential 4096
                  Expect.isTrue (bytes = File.ReadAllBytes target) "one file")
          } ]
