namespace SingleSharp;

/// <summary>
/// The options of subset. All that are given of cells, or of genes, must be met; one of the four must be given. The order of cells
/// and genes stays that of the file.
/// </summary>
public sealed record SubsetOptions
{
    /// <summary>A query of the columns of obs, such as <c>n_genes > 500 and batch in a,b</c>. Default: null, all cells.</summary>
    public string? ObsQuery { get; init; }

    /// <summary>A query of the columns of var, such as <c>highly_variable</c>. Default: null, all genes.</summary>
    public string? VarQuery { get; init; }

    /// <summary>A text file that lists the names of the cells, one a line. Default: null, all cells.</summary>
    public string? Obs { get; init; }

    /// <summary>A text file that lists the names of the genes, one a line. Default: null, all genes.</summary>
    public string? Var { get; init; }

    internal Core.Step Step => Core.SubsetStep.step(new(
        Interop.Option(ObsQuery), Interop.Option(VarQuery), Interop.Option(Obs), Interop.Option(Var)));
}

public sealed partial class Chain
{
    /// <summary>
    /// The cells and genes that a query of their columns, or a list of their names, chooses, as <c>adata[obs, var]</c> does: X,
    /// layers, obs, var, obsm, varm, obsp and varp, and <c>raw</c> by cells.
    /// </summary>
    /// <param name="options">What to keep, such as <c>o => o with { ObsQuery = "n_genes > 500" }</c>.</param>
    public Chain Subset(Func<SubsetOptions, SubsetOptions> options) => Then(Chosen(Interop.NotNull(options)).Step);
}
