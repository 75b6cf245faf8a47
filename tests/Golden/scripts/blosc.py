"""Blosc as c-blosc itself writes and reads it, through PyTables, which registers its filter with the HDF5 that h5py uses.

make FOLDER: writes plain.h5ad, and a file for each codec, shuffle and level that holds the same; prints their names.
read REFERENCE PATH...: prints which datasets h5py reads otherwise in the other files than in the first.
"""
import sys

import h5py
import numpy as np
import tables

FILTER = 32001
CODECS = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"]
SHUFFLES = ["none", "bytes", "bits"]

# Chunks of one element, of odd lengths, of less than c-blosc compresses, and of several of its blocks.
CHUNKS = {"data": 300_000, "indices": 5_000, "indptr": 7, "noise": 333, "small": 1}


def write(path, store):
    random = np.random.default_rng(11)
    cells, genes = 600, 1000
    dense = random.poisson(0.9, (cells, genes)).astype(np.float32)
    rows, columns = np.nonzero(dense)
    with h5py.File(path, "w") as file:
        file.attrs["encoding-type"], file.attrs["encoding-version"] = "anndata", "0.1.0"
        x = file.create_group("X")
        x.attrs["encoding-type"], x.attrs["encoding-version"], x.attrs["shape"] = "csr_matrix", "0.1.0", dense.shape
        store(x, "data", dense[rows, columns])
        store(x, "indices", columns.astype(np.int32))
        store(x, "indptr", np.searchsorted(rows, np.arange(cells + 1)).astype(np.int64))
        for name, count in (("obs", cells), ("var", genes)):
            frame = file.create_group(name)
            frame.attrs["encoding-type"], frame.attrs["encoding-version"] = "dataframe", "0.2.0"
            frame.attrs["_index"], frame.attrs["column-order"] = "_index", ["noise", "small"]
            frame.create_dataset("_index", data=[f"{name}_{i}" for i in range(count)], dtype=h5py.string_dtype())
            # What does not shrink, and what is not a float32.
            store(frame, "noise", random.integers(0, 2**62, count))
            store(frame, "small", random.integers(0, 5, count).astype(np.uint8))
            for column in ("_index", "noise", "small"):
                frame[column].attrs["encoding-type"] = "string-array" if column == "_index" else "array"
                frame[column].attrs["encoding-version"] = "0.2.0"


def plainly(group, name, values):
    group.create_dataset(name, data=values)


def with_blosc(codec, shuffle, level):
    def store(group, name, values):
        chunk = min(CHUNKS[name], len(values))
        options = (0, 0, 0, 0, level, shuffle, codec)
        group.create_dataset(name, data=values, chunks=(chunk,), maxshape=(None,), compression=FILTER, compression_opts=options)

    return store


def make(folder):
    assert tables.which_lib_version("blosc")
    write(f"{folder}/plain.h5ad", plainly)
    for codec, called in enumerate(CODECS):
        for shuffle, how in enumerate(SHUFFLES):
            for level in (1, 9):
                name = f"{called}_{how}_{level}"
                write(f"{folder}/{name}.h5ad", with_blosc(codec, shuffle, level))
                print(name)


def unlike(path, reference):
    """Datasets that are not in both files, or hold other values."""
    with h5py.File(path) as file, h5py.File(reference) as other:
        names = [[], []]
        for found, source in zip(names, (file, other)):
            source.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        yield from sorted(set(names[0]) ^ set(names[1]))
        for name in set(names[0]) & set(names[1]):
            values = [source[name][()] for source in (file, other)]
            if values[0].dtype != values[1].dtype or not np.array_equal(*values):
                yield f"{name}: {values[0]} instead of {values[1]}"


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        for path in sys.argv[3:]:
            for problem in unlike(path, sys.argv[2]):
                print(f"{path}: {problem}")
