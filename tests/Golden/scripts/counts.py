"""Reads {output: input} from stdin and prints {output: problem} of each whose layers/counts is not X of its input."""
import json
import sys

import anndata
import h5py
import numpy as np
from scipy import sparse

FILTERS = ("compression", "compression_opts", "shuffle", "fletcher32")


def arrays(element):
    return {"": element} if isinstance(element, h5py.Dataset) else {name: element[name] for name in element}


def problem(path, source):
    with h5py.File(path) as file, h5py.File(source) as before:
        counts, x = arrays(file["layers/counts"]), arrays(before["X"])
        assert list(counts) == list(x), "members"
        assert dict(file["layers/counts"].attrs).keys() == dict(before["X"].attrs).keys(), "attributes"
        for name in x:
            assert counts[name].dtype == x[name].dtype, f"dtype of {name}"
            assert counts[name].shape == x[name].shape, f"shape of {name}"
            assert counts[name][()].tobytes() == x[name][()].tobytes(), f"values of {name}"
            assert counts[name].chunks == x[name].chunks, f"chunks of {name}"
            assert all(getattr(counts[name], key) == getattr(x[name], key) for key in FILTERS), f"filters of {name}"
            if x[name].chunks and x[name].size:
                at = (0,) * x[name].ndim
                assert counts[name].id.read_direct_chunk(at) == x[name].id.read_direct_chunk(at), f"chunk of {name}"
    a, b = anndata.read_h5ad(path), anndata.read_h5ad(source)
    assert type(a.layers["counts"]) is type(b.X), "class"
    try:
        other = b.X.toarray() if sparse.issparse(b.X) else np.asarray(b.X)
    except ValueError:
        # SciPy knows no unsigned indices, of the input either.
        return
    one = a.layers["counts"].toarray() if sparse.issparse(b.X) else np.asarray(a.layers["counts"])
    assert one.dtype == other.dtype and one.tobytes() == other.tobytes(), "values in anndata"


found = {}
for path, source in json.load(sys.stdin).items():
    try:
        problem(path, source)
    except Exception as trouble:
        found[path] = f"{type(trouble).__name__} {trouble}"
print(json.dumps(found))
