/// The kernels of qc, normalize_total, log1p and hvg on one row batch of raw counts. It is filled once and stays in the caches, as far as
/// they hold it, so a kernel can be faster than its bound. Reading and writing files is not part of it.
namespace SingleSharp.Kernels

open System
open BenchmarkDotNet.Attributes
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps
open SingleSharp.Core.Writing

[<RequireQualifiedAccess>]
module private Kernel =
    /// A state that is folded on and on.
    let stepper (fold: Fold<RowBatch, 'r>) =
        fold.Open
            { new FoldUser<RowBatch, 'r, RowBatch -> unit> with
                member _.Use steps =
                    let state = ref (steps.Fresh())
                    fun rowBatch -> state.Value <- steps.Step state.Value rowBatch }

    let transformation =
        { Normalize.nothing with
            Scaling = ValueSome({ Target = 1e4; Excluded = ValueNone }, Precision.Single)
            Logarithm = ValueSome(ValueNone, Precision.Single) }

    let qcOfCells cells =
        let columns =
            QcMetrics.perCell
                DType.Float32
                DType.Int32
                { Sets = Membership.ofMasks [ "mt", Array.init Samples.genes (fun gene -> gene % 3753 = 0) ]
                  PercentTop = [ 50; 100; 200; 500 ]
                  Log1p = true
                  Dense = ValueNone }

        let values =
            columns.Columns |> List.map (fun _ -> Array.zeroCreate<float> cells) |> Array.ofList

        let compute = columns.Start()
        fun rowBatch -> compute rowBatch values 0

type Counts() =
    let rowBatch = Samples.counts ()
    let histogram = Histogram 1024
    let counts: int[] = Array.zeroCreate 1024
    let times: int[] = Array.zeroCreate 1024
    let bytes: byte[] = Array.zeroCreate (4 * rowBatch.Count)
    let datatype = DType.datatype DType.Float32
    let transform = Normalize.start Kernel.transformation
    let qcOfCells = Kernel.qcOfCells rowBatch.Cells
    let qcOfGenes = Kernel.stepper (GeneTallies.perGene Samples.genes)

    let moments =
        Kernel.stepper (Moments.perGene Samples.genes 1 Precision.Single (Quantity.Unlogged ValueNone))

    [<GlobalSetup>]
    member _.Prepare() =
        for method, bytes in
            [ "Order", 4.0
              "Read", 12.0
              "Histogram", 4.0
              "Tally", 16.0
              "QcOfCells", 0.0
              "QcOfGenes", 16.0
              "Transform", 0.0
              "Look", 8.0
              "Moments", 24.0 ] do
            Work.say "Counts" method [] (Work.Values(rowBatch.Count, bytes))

        transform rowBatch

    /// Genes ascend, and are below their number.
    [<Benchmark(Description = "check the order of genes")>]
    member _.Order() =
        let mutable sound = true

        for row in 0 .. rowBatch.Cells - 1 do
            let start = rowBatch.Offsets[row]
            let genes = ReadOnlySpan(rowBatch.Genes, start, rowBatch.Offsets[row + 1] - start)
            sound <- sound && RowOrder.below Samples.genes genes = genes.Length && RowOrder.ascend genes

        sound

    [<Benchmark(Description = "values to counts, with sums of cells")>]
    member _.Read() =
        rowBatch.Shrink()
        rowBatch.Counts.HasAll

    [<Benchmark(Description = "how often each count comes")>]
    member _.Histogram() =
        let mutable found = 0

        for row in 0 .. rowBatch.Cells - 1 do
            let start = rowBatch.Offsets[row]
            histogram.Add(ReadOnlySpan(rowBatch.Counts.CodesOf, start, rowBatch.Offsets[row + 1] - start))
            found <- found + histogram.Drain(1024, Span counts, Span times)

        found

    [<Benchmark(Description = "values to counts and pairs")>]
    member _.Tally() =
        rowBatch.Shrink()
        rowBatch.Counts.Tally().Pair rowBatch.Cells

    [<Benchmark(Description = "qc of cells")>]
    member _.QcOfCells() = qcOfCells rowBatch

    [<Benchmark(Description = "qc of genes")>]
    member _.QcOfGenes() = qcOfGenes rowBatch

    [<Benchmark(Description = "normalize_total and log1p of pairs")>]
    member _.Transform() = transform rowBatch

    [<Benchmark(Description = "look up new values")>]
    member _.Look() =
        OutputBytes.encode datatype rowBatch 0 rowBatch.Count (Span bytes)

    [<Benchmark(Description = "moments of genes")>]
    member _.Moments() = moments rowBatch
