/// What leaves a pass can be saved in parts and let out later: the bytes are the same.
module internal SingleSharp.Properties.SavedSinkLaws

open System
open System.Collections.Generic
open System.IO
open Expecto
open FsCheck.FSharp
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.MemoryPart

/// The machine that saves has no use for what would follow.
exception private Left

let private genes = AnnDataFiles.manyRows.Genes
let rows = Array.ofList AnnDataFiles.manyRows.Rows

/// Long rows, so that buffers are full before their block ends.
let private longRows =
    Array.init 4200 (fun row -> [ for i in 0..299 -> (row + i) % 400, float (row % 7 + i) ])

let source perBatch rows =
    SpillLaws.source perBatch rows
    |> Reader.through (fun () rowBatch ->
        for i in 0 .. rowBatch.Count - 1 do
            rowBatch.Output[i] <- RowSource.transformed rowBatch.Values[i])

/// Drops a third of the rows.
let private sifted source =
    source
    |> RowSelection.byRule (fun () rowBatch stays ->
        for row in 0 .. rowBatch.Cells - 1 do
            stays[row] <- rowBatch.CellOf row % 3L <> 1L)

let private onDisk (work: RandomAccessFile -> unit) =
    GenFiles.withDisk (Array.zeroCreate 16) (fun disk ->
        work disk
        disk.Read(0L, disk.Length))

let private columns: CellColumns =
    { Columns =
        [ { Name = "cell"; Type = DType.Int64 }
          { Name = "total"; Type = DType.Float32 } ]
      Start =
        fun () rowBatch targets at ->
            for row in 0 .. rowBatch.Cells - 1 do
                let low, high = rowBatch.Offsets[row], rowBatch.Offsets[row + 1]
                targets[0][at + row] <- float (rowBatch.CellOf row)
                targets[1][at + row] <- Array.sum rowBatch.Output[low .. high - 1] / 3.0 }

let private scores: CellScores =
    { Count = 2
      Start =
        fun () rowBatch target first ->
            for row in 0 .. rowBatch.Cells - 1 do
                target[2 * (first + row)] <- float32 (rowBatch.FirstCell + int64 row)
                target[2 * (first + row) + 1] <- float32 (rowBatch.Offsets[row + 1] - rowBatch.Offsets[row]) }

/// A file with a dataset for these many values, and what becomes of it.
let withValues storage (count: int) (work: RandomAccessFile -> Hdf5File -> Dataset -> unit) =
    GenFiles.withPath (fun path ->
        let file = H5File()
        file["x"] <- AnnDataFiles.line storage (Array.create count -1.0f)
        file.Write(path, H5WriteOptions(PreferCompactDatasetLayout = false))

        using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
            use store = new Hdf5File(disk)
            work disk store (GenFiles.findDataset store "x"))

        File.ReadAllBytes path)

let inPlace storage (rows: (int * float) list[]) pass =
    withValues storage (rows |> Array.sumBy List.length) (fun disk _ dataset ->
        let chunks =
            match dataset.Layout with
            | Chunked _ -> ValueSome(Chunks.load disk dataset)
            | _ -> ValueNone

        pass (ValueSink.inPlace Saved disk dataset chunks Precision.Single))

let private filter id parameters =
    { Id = id
      Optional = false
      Parameters = Array.ofList parameters }

let private intoChunks filters extent pass =
    let table = List<ChunkEntry>()

    let bytes =
        withValues Unchunked 1 (fun disk store _ ->
            let editor = FileEditor(disk, store.Superblock, [])
            pass (ValueSink.intoChunks editor "x" filters extent Precision.Double table))

    Array.append
        bytes
        (table
         |> Seq.collect (fun entry ->
             Seq.collect (fun (number: int64) -> BitConverter.GetBytes number) [ entry.Address; entry.Size; int64 entry.Mask ])
         |> Array.ofSeq)

let private sparse storage genes (rows: (int * float) list[]) pass =
    GenFiles.withPath (fun path ->
        AnnDataFiles.write
            path
            (AnnDataFiles.usual storage)
            { Genes = genes
              Rows = List.ofArray rows }

        using (GenFiles.openWrite path) (fun file ->
            let editor = FileEditor(file.Store.Disk, file.Store.Superblock, [])

            let sink =
                SparseSink.create editor 32 (Matrix.rows file.X) (DType.datatype DType.Float64) rows.LongLength genes

            pass sink.Sink
            sink.Finish() |> ignore)

        File.ReadAllBytes path)

let private mask pass =
    let kept = RowMask rows.LongLength
    pass (RowSelection.into kept)
    Array.init rows.Length (fun row -> if kept.Has(int64 row) then 1uy else 0uy)

let private bytesOfRows (seen: (int64 * int64 * (int * float) list) list) =
    bytesOf (fun writer ->
        for cell, first, row in seen do
            writer.Write cell
            writer.Write first

            for gene, value in row do
                writer.Write gene
                writer.Write value)

