"""What pandas and NumPy write of the tables and arrays of files.

    exports.py make FILE            writes a file with columns and arrays of every kind
    exports.py write FOLDER FILE... writes the tables of each file as CSV and its arrays as .npy, and prints where they are as JSON: for
                                    each file {"csv": {ELEMENT: FILE}, "npy": {ELEMENT: FILE}}, or null where this anndata cannot read it
"""
import json
import sys
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

CELLS = 60


def some(values, kind):
    return pd.array([None if i % 7 == 0 else value for i, value in enumerate(values)], dtype=kind)


def frame():
    rng = np.random.default_rng(11)
    i = np.arange(CELLS)
    powers = rng.normal(size=CELLS) * 10.0 ** rng.integers(-320, 300, CELLS)
    powers[:12] = [0.0, -0.0, 1e16, 9999999999999998.0, 1e15, 1e-4, 9.999e-5, 5e-324, 1.7976931348623157e308, np.inf, -np.inf, np.nan]
    singles = (rng.normal(size=CELLS) * 10.0 ** rng.integers(-40, 38, CELLS)).astype("f4")
    singles[:12] = [0.0, -0.0, 1e16, 16777216, 0.1, 1e-4, 1.1e-4, 1e-45, 3.4028235e38, np.inf, -np.inf, np.nan]
    texts = ["", "a,b", 'say "x"', "two\nlines", "é ü 細胞 🧬", " space ", "NA", "nan", "1", "'", ";", "\t"]
    return pd.DataFrame(
        {
            "real": powers,
            "single": singles,
            "i1": (i - 30).astype("i1"),
            "u1": i.astype("u1") * 4,
            "i2": (i * 1000 - 30000).astype("i2"),
            "u2": (i * 1000).astype("u2"),
            "i4": (i.astype("i8") * 70000000 - 2**31).astype("i4"),
            "u4": (i.astype("i8") * 70000000).astype("u4"),
            "i8": np.where(i % 2, np.iinfo("i8").max - i, np.iinfo("i8").min + i),
            "u8": np.iinfo("u8").max - i.astype("u8"),
            "flag": i % 3 == 0,
            # All different, or else anndata would make categories of them.
            "text": [texts[k % len(texts)] + (str(k) if k >= len(texts) else "") for k in i],
            "kind": pd.Categorical([None if k % 9 == 0 else texts[k % len(texts)] for k in i]),
            "stage": pd.Categorical([["low", "mid", "high"][k % 3] for k in i], categories=["low", "mid", "high", "none"], ordered=True),
            "number": pd.Categorical([None if k % 8 == 0 else k % 4 * 10 for k in i]),
            "share": pd.Categorical([None if k % 8 == 0 else k % 4 / 3 for k in i]),
            "truth": pd.Categorical(pd.array(i % 4 > 0, dtype=bool)),
            "some": some(i - 20, "Int64"),
            "few": some(i, "UInt8"),
            "maybe": some(i % 2 == 0, "boolean"),
            'a, "b"': i,
            "a/b": i,
        },
        index=[f"AAAC,{k}" if k % 10 == 0 else f"AAAC-{k}" for k in i],
    )


def make(path):
    obs = frame()
    rng = np.random.default_rng(12)
    var = pd.DataFrame({"length": [1, 2, 3]}, index=pd.Index(["a", "b", "c"], name="gene id"))
    data = anndata.AnnData(sparse.csr_matrix(np.eye(CELLS, 3, dtype="f4")), obs=obs, var=var)
    data.obsm["X_pca"] = rng.normal(size=(CELLS, 50)).astype("f4")
    data.obsm["X_umap"] = rng.normal(size=(CELLS, 2))
    data.obsm["whole"] = rng.integers(-5, 5, (CELLS, 3))
    data.obsm["small"] = rng.integers(0, 255, (CELLS, 1)).astype("u1")
    data.obsm["truth"] = rng.integers(0, 2, (CELLS, 4)).astype(bool)
    data.obsm["cube"] = rng.normal(size=(CELLS, 2, 3))
    data.obsm["frame"] = obs[["real", "kind", "text"]].copy()
    data.obsm["sparse"] = sparse.random(CELLS, 5, 0.3, "csr")
    data.varm["PCs"] = rng.normal(size=(3, 50))
    data.obsp["distances"] = sparse.random(CELLS, CELLS, 0.1, "csr")
    data.layers["counts"] = data.X.copy()
    data.raw = data
    data.write_h5ad(path)


def parts(data):
    """Tables and arrays with the names of their rows."""
    yield "obs", data.obs, None
    yield "var", data.var, None

    if data.raw is not None:
        yield "raw/var", data.raw.var, None

    for group, names in ("obsm", data.obs.index), ("varm", data.var.index):
        for name, value in getattr(data, group).items():
            yield f"{group}/{name}", value, names


def is_plain(value):
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.ndim > 0


def written(folder, number, path):
    data = anndata.read_h5ad(path, backed="r")
    found = {"csv": {}, "npy": {}}

    for count, (element, value, names) in enumerate(parts(data)):
        target = folder / f"{number}_{count}"

        if is_plain(value):
            found["npy"][element] = f"{target}.npy"
            np.save(f"{target}.npy", value)
            value = pd.DataFrame(value, index=names) if value.ndim <= 2 else None

        if isinstance(value, pd.DataFrame):
            found["csv"][element] = f"{target}.csv"
            value.to_csv(f"{target}.csv")

    data.file.close()
    return found


def write(folder, *paths):
    found = {}

    for number, path in enumerate(paths):
        try:
            found[path] = written(Path(folder), number, path)
        except Exception as trouble:  # What this version does not know, it says in many ways.
            print(path, trouble, file=sys.stderr)
            found[path] = None

    print(json.dumps(found))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"make": make, "write": write}[sys.argv[1]](*sys.argv[2:])
