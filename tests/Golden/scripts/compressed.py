"""Reads {path: [gzip or lzf or null, level or null]} from stdin and prints {path: problem} where h5py finds another compression.

X and layers have to be readable and of that compression; what else there is has to be readable.
"""
import json
import sys

import anndata
import h5py


def problem(path, compression, level):
    anndata.read_h5ad(path)

    def visit(name, element):
        if isinstance(element, h5py.Dataset):
            element[()]
            if name == "X" or name.startswith(("X/", "layers/")):
                assert element.compression == compression, f"{name}: {element.compression}"
                assert element.compression_opts == level, f"{name}: {element.compression_opts}"

    with h5py.File(path) as file:
        file.visititems(visit)


found = {}
for path, (compression, level) in json.load(sys.stdin).items():
    try:
        problem(path, compression, level)
    except Exception as trouble:
        found[path] = f"{type(trouble).__name__} {trouble}"
print(json.dumps(found))
