using System.Runtime.CompilerServices;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace SingleSharp;

/// <summary>The border between C# and F#: the only file that names options, results, lists and functions of F#.</summary>
internal static class Translate
{
    public static T NotNull<T>(T argument, [CallerArgumentExpression(nameof(argument))] string? name = null)
        where T : class =>
        argument ?? throw new ArgumentNullException(name);

    // Work.

    public static Work<Report> Run(string input, Output output, Recipe recipe)
    {
        NotNull(input);
        var target = NotNull(output).Value;
        var steps = Recipe(NotNull(recipe));
        return new(settings => Answers.Report(Answer(Core.Pipeline.run(steps, settings, input, target))));
    }

    public static Work<Conversion> Convert(IReadOnlyList<string> inputs, string output, ConvertRecipe? recipe)
    {
        var paths = Strings(NotNull(inputs));
        NotNull(output);
        var conversion = Conversion(recipe ?? new());
        return new(settings => Answers.Conversion(Answer(Core.Pipeline.convert(conversion, settings, paths, output))));
    }

    public static Work<Info> Info(string path, Recipe? recipe)
    {
        NotNull(path);
        var steps = recipe is null ? Core.RecipeModule.standard : Recipe(recipe);
        return new(settings => Answers.Info(Answer(Core.Pipeline.info(steps, settings, path))));
    }

    public static Work<Plan> Plan(string path, Recipe recipe)
    {
        NotNull(path);
        var steps = Recipe(NotNull(recipe));
        return new(settings => Answers.Plan(Answer(Core.Pipeline.plan(steps, settings, path))));
    }

    public static Work<Verification> Verify(string path)
    {
        NotNull(path);
        return new(settings => Answers.Verification(Answer(Core.Pipeline.verify(settings, path))));
    }

    public static Work<Digest> Digest(string path)
    {
        NotNull(path);
        return new(settings => Answers.Digest(Answer(Core.Pipeline.digest(settings, path))));
    }

    public static Work<TResult> Fold<TResult>(string path, Statistic<TResult> statistic)
    {
        NotNull(path);
        var fold = NotNull(statistic).Value;
        return new(settings => Answer(Core.Pipeline.fold(fold, settings, path)));
    }

    private static T Answer<T>(FSharpResult<T, Core.Fault> result) =>
        result.IsOk ? result.ResultValue : throw Exception(result.ErrorValue);

    private static SingleSharpException Exception(Core.Fault fault) =>
        new(Enum.Parse<FaultKind>(Core.FaultModule.kind(fault)), Core.FaultModule.sentence(fault));

    // What is asked.

    public static Core.Settings Settings(Settings? settings, IProgress<Progress>? progress, CancellationToken cancellationToken)
    {
        var standard = Core.SettingsModule.standard;

        return new(
            settings?.Workers ?? standard.Workers,
            settings?.Memory ?? standard.Memory,
            progress is null ? standard.Progress : FuncConvert.FromAction<Core.Progress>(state => progress.Report(Answers.Progress(state))),
            standard.Warn,
            cancellationToken);
    }

    private static Core.ConvertRecipe Conversion(ConvertRecipe recipe) =>
        new(
            Option(recipe.Genome, name => name),
            Option(recipe.FeatureType, type => type),
            recipe.MakeUnique,
            recipe.Join == Join.Outer ? Core.Join.Outer : Core.Join.Inner,
            NotNull(recipe.SampleKey),
            Strings(NotNull(recipe.SampleNames)),
            Option(recipe.IndexUnique, separator => separator),
            NotNull(recipe.Matrix).Value,
            recipe.SumDuplicates);

    private static Core.Recipe Recipe(Recipe recipe) =>
        new(
            Option(recipe.Filter, Filter),
            Option(recipe.Qc, Qc),
            Option(recipe.NormalizeTotal, Normalize),
            Option(recipe.Log1p, Log1p),
            Option(recipe.Hvg, Hvg),
            Option(recipe.Pca, Pca),
            NotNull(recipe.Matrix).Value,
            recipe.SumDuplicates,
            recipe.AllowInvalid,
            recipe.AllowLogged,
            Option(recipe.GeneSymbols, column => column));

    private static FSharpOption<TResult> Option<T, TResult>(T? value, Func<T, TResult> change)
        where T : class =>
        value is null ? FSharpOption<TResult>.None : FSharpOption<TResult>.Some(change(value));

    private static FSharpOption<T> Option<T>(T? value)
        where T : struct =>
        value is { } given ? FSharpOption<T>.Some(given) : FSharpOption<T>.None;

    private static FSharpList<string> Strings(IReadOnlyList<string> strings) =>
        ListModule.OfSeq(strings.Select(text => NotNull(text)));

    private static FSharpList<Core.GeneSet> Sets(IReadOnlyList<GeneSet> sets) =>
        ListModule.OfSeq(NotNull(sets).Select(set => NotNull(set).Value));

    private static FSharpList<Tuple<string, double>> Limits(IReadOnlyList<PercentLimit> limits) =>
        ListModule.OfSeq(NotNull(limits).Select(limit => Tuple.Create(NotNull(NotNull(limit).GeneSet), limit.Percent)));

