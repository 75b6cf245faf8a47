"""escapes.py FILE: an .h5ad file whose every name would steer a terminal, or begin a line of its own."""
import sys

import h5py
import numpy as np

STEER = "\x1b[2J\x07\x7f\x9b31m\r\nerror: forged \u202e\u2028\u2066"
text = h5py.string_dtype()


def encoded(node, kind, version):
    node.attrs["encoding-type"] = kind
    node.attrs["encoding-version"] = version
    return node


def strings(group, name, values):
    return encoded(group.create_dataset(name, data=np.array(values, dtype=object), dtype=text), "string-array", "0.2.0")


def frame(parent, name, index, columns):
    made = encoded(parent.create_group(name), "dataframe", "0.2.0")
    made.attrs["_index"] = "_index"
    made.attrs.create("column-order", np.array(columns, dtype=object), dtype=text)
    strings(made, "_index", index)
    for column in columns:
        encoded(made.create_dataset(column, data=np.arange(len(index))), "array", "0.2.0")
    return made


def sparse(parent, name, dense):
    made = encoded(parent.create_group(name), "csr_matrix", "0.1.0")
    rows, columns = np.nonzero(dense)
    made.attrs["shape"] = np.array(dense.shape)
    made["data"] = dense[rows, columns].astype("f4")
    made["indices"] = columns.astype("i4")
    made["indptr"] = np.concatenate([[0], np.cumsum((dense != 0).sum(1))]).astype("i4")


with h5py.File(sys.argv[1], "w") as f:
    encoded(f, "anndata", "0.1.0")
    m = np.arange(12).reshape(4, 3) - 5
    sparse(f, "X", m)
    # Cells and genes of one name each, so that messages tell it.
    frame(f, "obs", [STEER] * 4, ["o" + STEER, "gone" + STEER])
    del f["obs/gone" + STEER]
    frame(f, "var", [STEER] * 3, ["v" + STEER])
    for name in ("layers", "obsm", "uns"):
        group = encoded(f.create_group(name), "dict", "0.1.0")
        if name == "layers":
            sparse(group, "l" + STEER, m)
        else:
            encoded(group.create_dataset("n" + STEER, data=np.arange(2)), "array", "0.2.0")