let private spilled precision pass =
    use scratch = new ScratchFile(Path.GetTempPath())
    let spill = Spill(scratch.Disk, genes, precision)
    pass spill.Sink
    Blocks.run Blocks.sequential (spill.Rows 1000) Sink.none AnnDataFiles.transcript |> bytesOfRows

/// Each makes a sink, has a pass let rows out by it, and says what that has left; of these rows.
let private sinks: (string * (Source<RowBatch> -> Source<RowBatch>) * ((Sink<RowBatch> -> unit) -> byte[])) list =
    [ "columns", id, (fun pass -> onDisk (fun disk -> pass (ColumnSink.toPlaces disk [| 16L; 100_016L |] columns)))
      "columns of rows that stay", sifted, (fun pass -> onDisk (fun disk -> pass (ColumnSink.toPlaces disk [| 16L; 100_016L |] columns)))
      "scores", id, (fun pass -> onDisk (fun disk -> pass (ScoreSink.toPlace disk 16L scores)))
      "dense rows", id, (fun pass -> onDisk (fun disk -> pass (DenseSink.toPlace Saved disk 16L (DType.datatype DType.Float32) genes)))
      "values in their places", id, inPlace Unchunked rows
      "values in places of chunks", id, inPlace (InChunks 777) rows
      "chunks", id, intoChunks [] 1000L
      "chunks smaller than rows", id, intoChunks [ filter Dataset.Deflate [ 4u ] ] 5L
      "chunks larger than blocks", id, intoChunks [ filter Dataset.Shuffle [ 8u ]; filter Dataset.Deflate [ 4u ] ] 9000L
      "sparse rows", id, sparse Unchunked genes rows
      "sparse rows in chunks", id, sparse (Gzipped 777) genes rows
      "cells that stay", sifted, mask
      "spilled rows", id, spilled Precision.Double
      "spilled rows of float32", id, spilled Precision.Single ]

/// A part that a machine of its own saves.
let taken schedule source leave range =
    let part = MemoryPart()

    try
        leave (fun sink ->
            Parts.take schedule source sink (Fold.always ()) range part
            raise Left)
        |> ignore
    with Left ->
        ()

    part :> PartReader

let private isSame schedule source (leave: (Sink<RowBatch> -> unit) -> byte[]) bounds =
    let atOnce =
        leave (fun sink -> Blocks.run Blocks.sequential source sink (Fold.always ()))

    let parts = ranges bounds |> List.map (taken schedule source leave)
    leave (fun sink -> Parts.restore false sink (fun _ -> true) true parts) = atOnce

let tests =
    testList
        "SavedSinks"
        [ for name, through, leave in sinks do
              Law.holdsFor 4 $"saved and restored: {name}" (fun schedule (perBatch: byte) ->
                  // Three blocks; parts of none are among these.
                  let bounds =
                      Gen.choose (0, 3) |> Gen.bind (fun count -> Gen.listOfLength count (Gen.choose (0, 3) |> Gen.map int64))

                  Prop.forAll (Arb.fromGen bounds) (fun bounds ->
                      let bounds = 0L :: List.sort bounds @ [ 3L ]
                      isSame (AnnDataFiles.schedule schedule) (through (source (1 + int perBatch) rows)) leave bounds))

          test "buffers that are full before their block ends" {
              let schedule = AnnDataFiles.schedule (AnySchedule(3, 4))

              for name, leave in
                  [ "places", inPlace Unchunked longRows
                    "chunks", intoChunks [] 30_011L
                    "sparse rows", sparse Unchunked 400 longRows ] do
                  Expect.isTrue (isSame schedule (source 100 longRows) leave [ 0L; 1L; 2L ]) name
          }

          test "a machine reads its own share of what was spilled" {
              let schedule = Blocks.sequential
              let source = source 300 rows
              let spill disk = Spill(disk, genes, Precision.Double)

              let seen range =
                  use scratch = new ScratchFile(Path.GetTempPath())

                  let part =
                      taken
                          schedule
                          source
                          (fun pass ->
                              pass (spill scratch.Disk).Sink
                              [||])
                          range

                  use other = new ScratchFile(Path.GetTempPath())
                  let restored = spill other.Disk
                  restored.Await(rows.LongLength, (fun () -> Parts.restore false restored.Sink (fun _ -> true) false [ part ]))
                  let rows = restored.Rows 100
                  Expect.equal rows.Rows 10000L "all rows are counted"
                  let found = List<int64 * (int * float) list>()

                  use reader = rows.Open()

                  for block in range.First .. range.Stop - 1L do
                      let struct (first, count) = Blocks.extent rows.Rows block

                      reader.Read(
                          first,
                          count,
                          fun rowBatch ->
                              for cell, _, row in Fold.run AnnDataFiles.transcript [ rowBatch ] do
                                  found.Add((cell, row))
                      )

                  List.ofSeq found

              let wanted = [ for cell, row in Seq.indexed rows -> int64 cell, row ]

              for bounds in [ [ 0L; 3L ]; [ 0L; 1L; 3L ]; [ 0L; 2L; 2L; 3L ] ] do
                  Expect.isTrue (ranges bounds |> List.collect seen = wanted) $"cut at {bounds}"
          } ]
