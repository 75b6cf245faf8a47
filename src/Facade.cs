namespace SingleSharp;

/// <summary>
/// The C# door: preprocessing of single-cell count matrices in <c>.h5ad</c> files, out of core, with the same bits everywhere.
/// </summary>
/// <remarks>
/// <para>
/// A matrix is cells × genes: csr, csc or dense. X is streamed from disk in bounded memory, and whatever a step does not write stays as
/// it is. Results are those of scanpy. They do not depend on the number of workers, the memory allowed, the storage of the
/// file or the machine.
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
    public static string Version => Core.PipelineModule.version;

    /// <summary>
    /// Begins a chain of steps on a file, such as <c>Pipeline.Read("in.h5ad").Qc().Log1p().Write("out.h5ad")</c>. The file is not
    /// looked at before the end of the chain.
    /// </summary>
    /// <param name="path">The path of an <c>.h5ad</c> file, a 10x <c>.h5</c> file, or a folder with <c>matrix.mtx</c>.</param>
    public static Chain Read(string path) => Read([Interop.NotNull(path)]);

    /// <summary>The same for several inputs, the cells of one after those of the other, and for genes of 10x inputs.</summary>
    /// <param name="paths">Paths of files and folders.</param>
    /// <param name="options">How they are read and joined, such as <c>o => o with { Join = Join.Outer }</c>.</param>
    public static Chain Read(IReadOnlyList<string> paths, Func<ConvertOptions, ConvertOptions>? options = null) =>
        new(Interop.Input(paths, options));

    /// <summary>
    /// A SHA-256 over the values and attributes of every object in a file, and one over all of them. Two files with the same
    /// content have the same digest, however they are stored.
    /// </summary>
    /// <param name="path">The path of an HDF5 file, such as an <c>.h5ad</c> file.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <exception cref="SingleSharpException">The file cannot be read.</exception>
    public static Digest Digest(string path, Settings? settings = null) => Interop.Digest(path).Now(settings);

    /// <inheritdoc cref="Digest"/>
    /// <param name="cancellationToken">Stops the work.</param>
    public static Task<Digest> DigestAsync(string path, Settings? settings = null, CancellationToken cancellationToken = default) =>
        Interop.Digest(path).Start(settings, null, cancellationToken);

    /// <summary>
    /// Checks a file: structure, checksums, every chunk, and whether the parts of an AnnData fit together.
    /// </summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <returns>What was found; a file that is wrong is no exception.</returns>
    /// <exception cref="SingleSharpException">The file cannot be opened.</exception>
    public static Verification Verify(string path, Settings? settings = null) => Interop.Verify(path).Now(settings);

    /// <inheritdoc cref="Verify"/>
    /// <param name="cancellationToken">Stops the work.</param>
    public static Task<Verification> VerifyAsync(string path, Settings? settings = null, CancellationToken cancellationToken = default) =>
        Interop.Verify(path).Start(settings, null, cancellationToken);

    /// <summary>
    /// Cuts a file into one for each value of a column of obs, with all that <c>adata[adata.obs[column] == value]</c> has, and a table of
    /// the files, <c>manifest.csv</c>, which is written last. Cells without a value are in none of the files.
    /// </summary>
    /// <param name="path">The path of an <c>.h5ad</c> file, a 10x <c>.h5</c> file, or a folder with <c>matrix.mtx</c>.</param>
    /// <param name="column">The column: categories, strings, integers or booleans, of at most 1,000 different values.</param>
    /// <param name="folder">Where the files go; it is made where it is missing.</param>
    /// <param name="replace">May files of an earlier split, which <c>manifest.csv</c> in the folder lists, be replaced, one by one? Any other file
    /// that is there is refused before anything is written.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <exception cref="SingleSharpException">The file, the column or the folder cannot be worked with.</exception>
    public static Split Split(string path, string column, string folder, bool replace = true, Settings? settings = null) =>
        Interop.Split(path, column, folder, replace).Now(settings);

    /// <inheritdoc cref="Split"/>
    /// <param name="progress">Told how many cells are done; a pass is a file.</param>
    /// <param name="cancellationToken">Stops the work. The files that are there by then are complete.</param>
    public static Task<Split> SplitAsync(
        string path, string column, string folder, bool replace = true, Settings? settings = null,
        IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Interop.Split(path, column, folder, replace).Start(settings, progress, cancellationToken);

    /// <summary>The first rows of obs, var, a matrix or an array of a file, as text; nothing else is read.</summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="part">obs, var, X, layers/NAME, raw/X, raw/var, obsm/NAME or varm/NAME.</param>
    /// <param name="rows">How many rows, at most 10,000.</param>
    /// <param name="columns">Only these columns, or genes of a matrix; the first 100 where there are none.</param>
    /// <exception cref="SingleSharpException">The file cannot be read, or there is no such part or column.</exception>
    public static TableHead Head(string path, string part = "obs", int rows = 5, params IReadOnlyList<string> columns) =>
        Interop.Head(path, part, rows, columns).Now(null);

    /// <summary>The runs that a file tells of in <c>uns/singlesharp</c>, the first one first; none where it tells of none.</summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <exception cref="SingleSharpException">The file cannot be read.</exception>
    public static IReadOnlyList<PastRun> History(string path) => Interop.History(path).Now(null);

    /// <summary>
    /// Writes a data frame (<c>obs</c>, <c>var</c>, <c>raw/var</c>), one column of it (<c>obs/leiden</c>) or an array (<c>obsm/X_pca</c>)
    /// as CSV or as an array of NumPy, some rows at a time. <c>ParquetFile</c> of the package SingleSharp.Arrow writes Parquet.
    /// </summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="element">What of it is meant, by its path in the file.</param>
    /// <param name="target">The path of the new file; one that is there is replaced once the new one is complete.</param>
    /// <param name="columns">The columns of a data frame, in this order. Default: null, all.</param>
    /// <param name="format">The format. Default: null, that of the name: <c>.csv</c>, <c>.csv.gz</c> or <c>.npy</c>.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <exception cref="SingleSharpException">A file cannot be read or written, or there is no such element.</exception>
    public static Exported Export(
        string path, string element, string target, IReadOnlyList<string>? columns = null, ExportFormat? format = null,
        Settings? settings = null) =>
        Interop.Export(path, element, columns, format, target).Now(settings);

    /// <inheritdoc cref="Export(string, string, string, IReadOnlyList{string}, ExportFormat?, Settings)"/>
    /// <param name="progress">Told how far the work is.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static Task<Exported> ExportAsync(
        string path, string element, string target, IReadOnlyList<string>? columns = null, ExportFormat? format = null,
        Settings? settings = null, IProgress<Progress>? progress = null, CancellationToken cancellationToken = default) =>
        Interop.Export(path, element, columns, format, target).Start(settings, progress, cancellationToken);

    /// <summary>The same to a stream, which stays open.</summary>
    /// <param name="path">The path of an <c>.h5ad</c> file.</param>
    /// <param name="element">What of it is meant, by its path in the file.</param>
    /// <param name="target">Where it is written to.</param>
    /// <param name="columns">The columns of a data frame, in this order. Default: null, all.</param>
    /// <param name="format">The format.</param>
    /// <param name="settings">How to run; the defaults of <see cref="Settings"/> where it is null.</param>
    /// <exception cref="SingleSharpException">The file cannot be read, or there is no such element.</exception>
    public static Exported Export(
        string path, string element, Stream target, IReadOnlyList<string>? columns = null, ExportFormat format = ExportFormat.Csv,
        Settings? settings = null) =>
        Interop.Export(path, element, columns, format, target).Now(settings);

    /// <summary>Writes a small file of synthetic blood cells; it holds the same values on every machine.</summary>
    /// <param name="path">The path of the new file.</param>
    /// <exception cref="SingleSharpException">The file cannot be written.</exception>
    public static void Demo(string path) => Interop.Demo(path).Now(null);
}
