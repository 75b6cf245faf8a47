"""Judges filtered files. Reads jobs as JSON from standard input, prints {name: [problems]}.

A job: name, input, output, min_genes and min_cells (limits that were given, or null), or else cells and genes: a letter for each, 1 where it stays; used (is the output used as well as read).
What should have stayed within limits is decided here, with NumPy.
"""
import json
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor

import h5py
import numpy as np

import matrices
import subset
import uses


def detected(source):
    """Cells × genes: which values are more than zero?"""
    with h5py.File(source) as file:
        x = matrices.read(file["X"])
        positive = x.values > 0
        return x.shape, x.cells()[positive], x.genes[positive]


def decide(job):
    """Masks of the cells and genes that stay, and the numbers that are noted about them."""
    if job["cells"] is not None:
        return *(np.array([*job[name]]) == "1" for name in ("cells", "genes")), {}
    shape, rows, columns = detected(job["input"])
    n_genes = np.bincount(rows, minlength=shape[0])
    cells = np.ones(shape[0], bool) if job["min_genes"] is None else n_genes >= job["min_genes"]
    n_cells = np.bincount(columns[cells[rows]], minlength=shape[1])
    genes = np.ones(shape[1], bool) if job["min_cells"] is None else n_cells >= job["min_cells"]
    noted = {}
    if job["min_genes"] is not None:
        noted["obs/n_genes"] = n_genes[cells]
    if job["min_cells"] is not None:
        noted["var/n_cells"] = n_cells[genes]
    return cells, genes, noted


def numbers(path, noted):
    with h5py.File(path) as file:
        for name, expected in noted.items():
            frame, column = name.split("/")
            found = file[name]
            if found.dtype != np.int64 or not np.array_equal(found[:], expected):
                yield f"{name} is {found[:]} instead of {expected}"
            if [*file[frame].attrs["column-order"]][-1:] != [column]:
                yield f"{name} is not the last column"


def problems(job):
    cells, genes, noted = decide(job)
    for mask, asked, what in ((cells, job["min_genes"], "cells"), (genes, job["min_cells"], "genes")):
        # A limit of 0 is there to drop nothing.
        if asked and (mask.all() or not mask.any()):
            yield f"the limit of this test leaves {mask.sum()} of {len(mask)} {what}"
    yield from subset.judge(job["input"], job["output"], cells, genes, set(noted))
    yield from numbers(job["output"], noted)
    if job["used"]:
        yield from uses.lost(job["input"], job["output"])


def judge(job):
    try:
        return job["name"], [*problems(job)]
    except Exception as trouble:
        return job["name"], [f"{type(trouble).__name__}: {trouble}"]


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    with ProcessPoolExecutor(2) as pool:
        json.dump(dict(pool.map(judge, json.load(sys.stdin), chunksize=3)), sys.stdout)
