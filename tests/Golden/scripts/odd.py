"""Files with members that are read by nobody but HDF5, beside what is asked for.

odd.py make FOLDER
"""
import sys

import anndata
import h5py
import numpy as np
import pandas as pd
from scipy import sparse


def write(path, cells):
    x = sparse.csr_matrix(np.arange(cells * 6).reshape(cells, 6).astype("f4") % 4)
    obs = pd.DataFrame({"kind": pd.Categorical(["a"] * cells, categories=["a", "b"])}, index=[f"c{i}" for i in range(cells)])
    var = pd.DataFrame({"kind": pd.Categorical(["a"] * 6, categories=["a", "b"])}, index=[f"g{i}" for i in range(6)])
    a = anndata.AnnData(x, obs, var, obsm={"X_pca": np.zeros((cells, 3), "f4")}, dtype="f4")
    # anndata itself would drop the category that no row has.
    a.obs["kind"] = obs["kind"]
    a.var["kind"] = var["kind"]
    a.write(path)


def virtual(group, name, shape):
    """A dataset whose values lie in another file, which is not there."""
    layout = h5py.VirtualLayout(shape, "f4")
    layout[...] = h5py.VirtualSource("elsewhere.h5", "x", shape=shape)
    group.create_virtual_dataset(name, layout)


def listed(frame, name):
    columns = [*frame.attrs["column-order"], name]
    frame.attrs.create("column-order", np.array(columns, dtype=object), dtype=h5py.string_dtype())


def make(folder):
    write(f"{folder}/plain.h5ad", 5)
    for name in ("obsm", "column", "referred"):
        write(f"{folder}/{name}.h5ad", 4)
    with h5py.File(f"{folder}/obsm.h5ad", "r+") as file:
        virtual(file["obsm"], "X_odd", (4, 2))
    with h5py.File(f"{folder}/column.h5ad", "r+") as file:
        virtual(file["var"], "odd", (6,))
        listed(file["var"], "odd")
    with h5py.File(f"{folder}/referred.h5ad", "r+") as file:
        file["uns/which"] = file["var/kind"].ref
    with h5py.File(f"{folder}/plain.h5ad") as source, h5py.File(f"{folder}/empty.h5ad", "w") as file:
        for name in source:
            source.copy(name, file)
        file.attrs.update(source.attrs)
        for path in ("X/data", "X/indices", "obs/_index", "obs/kind/codes"):
            kept = dict(file[path].attrs)
            kind = file[path].dtype
            del file[path]
            file.create_dataset(path, (0,), kind).attrs.update(kept)
        del file["X/indptr"]
        file["X/indptr"] = np.zeros(1, "i4")
        file["X"].attrs["shape"] = np.array([0, 6])
        del file["obsm/X_pca"]
        file["obsm"].create_dataset("X_pca", (0, 50), "f4", chunks=(256, 25), maxshape=(None, 50))


make(sys.argv[2])
