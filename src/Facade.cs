namespace SingleSharp;

/// <summary>
/// The C# door: preprocessing of single-cell count matrices in <c>.h5ad</c> files, out of core, with the same bits everywhere.
/// </summary>
/// <remarks>
/// <para>
/// A matrix is cells × genes, stored as compressed sparse rows; its values are raw counts. X is streamed from disk in bounded
/// memory, and whatever a method does not write stays as it is. Results are those of scanpy. They do not depend on the
/// number of workers, the memory allowed, the storage of the file or the machine.
/// </para>
/// <para>
/// Every method throws <see cref="SingleSharpException"/> when a file or a request cannot be worked with, and
/// <see cref="ArgumentNullException"/> at once for a null. An <c>…Async</c> method does the same work on other threads; once
/// cancelled it throws <see cref="OperationCanceledException"/>, and no half-written file is left behind.
/// </para>
/// </remarks>
public static class Pipeline
{
    /// <summary>The version of this library, such as <c>0.1.0</c>.</summary>
    public static string Version => Core.Pipeline.version;

    /// <summary>
    /// Begins a chain of steps on a file, such as <c>Pipeline.Read("in.h5ad").Qc().Log1p().Write("out.h5ad")</c>. The file is not
    /// looked at before the end of the chain.
    /// </summary>
    /// <param name="path">The path of an <c>.h5ad</c> file whose X is cells × genes in compressed sparse rows.</param>
    public static Steps Read(string path) => new(Translate.NotNull(path));

    /// <summary>
    /// Takes the steps of a recipe in as few reads of X as they allow, and one write. <see cref="Plan"/> tells how many.
    /// </summary>
    /// <param name="input">The path of an <c>.h5ad</c> file whose X is cells × genes in compressed sparse rows.</param>
    /// <param name="output">A path for a new file, or <see cref="Output.InPlace"/>.</param>
    /// <param name="recipe">The steps to take.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <returns>What was done, with the columns written and the sum that cells were scaled to.</returns>
    /// <exception cref="SingleSharpException">The file, the recipe or the output cannot be worked with; nothing was written.</exception>
    public static Report Run(string input, Output output, Recipe recipe, Settings? settings = null) =>
        Translate.Run(input, output, recipe).Now(settings);

    /// <inheritdoc cref="Run"/>
    /// <param name="progress">Told how many cells are done, after each block of 4,096.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static Task<Report> RunAsync(
        string input, Output output, Recipe recipe, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Translate.Run(input, output, recipe).Start(settings, progress, cancellationToken);

    /// <summary>QC metrics, 10,000 counts per cell and the natural logarithm, in one read and one write of X: <see cref="Recipe.Standard"/>.</summary>
    /// <inheritdoc cref="Run"/>
    public static Report Preprocess(string input, Output output, Settings? settings = null) =>
        Run(input, output, Recipe.Standard, settings);

