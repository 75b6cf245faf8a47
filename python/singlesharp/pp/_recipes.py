"""Several steps in as few reads of X as they allow: preprocess and pipeline. Their options are the tool's."""

import difflib
from collections.abc import Mapping

from .. import kinds, memory, recipes, results
from ..errors import cannot_honour
from ._taken import take
from ._words import column_sets, integers, number, option, switch, turned_off

_numbers_and_texts = {
    "min_genes", "max_genes", "min_counts", "max_counts", "min_cells", "max_cells", "gene_min_counts", "gene_max_counts",
    "target_sum", "median", "max_fraction", "key_added", "base", "flavor", "n_top_genes", "min_mean", "max_mean", "min_disp",
    "max_disp", "n_bins", "span", "batch_key", "max_value", "mask_obs", "dense_layer", "n_comps", "pca_key", "mt_prefix",
    "gene_symbols", "compression", "obs_query", "var_query",
}  # fmt: skip
_switches = {"exclude_highly_expressed", "allow_logged", "exact_n", "subset", "keep_raw", "use_raw", "sum_duplicates", "allow_invalid", "keep_counts"}
#: What is True unless it is turned off.
_negated = {"log1p": "--no-log1p-columns", "zero_center": "--no-zero-center", "scale_zero_center": "--no-scale-zero-center"}
_limits = {"min_pct", "max_pct"}
_lists = {"skip": "--skip", "with_steps": "--with", "percent_top": "--percent-top"}
_others = {"mask_var", "qc_vars", "gene_sets", "obs", "var"}
_cut_offs = {"min_mean", "max_mean", "min_disp", "max_disp"}

#: The names of all options of preprocess and pipeline.
option_names = sorted(_numbers_and_texts | _switches | set(_negated) | _limits | set(_lists) | _others)


def _of_list(name, value):
    if name == "percent_top":
        return [_lists[name], ",".join(map(str, integers(name, value))) or "none"]

    items = [value] if isinstance(value, str) else list(value)
    return [_lists[name], ",".join(str(item) for item in items)] if items else []


def _by_set(name, value):
    if not hasattr(value, "items"):
        raise TypeError(f"{name} must be a dict by the names of gene sets, not {value!r}")

    return value.items()


def _limit(name, gene_set, limit):
    try:
        return option(name, f"{gene_set}={number(limit)}")
    except TypeError as trouble:
        raise TypeError(f"{name}, {gene_set}: {trouble}") from None


def _rule(gene_set, rule):
    if not isinstance(rule, str):
        raise TypeError(f"gene_sets: {gene_set} must be a text such as 'prefix:RPS,RPL', not {rule!r}")

    if str(gene_set).startswith("--"):
        raise cannot_honour("gene_sets", f"{gene_set!r} begins with --, as the options of the tool do; give it another name")

    return ["--gene-set", f"{gene_set}={rule}"]


def _of_none(name, options):
    """What None means in scanpy, where it is not the tool's default."""
    if name == "target_sum":
        return option(name, "median")

    if name == "percent_top":
        return _of_list(name, ())

    if name != "n_top_genes" or any(options.get(limit) is not None for limit in _cut_offs):
        return []

    if str(options.get("flavor")).startswith("seurat_v3"):
        raise cannot_honour(name, "seurat_v3 chooses a number of genes, and None is none; give one, or leave it out for 2,000")

    # scanpy's default of one limit, which says that limits are meant.
    return option("min_mean", 0.0125)


def _words_of(name, value):
    if name in _numbers_and_texts:
        return option(name, value)

    if name in _switches:
        return switch(name, value)

    if name in _negated:
        return turned_off(_negated[name], name, value)

    if name in _limits:
        return [word for gene_set, limit in _by_set(name, value) for word in _limit(name, gene_set, limit)]

    if name in _lists:
        return _of_list(name, value)

    if name == "qc_vars":
        return column_sets(value)

    if name == "gene_sets":
        return [word for gene_set, rule in _by_set(name, value) for word in _rule(gene_set, rule)]

    if name in ("obs", "var"):
        if not kinds.is_path(value):
            raise TypeError(f"{name} must be the path of a file with names, one a line; ss.subset takes lists of names, too")

        return [f"--{name}", kinds.path(value)]

    # mask_var, whose None means all genes.
    return option(name, "none" if value is None else value)


def _require_effect(name, value):
    """A switch can only be turned on beside a recipe, which may have it on: the tool has no word for the other way."""
    if value is None or name in _switches and value is False or name in _negated and value is True:
        raise cannot_honour(name, f"{value} cannot be told from what the recipe says; leave it out, or change the recipe")


