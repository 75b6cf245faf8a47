"""An AnnData in memory: what a command looks at goes to a temporary file, and what it writes there is put back."""

import os
import tempfile
from contextlib import contextmanager

from . import backed, kinds, tool
from .errors import SingleSharpError, cannot_honour
from .settings import settings

#: Numbers of rows, by which those that a filter left are known: names may not be unique.
_row = "_singlesharp_row"

_transforms = {"normalize_total", "log1p"}


def _bytes(matrix):
    parts = [getattr(matrix, name, None) for name in ("data", "indices", "indptr")]
    return sum(part.nbytes for part in parts if hasattr(part, "nbytes"))


def require_room(matrix):
    """Refuses what is too large to be written and read again beside itself."""
    limit = settings.in_memory_limit

    if _bytes(matrix) > limit:
        raise SingleSharpError(
            f"the AnnData is in memory, and its matrix of {_bytes(matrix) >> 20} MiB exceeds settings.in_memory_limit "
            f"({limit >> 20} MiB); write it with adata.write_h5ad(path), and pass the path or anndata.read_h5ad(path, backed='r+').",
            kind="unsuitable",
        )


def _frame(frame, columns):
    """Some columns, or all of them, with the numbers of rows."""
    wanted = list(frame.columns) if columns is None else [name for name in dict.fromkeys(columns) if name in frame.columns]
    frame = frame[wanted].copy()
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


@contextmanager
def folder(beside=None):
    """A folder for temporary files: beside a file, where one may be made, so that there is as much room as the file has."""
    place = os.path.dirname(os.path.abspath(beside)) if beside else None

    if place and not os.access(place, os.W_OK):
        place = None

    with tempfile.TemporaryDirectory(prefix="singlesharp-", dir=place) as name:
        yield name


@contextmanager
def written(adata, layer, obs_columns, var_columns):
    """A temporary file with a matrix, columns of obs and var, whether X is logged, and the notes of earlier runs."""
    import h5py

    backed.require_actual(adata)
    matrix = _matrix(adata, layer)
    require_room(matrix)
    _, write_elem = kinds.elements()

    with folder() as place:
        path = os.path.join(place, "adata.h5ad")

        with h5py.File(path, "w") as file:
            file.attrs["encoding-type"] = "anndata"
            file.attrs["encoding-version"] = "0.1.0"

            if layer is None:
                write_elem(file, "X", matrix)

            write_elem(file, "obs", _frame(adata.obs, obs_columns))
            write_elem(file, "var", _frame(adata.var, var_columns))
            logged = adata.uns.get("log1p")
            base = logged.get("base") if hasattr(logged, "get") else None
            uns = {} if logged is None else {"log1p": {} if base is None else {"base": base}}

            # A run puts its note behind those of earlier ones.
            if "singlesharp" in adata.uns:
                uns["singlesharp"] = adata.uns["singlesharp"]

            write_elem(file, "uns", uns)
            write_elem(file, "layers", {} if layer is None else {layer: matrix})

            for name in ("obsm", "varm"):
                write_elem(file, name, {})

        yield path


def _subset(adata, obs, var):
    """Drops the rows that a filter dropped."""
    import numpy as np

    for frame, length, subset in (
        (obs, adata.n_obs, adata._inplace_subset_obs),
        (var, adata.n_vars, adata._inplace_subset_var),
    ):
        mask = np.zeros(length, dtype=bool)
        mask[frame[_row].to_numpy()] = True
        subset(mask)


def _put_back(adata, path, report, layer, x_from):
    import h5py

    read_elem, _ = kinds.elements()

    with h5py.File(path, "r") as file:
        obs, var = read_elem(file["obs"]), read_elem(file["var"])

        if "filter" in report["steps"]:
            _subset(adata, obs, var)

        if x_from is None and _transforms & set(report["steps"]):
            x_from = "X"

        if x_from == "X" and layer is not None:
            x_from = f"layers/{layer}"

        if x_from is not None:
            matrix = read_elem(file[x_from])

            if layer is None:
                adata.X = matrix
            else:
                adata.layers[layer] = matrix

        for name in report["obs_columns"]:
            adata.obs[name] = obs[name].to_numpy()

        for name in report["var_columns"]:
            adata.var[name] = var[name].to_numpy()

        for mapping, keys in (("obsm", "obsm_keys"), ("varm", "varm_keys"), ("uns", "uns_keys"), ("layers", "layer_keys")):
            for key in report[keys]:
                if f"{mapping}/{key}" != x_from:
                    getattr(adata, mapping)[key] = read_elem(file[f"{mapping}/{key}"])


def change(adata, command, words, *, layer=None, obs_columns=(), var_columns=(), x_from=None):
    """Runs a command and puts into the object what it wrote; x_from is where new values are, unless the steps tell."""
    with written(adata, layer, obs_columns, var_columns) as path:
        report = tool.run([command, path, *words, *kinds.layer_words(layer), "--in-place"])
        _put_back(adata, path, report, layer, x_from)

    return report


def refuse_raw(use_raw):
    if use_raw:
        raise cannot_honour("use_raw", "raw of an AnnData in memory is not read; write it with adata.write_h5ad(path) and pass the path")
