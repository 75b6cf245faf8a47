/// The products of genes over rows against the loops of their definition, by both ways and however rows are cut into batches.
module internal SingleSharp.Properties.ProductsLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

/// Numbers of genes on both sides of where panels of eight end, and one.
let private size =
    Gen.frequency
        [ 2, Gen.constant 1
          3, Gen.choose (2, 7)
          4, Gen.elements [ 8; 9; 15; 16; 17; 24 ]
          1, Gen.choose (30, 70) ]

/// Numbers of rows on both sides of where pieces of 128 end, and none.
let private height =
    Gen.frequency
        [ 1, Gen.constant 0
          1, Gen.constant 1
          6, Gen.choose (2, 40)
          2, Gen.elements [ 127; 128; 129; 257 ] ]

/// A row of ascending genes: empty, of one value, of some or of every gene.
let private row size value =
    gen {
        let! share =
            Gen.frequency
                [ 1, Gen.constant 0
                  2, Gen.constant 10
                  2, Gen.constant 50
                  1, Gen.constant 100 ]

        let! isSingle = Gen.frequency [ 1, Gen.constant true; 5, Gen.constant false ]
        let! single = Gen.choose (0, size - 1)

        let! present =
            Gen.listOfLength size (Gen.choose (1, 100) |> Gen.map (fun roll -> roll <= share))

        let genes =
            if isSingle then
                [ single ]
            else
                [ for gene in 0 .. size - 1 do
                      if present[gene] then
                          gene ]

        let! values = Gen.listOfLength genes.Length value
        return List.zip genes values
    }

/// Rows in batches of any length, each to be multiplied by any of the ways.
let private batches value =
    gen {
        let! size = size
        let! height = height
        let! rows = Gen.listOfLength height (row size value)
        let! places = Gen.listOf (Gen.choose (0, height))

        let parts =
            0 :: List.sort places @ [ height ]
            |> List.pairwise
            |> List.map (fun (low, high) -> rows |> List.skip low |> List.take (high - low))

        let! ways = Gen.listOfLength parts.Length (Gen.choose (0, 2))
        return size, List.zip parts ways
    }

let private small = Gen.choose (-1000, 1000)

/// Finite values: fractions, zeros of both signs, tiny ones, and the largest that float32 holds.
let private real =
    Gen.frequency
        [ 10, wildValue |> Gen.filter Double.IsFinite
          1, Gen.elements [ 0.0; -0.0; 5e-324; 1e-170; 3.4028234663852886e38; 0.1 ] ]

