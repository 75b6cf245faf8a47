/// What is computed of counts at once is what is computed of each value, bit for bit.
module internal SingleSharp.Properties.RowCountsLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen

let private genes = 40

/// Values that float32 holds: counts of every size; around them what is no count.
let private small = Gen.choose (0, 3) |> Gen.map float

let private edge =
    Gen.elements
        [ 255.0
          1022.0
          1023.0
          1024.0
          1025.0
          16383.0
          65536.0
          16777214.0
          16777215.0 ]

let private odd =
    Gen.elements
        [ -0.0
          -1.0
          0.5
          16777216.0
          16777218.0
          2147483520.0
          2147483648.0
          -2147483648.0
          float 1e30f
          float Single.Epsilon
          nan
          infinity
          -infinity ]

/// Rows of counts, which may end in something else; genes ascend or not.
let private row =
    gen {
        let! length = Gen.frequency [ 1, Gen.constant 0; 8, Gen.choose (1, genes) ]
        let! values = Gen.listOfLength length (Gen.frequency [ 12, small; 1, edge ])
        let! last = Gen.frequency [ 4, Gen.constant None; 1, odd |> Gen.map Some ]
        let! places = Gen.shuffle [| 0 .. genes - 1 |]
        let! ascends = Gen.frequency [ 3, Gen.constant true; 1, Gen.constant false ]
        let taken = places |> Array.truncate length |> if ascends then Array.sort else id

        let values =
            match last with
            | Some odd when length > 0 -> List.updateAt (length - 1) odd values
            | _ -> values

        return List.zip (List.ofArray taken) values
    }

/// A cell of more large counts than have codes, of a few genes many times over: what nobody adds up goes by as it is.
let private longRow =
    gen {
        let! length = Gen.choose (1000, 1100)
        let! values = Gen.listOfLength length (Gen.choose (1020, 1040) |> Gen.map float)
        return values |> List.mapi (fun i value -> i % genes, value)
    }

let private rows =
    gen {
        let! count = Gen.choose (0, 12)
        let! rows = Gen.listOfLength count (Gen.frequency [ 30, row; 1, longRow ])
        let! groups = Gen.listOfLength count (Gen.choose (-1, 2))
        return rows, groups
    }

/// How a batch has its values: as a reader of float32 leaves them, as float64, and as nobody looks for counts.
type private Form =
    | Singles
    | Doubles
    | Plain

let private batch form (rows: (int * float) list list, groups: int list) =
    let rowBatch = RowBatches.ofRows 7L 0L rows

    match form with
    | Singles ->
        let values = rowBatch.Values |> Array.map float32
        values.CopyTo(rowBatch.ReserveSingles rowBatch.Count, 0)
    | Doubles -> ()
    | Plain -> rowBatch.IsPlain <- true

    rowBatch.Groups <- Array.ofList groups
    rowBatch

/// Numbers by their bits, of NaN none in particular.
let private bits (numbers: seq<float>) =
    numbers
    |> Seq.map (fun number -> if Double.IsNaN number then -1L else BitConverter.DoubleToInt64Bits number)
    |> List.ofSeq

let private scaling precision excluded =
    ValueSome({ Target = 1e4; Excluded = excluded }, precision)

let private transformations =
    [ "nothing", Normalize.nothing
      for precision in [ Precision.Single; Precision.Double ] do
          $"normalize_total, {precision}",
          { Normalize.nothing with
              Scaling = scaling precision ValueNone }

          $"normalize_total without some genes, {precision}",
          { Normalize.nothing with
              Scaling = scaling precision (ValueSome(Array.init genes (fun gene -> gene % 3 = 0))) }

          $"log1p, {precision}",
          { Normalize.nothing with
              Logarithm = ValueSome(ValueSome 2.0, precision) }

          // Logarithms of counts are below zero then.
          $"log1p to a base below 1, {precision}",
          { Normalize.nothing with
              Logarithm = ValueSome(ValueSome 0.5, precision) }

          // Counts become zero.
          $"normalize_total to nothing, {precision}",
          { Normalize.nothing with
              Scaling = ValueSome({ Target = 1e-44; Excluded = ValueNone }, precision) }

          $"both, {precision}",
          { Normalize.nothing with
              Scaling = scaling precision ValueNone
              Logarithm = ValueSome(ValueNone, precision) } ]

let private stored datatype (rowBatch: RowBatch) =
    let size = Datatype.size datatype
    let whole: byte[] = Array.zeroCreate (rowBatch.Count * size)
    OutputBytes.encode datatype rowBatch 0 rowBatch.Count (Span whole)
    // Pieces end wherever chunks do.
    let pieces: byte[] = Array.zeroCreate (rowBatch.Count * size)

    for first in 0..7 .. rowBatch.Count - 1 do
        let count = min 7 (rowBatch.Count - first)
        OutputBytes.encode datatype rowBatch first count (Span(pieces, first * size, count * size))

    whole, pieces

