using SingleSharp;

/// <summary>Chains of steps, from the file that is read to the one that is written.</summary>
internal static class Chains
{
    private static readonly IReadOnlyList<PercentLimit> AtLeast = [new("first", 0.5)];
    private static readonly IReadOnlyList<PercentLimit> AtMost = [new("mt", 20), new("first", 99)];

    public static async Task RunAsync(string input)
    {
        var chain = Pipeline.Read(input)
            .GeneSets(GeneSet.WithPrefix("ribo", "RPS", "RPL"))
            .Filter(Limits)
            .Qc()
            .NormalizeTotal(o => o with { TargetSum = 1e4 })
            .Log1p()
            .HighlyVariableGenes(o => o with { NTopGenes = 200 })
            .Pca(o => o with { NComps = 20 });

        var plan = chain.Plan();
        var report = chain.Write("chained.h5ad");
        Console.WriteLine($"chain: {string.Join(", ", report.Steps)}");
        Console.WriteLine($"planned: {string.Join(", ", plan.Passes.Select(pass => pass.Purpose))}");
        Console.WriteLine($"enough memory: {plan.Passes.Max(pass => pass.Memory) == plan.Memory}");
        Console.WriteLine($"kept: {report.CellsKept} cells, {report.GenesKept} genes, {report.HighlyVariableGenes} highly variable");
        Console.WriteLine($"explained: {string.Join(" ", report.VarianceRatio.Select(share => share.ToString("R")))}");
        Console.WriteLine($"digest of chain: {Pipeline.Digest("chained.h5ad").Whole}");

        // A chain is a value: two may begin alike, and neither knows of the other.
        var begun = Pipeline.Read(input).Qc();
        var (normalized, logged) = (begun.NormalizeTotal(o => o with { TargetSum = TargetSum.MedianOfPositive }), begun.Log1p(o => o with { Base = 2 }));
        Console.WriteLine($"begun alike: {begun.Steps.SequenceEqual(["qc"])}");
        Console.WriteLine($"normalized: {string.Join(", ", (await normalized.WriteAsync("normalized.h5ad")).Steps)}");
        Console.WriteLine($"logged: {string.Join(", ", (await logged.WriteAsync("logged.h5ad")).Steps)}");

        // The rest of a chain can be taken where its beginning was written.
        await Pipeline.Read(input).Filter(Limits).WriteAsync("filtered.h5ad");
        var rest = Pipeline.Read("filtered.h5ad").Qc().NormalizeTotal(o => o with { TargetSum = 1e4 }).Log1p();
        await rest.HighlyVariableGenes(o => o with { NTopGenes = 200 }).Pca(o => o with { NComps = 20 }).WriteAsync("at-once.h5ad");
        var seen = new Recorder();
        await rest.WriteInPlaceAsync(new Settings { Workers = 1 }, seen);
        Pipeline.Read("filtered.h5ad").HighlyVariableGenes(o => o with { NTopGenes = 200 }).WriteInPlace();
        await Pipeline.Read("filtered.h5ad").Pca(o => o with { NComps = 20, MaskVar = "highly_variable" }).WriteInPlaceAsync();
        Console.WriteLine($"resumed: {seen.Last?.CellsDone} cells, {Pipeline.Digest("filtered.h5ad").Whole == Pipeline.Digest("at-once.h5ad").Whole}");
        Console.WriteLine($"planned for pca: {(await Pipeline.Read("filtered.h5ad").Pca().PlanAsync()).Values}");

        Console.WriteLine($"every option is there: {string.Join(", ", WithEveryOption(input).Steps)}");
        Console.WriteLine($"every default stays: {DefaultsStay(input)}");
        Console.WriteLine($"out of order: {Refusal(() => begun.Log1p().NormalizeTotal())}");
        Console.WriteLine($"twice: {Refusal(() => begun.Qc())}");
        Console.WriteLine($"no steps: {Refusal(() => Pipeline.Read(input).Write("never.h5ad"))}");
        Console.WriteLine($"no path: {Refusal(() => Pipeline.Read((string)null!))}");
    }

    private static FilterOptions Limits(FilterOptions options) =>
        options with { MinGenes = 10, MaxPct = [new("mt", 20)], MinCells = 3 };

    // What arrives is compared option by option in FacadeGolden.fs; here it is enough that each can be said.
    private static Chain WithEveryOption(string input) =>
        Pipeline.Read([input], o => o with
        {
            Genome = "mm10",
            FeatureType = "all",
            MakeUnique = true,
            Join = Join.Outer,
            SampleKey = "donor",
            SampleNames = ["a"],
            IndexUnique = "-",
        })
            .GeneSets(GeneSet.OfGenes("first", "GENE0", "GENE1"), GeneSet.FromColumn("hb", "is_hb"), GeneSet.ListedIn("listed", "genes.txt"))
            .Mitochondrial(Mitochondrial.NewPrefix("mito"))
            .GeneSymbols("feature_name")
            .Layer("counts")
            .UseRaw()
            .SumDuplicates()
            .AllowInvalid()
            .Filter(o => o with
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
            })
            .Qc(o => o with { PercentTop = PercentTop.Of(9, 10), Log1p = false })
            .NormalizeTotal(o => o with { TargetSum = 11, ExcludeHighlyExpressed = true, MaxFraction = 0.12, KeyAdded = "thirteen" })
            .Log1p(o => o with { Base = 14, AllowLogged = true })
            .HighlyVariableGenes(o => o with
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
            })
            .Pca(o => o with { NComps = 23, MaskVar = MaskVar.NewColumn("twenty-four"), ZeroCenter = false, KeyAdded = "twenty-five" });

    // The options that a step begins with are those of a new record.
    private static bool DefaultsStay(string input)
    {
        var stay = true;

        T Same<T>(T given)
            where T : new()
        {
            stay &= new T().Equals(given);
            return given;
        }

        Pipeline.Read([input], Same)
            .Filter(Same)
            .Qc(Same)
            .NormalizeTotal(Same)
            .Log1p(Same)
            .HighlyVariableGenes(Same)
            .Pca(Same);

        return stay;
    }

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
