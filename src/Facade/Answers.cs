namespace SingleSharp;

/// <summary>What Core answers, as the records of the façade.</summary>
internal static class Answers
{
    public static Report Report(Core.Report report) =>
        new()
        {
            Input = report.Input,
            Output = report.Output,
            Steps = [.. report.Steps],
            Matrix = report.Matrix,
            Cells = report.Cells,
            Genes = report.Genes,
            StoredValues = report.StoredValues,
            CellsKept = report.CellsKept,
            GenesKept = report.GenesKept,
            Dropped = new() { OfCells = Losses(report.Dropped.OfCells), OfGenes = Losses(report.Dropped.OfGenes) },
            Reads = report.Reads,
            TypeBefore = report.TypeBefore,
            TypeAfter = report.TypeAfter,
            TargetSum = Translate.Nullable(report.TargetSum),
            ExcludedGenes = report.ExcludedGenes,
            GeneSets = Sizes(report.GeneSets),
            ObsColumns = [.. report.ObsColumns],
            VarColumns = [.. report.VarColumns],
            MeanCountsPerCell = Translate.Nullable(report.MeanCountsPerCell),
            MeanGenesPerCell = Translate.Nullable(report.MeanGenesPerCell),
            HighlyVariableGenes = Translate.Nullable(report.HighlyVariableGenes),
            VarianceRatio = [.. report.VarianceRatio],
            Findings = Findings(report.Findings),
            Warnings = [.. report.Warnings],
        };

    public static Conversion Conversion(Core.Conversion conversion) =>
        new()
        {
            Inputs = [.. conversion.Inputs],
            Output = conversion.Output,
            Cells = conversion.Cells,
            Genes = conversion.Genes,
            StoredValues = conversion.StoredValues,
            Type = conversion.Type,
            Samples = [.. conversion.Samples.Select(sample => new SampleSize { Name = sample.Item1, Cells = sample.Item2 })],
            ObsColumns = [.. conversion.ObsColumns],
            VarColumns = [.. conversion.VarColumns],
            Warnings = [.. conversion.Warnings],
        };

    public static Info Info(Core.Info info) =>
        new()
        {
            Path = info.Path,
            Bytes = info.Bytes,
            Cells = info.Cells,
            Genes = info.Genes,
            StoredValues = info.StoredValues,
            Encoding = info.Encoding,
            Matrix = [.. info.Matrix.Select(Stored)],
            ObsColumns = [.. info.ObsColumns],
            VarColumns = [.. info.VarColumns],
            Others = [.. info.Others],
            IsLogged = info.IsLogged,
            LooksLikeCounts = info.LooksLikeCounts,
            CellsExamined = info.CellsExamined,
            Plan = Plan(info.Plan),
        };

    public static Plan Plan(Core.Plan plan) =>
        new()
        {
            Passes = [.. plan.Passes.Select(pass => new PlannedPass { Purpose = pass.Purpose, Memory = pass.Memory })],
            Values = Enum.Parse<ValuePlan>(plan.Values.ToString()),
            TypeAfter = plan.TypeAfter.ToString().ToLowerInvariant(),
            GeneSets = Sizes(plan.SetSizes),
            PercentTop = [.. plan.PercentTop],
            Memory = plan.Memory,
            Warnings = [.. plan.Warnings],
        };

    public static Digest Digest(Core.Digest digest) =>
        new()
        {
            Elements = [.. digest.Elements.Select(element => new ElementDigest { Path = element.Path, Sha256 = element.Sha256 })],
            Whole = digest.Whole,
        };

    public static Verification Verification(Core.Verification verification) =>
        new()
        {
            Path = verification.Path,
            IsSound = verification.IsSound,
            Objects = verification.Objects,
            Pieces = verification.Pieces,
            Bytes = verification.Bytes,
            Findings = [.. verification.Findings.Select(finding => new Finding
            {
                Severity = Enum.Parse<Severity>(finding.Severity.ToString()),
                Path = finding.Path,
                Sentence = finding.Sentence,
            })],
        };

    public static Progress Progress(Core.Progress progress) =>
        new()
        {
            Pass = progress.Pass,
            Passes = progress.Passes,
            CellsDone = progress.CellsDone,
            Cells = progress.Cells,
            Bytes = progress.Bytes,
            Task = progress.Task is { Value: var (name, done) } ? new ProgressTask { Name = name, Done = done } : null,
        };

    private static Findings Findings(Core.Findings findings) =>
        new()
        {
            Negative = findings.Negative,
            NotFinite = findings.NotFinite,
            Fractional = findings.Fractional,
            EmptyCells = findings.EmptyCells,
            Stored = findings.Stored,
            AreCounts = findings.AreCounts,
        };

    private static StoredDataset Stored(Core.Stored stored) =>
        new()
        {
            Name = stored.Name,
            Type = stored.Type,
            Count = stored.Count,
            Storage = stored.Storage,
            ChunkLength = Translate.Nullable(stored.ChunkLength),
        };

    private static IReadOnlyList<LimitLoss> Losses(IEnumerable<Tuple<string, long>> losses) =>
        [.. losses.Select(loss => new LimitLoss { Limit = loss.Item1, Lost = loss.Item2 })];

    private static IReadOnlyList<GeneSetSize> Sizes(IEnumerable<Tuple<string, int>> sizes) =>
        [.. sizes.Select(set => new GeneSetSize { Name = set.Item1, Genes = set.Item2 })];
}
