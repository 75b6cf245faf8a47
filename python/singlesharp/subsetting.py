"""Cells and genes that a query of their columns, a list of their names, or the value of a column chooses."""

import os
import tempfile
from contextlib import contextmanager

from . import backed, kinds, results, tool
from .errors import cannot_honour
from .pp._taken import done, take
from .pp._words import option, switch


def _lines(name, names):
    for each in names:
        if not isinstance(each, str) or each != each.strip() or each == "" or "\n" in each or "\r" in each:
            raise cannot_honour(name, f"{each!r} is no name that a line of a file can hold")

        yield f"{each}\n"


@contextmanager
def _list(name, names):
    """A list of names as words of a command line; one that is no file has one for as long as the tool reads it."""
    if names is None:
        yield []
    elif kinds.is_path(names):
        yield [f"--{name}", kinds.path(names)]
    else:
        with tempfile.TemporaryDirectory(prefix="singlesharp-") as folder:
            path = os.path.join(folder, f"{name}.txt")

            with open(path, "w", encoding="utf-8") as file:
                file.writelines(_lines(name, names))

            yield [f"--{name}", path]


def subset(data, *, obs_query=None, var_query=None, obs=None, var=None, out=None, copy=False):
    """Keeps the cells and genes that are asked for, of everything in the file, in one read of X: subset("data.h5ad", out="t.h5ad",
    obs_query="cell_type == 'T cell' and n_genes > 500", var_query="highly_variable").

    docs/queries.md tells how queries are written. obs and var are names, as a list or as the path of a text file with one a line;
    their order stays that of the data. Returns the new AnnData with out or copy, else nothing.
    """
    words = [*option("obs_query", obs_query), *option("var_query", var_query)]
    known = {"obs_columns": () if obs_query is None else None, "var_columns": () if var_query is None else None}

    with _list("obs", obs) as cells, _list("var", var) as genes:
        return done(take(data, "subset", [*words, *cells, *genes], out=out, copy=copy, x_from="X", **known), out, copy)


def split(data, by, out_dir, *, no_clobber=False, compression=None):
    """Writes a file for each value of a column of obs, and manifest.csv, a table of value, file and cells: split("data.h5ad", by="sample",
    out_dir="samples").

    data is the path of a file, or an AnnData in backed mode. Each file holds what adata[adata.obs[by] == value] does; cells without a value
    are in none. Files that manifest.csv of an earlier split in that folder lists are replaced, and others are refused; no_clobber=True
    refuses all. Returns a Split.
    """
    words = [
        *option("by", by),
        "--out-dir",
        kinds.path(out_dir),
        *switch("no_clobber", no_clobber),
        *option("compression", compression),
    ]

    if kinds.is_path(data):
        return results.read(results.Split, tool.run(["split", kinds.path(data), *words]))

    if kinds.is_anndata(data) and data.isbacked:
        with backed.released(data) as path:
            return results.read(results.Split, tool.run(["split", path, *words]))

    raise TypeError(f"data must be the path of a file or an AnnData in backed mode, not {type(data).__name__}")
