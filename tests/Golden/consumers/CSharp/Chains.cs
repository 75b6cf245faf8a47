using SingleSharp;

/// <summary>Chains of steps, from the file that is read to the one that is written.</summary>
internal static class Chains
{
    public static async Task RunAsync(string input)
    {
        var chain = Pipeline.Read(input)
            .Qc(geneSets: [GeneSet.WithPrefix("ribo", "RPS", "RPL")])
            .NormalizeTotal(targetSum: 1e4)
            .Log1p();

        var plan = chain.Plan();
        var report = chain.Write("chained.h5ad");
        Console.WriteLine($"chain: {string.Join(", ", report.Steps)}");
        Console.WriteLine($"reads: {plan.Passes.Count} planned, {report.Reads} done");
        Console.WriteLine($"digest of chain: {Pipeline.Digest("chained.h5ad").Whole}");

        // A chain is a value: two may begin alike, and neither knows of the other.
        var begun = Pipeline.Read(input).Qc();
        var (normalized, logged) = (begun.NormalizeTotal(TargetSum.Median), begun.Log1p(2));
        Console.WriteLine($"begun alike: {begun.Recipe == new Recipe { Qc = begun.Recipe.Qc }}");
        Console.WriteLine($"normalized: {string.Join(", ", (await normalized.WriteAsync("normalized.h5ad")).Steps)}");
        Console.WriteLine($"logged: {string.Join(", ", (await logged.WriteAsync("logged.h5ad")).Steps)}");

        // The rest of a chain can be taken where its beginning was written.
        Pipeline.Read(input).Qc(geneSets: [GeneSet.WithPrefix("ribo", "RPS", "RPL")]).Write("resumed.h5ad");
        Pipeline.Read("resumed.h5ad").NormalizeTotal(targetSum: 1e4).WriteInPlace();
        var seen = new Recorder();
        await Pipeline.Read("resumed.h5ad").Log1p().WriteInPlaceAsync(new Settings { Workers = 1 }, seen);
        Console.WriteLine($"resumed: {seen.Last?.CellsDone} cells, {Pipeline.Digest("resumed.h5ad").Whole}");

        Console.WriteLine($"every option arrives: {WithEveryOption(input).Recipe == EveryOption}");
        Console.WriteLine($"every default stays: {AsTheyAre(input) == AsTheyAre(new Recipe())}");
        Console.WriteLine($"out of order: {Refusal(() => begun.Log1p().NormalizeTotal())}");
        Console.WriteLine($"twice: {Refusal(() => begun.Qc())}");
        Console.WriteLine($"no steps: {Refusal(() => Pipeline.Read(input).Write("never.h5ad"))}");
        Console.WriteLine($"no path: {Refusal(() => Pipeline.Read(null!))}");
    }

    private static readonly IReadOnlyList<GeneSet> Sets = [GeneSet.OfGenes("first", "GENE0", "GENE1")];
    private static readonly IReadOnlyList<PercentLimit> AtLeast = [new("first", 0.5)];
    private static readonly IReadOnlyList<PercentLimit> AtMost = [new("mt", 20), new("first", 99)];

    private static readonly Recipe EveryOption = new()
    {
        Filter = new FilterRecipe
        {
            MinCounts = 1,
            MaxCounts = 2,
            MinGenes = 3,
            MaxGenes = 4,
            MinPct = AtLeast,
            MaxPct = AtMost,
            MinCells = 5,
            MaxCells = 6,
            GeneMinCounts = 7,
            GeneMaxCounts = 8,
            Mitochondrial = Mitochondrial.StartingWith("mito"),
            GeneSets = Sets,
        },
        Qc = new QcRecipe
        {
            Mitochondrial = Mitochondrial.NotCounted,
            GeneSets = Sets,
            PercentTop = PercentTop.Exactly(9, 10),
            Log1p = false,
        },
        NormalizeTotal = new NormalizeRecipe
        {
            TargetSum = TargetSum.Of(11),
            ExcludeHighlyExpressed = true,
            MaxFraction = 0.12,
            KeyAdded = "thirteen",
        },
        Log1p = new Log1pRecipe { Base = 14 },
        Hvg = new HvgRecipe
        {
            Flavor = HvgFlavor.CellRanger,
            NTopGenes = 15,
            MinMean = 16,
            MaxMean = 17,
            MinDisp = 18,
            MaxDisp = 19,
            NBins = 20,
            Span = 0.21,
            BatchKey = "twenty-two",
            ExactN = true,
        },
        Pca = new PcaRecipe
        {
            NComps = 23,
            MaskVar = MaskVar.Column("twenty-four"),
            ZeroCenter = false,
            KeyAdded = "twenty-five",
        },
        AllowInvalid = true,
    };

    private static Steps WithEveryOption(string input) =>
        Pipeline.Read(input)
            .FilterCells(
                minCounts: 1, maxCounts: 2, minGenes: 3, maxGenes: 4, minPct: AtLeast, maxPct: AtMost,
                mitochondrial: Mitochondrial.StartingWith("mito"), geneSets: Sets)
            .FilterGenes(minCells: 5, maxCells: 6, minCounts: 7, maxCounts: 8)
            .Qc(mitochondrial: Mitochondrial.NotCounted, geneSets: Sets, percentTop: PercentTop.Exactly(9, 10), log1p: false)
            .NormalizeTotal(targetSum: 11, excludeHighlyExpressed: true, maxFraction: 0.12, keyAdded: "thirteen")
            .Log1p(14)
            .HighlyVariableGenes(
                flavor: HvgFlavor.CellRanger, nTopGenes: 15, minMean: 16, maxMean: 17, minDisp: 18, maxDisp: 19,
                nBins: 20, span: 0.21, batchKey: "twenty-two", exactN: true)
            .Pca(nComps: 23, maskVar: "twenty-four", zeroCenter: false, keyAdded: "twenty-five")
            .AllowInvalid();

    // Two lists are never equal, so that recipes which were made apart are compared by what they print.
    private static string AsTheyAre(string input) =>
        AsTheyAre(Pipeline.Read(input).FilterCells().FilterGenes().Qc().NormalizeTotal().Log1p().HighlyVariableGenes().Pca().Recipe);

    private static string AsTheyAre(Recipe recipe) =>
        $"{recipe.Filter ?? new()} {recipe.Qc ?? new()} {recipe.NormalizeTotal ?? new()} {recipe.Log1p ?? new()} {recipe.Hvg ?? new()} {recipe.Pca ?? new()}";

    private static string Refusal(Action mistake)
    {
        try
        {
            mistake();
            return "none";
        }
        catch (Exception trouble)
        {
            return trouble.Message;
        }
    }
}
