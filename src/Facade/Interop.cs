using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace SingleSharp;

/// <summary>The border between C# and F#: the only class that names options, results, lists and functions of F#.</summary>
internal static partial class Interop
{
    public static T NotNull<T>(T argument, [CallerArgumentExpression(nameof(argument))] string? name = null)
        where T : class =>
        argument ?? throw new ArgumentNullException(name);

    public static FSharpOption<T> Option<T>(T? value)
        where T : struct =>
        value is { } given ? FSharpOption<T>.Some(given) : FSharpOption<T>.None;

    public static FSharpOption<string> Option(string? value) =>
        value is null ? FSharpOption<string>.None : FSharpOption<string>.Some(value);

    private static FSharpOption<Compression> Option(Compression? value) =>
        value is null ? FSharpOption<Compression>.None : FSharpOption<Compression>.Some(value);

    public static T? Nullable<T>(FSharpOption<T>? option)
        where T : struct =>
        option?.Value;

    public static string? Nullable(FSharpOption<string>? option) => option?.Value;

    public static FSharpList<Tuple<string, double>> Limits(IReadOnlyList<PercentLimit> limits) =>
        ListModule.OfSeq(NotNull(limits).Select(limit => Tuple.Create(NotNull(NotNull(limit).GeneSet), limit.Percent)));

    private static FSharpList<string> Strings(IReadOnlyList<string> strings) =>
        ListModule.OfSeq(NotNull(strings).Select(text => NotNull(text)));

    // Inputs and recipes.

    public static Core.Recipe NoSteps { get; } = Core.RecipeModule.ofSteps(FSharpList<Core.Step>.Empty);

    public static Core.Input Input(IReadOnlyList<string> paths, Func<ConvertOptions, ConvertOptions>? change)
    {
        var options = change is null ? new() : NotNull(change(new()));

        return new(Strings(paths), new(
            Option(options.Genome),
            Option(options.FeatureType),
            options.MakeUnique,
            options.Join,
            NotNull(options.SampleKey),
            Strings(options.SampleNames),
            Option(options.IndexUnique)));
    }

    public static Core.Recipe Then(Core.Recipe recipe, Core.Step step)
    {
        var order = Core.PipelineModule.steps.Select(known => known.Name).ToList();
        var last = recipe.Steps.LastOrDefault();

        return last is null || order.IndexOf(last.Name) < order.IndexOf(step.Name)
            ? With(recipe, steps: ListModule.OfSeq(recipe.Steps.Append(step)))
            : throw new InvalidOperationException(
                $"{step.Name} cannot be given after {last.Name}: each step is taken once, in the order {string.Join(", ", order)}.");
    }

    public static Core.Recipe WithGeneSets(Core.Recipe recipe, IReadOnlyList<GeneSet> sets) =>
        With(recipe, sets: ListModule.OfSeq(recipe.GeneSets.Concat(NotNull(sets).Select(set => NotNull(set)))));

    public static Core.Recipe WithMitochondrial(Core.Recipe recipe, Mitochondrial genes) => With(recipe, mitochondrial: NotNull(genes));

    public static Core.Recipe WithGeneSymbols(Core.Recipe recipe, string column) => With(recipe, symbols: NotNull(column));

    public static Core.Recipe WithMatrix(Core.Recipe recipe, MatrixName matrix) => With(recipe, matrix: matrix);

    public static Core.Recipe WithSumDuplicates(Core.Recipe recipe) => With(recipe, sumDuplicates: true);

    public static Core.Recipe WithAllowInvalid(Core.Recipe recipe) => With(recipe, allowInvalid: true);

    public static Core.Recipe WithKeepCounts(Core.Recipe recipe) => With(recipe, keepCounts: true);

    public static Core.Recipe WithAlsoObs(Core.Recipe recipe, string name, Core.DType type, Func<Row, double> value) =>
        With(recipe, also: Core.AlsoModule.obs(NotNull(name), type, new(value)));

    /// <summary>Code cannot be taken from JSON, and stays as it is.</summary>
    public static Core.Recipe FromJson(Core.Recipe recipe, string json)
    {
        var read = Answer(Core.RecipeModule.ofJson(NotNull(json)));
        return recipe.Also.Aggregate(read, (read, also) => With(read, also: also));
    }

    public static string ToJson(Core.Recipe recipe) =>
        recipe.Also.IsEmpty
            ? Core.RecipeModule.toJson(recipe)
            : throw new InvalidOperationException("ToJson holds no code; take it of the chain before AlsoObs.");

