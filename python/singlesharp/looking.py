"""What looks at files, and convert, which makes one."""

import os
from contextlib import contextmanager

from . import backed, kinds, recipes, results, tool
from .errors import cannot_honour
from .pp._recipes import words_of
from .pp._taken import layer_words
from .pp._words import option, switch


@contextmanager
def _files(data):
    """The path of a file or the paths of several, or that of an AnnData in backed mode."""
    if kinds.is_path(data):
        yield [kinds.path(data)]
    elif isinstance(data, (list, tuple)) and data and all(kinds.is_path(each) for each in data):
        yield [kinds.path(each) for each in data]
    elif kinds.is_anndata(data) and data.isbacked:
        with backed.released(data) as path:
            yield [path]
    else:
        raise TypeError(f"data must be the path of a file or an AnnData in backed mode, not {type(data).__name__}")


def info(data):
    """What is in a file, and what preprocess would do with it."""
    with _files(data) as paths:
        return results.read(results.Info, tool.run(["info", *paths]))


def plan(data, command="pipeline", *, layer=None, recipe=None, save_recipe=None, **options):
    """What a command would do: reads and writes of X, memory. Options are those of singlesharp.pp.pipeline."""
    words = [*words_of(command, options, beside_recipe=recipe is not None), *layer_words(layer)]

    with _files(data) as paths, recipes.words(recipe, save_recipe) as own:
        return results.read(results.Plan, tool.run(["plan", command, *paths, *words, *own]))


def verify(data):
    """Whether a file is sound, and what was found in it. The result is true where there is no error."""
    with _files(data) as paths:
        return results.read(results.Verification, tool.run(["verify", *paths]))


def digest(data):
    """A SHA-256 for every object of a file and for the whole."""
    with _files(data) as paths:
        return results.read(results.Digest, tool.run(["digest", *paths]))


def _list_of_names(option, names):
    if names is None:
        return None

    if isinstance(names, str):
        raise TypeError(f"{option} must be a list of names, not {names!r}")

    for name in names:
        if not isinstance(name, str) or "," in name:
            raise cannot_honour(option, f"{name!r} must be a text without a comma")

    return ",".join(names)


def report(data, out, *, digest=False):
    """Writes a page with plots of what a file holds: one HTML file that needs nothing else. digest=True tells the file's on it."""
    words = ["--out", kinds.path(out), *switch("digest", digest)]

    with _files(data) as paths:
        return results.read(results.Page, tool.run(["report", *paths, *words]))


def export(data, element, out, *, to=None, columns=None):
    """Writes obs, var, raw/var, one column (obs/leiden) or an array (obsm/X_pca) of a file as CSV, Parquet or .npy, in bounded memory.

    to is csv, parquet or npy; None is what the name of the output ends in. columns are names of columns of a data frame; None is all.
    """
    if not isinstance(element, str):
        raise TypeError(f"element must be a path in the file, such as 'obs', not {type(element).__name__}")

    words = [*option("to", to), *option("columns", _list_of_names("columns", columns)), "--out", kinds.path(out)]

    with _files(data) as paths:
        return results.read(results.Exported, tool.run(["export", *paths, element, *words]))


def history(data):
    """The runs that made a file, the first one first, as its notes in uns/singlesharp tell."""
    with _files(data) as paths:
        return [results.read(results.PastRun, run) for run in tool.run(["history", *paths])["runs"]]


def convert(
    inputs,
    out,
    *,
    join=None,
    sample_key=None,
    sample_names=None,
    index_unique=None,
    genome=None,
    feature_type=None,
    make_unique=False,
    layer=None,
    use_raw=False,
    sum_duplicates=False,
    compression=None,
):
    """Makes one .h5ad file of 10x output or of several files. None is the tool's default."""
    words = [
        *option("join", join),
        *option("sample_key", sample_key),
        *option("sample_names", _list_of_names("sample_names", sample_names)),
        *option("index_unique", index_unique),
        *option("genome", genome),
        *option("feature_type", feature_type),
        *switch("make_unique", make_unique),
        *layer_words(layer),
        *switch("use_raw", use_raw),
        *switch("sum_duplicates", sum_duplicates),
        *option("compression", compression),
    ]

    with _files(inputs) as paths:
        return results.read(results.Conversion, tool.run(["convert", *paths, "--out", kinds.path(os.fspath(out)), *words]))
