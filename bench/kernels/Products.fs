/// Products of genes for pca: one batch is added to the triangle of 2,000 genes.
namespace SingleSharp.Kernels

open System.Runtime.Intrinsics
open BenchmarkDotNet.Attributes
open SingleSharp.Core
open SingleSharp.Core.Steps

type Products() =
    let genes = 2_000
    let upper: float[] = Array.zeroCreate (Packed.length genes)
    let sparse = SparseProducts genes
    let dense = DenseProducts genes
    let few = Batch genes
    let many = Batch genes

    /// Adds rows as long as there is room for them.
    let fill (batch: Batch) (rowBatch: RowBatch) =
        let mutable row = 0

        while row < rowBatch.Cells && batch.HasRoomFor(rowBatch.Offsets[row + 1] - rowBatch.Offsets[row]) do
            batch.Add(rowBatch, row)
            row <- row + 1

    [<GlobalSetup>]
    member _.Prepare() =
        fill few (Samples.values genes 2_500 0.0275)
        fill many (Samples.values genes 110 0.6)

        let pairs =
            Seq.sum
                [ for row in 0 .. few.Rows - 1 ->
                      let count = float (few.Offsets[row + 1] - few.Offsets[row])
                      count * (count + 1.0) / 2.0 ]

        Work.say "Products" "Sparse" [] (Work.Operations(2.0 * pairs))
        // Products with zeros are counted, because they are computed.
        Work.say "Products" "Dense" [] (Work.Operations(2.0 * float many.Rows * float upper.Length))

    [<Benchmark(Description = "sparse, 2.75 % of the entries are stored")>]
    member _.Sparse() = sparse.Add(few, upper)

    [<Benchmark(Description = "dense, 60 % of the entries are stored")>]
    member _.Dense() = dense.Add(many, upper)

/// Products of XᵀX with 32 vectors, for pca of many genes: a row batch of all genes.
type RowProducts() =
    let genes = 48_788
    let rowBatch = Samples.counts ()

    let vectors =
        Array.create (SingleSharp.Core.Steps.RowProducts.Together * genes) (Vector256.Create 0.5)

    let sums: Vector256<float>[] = Array.zeroCreate vectors.Length

    [<GlobalSetup>]
    member _.Prepare() =
        Work.say "RowProducts" "Rows" [] (Work.Operations(128.0 * float rowBatch.Count))

    [<Benchmark(Description = "rows with 32 vectors")>]
    member _.Rows() =
        SingleSharp.Core.Steps.RowProducts.add rowBatch vectors sums
