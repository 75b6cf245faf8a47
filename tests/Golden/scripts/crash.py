"""Small files to crash on, and what h5py sees in a file after a crash.

make FOLDER: writes the files, prints their names.
images: reads images of files from standard input, each behind its length in eight bytes; prints a line for each: the SHA-256 of
    everything that h5py finds in it, or what is wrong with it.
paths: the same for files whose paths come line by line, one answer after the other.
"""
import hashlib
import signal
import struct
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import h5py
import numpy as np

CELLS, GENES = 12, 15


def encode(target, kind, version):
    target.attrs["encoding-type"], target.attrs["encoding-version"] = kind, version


def frame(file, name, rows, prefix, columns):
    group = file.create_group(name)
    encode(group, "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    group.create_dataset("_index", data=[f"{prefix}{i}" for i in range(rows)], dtype=h5py.string_dtype())
    encode(group["_index"], "string-array", "0.2.0")
    for i in range(columns):
        encode(group.create_dataset(f"column_{i}", data=np.arange(rows) * i), "array", "0.2.0")
    group.attrs["column-order"] = np.array([f"column_{i}" for i in range(columns)], dtype=h5py.string_dtype())


def write(path, columns=2, logged=True, **options):
    # Only the maker of files needs it, and others fork faster without.
    from scipy import sparse

    random = np.random.default_rng(4)
    counts = sparse.random(CELLS, GENES, 0.5, "csr", np.float32, random_state=4)
    counts.data = np.log1p(np.float32(1) + random.integers(0, 9, counts.nnz).astype(np.float32))
    with h5py.File(path, "w", **options) as file:
        encode(file, "anndata", "0.1.0")
        x = file.create_group("X")
        encode(x, "csr_matrix", "0.1.0")
        x.attrs["shape"] = counts.shape
        x["data"], x["indices"], x["indptr"] = counts.data, counts.indices, counts.indptr
        frame(file, "obs", CELLS, "cell_", columns)
        frame(file, "var", GENES, "MT-", columns)
        for name in ("layers", "obsm", "varm", "obsp", "varp", "uns"):
            encode(file.create_group(name), "dict", "0.1.0")
        encode(file.create_group("uns/log1p"), "dict", "0.1.0")
        file["uns/words"] = np.array(["some", "words"], dtype=h5py.string_dtype())
        file["obsm/points"] = random.normal(size=(CELLS, 2))
    if options.get("userblock_size"):
        with open(path, "r+b") as file:
            file.write(b"what stands before the superblock" * 10)


def make(folder):
    layouts = {
        "version_0": {"libver": "earliest"},
        "version_2": {"libver": ("v108", "v108")},
        "version_3": {"libver": "latest"},
        "user_block": {"libver": "earliest", "userblock_size": 512},
        "user_block_3": {"libver": "latest", "userblock_size": 2048},
        "many_columns": {"libver": "latest", "columns": 20},
        "many_columns_0": {"libver": "earliest", "columns": 20},
        "ordered": {"libver": "latest", "track_order": True},
    }
    for name, options in layouts.items():
        write(Path(folder) / f"{name}.h5ad", **options)
        print(name)


def feed(digest, value):
    value = np.asarray(value)
    digest.update(f"{value.dtype.str}{value.shape}".encode())
    digest.update(repr(value.tolist()).encode() if value.dtype.kind == "O" else value.tobytes())


def content(file):
    """A SHA-256 over all links, objects, attributes and values."""
    digest = hashlib.sha256()

    def attributes(found):
        for name in sorted(found.attrs):
            digest.update(f"@{name}".encode())
            feed(digest, found.attrs[name])

    def visit(group, path):
        attributes(group)
        for name in sorted(group):
            link = group.get(name, getlink=True)
            digest.update(f"/{path}{name} {type(link).__name__}".encode())
            found = group[name]
            if isinstance(found, h5py.Group):
                visit(found, f"{path}{name}/")
            else:
                attributes(found)
                feed(digest, found[()])

    visit(file, "")
    return digest.hexdigest()


def of_image(image):
    # HDF5 may go round for ever in a file that is neither: then this worker dies, and the script with it.
    signal.alarm(30)
    try:
        with h5py.File(h5py.h5f.open_file_image(image)) as file:
            # The bytes before the superblock are part of what a run leaves alone.
            return content(file) + " " + hashlib.sha256(image[: file.userblock_size]).hexdigest()
    except Exception as trouble:
        return f"{type(trouble).__name__}: {trouble}".replace("\n", " ")


def of_path(path):
    try:
        with h5py.File(path) as file:
            return content(file)
    except Exception as trouble:
        return f"{type(trouble).__name__}: {trouble}".replace("\n", " ")


def images():
    while head := sys.stdin.buffer.read(8):
        yield sys.stdin.buffer.read(struct.unpack("<q", head)[0])


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    elif sys.argv[1] == "paths":
        for line in sys.stdin:
            print(of_path(line.rstrip("\n")), flush=True)
    else:
        with ProcessPoolExecutor(2) as pool:
            for answer in pool.map(of_image, images(), chunksize=16):
                print(answer)
