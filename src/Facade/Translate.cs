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

    public static Work<Info> Info(string path, Recipe? recipe)
    {
        NotNull(path);
        var steps = recipe is null ? Core.RecipeModule.standard : Recipe(recipe);
        return new(settings => Answers.Info(Answer(Core.Pipeline.info(steps, settings, path))));
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

    private static Core.Recipe Recipe(Recipe recipe) =>
        new(FSharpOption<Core.FilterRecipe>.None, Option(recipe.Qc, Qc), Option(recipe.NormalizeTotal, Normalize), Option(recipe.Log1p, Log1p), FSharpOption<Core.HvgRecipe>.None, FSharpOption<Core.PcaRecipe>.None, recipe.AllowInvalid);

    private static FSharpOption<TResult> Option<T, TResult>(T? value, Func<T, TResult> change)
        where T : class =>
        value is null ? FSharpOption<TResult>.None : FSharpOption<TResult>.Some(change(value));

    private static FSharpList<string> Strings(IReadOnlyList<string> strings) =>
        ListModule.OfSeq(strings.Select(text => NotNull(text)));

    private static Core.QcRecipe Qc(QcRecipe qc) =>
        new(
            NotNull(qc.Mitochondrial).Value,
            ListModule.OfSeq(NotNull(qc.GeneSets).Select(set => NotNull(set).Value)),
            NotNull(qc.PercentTop).Value,
            qc.Log1p);

    private static Core.NormalizeRecipe Normalize(NormalizeRecipe normalize) =>
        new(
            NotNull(normalize.TargetSum).Value,
            normalize.ExcludeHighlyExpressed,
            normalize.MaxFraction,
            Option(normalize.KeyAdded, key => key));

    private static Core.Log1pRecipe Log1p(Log1pRecipe log1p) =>
        new(log1p.Base is { } basis ? FSharpOption<double>.Some(basis) : FSharpOption<double>.None);

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

    public static string? Nullable(FSharpOption<string>? option) => option?.Value;

    public static T? Nullable<T>(FSharpOption<T>? option)
        where T : struct =>
        option?.Value;

    public static TResult? Nullable<T, TResult>(FSharpOption<T>? option, Func<T, TResult> change)
        where TResult : class =>
        option is null ? null : change(option.Value);
}
