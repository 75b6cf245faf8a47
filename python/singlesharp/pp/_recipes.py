"""Several steps in as few reads of X as they allow: preprocess and pipeline. Their options are the tool's."""

import difflib

from .. import kinds, memory, recipes, results
from ..errors import cannot_honour
from ._taken import take
from ._words import column_sets, option, switch, turned_off

_numbers_and_texts = {
    "min_genes", "max_genes", "min_counts", "max_counts", "min_cells", "max_cells", "gene_min_counts", "gene_max_counts",
    "target_sum", "median", "max_fraction", "key_added", "base", "flavor", "n_top_genes", "min_mean", "max_mean", "min_disp",
    "max_disp", "n_bins", "span", "batch_key", "max_value", "mask_obs", "dense_layer", "n_comps", "pca_key", "mt_prefix",
    "gene_symbols",
}  # fmt: skip
_switches = {"exclude_highly_expressed", "allow_logged", "exact_n", "use_raw", "sum_duplicates", "allow_invalid"}
#: What is True unless it is turned off.
_negated = {"log1p": "--no-log1p-columns", "zero_center": "--no-zero-center", "scale_zero_center": "--no-scale-zero-center"}
_limits = {"min_pct", "max_pct"}
_lists = {"skip": "--skip", "with_steps": "--with", "percent_top": "--percent-top"}
_others = {"mask_var", "qc_vars", "gene_sets"}

#: The names of all options of preprocess and pipeline.
option_names = sorted(_numbers_and_texts | _switches | set(_negated) | _limits | set(_lists) | _others)


def _of_list(name, value):
    items = [value] if isinstance(value, (str, int)) else list(value)

    if not items:
        return [_lists[name], "none"] if name == "percent_top" else []

    return [_lists[name], ",".join(str(item) for item in items)]


def _words_of(name, value):
    if name in _numbers_and_texts:
        return option(name, value)

    if name in _switches:
        return switch(name, value)

    if name in _negated:
        return turned_off(_negated[name], name, value)

    if name in _limits:
        return [word for gene_set, limit in value.items() for word in (f"--{name.replace('_', '-')}", f"{gene_set}={limit!r}")]

    if name in _lists:
        return _of_list(name, value)

    if name == "qc_vars":
        return column_sets(value)

    if name == "gene_sets":
        return [word for gene_set, rule in value.items() for word in ("--gene-set", f"{gene_set}={rule}")]

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

        if value is not None or name == "mask_var":
            words += _words_of(name, value)

    return words


def _in_memory(recipe, layer, options):
    """The matrix that a run on an AnnData in memory reads, and where new values are, unless the steps tell."""
    given = {} if recipe is None else recipes.members(recipe)
    memory.refuse_raw(options.get("use_raw", False) or given.get("use_raw") is True)
    divides = False in (options.get("scale_zero_center"), recipes.options_of(given, "scale").get("zero_center"))
    return layer or given.get("layer"), "X" if divides else None


def _taken(command, data, out, copy, layer, recipe, save_recipe, report, options):
    recipes.require(recipe)
    x_from = None

    if kinds.is_anndata(data) and not data.isbacked and out is None:
        layer, x_from = _in_memory(recipe, layer, options)

    words = words_of(command, options, beside_recipe=recipe is not None)

    if report is not None:
        words += ["--report", kinds.path(report)]

    with recipes.words(recipe, save_recipe) as own:
        taken = take(data, command, [*words, *own], out=out, copy=copy, layer=layer, obs_columns=None, var_columns=None, x_from=x_from)

    return taken if out is not None or copy else results.read(results.Report, taken)


def preprocess(data, *, out=None, copy=False, layer=None, recipe=None, save_recipe=None, report=None, **options):
    """calculate_qc_metrics, normalize_total to 10,000 counts and log1p, in one read of X; with a limit, filters first.

    Options are those of `singlesharp preprocess --help`, with underscores: preprocess("counts.h5ad", min_genes=200,
    max_pct={"mt": 20}). log1p=False leaves out columns; gene_sets={"ribo": "prefix:RPS,RPL"}; qc_vars=["hb"] takes sets from columns
    of var. recipe is the path of a recipe or a dict, and options count instead of what it says; save_recipe and report are paths of
    files to write. Returns a Report, or with out or copy the new AnnData.
    """
    return _taken("preprocess", data, out, copy, layer, recipe, save_recipe, report, options)


def pipeline(data, *, out=None, copy=False, layer=None, recipe=None, save_recipe=None, report=None, **options):
    """preprocess, then 2,000 highly variable genes and 50 components, in two reads of X.

    Options are those of `singlesharp pipeline --help`, with underscores; skip=["qc"] leaves steps out, with_steps=["scale"] takes
    optional ones. recipe, save_recipe and report are those of preprocess. Returns a Report, or with out or copy the new AnnData.
    """
    return _taken("pipeline", data, out, copy, layer, recipe, save_recipe, report, options)
