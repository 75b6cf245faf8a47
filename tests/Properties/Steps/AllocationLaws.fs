/// Kernels allocate nothing for a row or a value: whatever they compute with is there after the first row batch.
module internal SingleSharp.Properties.AllocationLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen

let private genes = 60
let private rows = 2000

/// Counts, some of them large; or the same with halves in every tenth row.
let private batch isMixed =
    RowBatches.ofRows
        0L
        0L
        [ for row in 0 .. rows - 1 ->
              [ for gene in row % 3 .. 3 .. genes - 1 ->
                    gene,
                    (if isMixed && row % 10 = 0 then 0.5
                     elif (row + gene) % 50 = 0 then 5000.0
                     else float ((row + gene) % 7)) ] ]

/// The same rows as their reader fills them in anew.
let private refill (rowBatch: RowBatch) = rowBatch.Shrink()

/// A state that is folded on and on.
let private stepper (fold: Fold<RowBatch, 'r>) =
    fold.Open
        { new FoldUser<RowBatch, 'r, RowBatch -> unit> with
            member _.Use steps =
                let mutable state = ref (steps.Fresh())
                fun rowBatch -> state.Value <- steps.Step state.Value rowBatch }

let private transformation =
    { Normalize.nothing with
        Scaling = ValueSome({ Target = 1e4; Excluded = ValueNone }, Precision.Single)
        Logarithm = ValueSome(ValueNone, Precision.Single) }

let private perCell () =
    let columns =
        QcMetrics.perCell
            DType.Float32
            DType.Int32
            { Sets = Membership.ofMasks [ "set", Array.init genes (fun gene -> gene < 3) ]
              PercentTop = [ 1; 5 ]
              Log1p = true
              Dense = ValueNone }

    let values =
        columns.Columns |> List.map (fun _ -> Array.zeroCreate<float> rows) |> Array.ofList

    let compute = columns.Start()
    fun rowBatch -> compute rowBatch values 0

let private written () =
    let transform = Normalize.start transformation
    let datatype = DType.datatype DType.Float32
    let bytes: byte[] = Array.zeroCreate (4 * rows * genes)

    fun (rowBatch: RowBatch) ->
        transform rowBatch
        OutputBytes.encode datatype rowBatch 0 rowBatch.Count (Span bytes)

let private moments () =
    let transform = Normalize.start transformation

    let step =
        stepper (Moments.perGene genes 1 Precision.Single (Quantity.Unlogged ValueNone))

    fun rowBatch ->
        transform rowBatch
        step rowBatch

let private kernels: (string * (unit -> RowBatch -> unit)) list =
    [ "qc of cells", perCell
      "qc of genes", (fun () -> stepper (GeneTallies.perGene genes))
      "findings", (fun () -> stepper (Validity.find false))
      "what genes are filtered by", (fun () -> stepper (FilterRules.perGene genes))
      "values and their bytes", written
      "moments", moments ]

/// Bytes for a row batch, such as the findings of it; a row or a value would take many times as many.
let private fewBytes = 2000L

let tests =
    testList
        "Allocation"
        [ for name, start in kernels do
              for isMixed in [ false; true ] do
                  testCase $"""{name}, {if isMixed then "counts and others" else "counts"}""" (fun () ->
                      let rowBatch = batch isMixed
                      let kernel = start ()

                      for _ in 1..3 do
                          refill rowBatch
                          kernel rowBatch

                      let before = GC.GetAllocatedBytesForCurrentThread()

                      for _ in 1..10 do
                          refill rowBatch
                          kernel rowBatch

                      let perBatch = (GC.GetAllocatedBytesForCurrentThread() - before) / 10L
                      Expect.isLessThan perBatch fewBytes $"bytes for {rows} rows") ]