    private static Core.FilterRecipe Filter(FilterRecipe filter) =>
        new(
            Option(filter.MinCounts),
            Option(filter.MaxCounts),
            Option(filter.MinGenes),
            Option(filter.MaxGenes),
            Limits(filter.MinPct),
            Limits(filter.MaxPct),
            Option(filter.MinCells),
            Option(filter.MaxCells),
            Option(filter.GeneMinCounts),
            Option(filter.GeneMaxCounts),
            NotNull(filter.Mitochondrial).Value,
            Sets(filter.GeneSets));

    private static Core.QcRecipe Qc(QcRecipe qc) =>
        new(
            NotNull(qc.Mitochondrial).Value,
            Sets(qc.GeneSets),
            NotNull(qc.PercentTop).Value,
            qc.Log1p);

    private static Core.NormalizeRecipe Normalize(NormalizeRecipe normalize) =>
        new(
            NotNull(normalize.TargetSum).Value,
            normalize.ExcludeHighlyExpressed,
            normalize.MaxFraction,
            Option(normalize.KeyAdded, key => key));

    private static Core.Log1pRecipe Log1p(Log1pRecipe log1p) =>
        new(Option(log1p.Base));

    private static Core.HvgRecipe Hvg(HvgRecipe hvg) =>
        new(
            Flavor(hvg.Flavor),
            Option(hvg.NTopGenes),
            hvg.MinMean,
            hvg.MaxMean,
            hvg.MinDisp,
            hvg.MaxDisp,
            hvg.NBins,
            hvg.Span,
            Option(hvg.BatchKey, key => key),
            hvg.ExactN);

    private static Core.HvgFlavor Flavor(HvgFlavor flavor) => flavor switch
    {
        HvgFlavor.Seurat => Core.HvgFlavor.Seurat,
        HvgFlavor.CellRanger => Core.HvgFlavor.CellRanger,
        HvgFlavor.SeuratV3 => Core.HvgFlavor.SeuratV3,
        HvgFlavor.SeuratV3Paper => Core.HvgFlavor.SeuratV3Paper,
        _ => throw new ArgumentOutOfRangeException(nameof(flavor), flavor, null),
    };

    private static Core.PcaRecipe Pca(PcaRecipe pca) =>
        new(
            Option(pca.NComps),
            NotNull(pca.MaskVar).Value,
            pca.ZeroCenter,
            Option(pca.KeyAdded, key => key));

    public static Mitochondrial StartingWith(string prefix) =>
        new(Core.Mitochondrial.NewStartingWith(NotNull(prefix)));

    public static PercentTop Exactly(IReadOnlyList<int> genes) =>
        new(Core.PercentTop.NewExactly(ListModule.OfSeq(NotNull(genes))));

    public static GeneSet WithPrefix(string name, IReadOnlyList<string> prefixes) =>
        new(new Core.GeneSet(NotNull(name), Core.GeneRule.NewPrefix(Strings(NotNull(prefixes)))));

    public static GeneSet FromColumn(string name, string column) =>
        new(new Core.GeneSet(NotNull(name), Core.GeneRule.NewColumn(NotNull(column))));

    public static GeneSet OfGenes(string name, IReadOnlyList<string> genes) =>
        new(new Core.GeneSet(NotNull(name), Core.GeneRule.NewNames(Strings(NotNull(genes)))));

    public static Statistic<TResult> Statistic<TState, TResult>(
        Func<TState> fresh, Func<TState, Row, TState> step, Func<TState, TState, TState> merge, Func<TState, TResult> finish)
    {
        NotNull(step);

        TState StepEach(TState state, Core.Slice slice)
        {
            for (var row = 0; row < slice.Cells; row++)
            {
                state = step(state, new Row(slice, row));
            }

            return state;
        }

        return new(Core.Fold.ofSteps(new Core.Steps<Core.Slice, TState, TResult>(
            FuncConvert.FromFunc(NotNull(fresh)),
            FuncConvert.FromFunc<TState, Core.Slice, TState>(StepEach),
            FuncConvert.FromFunc(NotNull(merge)),
            FuncConvert.FromFunc(NotNull(finish)))));
    }

    public static Statistic<TOther> Select<TResult, TOther>(Statistic<TResult> statistic, Func<TResult, TOther> selector) =>
        new(Core.Fold.map(FuncConvert.FromFunc(NotNull(selector)), statistic.Value));

    public static Statistic<TBoth> Zip<TResult, TOther, TBoth>(
        Statistic<TResult> statistic, Statistic<TOther> other, Func<TResult, TOther, TBoth> resultSelector)
    {
        NotNull(resultSelector);
        var both = Core.Fold.both(statistic.Value, NotNull(other).Value);
        return new(Core.Fold.map(FuncConvert.FromFunc<(TResult, TOther), TBoth>(pair => resultSelector(pair.Item1, pair.Item2)), both));
    }

    // What is answered.

    public static HvgFlavor Flavor(Core.HvgFlavor flavor) => Enum.Parse<HvgFlavor>(flavor.ToString());

    public static string? Nullable(FSharpOption<string>? option) => option?.Value;

    public static T? Nullable<T>(FSharpOption<T>? option)
        where T : struct =>
        option?.Value;

    public static TResult? Nullable<T, TResult>(FSharpOption<T>? option, Func<T, TResult> change)
        where TResult : class =>
        option is null ? null : change(option.Value);
}
