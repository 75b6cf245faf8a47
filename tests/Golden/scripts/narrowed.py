"""Judges a file of which a run has left the highly variable genes alone: narrowed.py WHOLE RESULT [raw]

WHOLE is what the same run makes of all genes. RESULT must be adata[:, adata.var.highly_variable] of it and, with raw, have the raw that adata.raw =
adata makes. Prints every difference.
"""
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import anndata
import h5py
import numpy as np

import subset


def raws(whole, result, folder):
    """What anndata writes of such a raw is what is there."""
    adata = anndata.read_h5ad(whole)
    made = adata.copy()
    made.raw = adata
    made = made[:, made.var.highly_variable.to_numpy(bool)].copy()
    made.write_h5ad(folder / "made.h5ad")
    ours, theirs = anndata.read_h5ad(result), anndata.read_h5ad(folder / "made.h5ad")
    pairs = [("raw/X", theirs.raw.X, ours.raw.X), ("raw/var", theirs.raw.var, ours.raw.var)]
    yield from (f"anndata sees another {name}" for name, before, after in pairs if not subset.alike(before, after))
    # Components came after raw was to be kept.
    if sorted(ours.raw.varm) != sorted(set(theirs.raw.varm) - {"PCs"}):
        yield f"anndata sees {sorted(ours.raw.varm)} in raw.varm"
    with h5py.File(result) as file, h5py.File(folder / "made.h5ad") as other:
        if dict(file["raw"].attrs) != dict(other["raw"].attrs) or sorted(file["raw"]) != sorted(other["raw"]):
            yield "raw is another group than anndata's"


def judge(whole, result, has_raw):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare = folder / "bare.h5ad"
        shutil.copy(result, bare)
        if has_raw:
            yield from raws(whole, result, folder)
            with h5py.File(bare, "a") as file:
                del file["raw"]
        with h5py.File(whole) as file:
            genes = file["var/highly_variable"][:]
            cells = np.ones(len(file["obs"][file["obs"].attrs["_index"]]), bool)
        yield from subset.judge(whole, str(bare), cells, genes)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    print(*judge(sys.argv[1], sys.argv[2], sys.argv[3:] == ["raw"]), sep="\n")
