namespace SingleSharp;

/// <summary>The steps to take, in the order in which they are taken. A step that is null is left out.</summary>
/// <remarks>
/// Start from <c>new Recipe()</c>, or change a part with <c>Recipe.Standard with { … }</c>, or let <see cref="Pipeline.Read"/> build
/// one step by step.
/// </remarks>
public sealed record Recipe
{
    /// <summary>No step at all; the start of a recipe of your own.</summary>
    public Recipe()
        : this(Core.RecipeModule.nothing)
    {
    }

    private Recipe(Core.Recipe recipe)
    {
        Filter = Translate.Nullable(recipe.Filter, filter => new FilterRecipe(filter));
        Qc = Translate.Nullable(recipe.Qc, qc => new QcRecipe(qc));
        NormalizeTotal = Translate.Nullable(recipe.NormalizeTotal, normalize => new NormalizeRecipe(normalize));
        Log1p = Translate.Nullable(recipe.Log1p, log1p => new Log1pRecipe(log1p));
        Hvg = Translate.Nullable(recipe.Hvg, hvg => new HvgRecipe(hvg));
        Pca = Translate.Nullable(recipe.Pca, pca => new PcaRecipe(pca));
        Matrix = new(recipe.Matrix);
        SumDuplicates = recipe.SumDuplicates;
        AllowInvalid = recipe.AllowInvalid;
        AllowLogged = recipe.AllowLogged;
        GeneSymbols = Translate.Nullable(recipe.GeneSymbols);
    }

    /// <summary>Keep some cells and genes; all further steps see only those. Default: null, left out.</summary>
    public FilterRecipe? Filter { get; init; }

    /// <summary>Columns that describe cells and genes. Default: null, left out.</summary>
    public QcRecipe? Qc { get; init; }

    /// <summary>Scale every cell to the same total. Default: null, left out.</summary>
    public NormalizeRecipe? NormalizeTotal { get; init; }

    /// <summary>Take logarithms. Default: null, left out. Not for data that are logged already.</summary>
    public Log1pRecipe? Log1p { get; init; }

    /// <summary>Choose highly variable genes. Default: null, left out.</summary>
    public HvgRecipe? Hvg { get; init; }

    /// <summary>Principal components. Default: null, left out. Not for raw counts: X should be logged, here or before.</summary>
    public PcaRecipe? Pca { get; init; }

    /// <summary>The matrix that the steps read, and write where they change values. Default: <see cref="MatrixName.X"/>.</summary>
    public MatrixName Matrix { get; init; } = MatrixName.X;

    /// <summary>
    /// Add up what a cell has of one gene where it is stored more than once, instead of refusing it. Default: false.
    /// </summary>
    public bool SumDuplicates { get; init; }

    /// <summary>
    /// Compute with negative, NaN and infinite values as scanpy does, instead of refusing them. Default: false.
    /// Do not set it to get rid of an error; such a value usually means that X does not hold counts.
    /// </summary>
    public bool AllowInvalid { get; init; }

    /// <summary>
    /// Take the logarithm of X although <c>uns/log1p</c> says that it is logged already, as scanpy does, instead of refusing it.
    /// Default: false.
    /// </summary>
    public bool AllowLogged { get; init; }

    /// <summary>
    /// The column of var that gene sets by prefix and by name go by, such as <c>feature_name</c> where genes are called by Ensembl
    /// identifiers. Default: null, the names of the genes.
    /// </summary>
    public string? GeneSymbols { get; init; }

    /// <summary>QC metrics, 10,000 counts per cell, natural logarithm: a sensible start untouched.</summary>
    public static Recipe Standard { get; } = new(Core.RecipeModule.standard);

    /// <summary>The standard steps, 2,000 highly variable genes, 50 principal components: a sensible analysis untouched.</summary>
    public static Recipe Full { get; } = new(Core.RecipeModule.full);

    internal static Recipe OfFilter(FilterRecipe options) => new() { Filter = Translate.NotNull(options) };

    internal static Recipe OfQc(QcRecipe? options) => new() { Qc = options ?? new() };

    internal static Recipe OfNormalizeTotal(NormalizeRecipe? options) => new() { NormalizeTotal = options ?? new() };

    internal static Recipe OfLog1p(Log1pRecipe? options) => new() { Log1p = options ?? new() };

    internal static Recipe OfHvg(HvgRecipe? options) => new() { Hvg = options ?? new() };

    internal static Recipe OfPca(PcaRecipe? options) => new() { Pca = options ?? new() };
}