def words_of(command, options, *, beside_recipe=False):
    """The options of preprocess and pipeline as a command line."""
    words = []

    for name, value in options.items():
        if name not in option_names:
            close = difflib.get_close_matches(name, option_names, 1)
            raise TypeError(f"{command} has no option {name}" + (f"; did you mean {close[0]}?" if close else ""))

        if beside_recipe and name != "mask_var":
            _require_effect(name, value)

        words += _of_none(name, options) if value is None and name != "mask_var" else _words_of(name, value)

    return words


def _columns(options, given):
    """The columns that options and a recipe name; of an AnnData in memory, no others are passed."""
    rules = [str(rule)[len("column:") :] for rule in (options.get("gene_sets") or {}).values() if str(rule).startswith("column:")]
    sets = given.get("gene_sets")
    rules += [each.get("column") for each in sets or () if isinstance(each, Mapping)] if isinstance(sets, (list, tuple)) else []
    flags = options.get("qc_vars") or ()
    flags = [flags] if isinstance(flags, str) else list(flags)

    def both(name, step):
        return [options.get(name), recipes.options_of(given, step).get(name)]

    def queried(axis):
        return any(both(f"{axis}_query", "subset"))

    return {
        "obs_columns": None if queried("obs") else [*both("batch_key", "hvg"), *both("mask_obs", "scale")],
        "var_columns": None if queried("var") else ["highly_variable", *both("mask_var", "pca"), options.get("gene_symbols"), given.get("gene_symbols"), *flags, *rules],
    }


def _in_memory(data, recipe, layer, options):
    """What a run on an AnnData in memory has to know: the matrix that it reads, columns, and where new values are."""
    given = {} if recipe is None else recipes.members(recipe)
    scaling = recipes.options_of(given, "scale")
    memory.refuse_raw(options.get("use_raw", False) or given.get("use_raw") is True)
    layer = layer or given.get("layer")

    if (options.get("keep_counts") or given.get("keep_counts") is True) and (layer is not None or "counts" in data.layers):
        why = "there is a layer called counts already" if layer is None else "the layer changes, and X stays as it is"
        raise cannot_honour("keep_counts", why)

    if options.get("keep_raw") or recipes.options_of(given, "hvg").get("keep_raw") is True:
        raise cannot_honour("keep_raw", "raw of an AnnData in memory is not written; pass out= or the path of a file")

    return {
        "layer": layer,
        "x_from": "X" if False in (options.get("scale_zero_center"), scaling.get("zero_center")) else None,
        "makes_layer": options.get("dense_layer") or scaling.get("dense_layer"),
        **_columns(options, given),
    }


def _taken(command, data, out, copy, layer, recipe, save_recipe, report, options):
    recipes.require(recipe)
    known = {"layer": layer}

    if kinds.is_anndata(data) and not data.isbacked and out is None:
        known = _in_memory(data, recipe, layer, options)

    words = words_of(command, options, beside_recipe=recipe is not None)

    if report is not None:
        words += ["--report", kinds.path(report)]

    with recipes.words(recipe, save_recipe) as own:
        taken = take(data, command, [*words, *own], out=out, copy=copy, **known)

    return taken if out is not None or copy else results.read(results.Report, taken)


def preprocess(data, *, out=None, copy=False, layer=None, recipe=None, save_recipe=None, report=None, **options):
    """calculate_qc_metrics, normalize_total to 10,000 counts and log1p, in one read of X; with a limit, filters first.

    Options are those of `singlesharp preprocess --help`, with underscores: preprocess("counts.h5ad", min_genes=200,
    max_pct={"mt": 20}). log1p=False leaves out columns; gene_sets={"ribo": "prefix:RPS,RPL"}; qc_vars=["hb"] takes sets from columns
    of var. None is scanpy's: target_sum=None for the median, percent_top=None for no such columns. recipe is the path of a recipe or a
    dict, and options count instead of what it says; save_recipe and report are paths of files to write. Returns a Report, or with out
    or copy the new AnnData.
    """
    return _taken("preprocess", data, out, copy, layer, recipe, save_recipe, report, options)


def pipeline(data, *, out=None, copy=False, layer=None, recipe=None, save_recipe=None, report=None, **options):
    """preprocess, then 2,000 highly variable genes and 50 components, in two reads of X.

    Options are those of `singlesharp pipeline --help`, with underscores; skip=["qc"] leaves steps out, with_steps=["scale"] takes
    optional ones; n_top_genes=None chooses by cut-offs. recipe, save_recipe and report are those of preprocess. Returns a Report, or
    with out or copy the new AnnData.
    """
    return _taken("pipeline", data, out, copy, layer, recipe, save_recipe, report, options)
