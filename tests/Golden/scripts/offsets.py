"""Makes files with genes whose mean is large beside their spread, and checks what highly_variable_genes says of them.

    offsets.py make FOLDER
    offsets.py hvg INPUT OUTPUT FLAVOR [BATCH_KEY]

Nothing is printed where all is well.
"""

import sys

import h5py
import numpy as np
from values import anndata, dense, near, strings

BATCHES = 3


def stored(path, matrix, kind=None):
    """A file whose cells are in batches: dense, of this type, or float32 in compressed sparse rows."""
    with anndata(path, matrix, kind, columns=["batch"]) as file:
        column = file["obs"].create_group("batch")
        column.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
        column["codes"] = (np.arange(len(matrix)) % BATCHES).astype("i1")
        strings(column, "categories", [f"b{i}" for i in range(BATCHES)])


def make(folder):
    random = np.random.default_rng(5)
    cells, genes = 5000, 40
    spread = random.uniform(0.5, 30, genes)
    counts = random.poisson(spread, (cells, genes))
    counts += random.poisson(1, cells)[:, None] * (np.arange(genes) % 2)
    ordinary = np.arange(genes) % 4 == 3
    for name, most, kind in (("double", 8, "f8"), ("single", 6, None)):
        # Counts in float32 keep scanpy's formula; these are none.
        offset = np.round(10 ** np.linspace(4, most, genes)) + (0 if kind else 0.25)
        offset[ordinary] = 0
        stored(f"{folder}/{name}.h5ad", counts + offset, kind)
        if kind:
            stored(f"{folder}/logs.h5ad", np.log1p(counts + offset), kind)


def variances(x):
    """In two passes, over distances from the first cell, which are exact."""
    return np.var(x - x[0], axis=0, ddof=1)


def hvg(source, output, flavor, batch_key=None):
    with h5py.File(source) as old, h5py.File(output) as new:
        x = dense(old)
        groups = [x]
        if batch_key:
            codes = old[f"obs/{batch_key}/codes"][...]
            groups = [x[codes == batch] for batch in range(BATCHES)]
        found = {name: column[...] for name, column in new["var"].items() if name != "_index"}

    if flavor.startswith("seurat_v3"):
        near("variances", found["variances"] / variances(x), 1, 1e-10)
        # No count is clipped, so that these are the variances in units of a trend through them.
        near("variances about their trend", np.mean(np.log(found["variances_norm"])), 0, 0.2)
        trend = variances(x) / found["variances_norm"]
        if not ((trend > variances(x).min() / 3) & (trend < 3 * variances(x).max())).all():
            print(f"trend: {trend}")
        return

    if flavor == "seurat":
        groups = [np.expm1(group) for group in groups]
    dispersions = [variances(group) / group.mean(0) for group in groups]
    if flavor == "seurat":
        dispersions = np.log(dispersions)
    # Logarithms hold the values with a few units of 2^-53 times them.
    near("dispersions", found["dispersions"] / np.mean(dispersions, 0), 1, 1e-6 if flavor == "seurat" else 1e-10)


if __name__ == "__main__":
    {"make": make, "hvg": hvg}[sys.argv[1]](*sys.argv[2:])