let private ofMoments (moments: GroupedMoments) =
    [ for part in Array.append moments.Groups [| moments.Others |] do
          part.Cells, bits part.Sums, bits part.Squares, List.ofArray part.IsExpressed, bits (Moments.variances part) ]

let private law name kernel =
    Law.holdsFor 100 name (fun () ->
        Prop.forAll (Arb.fromGen rows) (fun rows ->
            let results =
                [ Singles; Doubles; Plain ] |> List.map (fun form -> kernel (batch form rows))

            results |> List.forall ((=) (List.last results))))

let private perCell: CellColumns =
    QcMetrics.perCell
        DType.Float32
        DType.Int32
        { Sets =
            Membership.ofMasks
                [ "few", Array.init genes (fun gene -> gene = 3 || gene = 4)
                  "many", Array.init genes (fun gene -> gene % 2 = 0) ]
          PercentTop = [ 1; 2; 5; 50 ]
          Log1p = true
          Dense = ValueNone }

let tests =
    testList
        "RowCounts"
        [ law "qc of cells" (fun rowBatch ->
              let columns =
                  perCell.Columns |> List.map (fun _ -> Array.zeroCreate<float> rowBatch.Cells) |> Array.ofList

              perCell.Start () rowBatch columns 0
              columns |> Array.map bits)

          law "qc of genes" (fun rowBatch ->
              let tallies = Fold.run (GeneTallies.perGene genes) [ rowBatch; rowBatch ]
              tallies.CellsByCounts, bits tallies.Totals)

          law "what genes are filtered by" (fun rowBatch ->
              let tallies = Fold.run (FilterRules.perGene genes) [ rowBatch; rowBatch ]
              tallies.Detected, bits tallies.Totals)

          law "what cells are filtered by" (fun rowBatch ->
              let rule =
                  { MinCounts = Some 5.0
                    MaxCounts = Some 1e6
                    MinGenes = Some 2L
                    MaxGenes = Some 30L
                    MinPct = []
                    MaxPct = [ "set", 60.0 ] }

              let sets = Membership.ofMasks [ "set", Array.init genes (fun gene -> gene < 2) ]
              let stays: bool[] = Array.zeroCreate rowBatch.Cells
              let losses = Losses()
              FilterRules.counting losses DType.Float32 sets rule () rowBatch stays
              stays, FilterRules.cellLosses losses sets rule)

          law "findings" (fun rowBatch -> Fold.run (Validity.find false) [ rowBatch ])

          for name, transformation in transformations do
              law $"{name}: values" (fun rowBatch ->
                  Normalize.start transformation rowBatch
                  bits (Seq.truncate rowBatch.Count rowBatch.Output), bits (Seq.truncate rowBatch.Cells rowBatch.Factors))

              for datatype in [ DType.datatype DType.Float32; DType.datatype DType.Float64 ] do
                  law $"{name}: bytes of {Datatype.name datatype}" (fun rowBatch ->
                      Normalize.start transformation rowBatch
                      stored datatype rowBatch)

              for precision in [ Precision.Single; Precision.Double ] do
                  for quantity in [ Quantity.Raw; Quantity.Written; Quantity.Unlogged ValueNone ] do
                      law $"{name}: moments of {quantity}, {precision}" (fun rowBatch ->
                          Normalize.start transformation rowBatch

                          // As many rows as let genes of large means go.
                          Fold.run (Moments.perGene genes 3 precision quantity) (List.replicate 3 rowBatch) |> ofMoments)

          testCase "bytes that are pieces are those of the whole" (fun () ->
              for seed in 1..50 do
                  for rows in Gen.sampleWithSeed (FsCheck.Rnd(uint64 seed)) 50 1 rows do
                      for form in [ Singles; Doubles; Plain ] do
                          let rowBatch = batch form rows
                          Normalize.start (snd (List.last transformations)) rowBatch
                          let whole, pieces = stored (DType.datatype DType.Float32) rowBatch
                          Expect.equal pieces whole $"seed {seed}")

          testCase "rows of more large counts than have codes are computed value by value" (fun () ->
              let row = List.init 1025 (fun i -> i % genes, 5000.0)

              let counts =
                  (batch Singles ([ row; List.truncate 1024 row ], [ 0; 0 ])).Counts.Tally()

              Expect.equal (counts.Has 0, counts.Has 1) (false, true) "1,024 have codes"
              Expect.equal (counts.Pair 2 - counts.Pair 1) 1024 "each has a pair of its own") ]
