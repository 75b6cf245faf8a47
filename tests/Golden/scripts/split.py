"""Files to split, and what anndata's slicing makes of them.

    split.py make FOLDER                    writes every.h5ad (csr) and columns.h5ad (csc), with columns and elements of every kind, and many.h5ad
    split.py judge INPUT MANIFEST COLUMN    prints every difference of the files from adata[adata.obs[COLUMN] == value]
"""
import sys
import warnings
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from scipy import sparse

import queries
import subset

GENES = 12


def made(form):
    rng = np.random.default_rng(8)
    obs = queries.frame().drop(columns="a/b")
    obs["whole"], obs["total counts"], obs["and"] = obs["whole"] % 4 - 2, obs["total counts"] % 3, obs["and"] % 2
    obs["lone"] = pd.Categorical([None] * queries.CELLS, categories=["a"])
    obs["odd"] = pd.Categorical(np.array(["a/b", "a_b", "A_B", " x", "", "CON", "..", "é ü", "manifest", "x,\"y\""])[np.arange(queries.CELLS) % 10])
    obs["level"] = pd.Categorical(np.array([1.0, 1e-05, 1e16, 2.5])[np.arange(queries.CELLS) % 4])
    obs["unused"] = pd.Categorical(np.array(["b", "d"])[np.arange(queries.CELLS) % 2], categories=["a", "b", "c", "d"])
    cells = len(obs)
    counts = sparse.random(cells, GENES, 0.4, random_state=3, dtype="f4").tocsr()
    var = pd.DataFrame({"keep": np.arange(GENES) % 2 == 0}, index=[f"g{i}" for i in range(GENES)])
    adata = anndata.AnnData(form(counts), obs=obs, var=var)
    adata.raw = adata
    adata.layers["rows"], adata.layers["columns"] = counts.copy(), counts.tocsc()
    adata.layers["dense"] = counts.toarray()
    adata.obsm["array"], adata.obsm["sparse"] = rng.normal(size=(cells, 3)), counts[:, :2].copy()
    adata.obsm["frame"] = pd.DataFrame({"a": np.arange(cells), "b": pd.Categorical(["x", "y"] * (cells // 2))}, index=obs.index)
    adata.varm["array"] = rng.normal(size=(GENES, 2))
    adata.obsp["near"] = sparse.random(cells, cells, 0.1, random_state=4, format="csr")
    adata.varp["near"] = rng.normal(size=(GENES, GENES))
    adata.uns["kind_colors"] = np.array([f"#{i:06x}" for i in range(len(obs["kind"].cat.categories))])
    adata.uns["note"] = {"a": 1, "b": "text"}
    return adata


def judge(source, manifest, column):
    table = pd.read_csv(manifest, dtype={"value": str, "file": str}, keep_default_na=False)
    values = anndata.read_h5ad(source).obs[column]
    texts = values.astype(object).map(lambda value: "" if pd.isna(value) else str(value))
    wanted = pd.unique(texts[values.notna()])
    if list(table) != ["value", "file", "cells"]:
        yield f"the columns are {list(table)}"
    if sorted(table["value"]) != sorted(wanted):
        yield f"the values are {sorted(table['value'])} instead of {sorted(wanted)}"
        return
    everywhere = np.ones(GENES, bool)
    for value, file, cells in table.itertuples(index=False):
        mask = ((texts == value) & values.notna()).to_numpy()
        if cells != mask.sum():
            yield f"{value}: {cells} cells instead of {mask.sum()}"
        path = str(Path(manifest).parent / file)
        with h5py.File(source) as old, h5py.File(path) as new:
            problems = subset.Judge(old, new, mask, everywhere).file()
        yield from (f"{value}: {problem}" for problem in [*problems, *subset.by_anndata(source, path, mask, everywhere, ())])


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    if sys.argv[1] == "make":
        made(sparse.csr_matrix).write_h5ad(Path(sys.argv[2]) / "every.h5ad")
        made(sparse.csc_matrix).write_h5ad(Path(sys.argv[2]) / "columns.h5ad")
        names = pd.DataFrame({"id": np.arange(1001)}, index=[str(i) for i in range(1001)])
        anndata.AnnData(sparse.csr_matrix((1001, 2), dtype="f4"), obs=names).write_h5ad(Path(sys.argv[2]) / "many.h5ad")
    else:
        print(*judge(*sys.argv[2:5]), sep="\n")
