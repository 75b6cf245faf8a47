"""highly_variable_genes and pca."""

import math

from .. import kinds
from ..errors import cannot_honour
from ._taken import columns, done, require_in_place, take
from ._words import column, only, option, switch, truth, turned_off, unless

#: scanpy's "no argument", which is None for others.
_empty = object()


def highly_variable_genes(
    adata,
    *,
    layer=None,
    n_top_genes=None,
    min_disp=0.5,
    max_disp=math.inf,
    min_mean=0.0125,
    max_mean=3,
    span=0.3,
    n_bins=20,
    flavor="seurat",
    subset=False,
    inplace=True,
    batch_key=None,
    check_values=True,
    out=None,
    sum_duplicates=False,
):
    """scanpy's highly_variable_genes. Returns columns of var as a data frame if inplace is False: of a file, by way of a copy."""
    only("check_values", check_values, True, "what is found among the values is always told")
    require_in_place(inplace, out)
    subset = truth("subset", subset)

    if subset and not inplace:
        raise cannot_honour("subset", "nothing is dropped where inplace is False; leave one of them out")

    in_memory = kinds.is_anndata(adata) and not adata.isbacked and out is None

    words = [
        *option("n_top_genes", n_top_genes),
        *unless(0.5, "min_disp", min_disp),
        *unless(math.inf, "max_disp", max_disp),
        *unless(0.0125, "min_mean", min_mean),
        *unless(3, "max_mean", max_mean),
        *unless(0.3, "span", span),
        *unless(20, "n_bins", n_bins),
        *unless("seurat", "flavor", flavor),
        *column("batch_key", batch_key),
        *switch("sum_duplicates", sum_duplicates),
        *switch("subset", subset and not in_memory),
    ]

    if not inplace:
        return columns(adata, "hvg", words, layer=layer, obs_columns=[batch_key])[1]

    def drop():
        if subset and in_memory:
            adata._inplace_subset_var(adata.var["highly_variable"].to_numpy())

    return done(take(adata, "hvg", words, out=out, layer=layer, obs_columns=[batch_key], finish=drop), out, False)


def _mask_words(mask_var, use_highly_variable):
    if use_highly_variable is not None:
        if mask_var is not _empty:
            raise cannot_honour("use_highly_variable", "it excludes mask_var; give mask_var alone")

        mask_var = "highly_variable" if use_highly_variable else None

    if mask_var is _empty:
        return [], "highly_variable"

    if mask_var is None:
        return ["--mask-var", "none"], None

    if isinstance(mask_var, str) and mask_var == "none":
        raise cannot_honour("mask_var", "'none' means all genes to the tool; give the column another name, or pass None")

    return column("mask_var", mask_var), mask_var


def pca(
    data,
    n_comps=None,
    *,
    layer=None,
    zero_center=True,
    svd_solver=None,
    chunked=False,
    chunk_size=None,
    random_state=0,
    return_info=False,
    mask_var=_empty,
    use_highly_variable=None,
    dtype="float32",
    key_added=None,
    copy=False,
    out=None,
    sum_duplicates=False,
):
    """scanpy's pca with svd_solver="covariance_eigh": exact, so that random_state has nothing to decide."""
    if svd_solver not in (None, "covariance_eigh"):
        raise cannot_honour("svd_solver", "components are exact, by covariance_eigh; leave it out")

    only("chunked", chunked, False, "an incremental PCA is another one; leave it out: memory is bounded anyway")
    only("chunk_size", chunk_size, None, "pieces are as large as memory allows; set singlesharp.settings.memory")
    only("return_info", return_info, False, "it is about arrays; loadings and variances are in varm and uns")

    if str(getattr(dtype, "__name__", dtype)) != "float32":
        raise cannot_honour("dtype", "scores are float32")

    mask, looked_at = _mask_words(mask_var, use_highly_variable)
    words = [
        *option("n_comps", n_comps),
        *mask,
        *turned_off("--no-zero-center", "zero_center", zero_center),
        *option("key_added", key_added),
        *switch("sum_duplicates", sum_duplicates),
    ]
    return done(take(data, "pca", words, out=out, copy=copy, layer=layer, var_columns=[looked_at]), out, copy)