    /// <inheritdoc cref="Preprocess"/>
    /// <inheritdoc cref="RunAsync" path="/param"/>
    public static Task<Report> PreprocessAsync(
        string input, Output output, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(input, output, Recipe.Standard, settings, progress, cancellationToken);

    /// <summary>
    /// Columns of obs and var that describe the quality of cells and genes, with the names, order and types of
    /// <c>scanpy.pp.calculate_qc_metrics</c>. Totals are counts, <c>pct_</c> columns are percentages. X does not change.
    /// </summary>
    /// <inheritdoc cref="Run"/>
    /// <param name="options">Gene sets and more; <c>new QcRecipe()</c> where it is null.</param>
    public static Report Qc(string input, Output output, QcRecipe? options = null, Settings? settings = null) =>
        Run(input, output, Recipe.OfQc(options), settings);

    /// <inheritdoc cref="Qc"/>
    /// <inheritdoc cref="RunAsync" path="/param"/>
    public static Task<Report> QcAsync(
        string input, Output output, QcRecipe? options = null, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(input, output, Recipe.OfQc(options), settings, progress, cancellationToken);

    /// <summary>
    /// Divides every cell by total / target, as <c>scanpy.pp.normalize_total</c> does. Whole numbers become float32.
    /// </summary>
    /// <inheritdoc cref="Run"/>
    /// <param name="options">The target sum and more; <c>new NormalizeRecipe()</c> where it is null.</param>
    public static Report NormalizeTotal(string input, Output output, NormalizeRecipe? options = null, Settings? settings = null) =>
        Run(input, output, Recipe.OfNormalizeTotal(options), settings);

    /// <inheritdoc cref="NormalizeTotal"/>
    /// <inheritdoc cref="RunAsync" path="/param"/>
    public static Task<Report> NormalizeTotalAsync(
        string input, Output output, NormalizeRecipe? options = null, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(input, output, Recipe.OfNormalizeTotal(options), settings, progress, cancellationToken);

    /// <summary>
    /// Replaces every value x by ln(1 + x), as <c>scanpy.pp.log1p</c> does, and notes it in <c>uns/log1p</c>. Whole numbers
    /// become float64.
    /// </summary>
    /// <inheritdoc cref="Run"/>
    /// <param name="options">Another base; <c>new Log1pRecipe()</c> where it is null.</param>
    public static Report Log1p(string input, Output output, Log1pRecipe? options = null, Settings? settings = null) =>
        Run(input, output, Recipe.OfLog1p(options), settings);

    /// <inheritdoc cref="Log1p"/>
    /// <inheritdoc cref="RunAsync" path="/param"/>
    public static Task<Report> Log1pAsync(
        string input, Output output, Log1pRecipe? options = null, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(input, output, Recipe.OfLog1p(options), settings, progress, cancellationToken);

    /// <summary>
    /// A subset of the whole AnnData, by the limits of <c>scanpy.pp.filter_cells</c> and <c>filter_genes</c>: X, layers, obs, var,
    /// obsm, varm, obsp and varp, and <c>raw</c> by cells. Percentages of gene sets can be limited too.
    /// </summary>
    /// <inheritdoc cref="Run"/>
    /// <param name="options">The limits, of which there must be one.</param>
    public static Report Filter(string input, Output output, FilterRecipe options, Settings? settings = null) =>
        Run(input, output, Recipe.OfFilter(options), settings);

    /// <inheritdoc cref="Filter"/>
    /// <inheritdoc cref="RunAsync" path="/param"/>
    public static Task<Report> FilterAsync(
        string input, Output output, FilterRecipe options, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(input, output, Recipe.OfFilter(options), settings, progress, cancellationToken);

    /// <summary>
    /// Columns of var that say which genes are highly variable, and <c>uns/hvg</c>, as <c>scanpy.pp.highly_variable_genes</c> writes
    /// them. X does not change; it must be logged already, but raw for <see cref="HvgFlavor.SeuratV3"/> and
    /// <see cref="HvgFlavor.SeuratV3Paper"/>.
    /// </summary>
    /// <inheritdoc cref="Run"/>
    /// <param name="options">The flavor, the number of genes and more; <c>new HvgRecipe()</c> where it is null.</param>
    public static Report HighlyVariableGenes(string input, Output output, HvgRecipe? options = null, Settings? settings = null) =>
        Run(input, output, Recipe.OfHvg(options), settings);

    /// <inheritdoc cref="HighlyVariableGenes"/>
    /// <inheritdoc cref="RunAsync" path="/param"/>
    public static Task<Report> HighlyVariableGenesAsync(
        string input, Output output, HvgRecipe? options = null, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(input, output, Recipe.OfHvg(options), settings, progress, cancellationToken);

    /// <summary>
    /// Exact principal components of the chosen genes, where <c>scanpy.pp.pca</c> puts them: scores in <c>obsm/X_pca</c> (cells ×
    /// components, float32), loadings in <c>varm/PCs</c> (genes × components, float64), variances in <c>uns/pca</c>. X does not
    /// change. The largest loading of each component is positive.
    /// </summary>
    /// <inheritdoc cref="Run"/>
    /// <param name="options">The number of components and more; <c>new PcaRecipe()</c> where it is null.</param>
    public static Report Pca(string input, Output output, PcaRecipe? options = null, Settings? settings = null) =>
        Run(input, output, Recipe.OfPca(options), settings);

    /// <inheritdoc cref="Pca"/>
    /// <inheritdoc cref="RunAsync" path="/param"/>
    public static Task<Report> PcaAsync(
        string input, Output output, PcaRecipe? options = null, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(input, output, Recipe.OfPca(options), settings, progress, cancellationToken);

    /// <summary>
    /// Makes one <c>.h5ad</c> file of 10x <c>.h5</c> files, folders with <c>matrix.mtx</c>, and several <c>.h5ad</c> files, the cells of
    /// one after those of the other. X streams from disk to disk.
    /// </summary>
    /// <param name="inputs">Paths of files and folders.</param>
    /// <param name="output">The path of the new file; one that is there is replaced once the new one is complete.</param>
    /// <param name="recipe">What to read and how to join; <c>new ConvertRecipe()</c> where it is null.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <returns>What the new file holds.</returns>
    /// <exception cref="SingleSharpException">An input or the output cannot be worked with; nothing was written.</exception>
    public static Conversion Convert(
        IReadOnlyList<string> inputs, string output, ConvertRecipe? recipe = null, Settings? settings = null) =>
        Translate.Convert(inputs, output, recipe).Now(settings);

    /// <inheritdoc cref="Convert"/>
    /// <inheritdoc cref="RunAsync" path="/param[@name='progress' or @name='cancellationToken']"/>
    public static Task<Conversion> ConvertAsync(
        IReadOnlyList<string> inputs, string output, ConvertRecipe? recipe = null, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Translate.Convert(inputs, output, recipe).Start(settings, progress, cancellationToken);

    /// <summary>What a recipe means for a file: reads, writes and memory. No value of X is read and nothing is written.</summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="recipe">The steps that would be taken.</param>
    /// <param name="settings">How they would run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <exception cref="SingleSharpException">The file cannot be read, or the recipe does not fit it or the memory.</exception>
    public static Plan Plan(string path, Recipe recipe, Settings? settings = null) =>
        Translate.Plan(path, recipe).Now(settings);

    /// <inheritdoc cref="Plan"/>
    /// <param name="cancellationToken">Stops the work before it begins.</param>
    public static Task<Plan> PlanAsync(
        string path, Recipe recipe, Settings? settings = null, CancellationToken cancellationToken = default) =>
        Translate.Plan(path, recipe).Start(settings, null, cancellationToken);

    /// <summary>Runs a statistic of your own over all cells of a file in one read of X; the file does not change.</summary>
    /// <remarks>
    /// Blocks of 4,096 cells are folded on their own, 32 block states are merged into a segment, segments into the result, always
    /// from left to right: sums of fractions have the same bits for any number of workers.
    /// </remarks>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="statistic">What to compute.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null. States of the statistic are not counted.</param>
    /// <returns>What the statistic makes of its last state.</returns>
    /// <exception cref="SingleSharpException">The file cannot be read. What the statistic itself throws arrives as it was thrown.</exception>
    public static TResult Fold<TResult>(string path, Statistic<TResult> statistic, Settings? settings = null) =>
        Translate.Fold(path, statistic).Now(settings);

    /// <inheritdoc cref="Fold"/>
    /// <inheritdoc cref="RunAsync" path="/param"/>
    public static Task<TResult> FoldAsync<TResult>(
        string path, Statistic<TResult> statistic, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Translate.Fold(path, statistic).Start(settings, progress, cancellationToken);

    /// <summary>What is in a file, and what a recipe would do to it. Reads the first 4,096 cells and writes nothing.</summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="recipe">What would be done; <see cref="Recipe.Standard"/> where it is null.</param>
    /// <param name="settings">How it would run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <exception cref="SingleSharpException">The file cannot be read, or the recipe does not fit it.</exception>
    public static Info Info(string path, Recipe? recipe = null, Settings? settings = null) =>
        Translate.Info(path, recipe).Now(settings);

    /// <inheritdoc cref="Info"/>
    /// <param name="cancellationToken">Stops the work before it begins.</param>
    public static Task<Info> InfoAsync(
        string path, Recipe? recipe = null,
        Settings? settings = null, CancellationToken cancellationToken = default) =>
        Translate.Info(path, recipe).Start(settings, null, cancellationToken);

    /// <summary>
    /// A SHA-256 over the values and attributes of every object in a file, and one over all of them. Two files with the same
    /// content have the same digest, however they are stored.
    /// </summary>
    /// <param name="path">The path of an HDF5 file, such as an <c>.h5ad</c> file.</param>
    /// <exception cref="SingleSharpException">The file cannot be read.</exception>
    public static Digest Digest(string path) =>
        Translate.Digest(path).Now(null);

    /// <inheritdoc cref="Digest"/>
    /// <param name="cancellationToken">Stops the work.</param>
    public static Task<Digest> DigestAsync(string path, CancellationToken cancellationToken = default) =>
        Translate.Digest(path).Start(null, null, cancellationToken);

    /// <summary>
    /// Checks a file through and through: its structure and checksums, every chunk, and whether X, layers, raw, obs, var and the
    /// rest fit together. What is wrong is among the findings. Writes nothing.
    /// </summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <exception cref="SingleSharpException">The file cannot be opened.</exception>
    public static Verification Verify(string path) =>
        Translate.Verify(path).Now(null);

    /// <inheritdoc cref="Verify"/>
    /// <param name="cancellationToken">Stops the work.</param>
    public static Task<Verification> VerifyAsync(string path, CancellationToken cancellationToken = default) =>
        Translate.Verify(path).Start(null, null, cancellationToken);
}
