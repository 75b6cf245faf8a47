"""calculate_qc_metrics, and the filters."""

from .. import kinds, memory
from ..errors import cannot_honour
from ._taken import columns, done, take
from ._words import column_sets, integers, named, only, option, switch, truth, turned_off

_tops = (50, 100, 200, 500)


def _top_words(percent_top):
    # Of scanpy's default, the tool leaves out what X has too few genes for; scanpy fails.
    tops = integers("percent_top", () if percent_top is None else percent_top)

    if tops == list(_tops):
        return []

    return ["--percent-top", ",".join(map(str, tops)) or "none"]


def calculate_qc_metrics(
    adata,
    *,
    expr_type="counts",
    var_type="genes",
    qc_vars=(),
    percent_top=_tops,
    layer=None,
    use_raw=False,
    inplace=False,
    log1p=True,
    parallel=None,
    out=None,
    sum_duplicates=False,
):
    """scanpy's calculate_qc_metrics. Returns two data frames, of obs and of var, unless inplace is True or out is given.

    For the data frames of a file, a copy of the file is made beside it and deleted again: pass inplace=True where there is no room.
    """
    only("expr_type", expr_type, "counts", "names of columns cannot be chosen")
    only("var_type", var_type, "genes", "names of columns cannot be chosen")
    only("parallel", parallel, None, "it has no effect in scanpy either; set singlesharp.settings.workers")
    sets = [qc_vars] if isinstance(qc_vars, str) else list(qc_vars)

    use_raw = truth("use_raw", use_raw)

    if use_raw and layer is not None:
        raise cannot_honour("use_raw", "layer and use_raw each name a matrix; give one of them")

    if use_raw and kinds.is_anndata(adata) and not adata.isbacked:
        memory.refuse_raw(use_raw)

    words = [
        # scanpy has no gene set of its own.
        "--mt-prefix",
        "",
        *column_sets(sets),
        *_top_words(percent_top),
        *turned_off("--no-log1p-columns", "log1p", log1p),
        *switch("use_raw", use_raw),
        *switch("sum_duplicates", sum_duplicates),
    ]

    with named(gene_set="qc_vars", gene_sets="qc_vars"):
        if truth("inplace", inplace) or out is not None:
            return done(take(adata, "qc", words, out=out, layer=layer, var_columns=sets), out, False)

        return columns(adata, "qc", words, layer=layer, var_columns=sets)


def _filter(data, limits, inplace, copy, out, sum_duplicates):
    given = {name: limit for name, (_, limit) in limits.items() if limit is not None}

    if len(given) != 1:
        names = ", ".join(limits)
        raise cannot_honour(next(iter(given), next(iter(limits))), f"give exactly one of {names}; pipeline and preprocess take several")

    if not truth("inplace", inplace):
        raise cannot_honour("inplace", "the mask alone cannot be had; pass copy=True or out")

    with named(**{spelling: name for name, (spelling, _) in limits.items()}):
        words = [word for spelling, limit in limits.values() for word in option(spelling, limit)]
        return done(take(data, "filter", [*words, *switch("sum_duplicates", sum_duplicates)], out=out, copy=copy), out, copy)


def filter_cells(
    data,
    *,
    min_counts=None,
    min_genes=None,
    max_counts=None,
    max_genes=None,
    inplace=True,
    copy=False,
    out=None,
    sum_duplicates=False,
):
    """scanpy's filter_cells: keeps the cells that meet the one limit that is given."""
    limits = {
        "min_counts": ("min_counts", min_counts),
        "min_genes": ("min_genes", min_genes),
        "max_counts": ("max_counts", max_counts),
        "max_genes": ("max_genes", max_genes),
    }
    return _filter(data, limits, inplace, copy, out, sum_duplicates)


def filter_genes(
    data,
    *,
    min_counts=None,
    min_cells=None,
    max_counts=None,
    max_cells=None,
    inplace=True,
    copy=False,
    out=None,
    sum_duplicates=False,
):
    """scanpy's filter_genes: keeps the genes that meet the one limit that is given."""
    limits = {
        "min_counts": ("gene_min_counts", min_counts),
        "min_cells": ("min_cells", min_cells),
        "max_counts": ("gene_max_counts", max_counts),
        "max_cells": ("max_cells", max_cells),
    }
    return _filter(data, limits, inplace, copy, out, sum_duplicates)