/// The upper triangle of the products of some rows, row by row, every product added to its entry.
let inline private naive zero size (rows: (int * 'n) list list) : 'n[] =
    let products = Array2D.create size size zero

    for row in rows do
        for i, v in row do
            for j, w in row do
                products[i, j] <- products[i, j] + v * w

    [| for i in 0 .. size - 1 do
           for j in i .. size - 1 -> products[i, j] |]

let private batch size rows =
    let batch = Batch size
    let rowBatch = RowBatches.ofRows 0L 0L rows
    rows |> List.iteri (fun row _ -> batch.Add(rowBatch, row))
    batch

/// Sums of the products, batch by batch; each of the ways goes on with what it used before.
let private multiplied size parts =
    let upper: float[] = Array.zeroCreate (Packed.length size)
    let sparse = SparseProducts size
    let dense = DenseProducts size
    let either = Multiplier size

    for rows, way in parts do
        match way with
        | 0 -> sparse.Add(batch size rows, upper)
        // Nobody multiplies no rows as a full matrix.
        | 1 when not (List.isEmpty rows) -> dense.Add(batch size rows, upper)
        | _ ->
            let rowBatch = RowBatches.ofRows 0L 0L rows
            rows |> List.iteri (fun row _ -> either.Batch.Add(rowBatch, row))
            either.Add upper
            Expect.equal (either.Batch.Rows, either.Batch.Count) (0, 0) "the batch is empty again"

    upper

let tests =
    testList
        "Products"
        [ Law.holds "products of small integers are exact" (fun () ->
              Prop.forAll (Arb.fromGen (batches small)) (fun (size, parts) ->
                  let expected = naive 0 size (List.collect fst parts)

                  let parts =
                      parts |> List.map (fun (rows, way) -> rows |> List.map (List.map (fun (gene, value) -> gene, float value)), way)

                  multiplied size parts = Array.map float expected))

          Law.holds "products have the bits of the loops of their definition, however rows are cut and by whichever way" (fun () ->
              Prop.forAll (Arb.fromGen (batches real)) (fun (size, parts) ->
                  Array.forall2 sameBits (multiplied size parts) (naive 0.0 size (List.collect fst parts))))

          Law.holds "both ways add to what there was" (fun () ->
              let cases = Gen.zip (batches small) (Gen.arrayOfLength 70 small)

              Prop.forAll (Arb.fromGen cases) (fun ((size, parts), start) ->
                  let rows =
                      parts |> List.collect fst |> List.map (List.map (fun (gene, value) -> gene, float value))

                  let from way =
                      let upper = Array.init (Packed.length size) (fun i -> float start[i % start.Length])

                      match way with
                      | 0 -> (SparseProducts size).Add(batch size rows, upper)
                      | _ when rows.IsEmpty -> ()
                      | _ -> (DenseProducts size).Add(batch size rows, upper)

                      upper

                  let expected =
                      naive 0.0 size rows |> Array.mapi (fun i product -> float start[i % start.Length] + product)

                  from 0 = expected && from 1 = expected))

          Law.holds "packed: entries of the triangle stand row by row, without gaps" (fun () ->
              Prop.forAll (Arb.fromGen size) (fun size ->
                  [ for i in 0 .. size - 1 do
                        for j in i .. size - 1 -> Packed.row size i + j ]
                      =
                      [ 0 .. Packed.length size - 1 ]))

          test "the largest triangle that is an array" {
              let size = 65535
              Expect.equal (Packed.row size (size - 1) + size - 1) (Packed.length size - 1) "its last entry"
              Expect.throws (fun () -> Packed.length 65536 |> ignore) "a larger one is none"
          }

          Law.holds "a batch refuses genes that do not ascend or are none of so many" (fun () ->
              let cases =
                  gen {
                      let! size = size
                      let! genes = Gen.nonEmptyListOf (Gen.choose (-1, size))
                      return size, genes
                  }

              Prop.forAll (Arb.fromGen cases) (fun (size, genes) ->
                  let ascends =
                      genes |> List.pairwise |> List.forall (fun (before, gene) -> before < gene)

                  let isGood = ascends && genes |> List.forall (fun gene -> gene >= 0 && gene < size)

                  try
                      let batch = batch size [ genes |> List.map (fun gene -> gene, 1.0) ]
                      isGood && batch.Count = genes.Length
                  with :? InvalidOperationException ->
                      not isGood))

          test "a batch has room for a block of rows, and for a row of every gene whatever the number of genes" {
              let empty = Batch 3
              let rows = RowBatches.ofRows 0L 0L (List.replicate Blocks.rowsPerBlock [])

              for row in 0 .. Blocks.rowsPerBlock - 1 do
                  Expect.isTrue (empty.HasRoomFor 0) $"row {row}"
                  empty.Add(rows, row)

              Expect.isFalse (empty.HasRoomFor 0) "behind a block"

              for size in [ 1; 1 <<< 17; (1 <<< 17) + 1 ] do
                  let batch = Batch size
                  Expect.isTrue (batch.HasRoomFor size) $"{size} genes"
                  batch.Add(RowBatches.ofRows 0L 0L [ List.init size (fun gene -> gene, 1.0) ], 0)
                  Expect.equal (batch.Rows, batch.Count) (1, size) "the row"
                  Expect.equal (batch.HasRoomFor size) (size = 1) "another one"
          } ]
