/// Entries in any order become rows: the same ones, whatever is sorted at a time.
module internal SingleSharp.Properties.ExternalSortLaws

open System
open System.Collections.Generic
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Inputs

let private folder = Path.GetTempPath()

/// Entries of a matrix of so many cells and genes, each place at most once, in an order of their own.
let private someEntries (seed: int) cells genes =
    let random = Random seed

    let all =
        [| for cell in 0 .. cells - 1 do
               for gene in 0 .. genes - 1 do
                   if random.Next 3 = 0 then
                       struct (int64 cell, gene, float32 (random.Next 100)) |]

    if seed % 3 <> 0 then
        random.Shuffle all

    all

let private visited runLength entries =
    use sorter = new ExternalSort(folder, runLength)

    for struct (cell, gene, value) in entries do
        sorter.Add(cell, gene, value)

    let found = List()
    sorter.Visit(CancellationToken.None, (fun cell gene value -> found.Add(struct (cell, gene, value))))
    found.ToArray()

/// A matrix, as everybody reads one, row by row.
let private rows (disk: RandomAccessFile) (matrix: Matrix) =
    let found = List()
    use reader = (Reader.rows disk matrix 7).Open()

    for first in 0L .. 4096L .. matrix.Cells - 1L do
        reader.Read(
            first,
            int (min 4096L (matrix.Cells - first)),
            fun rowBatch ->
                for row in 0 .. rowBatch.Cells - 1 do
                    for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                        found.Add(struct (rowBatch.FirstCell + int64 row, rowBatch.Genes[i], float32 rowBatch.Values[i]))
        )

    found.ToArray()

let tests =
    testList
        "ExternalSort"
        [ Law.holds "entries" (fun (seed: int) (cells: byte) (genes: byte) (runLength: uint16) ->
              let entries = someEntries seed (int cells % 30) (int genes % 40)
              visited (1 + int runLength % 500) entries = Array.sort entries)

          test "equal places follow one another, and large numbers keep their order" {
              let most = int64 Int32.MaxValue - 1L

              let entries =
                  [| struct (most, Int32.MaxValue - 1, 1.0f)
                     struct (0L, 3, 2.0f)
                     struct (most, 0, 3.0f)
                     struct (0L, 3, 4.0f) |]

              let places =
                  visited 1 entries |> Array.map (fun (struct (cell, gene, _)) -> struct (cell, gene))

              Expect.equal
                  places
                  [| struct (0L, 3)
                     struct (0L, 3)
                     struct (most, 0)
                     struct (most, Int32.MaxValue - 1) |]
                  "sorted"
          }

          test "more runs than the merge can read at once would like" {
              let entries = someEntries 7 300 300
              Expect.isTrue (visited 1000 entries = Array.sort entries) "the entries"
          }

          Law.holds
              "a scratch matrix holds the values that were added, empty rows among them"
              (fun (seed: int) (cells: byte) (genes: byte) ->
                  let cells, genes = int cells, int genes % 40
                  let entries = someEntries seed cells genes |> Array.sort
                  use scratch = new SparseScratch(folder, int64 cells, genes, entries.LongLength)

                  for struct (cell, gene, value) in entries do
                      scratch.Add(cell, gene, value)

                  let matrix = scratch.Finish()
                  matrix.Cells = int64 cells && matrix.Stored = entries.LongLength && rows scratch.Disk matrix = entries)

          test "a scratch matrix that is longer than what waits in memory" {
              use scratch = new SparseScratch(folder, 70_000L, 3, 140_000L)

              let entries =
                  [| for cell in 0L .. 69_999L do
                         struct (cell, 0, float32 (cell % 7L))
                         struct (cell, 2, 1.0f) |]

              for struct (cell, gene, value) in entries do
                  scratch.Add(cell, gene, value)

              Expect.isTrue (rows scratch.Disk (scratch.Finish()) = entries) "the rows"
          } ]
