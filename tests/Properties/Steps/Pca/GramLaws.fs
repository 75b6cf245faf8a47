/// Sums of products against the loops of their definition, bit for bit.
module internal SingleSharp.Properties.GramLaws

open System
open System.Runtime.InteropServices
open System.Security.Cryptography
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Reading
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

/// Rows as a Gram matrix wants them: finite values, genes in ascending order.
let tame (rows: (int * float) list list) =
    rows
    |> List.map (List.map (fun (gene, value) -> gene, (if Double.IsFinite value then value else 2.5)) >> List.sortBy fst)

let bits (values: float[]) =
    MemoryMarshal.AsBytes(ReadOnlySpan values).ToArray()

/// The definition: row by row, every product is added to its entry.
let private naive size (rows: (int * float) list list) : Gram =
    let sums: float[] = Array.zeroCreate size
    let products: float[,] = Array2D.zeroCreate size size

    for row in rows do
        for i, v in row do
            sums[i] <- sums[i] + v

            for j, w in row do
                products[i, j] <- products[i, j] + v * w

    { Cells = int64 rows.Length
      Size = size
      Sums = sums
      Upper =
        [| for i in 0 .. size - 1 do
               for j in i .. size - 1 -> products[i, j] |] }

let private plus (left: Gram) (right: Gram) =
    { left with
        Cells = left.Cells + right.Cells
        Sums = Array.map2 (+) left.Sums right.Sums
        Upper = Array.map2 (+) left.Upper right.Upper }

let private same (left: Gram) (right: Gram) =
    left.Cells = right.Cells
    && left.Size = right.Size
    && bits left.Sums = bits right.Sums
    && bits left.Upper = bits right.Upper

let private rowBatch rows = RowBatches.ofRows 0L 0L rows

/// The Gram matrix of rows in one block.
let gram size rows : Gram =
    Fold.run (Gram.fold size) [ rowBatch rows ]

/// Every gene in every row, so that most of the values are explicit zeros.
let private filled size (rows: (int * float) list list) =
    rows
    |> List.map (fun row ->
        let values = Map.ofList row
        List.init size (fun gene -> gene, Map.tryFind gene values |> Option.defaultValue 0.0))

/// Numbers that are the same everywhere; about `percent` of 100 of the values are stored.
let fixedRows cells genes percent =
    let mutable state = 12345u

    let next () =
        state <- state * 1664525u + 1013904223u
        int (state >>> 8)

    List.init cells (fun _ ->
        List.init genes id
        |> List.filter (fun _ -> next () % 100 < percent)
        |> List.map (fun gene -> gene, float (1 + next () % 999) / 37.0))

let private digest (gram: Gram) =
    Array.append (bits gram.Sums) (bits gram.Upper) |> SHA256.HashData |> Convert.ToHexStringLower

