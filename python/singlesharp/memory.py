"""An AnnData in memory: what a command looks at goes to a temporary file, and what it writes there is put back."""

import os
from contextlib import contextmanager

from . import backed, elements, tool
from .errors import SingleSharpError, cannot_honour
from .settings import settings
from .signals import held_back

#: Numbers of rows, by which those that a filter left are known: names may not be unique.
_row = "_singlesharp_row"

_transforms = {"normalize_total", "log1p"}


def _bytes(matrix):
    parts = [getattr(matrix, name, None) for name in ("data", "indices", "indptr")]
    return sum(part.nbytes for part in parts if hasattr(part, "nbytes"))


def require_room(*matrices):
    """Refuses what is too large to be written and read again beside itself."""
    limit, size = settings.in_memory_limit, sum(map(_bytes, matrices))

    if size > limit:
        raise SingleSharpError(
            f"the AnnData is in memory, and what is to be written of it, {size >> 20} MiB, exceeds settings.in_memory_limit "
            f"({limit >> 20} MiB); write it with adata.write_h5ad(path), and pass the path or anndata.read_h5ad(path, backed='r+').",
            kind="unsuitable",
        )


def all_matrices(adata):
    """What adata.write_h5ad would write."""
    raw = [] if adata.raw is None else [adata.raw.X]
    return [adata.X, *raw, *(each for name in ("layers", "obsm", "varm", "obsp", "varp") for each in getattr(adata, name).values())]


def _writable(column):
    """Text as categories, as anndata writes it, and objects that are all True or False as such."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        return column

    kind = pd.api.types.infer_dtype(column)

    if kind == "string":
        return column.astype("category")

    return column.astype(bool) if kind == "boolean" and column.dtype == object and column.notna().all() else column


def _frame(frame, columns):
    """Some columns, or all of them, with the numbers of rows."""
    wanted = list(frame.columns) if columns is None else [name for name in dict.fromkeys(columns) if name in frame.columns]
    frame = frame[wanted].copy()

    if frame.columns.is_unique:
        for name in wanted:
            frame[name] = _writable(frame[name])

    frame.index.name = None
    frame[_row] = range(len(frame))
    return frame


def _matrix(adata, layer):
    if layer is None:
        if adata.X is None:
            raise SingleSharpError("the AnnData has no X.", kind="not_anndata")

        return adata.X

    if layer not in adata.layers:
        raise SingleSharpError(f"layer: there is no layer {layer!r}.", kind="invalid_option", option="layer")

    return adata.layers[layer]


def _notes(adata):
    """Whether X is logged, and what earlier runs have noted."""
    notes = {}

    if "log1p" in adata.uns:
        logged = adata.uns["log1p"]
        base = logged.get("base") if hasattr(logged, "get") else None
        notes["log1p"] = {} if base is None else {"base": base}

    if "singlesharp" in adata.uns:
        notes["singlesharp"] = adata.uns["singlesharp"]

    return notes


@contextmanager
def written(adata, layer, obs_columns, var_columns):
    """A temporary file with a matrix in its place, columns of obs and var, and what uns tells of earlier steps."""
    h5py = elements.required("h5py")
    backed.require_actual(adata)
    matrix = _matrix(adata, layer)
    require_room(matrix)

    with elements.folder() as place:
        path = os.path.join(place, "adata.h5ad")

        with h5py.File(path, "w") as file:
            file.attrs["encoding-type"] = "anndata"
            file.attrs["encoding-version"] = "0.1.0"
            elements.write(file, "obs", _frame(adata.obs, obs_columns))
            elements.write(file, "var", _frame(adata.var, var_columns))
            elements.write(file, "uns", _notes(adata))
            elements.write(file, "layers", {} if layer is None else {layer: matrix})

            if layer is None:
                elements.write(file, "X", matrix)

            for name in ("obsm", "varm"):
                elements.write(file, name, {})

        yield path


def _subset(adata, obs, var):
    """Drops the rows that a filter or a subset dropped."""
    import numpy as np

    for frame, length, subset in (
        (obs, adata.n_obs, adata._inplace_subset_obs),
        (var, adata.n_vars, adata._inplace_subset_var),
    ):
        mask = np.zeros(length, dtype=bool)
        mask[frame[_row].to_numpy()] = True
        subset(mask)


def _put_back(adata, path, report, layer, x_from):
    h5py = elements.required("h5py")
    own = "X" if layer is None else f"layers/{layer}"

    if x_from == "X" or (x_from is None and _transforms & set(report["steps"])):
        x_from = own

    with h5py.File(path, "r") as file:
        obs, var = elements.read(file["obs"]), elements.read(file["var"])
        matrix = None if x_from is None else elements.read(file[x_from])
        made = [
            (mapping, key, elements.read(file[f"{mapping}/{key}"]))
            for mapping, keys in (("obsm", "obsm_keys"), ("varm", "varm_keys"), ("uns", "uns_keys"), ("layers", "layer_keys"))
            for key in report[keys]
            if f"{mapping}/{key}" not in (x_from, own)
        ]

    # All is there; Ctrl-C would leave the object between old and new.
    with held_back():
        if {"filter", "subset"} & set(report["steps"]) or report["n_vars_after"] != report["n_vars"]:
            _subset(adata, obs, var)

        if matrix is not None and layer is None:
            adata.X = matrix
        elif matrix is not None:
            adata.layers[layer] = matrix

        for name in report["obs_columns"]:
            adata.obs[name] = obs[name].to_numpy()

        for name in report["var_columns"]:
            adata.var[name] = var[name].to_numpy()

        for mapping, key, value in made:
            getattr(adata, mapping)[key] = value


def change(adata, command, words, *, layer=None, obs_columns=(), var_columns=(), x_from=None, makes_layer=None, heard=None):
    """Runs a command and puts into the object what it wrote; x_from is where the new X is, unless the steps tell.

    makes_layer is the name of a layer that the command makes.
    """
    # The temporary file does not have the layers that the step does not read.
    if makes_layer is not None and makes_layer in adata.layers:
        raise cannot_honour("dense_layer", f"there is a layer called {makes_layer} already; choose another name")

    with written(adata, layer, obs_columns, var_columns) as path:
        report = tool.run([command, path, *words, "--in-place"], heard)
        _put_back(adata, path, report, layer, x_from)

    return report


def refuse_raw(use_raw):
    if use_raw:
        raise cannot_honour("use_raw", "raw of an AnnData in memory is not read; write it with adata.write_h5ad(path) and pass the path")
