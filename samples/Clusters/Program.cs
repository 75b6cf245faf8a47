// Groups the cells of a file by their principal components with k-means of ML.NET. X_pca is streamed into the trainer, again for each of
// its passes, so that memory does not grow with the number of cells.
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using SingleSharp;

const int Clusters = 4;
var input = args.Length > 0 ? args[0] : "pbmc_like.h5ad";
var output = args.Length > 1 ? args[1] : "clusters.h5ad";

try
{
    var report = await Pipeline.Read(input)
        .Preprocess()
        .HighlyVariableGenes(o => o with { NTopGenes = 1000 })
        .Pca(o => o with { NComps = 10 })
        .WriteAsync(output);

    Console.WriteLine($"{report.CellsKept} cells, {report.HighlyVariableGenes} highly variable genes");
}
catch (SingleSharpException trouble)
{
    Console.Error.WriteLine(trouble.Message);
    return 1;
}

using var file = H5ad.Open(output);
var pca = file.Obsm("X_pca");

IEnumerable<Cell> Cells()
{
    foreach (var piece in pca.Pieces<float>())
    {
        for (var row = 0; row < piece.Rows; row++)
        {
            yield return new() { Components = piece.Row(row).ToArray() };
        }
    }
}

// One seed and one thread: the same clusters every time.
var ml = new MLContext(seed: 1);
var schema = SchemaDefinition.Create(typeof(Cell));
schema[nameof(Cell.Components)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, pca.Columns);
var data = ml.Data.LoadFromEnumerable(Cells(), schema);

var model = ml.Clustering.Trainers.KMeans(new KMeansTrainer.Options
{
    FeatureColumnName = nameof(Cell.Components),
    NumberOfClusters = Clusters,
    NumberOfThreads = 1,
}).Fit(data);

var counts = file.Obs["total_counts"].Read<float>();
var sizes = new int[Clusters];
var totals = new double[Clusters];
var at = 0;

foreach (var cell in ml.Data.CreateEnumerable<Assigned>(model.Transform(data), reuseRowObject: true))
{
    sizes[cell.PredictedLabel - 1]++;
    totals[cell.PredictedLabel - 1] += counts[at++];
}

for (var cluster = 0; cluster < Clusters; cluster++)
{
    Console.WriteLine($"cluster {cluster}: {sizes[cluster]} cells, {totals[cluster] / Math.Max(1, sizes[cluster]):F0} counts on the average");
}

return 0;

internal sealed class Cell
{
    public float[] Components { get; set; } = [];
}

internal sealed class Assigned
{
    public uint PredictedLabel { get; set; }
}
