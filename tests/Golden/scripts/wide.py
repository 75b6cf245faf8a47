"""Makes a small .h5ad file that is wide in one respect: wide.py KIND PATH.  wide.py peak COMMAND... runs a command
and prints its exit code and the most kibibytes of memory that it held; its stderr passes through."""
import os
import subprocess
import sys


def peak(command):
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)


def make(kind, path):
    import h5py
    import numpy as np

    text = h5py.string_dtype()
    random = np.random.default_rng(1)

    def encoded(element, kind, version="0.2.0"):
        element.attrs["encoding-type"] = kind
        element.attrs["encoding-version"] = version
        return element

    def strings(parent, name, values, **storage):
        return encoded(parent.create_dataset(name, data=np.array(values, dtype=object), dtype=text, **storage), "string-array")

    def frame(name, names, batches=0, labels=None):
        group = encoded(file.create_group(name), "dataframe")
        group.attrs["_index"] = "_index"
        columns = ["batch"] if batches else ["label"] if labels else []
        group.attrs.create("column-order", np.array(columns, dtype=object), dtype=text)
        strings(group, "_index", names, chunks=(min(len(names), 65536),))
        if batches:
            column = encoded(group.create_group("batch"), "categorical")
            column.attrs["ordered"] = False
            column["codes"] = (np.arange(len(names)) % batches).astype("i1")
            strings(column, "categories", [f"b{batch:03d}" for batch in range(batches)])

        if labels:
            column = encoded(group.create_group("label"), "categorical")
            column.attrs["ordered"] = False
            column["codes"] = np.arange(len(names), dtype="i4")
            strings(column, "categories", labels)

    def sparse(parent, name, cells, genes, each):
        group = encoded(parent.create_group(name), "csr_matrix", "0.1.0")
        group.attrs["shape"] = np.array([cells, genes])
        starts = random.integers(0, genes - each, size=cells)
        group["data"] = random.integers(1, 9, size=cells * each).astype("f4")
        group["indices"] = (starts[:, None] + np.arange(each)).ravel().astype("i4")
        group["indptr"] = np.arange(cells + 1, dtype="i8") * each

    def tall(parent, name, cells, genes, chunk):
        dense = parent.create_dataset(name, shape=(cells, genes), dtype="f4", chunks=chunk, compression="gzip", compression_opts=1)
        for first in range(0, cells, chunk[0]):
            dense[first : first + chunk[0]] = (random.random((min(chunk[0], cells - first), genes)) < 0.01).astype("f4")
        encoded(dense, "array")

    with h5py.File(path, "w", libver="latest" if kind == "attribute" else "earliest") as file:
        encoded(file, "anndata", "0.1.0")
        cells, genes, batches = {
            "batches": (3000, 30000, 100),
            "peaks": (100, 400_000, 0),
            "genes": (200, 1_200_000, 0),
            "cells": (400_000, 20, 0),
            "tall": (3000, 6000, 0),
            "products": (24_000, 2400, 0),
            "labels": (200_000, 30, 0),
            "others": (200_000, 30, 0),
        }.get(kind, (40, 30, 0))
        first = {"labels": 0, "others": cells}.get(kind)
        labels = [f"clone{first + cell:09d}" for cell in range(cells)] if first is not None else None
        frame("obs", [f"cell{cell:08d}-1" for cell in range(cells)], batches, labels)
        frame("var", [f"chr{gene % 22}:{1000 * gene:09d}-{1000 * gene + 500:09d}" for gene in range(genes)])
        for name in ["layers", "obsm", "varm", "obsp", "varp", "uns"]:
            encoded(file.create_group(name), "dict", "0.1.0")
        if kind == "tall":
            tall(file, "X", cells, genes, (1500, 250))
        else:
            sparse(file, "X", cells, genes, min(genes // 2, 300))
        if kind == "chunk":
            file["uns"].create_dataset("zeros", data=np.zeros(20_000_000), chunks=(20_000_000,), compression="gzip")
        if kind == "string":
            strings(file["uns"], "long", ["x" * 40_000_000])
        if kind == "attribute":
            file["uns"].attrs["long"] = np.zeros(4_000_000)


if sys.argv[1] == "peak":
    peak(sys.argv[2:])
else:
    make(sys.argv[1], sys.argv[2])