    private static Core.Recipe With(
        Core.Recipe recipe, FSharpList<Core.Step>? steps = null, MatrixName? matrix = null, Mitochondrial? mitochondrial = null,
        FSharpList<GeneSet>? sets = null, string? symbols = null, bool sumDuplicates = false, bool allowInvalid = false,
        bool keepCounts = false, Core.Also? also = null) =>
        new(
            steps ?? recipe.Steps,
            matrix ?? recipe.Matrix,
            mitochondrial ?? recipe.Mitochondrial,
            sets ?? recipe.GeneSets,
            symbols is null ? recipe.GeneSymbols : Option(symbols),
            sumDuplicates || recipe.SumDuplicates,
            allowInvalid || recipe.AllowInvalid,
            keepCounts || recipe.KeepCounts,
            also is null ? recipe.Also : ListModule.OfSeq(recipe.Also.Append(also)));

    // What is asked, and what is answered.

    public static Invocation<Report> Run(Core.Input input, Core.Recipe recipe, string path)
    {
        var output = Core.Output.NewNewFile(NotNull(path));
        return new(settings => Answer(Core.PipelineModule.run(recipe, settings, input, output)));
    }

    public static Invocation<Report> RunInPlace(Core.Input input, Core.Recipe recipe) =>
        new(settings => Answer(Core.PipelineModule.run(recipe, settings, input, Core.Output.InPlace)));

    public static Invocation<(Report Report, TResult Result)> Run<TResult>(
        Core.Input input, Core.Recipe recipe, Statistic<TResult> statistic, string path) =>
        Run(input, recipe, statistic, Core.Output.NewNewFile(NotNull(path)));

    public static Invocation<(Report Report, TResult Result)> RunInPlace<TResult>(
        Core.Input input, Core.Recipe recipe, Statistic<TResult> statistic) =>
        Run(input, recipe, statistic, Core.Output.InPlace);

    private static Invocation<(Report Report, TResult Result)> Run<TResult>(
        Core.Input input, Core.Recipe recipe, Statistic<TResult> statistic, Core.Output output) =>
        new(settings =>
        {
            // One for each run, so that two at the same time do not know of each other.
            var answer = Core.AlsoModule.fold(statistic.Value);
            var report = Answer(Core.PipelineModule.run(With(recipe, also: answer), settings, input, output));
            return (report, answer.Value);
        });

    public static Invocation<Conversion> Convert(Core.Input input, Core.Recipe recipe, string path)
    {
        NotNull(path);

        return IsOfMatrixOnly(recipe)
            ? new(settings => Answer(Core.PipelineModule.convert(recipe.Matrix, recipe.SumDuplicates, settings, input, path)))
            : throw new InvalidOperationException(
                "Convert takes no steps, and nothing that is for steps but Layer, UseRaw and SumDuplicates; Write takes them.");
    }

    public static Invocation<Plan> Plan(Core.Input input, Core.Recipe recipe) =>
        new(settings => Answer(Core.PipelineModule.plan(recipe, settings, input)));

    public static Invocation<Plan> Plan<TResult>(Core.Input input, Core.Recipe recipe, Statistic<TResult> statistic) =>
        Plan(input, With(recipe, also: Core.AlsoModule.fold(statistic.Value)));

    public static Invocation<Info> Info(Core.Input input, Core.Recipe recipe)
    {
        var asked = recipe.Steps.IsEmpty && recipe.Also.IsEmpty ? With(recipe, steps: Core.RecipeModule.standard.Steps) : recipe;
        return new(settings => Answer(Core.PipelineModule.info(asked, settings, input)));
    }

    public static Invocation<Verification> Verify(string path)
    {
        NotNull(path);
        return new(settings => Answer(Core.PipelineModule.verify(settings, path)));
    }

    public static Invocation<Digest> Digest(string path)
    {
        NotNull(path);
        return new(settings => Answer(Core.PipelineModule.digest(settings, path)));
    }

    public static Invocation<H5adFile> Open(string path)
    {
        NotNull(path);
        return new(settings => Answer(Core.H5ad.openFile(settings, path)));
    }

    public static Invocation<Split> Split(string path, string column, string folder, bool replace)
    {
        NotNull(column);
        NotNull(folder);
        var input = Core.InputModule.file(NotNull(path));
        return new(settings => Answer(Core.PipelineModule.split(column, replace, settings, input, folder)));
    }

    public static Invocation<TableHead> Head(string path, string part, int rows, IReadOnlyList<string> columns)
    {
        NotNull(path);
        var request = new Core.HeadRequest(NotNull(part), rows, Strings(columns), 100);
        return new(settings => Answer(Core.PipelineModule.head(request, settings, path)));
    }

