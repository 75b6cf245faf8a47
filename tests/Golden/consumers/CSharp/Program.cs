using SingleSharp;

var (input, output) = (args[0], args[1]);

// Steps of one's own: the standard ones, with two more gene sets and the median as the target.
IReadOnlyList<GeneSet> sets = [GeneSet.WithPrefix("ribo", "RPS", "RPL"), GeneSet.OfGenes("first", "GENE0", "GENE1", "NOSUCHGENE")];
static QcOptions Top(QcOptions options) => options with { PercentTop = PercentTop.Of(20, 50) };
static NormalizeTotalOptions Median(NormalizeTotalOptions options) =>
    options with { TargetSum = TargetSum.MedianOfPositive, KeyAdded = "size_factor" };

var chain = Pipeline.Read(input).GeneSets(sets).Qc(Top).NormalizeTotal(Median).Log1p();
var info = await chain.InfoAsync();
Console.WriteLine($"plan: {string.Join(", ", info.Plan.Passes.Select(pass => pass.Purpose))} -> {info.Plan.TypeAfter}, {info.Plan.Values}");

// Progress comes block by block, pass by pass.
var seen = new Recorder();
var report = await chain.WriteAsync(output, new Settings { Workers = 2, Memory = 256 << 20 }, seen);
Console.WriteLine($"progress: {seen.Last?.CellsDone} of {seen.Last?.Cells} cells, pass {seen.Last?.Pass} of {seen.Last?.Passes}");
Console.WriteLine($"target sum: {report.TargetSum:R}");
Console.WriteLine($"gene sets: {string.Join(", ", report.GeneSets.Select(set => $"{set.Name} {set.Genes}"))}");
Console.WriteLine($"reads: {report.Reads}");
Console.WriteLine($"counts: {report.Findings.AreCounts}");
Console.WriteLine($"digest: {(await Pipeline.DigestAsync(output)).Whole}");

// The steps one after another do what they do at once.
Pipeline.Read(input).GeneSets(sets).Qc(Top).Write("qc.h5ad");
Pipeline.Read("qc.h5ad").NormalizeTotal(Median).WriteInPlace();
Pipeline.Read("qc.h5ad").Log1p().WriteInPlace();
Console.WriteLine($"digest of steps: {Pipeline.Digest("qc.h5ad").Whole}");

// Statistics of one's own: how many cells have no counts of gene 0, and which cell has most counts, in one read.
var silent = Statistic.Create(
    fresh: () => 0L,
    step: (cells, row) => row.Genes.Contains(0) ? cells : cells + 1,
    merge: (left, right) => left + right,
    finish: cells => cells);

var deepest = Statistic.Create(
    fresh: () => (Cell: -1L, Total: 0.0),
    step: (best, row) =>
    {
        var total = 0.0;

        foreach (var value in row.Values)
        {
            total += value;
        }

        return total > best.Total ? (row.Cell, total) : best;
    },
    merge: (left, right) => right.Total > left.Total ? right : left,
    finish: best => best);

var (without, best) = Pipeline.Read(input).Fold(silent.Zip(deepest, (cells, cell) => (cells, cell)));
Console.WriteLine($"without gene 0: {without}");
Console.WriteLine($"deepest: cell {best.Cell} with {best.Total:R}");

// A sum of fractions, whose bits would tell in which order it was added up.
var logs = Statistic.Create(
    fresh: () => 0.0,
    step: (sum, row) => sum + Math.Log(1 + row.Cell) / row.Values.Length,
    merge: (left, right) => left + right,
    finish: sum => sum);

var alone = Pipeline.Read(input).Fold(logs, new Settings { Workers = 1, Memory = 64 << 20 });
Console.WriteLine($"same bits: {alone.Equals(await Pipeline.Read(input).FoldAsync(logs, new Settings { Workers = 3 }))}");

// What can go wrong.
try
{
    Pipeline.Read("nowhere.h5ad").Preprocess().Write("never.h5ad");
}
catch (SingleSharpException trouble)
{
    Console.WriteLine($"fault: {trouble.Kind}: {trouble.Message}");
}

using var cancelled = new CancellationTokenSource();

try
{
    // Cancelled from within, as soon as the first block is done.
    await Pipeline.Read(input).Preprocess().WriteAsync("cancelled.h5ad", progress: new Recorder(cancelled.Cancel), cancellationToken: cancelled.Token);
}
catch (OperationCanceledException)
{
    Console.WriteLine($"cancelled: {!File.Exists("cancelled.h5ad")}");
}

try
{
    Pipeline.Read(input).Fold(silent.Select(long (_) => throw new InvalidTimeZoneException("as it was thrown")));
}
catch (InvalidTimeZoneException trouble)
{
    Console.WriteLine($"a statistic's own: {trouble.Message}");
}

try
{
    _ = chain.WriteAsync(null!);
}
catch (ArgumentNullException trouble)
{
    Console.WriteLine($"at once: {trouble.ParamName}");
}

await Chains.RunAsync(input);
await Alongside.RunAsync(input);
