"""Reads a matrix in whichever form h5py finds it, as rows: csr_matrix, csc_matrix or array, under their old names too."""
from typing import NamedTuple

import h5py
import numpy as np

# What a sparse group says of its form and its shape, today and before anndata 0.7.
FORMS = ("encoding-type", "h5sparse_format")
SHAPES = ("shape", "h5sparse_shape")
NAMES = {"csr": "csr_matrix", "csc": "csc_matrix"}


class Rows(NamedTuple):
    shape: tuple
    values: np.ndarray
    genes: np.ndarray
    offsets: np.ndarray

    def cells(self):
        """The cell of each value."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.offsets))


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def form(matrix):
    if isinstance(matrix, h5py.Dataset):
        return "array"
    named = text([matrix.attrs[name] for name in FORMS if name in matrix.attrs][0])
    return NAMES.get(named, named)


def shape(matrix):
    if isinstance(matrix, h5py.Dataset):
        return matrix.shape
    return tuple(int(n) for n in [matrix.attrs[name] for name in SHAPES if name in matrix.attrs][0])


def native(values):
    return values.astype(values.dtype.newbyteorder("="))


def data(matrix):
    """The dataset of the values."""
    return matrix if isinstance(matrix, h5py.Dataset) else matrix["data"]


def read(matrix):
    """The values that are stored of each cell, in their order; of a dense matrix all."""
    cells, genes = shape(matrix)
    values = native(data(matrix)[()])
    if form(matrix) == "array":
        return Rows((cells, genes), values.ravel(), np.tile(np.arange(genes), cells), np.arange(cells + 1) * genes)
    indices = matrix["indices"][:].astype(np.int64)
    offsets = matrix["indptr"][:].astype(np.int64)
    if form(matrix) == "csc_matrix":
        columns = np.repeat(np.arange(genes), np.diff(offsets))
        order = np.argsort(indices, kind="stable")
        offsets = np.concatenate([[0], np.cumsum(np.bincount(indices, minlength=cells))])
        return Rows((cells, genes), values[order], columns[order], offsets)
    return Rows((cells, genes), values, indices, offsets)


def summed(rows):
    """Genes that a cell has several values of, added up; rows in which there are any come out in the order of genes."""
    parts = []
    for start, stop in zip(rows.offsets, rows.offsets[1:]):
        values, genes = rows.values[start:stop], rows.genes[start:stop]
        found, places = np.unique(genes, return_inverse=True)
        if len(found) < len(genes):
            values, genes = np.bincount(places, weights=values).astype(values.dtype), found
        parts.append((values, genes))
    offsets = np.concatenate([[0], np.cumsum([len(values) for values, _ in parts])]).astype(np.int64)
    values, genes = (np.concatenate(arrays) if parts else old for arrays, old in zip(zip(*parts), (rows.values, rows.genes)))
    return Rows(rows.shape, values, genes, offsets)