    public static Invocation<IReadOnlyList<PastRun>> History(string path)
    {
        NotNull(path);
        return new(settings => Answer(Core.PipelineModule.history(settings, path)));
    }

    public static Invocation<Exported> Export(
        string path, string element, IReadOnlyList<string>? columns, ExportFormat? format, string target)
    {
        NotNull(path);
        NotNull(element);
        NotNull(target);
        var names = Strings(columns ?? []);
        return new(settings => Answer(Core.PipelineModule.export(element, names, Option(format), settings, path, target)));
    }

    public static Invocation<Exported> Export(
        string path, string element, IReadOnlyList<string>? columns, ExportFormat format, Stream target)
    {
        NotNull(path);
        NotNull(element);
        NotNull(target);
        var names = Strings(columns ?? []);
        return new(settings => Answer(Core.PipelineModule.exportTo(element, names, format, settings, path, target)));
    }

    public static Invocation<Unit> Demo(string path)
    {
        NotNull(path);
        return new(settings => Answer(Core.PipelineModule.demo(settings, path)));
    }

    public static Invocation<TResult> Fold<TResult>(Core.Input input, Core.Recipe recipe, Statistic<TResult> statistic)
    {
        var fold = NotNull(statistic).Value;

        return IsOfMatrixOnly(recipe)
            ? new(settings => Answer(Core.PipelineModule.foldOf(recipe.Matrix, recipe.SumDuplicates, fold, settings, input)))
            : throw new InvalidOperationException(
                "Fold takes no steps, and nothing that is for steps but Layer, UseRaw and SumDuplicates; Write takes them.");
    }

    /// <summary>Has it no steps, and says nothing but which matrix is meant and how duplicate entries are taken?</summary>
    private static bool IsOfMatrixOnly(Core.Recipe recipe) =>
        With(NoSteps, matrix: recipe.Matrix, sumDuplicates: recipe.SumDuplicates).Equals(recipe);

    private static T Answer<T>(FSharpResult<T, Core.Fault> result) =>
        result.IsOk
            ? result.ResultValue
            : throw new SingleSharpException(
                Core.FaultModule.kind(result.ErrorValue), Core.FaultModule.sentenceFor(Spelling, result.ErrorValue));

    public static Core.Settings Settings(Settings? settings, IProgress<Progress>? progress, CancellationToken cancellationToken)
    {
        var standard = Core.SettingsModule.standard;

        return new(
            settings?.Workers ?? standard.Workers,
            settings?.Memory ?? standard.Memory,
            settings?.Provenance ?? standard.Provenance,
            Option(settings?.Compression),
            Option(settings?.Scratch),
            progress is null ? standard.Progress : FuncConvert.FromAction<Progress>(progress.Report),
            standard.Warn,
            cancellationToken,
            Spelling);
    }

    /// <summary>How sentences spell an option: as the property or the method that gives it here.</summary>
    private static Core.OptionSpelling Spelling { get; } = (name, value) =>
    {
        var spelled = name switch
        {
            "in_place" => "WriteInPlace",
            "out" => "Write",
            "skip" => "a chain without",
            "also" => "AlsoObs",
            "by" => "column",
            "out_dir" => "folder",
            "no_clobber" => "replace: false",
            "part" or "rows" or "columns" or "shards" => name,
            "gene_set" => "GeneSets",
            "mt_prefix" => "Mitochondrial",
            "to" => "Format",
            _ => string.Concat(name.Split('_').Select(part => char.ToUpper(part[0], CultureInfo.InvariantCulture) + part[1..])),
        };

        return value switch
        {
            _ when name is "out" => spelled,
            _ when name is "skip" => $"{spelled} {value}",
            "" => spelled,
            "True" or "False" => $"{spelled} = {value.ToLowerInvariant()}",
            _ => $"{spelled} = {value}",
        };
    };

    // Statistics.

    public static Statistic<TResult> Statistic<TState, TResult>(
        Func<TState> fresh, Func<TState, Row, TState> step, Func<TState, TState, TState> merge, Func<TState, TResult> finish)
    {
        NotNull(step);

        TState StepEach(TState state, CsrBatch batch)
        {
            foreach (var row in batch)
            {
                state = step(state, row);
            }

            return state;
        }

        return new(Core.Fold.ofSteps(new Core.FoldSteps<CsrBatch, TState, TResult>(
            FuncConvert.FromFunc(NotNull(fresh)),
            FuncConvert.FromFunc<TState, CsrBatch, TState>(StepEach),
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
}