let tests =
    testList
        "Gram"
        [ Law.holds "it is the loops of its definition, bit for bit" (fun (WildRows matrix) ->
              let rows = tame matrix.Rows
              same (gram matrix.Genes rows) (naive matrix.Genes rows))

          Law.holds "gram" (fun (CutRows segments) ->
              let rowBatches = segments |> List.concat |> List.concat

              let genes =
                  1 + (rowsOf rowBatches |> List.concat |> List.map fst |> List.fold max 0)

              // Row batches of rows in ascending order, cut where these were.
              let segments =
                  segments |> List.map (List.map (List.map (fun part -> rowsOf [ part ] |> tame)))

              let wanted =
                  segments
                  |> List.map (List.map (List.concat >> naive genes) >> List.reduce plus)
                  |> function
                      | [] -> naive genes []
                      | merged -> List.reduce plus merged

              same wanted (Fold.runParts (Gram.fold genes) (segments |> List.map (List.map (List.map rowBatch)))))

          Law.holds "where most values are zero and where most are not, the bits are the same" (fun (WildRows matrix) (spare: byte) ->
              let rows = tame matrix.Rows
              let dense = gram matrix.Genes (filled matrix.Genes rows)

              let sparse =
                  gram matrix.Genes (rows @ List.replicate (10 * rows.Length + int spare) [])

              same dense { sparse with Cells = dense.Cells })

          Law.holds "permuted" (fun (WildRows matrix) (seed: int) ->
              let rows = tame matrix.Rows
              let size = matrix.Genes
              let order = Array.init size id
              Random(seed).Shuffle order

              let moved =
                  rows |> List.map (List.map (fun (gene, value) -> order[gene], value) >> List.sortBy fst)

              let left, right = gram size rows, gram size moved

              let entry (gram: Gram) i j =
                  let i, j = min i j, max i j
                  gram.Upper[i * size - i * (i + 1) / 2 + j]

              List.forall
                  (fun i ->
                      sameBits left.Sums[i] right.Sums[order[i]]
                      && List.forall (fun j -> sameBits (entry left i j) (entry right order[i] order[j])) [ i .. size - 1 ])
                  [ 0 .. size - 1 ])

          Law.holds "interleave" (fun (WildRows matrix) (other: bool) ->
              let rows = tame matrix.Rows
              let fold = Gram.fold matrix.Genes

              let parts =
                  if other then [ rowBatch rows ] else rows |> List.map (fun row -> rowBatch [ row ])

              let struct (left, right) = Fold.run (Fold.both fold fold) parts
              same left right && same left (naive matrix.Genes rows))

          Law.holds "states that are used again are used as new" (fun (CutRows segments) ->
              let rowBatches = segments |> List.concat |> List.concat

              let genes =
                  1 + (rowsOf rowBatches |> List.concat |> List.map fst |> List.fold max 0)

              let segments =
                  segments |> List.map (List.map (List.map (fun part -> rowsOf [ part ] |> tame |> rowBatch)))

              let fold = Gram.fold genes
              let first = Fold.runParts fold segments
              let second = Fold.runParts fold segments
              same first second && not (Object.ReferenceEquals(first.Upper, second.Upper)))

          test "a block of more values than are multiplied at a time" {
              for percent in [ 100; 20 ] do
                  let rows = fixedRows 4096 203 percent
                  Expect.isTrue (same (gram 203 rows) (naive 203 rows)) $"{percent} %%"
          }

          test "one row after another is as good as all at once" {
              let rows = fixedRows 300 40 50
              Expect.isTrue (same (gram 40 rows) (Fold.run (Gram.fold 40) (rows |> List.map (fun row -> rowBatch [ row ])))) "rows"
          }

          test "rows whose genes do not ascend, or are none of so many, are a bug" {
              for row in [ [ 1, 1.0; 0, 1.0 ]; [ 1, 1.0; 1, 1.0 ]; [ 3, 1.0 ]; [ -1, 1.0 ] ] do
                  Expect.throws (fun () -> gram 3 [ row ] |> ignore) $"%A{row}"
          }

          test "what is not finite shows in the sums" {
              for value in [ nan; infinity; -infinity ] do
                  for others in [ []; List.replicate 50 [ 0, 1.0 ] ] do
                      let sums = (gram 2 (others @ [ [ 0, 1.0; 1, value ] ] @ others)).Sums
                      Expect.isTrue (Double.IsFinite sums[0] && not (Double.IsFinite sums[1])) $"{value}"
          }

          test "it takes the memory that a pass counts on, and gives it up" {
              let rows percent = rowBatch (fixedRows 200 300 percent)
              let rowBatches = [ rows 100; rows 1 ]
              let fold = Gram.fold 300

              // One state and one multiplier, which goes both ways. Nothing is left for another run.
              let allocated () =
                  let before = GC.GetAllocatedBytesForCurrentThread()
                  Fold.run fold (List.replicate 20 rowBatches[0] @ List.replicate 100 rowBatches[1]) |> ignore
                  float (GC.GetAllocatedBytesForCurrentThread() - before)

              let need = PcaMemory.productNeed 300L

              for _ in 1..2 do
                  let bytes = allocated ()

                  Expect.isTrue
                      (bytes > 0.9 * float (need.State + need.Worker) && bytes < float (need.State + need.Worker))
                      $"{bytes} of %A{need}"
          }

          test "more genes than fit an array make no triangle" {
              Expect.throwsT<OverflowException> (fun () -> gram (Packed.mostSide + 1) [ [ 0, 1.0 ] ] |> ignore) "one more"
          }

          test "its bits are the same on every machine" {
              Expect.equal
                  (digest (gram 61 (fixedRows 500 61 10)))
                  "aca64d0472f9044bc1355a89a617c855ab3fd73a4665851790b1f9075ea09104"
                  "sparse"

              Expect.equal
                  (digest (gram 61 (fixedRows 500 61 80)))
                  "e9449d45ae8c9f803c5705c1bffe8c8892256f5e78beeea4292c9b961c1f77c4"
                  "dense"
          } ]
