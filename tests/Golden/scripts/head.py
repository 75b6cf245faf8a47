"""Compares what head --json prints with what anndata reads: head.py FILE < JSON. Prints every difference."""
import json
import sys
import warnings

import anndata
import numpy as np
import pandas as pd
from scipy import sparse


def shown(value):
    if value is pd.NA:
        return "<NA>"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating)):
        return "NaN" if np.isnan(value) else f"{value:.6g}"
    return "NaN" if value is None else str(value)


def table(adata, part):
    """The frame or the matrix of a part, with names."""
    parent, _, name = part.partition("/")
    if part in ("obs", "var"):
        return getattr(adata, part)
    if parent == "raw":
        return adata.raw.var if name == "var" else matrix(adata.raw.X, adata.obs_names, adata.raw.var_names)
    if part == "X" or parent == "layers":
        return matrix(adata.X if part == "X" else adata.layers[name], adata.obs_names, adata.var_names)
    names = adata.obs_names if parent == "obsm" else adata.var_names
    value = getattr(adata, parent)[name]
    return value if isinstance(value, pd.DataFrame) else matrix(value, names, [str(i) for i in range(value.shape[1])])


def matrix(value, rows, columns):
    value = value.toarray() if sparse.issparse(value) else np.asarray(value)
    return pd.DataFrame(value, index=rows, columns=columns)


def judge(adata, told):
    for each in told["tables"]:
        part, frame = each["part"], table(adata, each["part"])
        if [each["n_rows"], each["n_columns"]] != list(frame.shape):
            yield f"{part}: its shape is {each['n_rows']}, {each['n_columns']}"
        frame = frame.iloc[: len(each["index"])][each["columns"]]
        if each["index"] != list(frame.index):
            yield f"{part}: the names are {each['index']}"
        for name, cells in zip(each["columns"], zip(*each["rows"])):
            expected = [shown(value) for value in frame[name].astype(object)]
            if list(cells) != expected:
                yield f"{part}/{name}: {list(cells)} instead of {expected}"


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    print(*judge(anndata.read_h5ad(sys.argv[1]), json.load(sys.stdin)), sep="\n")
