"""Judges the subset of an .h5ad file: subset.py INPUT OUTPUT MASKS. Prints every difference from what should have stayed; the exit code is 1 if there is one.

MASKS is a text file of two lines, one character for each cell and gene: 1 where it stays, 0 where it does not. Two judges: what h5py reads of the
input, cut with NumPy here, and what anndata makes of the input where it can read it. X is judged like any layer. `added` names columns of obs and
var that whoever dropped cells and genes has noted, such as obs/n_genes.
"""
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from scipy import sparse

import matrices
from matrices import SHAPES
from walk import attributes, filters, link, objects, remember, same

MAPPINGS = {"obsm": "c", "varm": "g", "layers": "cg", "obsp": "cc", "varp": "gg"}
SPARSE = {"csr_matrix": 0, "csr": 0, "csc_matrix": 1, "csc": 1}


def encoding(group):
    found = group.attrs.get("encoding-type", group.attrs.get("h5sparse_format"))
    return found.decode() if isinstance(found, bytes) else found


class Judge:
    """Walks input and output side by side and gathers what is wrong."""

    def __init__(self, old, new, cells, genes, added=()):
        self.files = (old, new)
        self.masks = {"c": cells, "g": genes}
        self.added = {f"/{name}" for name in added}
        self.wrong = []
        self.colors = {}
        remember(old, [f"/{name}" for name in ("obs", "var", "uns", "raw", *MAPPINGS)])

    def untouched(self, path, old, new):
        self.wrong += objects(path, old, new, self.files, self.added, set(), {})

    def members(self, path, old, new, judge):
        before, after = ([name for name in group if f"{path}/{name}" not in self.added] for group in (old, new))
        if before != after:
            self.wrong.append(f"{path}: its members are {after} instead of {before}")
        for name in before:
            if name not in after:
                continue
            if link(old, name) != link(new, name):
                self.wrong.append(f"{path}/{name}: the link differs")
            elif link(old, name)[0] == "HardLink":
                judge(name, f"{path}/{name}", old[name], new[name])

    def x(self, path, old, new, masks):
        """X, whose columns have become rows."""
        if isinstance(old, h5py.Dataset):
            self.cut(path, old, new, masks)
        elif matrices.form(old) == "csr_matrix":
            self.matrix(path, old, new, masks)
        else:
            self.described(path, old, new, matrices.FORMS + SHAPES)
            before, after = matrices.read(old), matrices.read(new)
            stays = masks[0][before.cells()] & masks[1][before.genes]
            genes = (np.cumsum(masks[1]) - 1)[before.genes[stays]]
            counts = np.bincount(before.cells()[stays], minlength=before.shape[0])[masks[0]]
            offsets = np.concatenate([[0], np.cumsum(counts)])
            expected = matrices.Rows((int(masks[0].sum()), int(masks[1].sum())), before.values[stays], genes, offsets)
            if matrices.form(new) != "csr_matrix" or not all(np.array_equal(a, b) for a, b in zip(expected, after)):
                self.wrong.append(f"{path}: its rows are not those that stay")

    def described(self, path, old, new, spared=()):
        self.wrong += [d for d in attributes(path, old, new, self.files) if not any(d.startswith(f"{path}@{name}:") for name in spared)]

    def array(self, path, old, new, expected, kind=None):
        """A dataset with these values, in the type of the old one or another, stored like the old one as far as its extent allows."""
        self.described(path, old, new)
        if new.dtype != kind if kind else not old.id.get_type().equal(new.id.get_type()):
            self.wrong.append(f"{path}: its type differs")
        if not same(expected, new[()], self.files):
            self.wrong.append(f"{path}: its values are not those that stay")
        most = tuple(m if m is None or m != dim else now for m, dim, now in zip(old.maxshape, old.shape, new.shape))
        # What is empty and cannot grow is stored in one piece.
        if 0 in most:
            return
        if new.maxshape != most:
            self.wrong.append(f"{path}: it can grow to {new.maxshape} instead of {most}")
        chunks = old.chunks and tuple(chunk if m is None else min(chunk, m) for chunk, m in zip(old.chunks, most))
        before, after = old.id.get_create_plist(), new.id.get_create_plist()
        if new.chunks != chunks or filters(before) != filters(after) or before.fill_value_defined() != after.fill_value_defined():
            self.wrong.append(f"{path}: it is stored in another way")

    def cut(self, path, old, new, masks):
        expected = old[()]
        for axis, mask in enumerate(masks):
            expected = np.compress(mask, expected, axis=axis)
        self.array(path, old, new, expected)

    def matrix(self, path, old, new, masks):
        """Every stored value in its old order, one row (of a CSC matrix: column) after another."""
        self.described(path, old, new, SHAPES)
        major = SPARSE[encoding(old)]
        shape = [old.attrs[name] for name in SHAPES if name in old.attrs][0]
        masks = [*masks, *(np.ones(n, bool) for n in shape[len(masks):])]
        offsets = old["indptr"][:].astype(np.int64)
        rows = np.repeat(np.arange(shape[major]), np.diff(offsets))
        indices = old["indices"][:]
        stays = masks[major][rows] & masks[1 - major][indices.astype(np.int64)]
        numbers = np.cumsum(masks[1 - major]) - 1
        counts = np.bincount(rows[stays], minlength=shape[major])[masks[major]]
        self.array(f"{path}/data", old["data"], new["data"], old["data"][:][stays])
        # Both index arrays have one type that SciPy computes with: their own, or int32.
        kind = old["indices"].dtype
        if kind != old["indptr"].dtype or kind not in (np.dtype("<i4"), np.dtype("<i8")):
            kind = np.dtype("<i4")
        self.array(f"{path}/indices", old["indices"], new["indices"], numbers[indices[stays].astype(np.int64)].astype(kind), kind)
        self.array(f"{path}/indptr", old["indptr"], new["indptr"], np.concatenate([[0], np.cumsum(counts)]).astype(kind), kind)
        for name in SHAPES:
            if name in old.attrs:
                after = new.attrs[name]
                if after.dtype != old.attrs[name].dtype or after.tolist() != [int(mask.sum()) for mask in masks]:
                    self.wrong.append(f"{path}@{name}: it is {after}")

    def categories(self, path, old, new, mask, drops, column):
        self.described(path, old, new)
        codes, count = old["codes"][:], len(old["categories"] if isinstance(old["categories"], h5py.Dataset) else old["categories/values"])
        left = codes[mask]
        used = np.isin(np.arange(count), left) if drops else np.ones(count, bool)
        numbers = np.cumsum(used) - 1
        expected = np.where(left < 0, left, numbers[left] if count else left).astype(codes.dtype)
        self.array(f"{path}/codes", old["codes"], new["codes"], expected)
        self.column(f"{path}/categories", old["categories"], new["categories"], used, False, None)
        if drops and column is not None and not used.all():
            self.colors.setdefault(f"{column}_colors", used)

    def column(self, path, old, new, mask, drops, name):
        if mask.all() and (isinstance(old, h5py.Dataset) or "codes" not in old):
            self.untouched(path, old, new)
        elif isinstance(old, h5py.Dataset):
            self.cut(path, old, new, [mask])
        elif "codes" in old:
            self.categories(path, old, new, mask, drops, name)
        else:
            self.described(path, old, new)
            self.members(path, old, new, lambda _, path, old, new: self.cut(path, old, new, [mask]))

    def frame(self, path, old, new, mask, drops):
        self.described(path, old, new)

        def member(name, path, old, new):
            first = old if isinstance(old, h5py.Dataset) else old.get("codes", old.get("values"))
            if getattr(first, "shape", ())[:1] == mask.shape:
                self.column(path, old, new, mask, drops, name)
            else:
                self.untouched(path, old, new)

        self.members(path, old, new, member)

    def element(self, path, old, new, masks):
        if all(mask.all() for mask in masks):
            self.untouched(path, old, new)
        elif isinstance(old, h5py.Dataset):
            self.cut(path, old, new, masks)
        elif encoding(old) in SPARSE:
            self.matrix(path, old, new, masks)
        elif encoding(old) == "dataframe":
            self.frame(path, old, new, masks[0], False)
        else:
            self.column(path, old, new, masks[0], False, None)

    def mapping(self, path, old, new, masks):
        self.described(path, old, new)
        self.members(path, old, new, lambda _, path, old, new: self.element(path, old, new, masks))

    def neighbors(self, path, old, new):
        """What scanpy kept here before there was obsp has a row and a column for each cell."""
        self.described(path, old, new)

        def member(name, path, old, new):
            if name in ("connectivities", "distances"):
                self.element(path, old, new, [self.masks["c"]] * 2)
            else:
                self.untouched(path, old, new)

        self.members(path, old, new, member)

    def uns(self, path, old, new):
        self.described(path, old, new)

        def member(name, path, old, new):
            used = self.colors.get(name)
            if used is not None and isinstance(old, h5py.Dataset) and old.shape == used.shape:
                self.cut(path, old, new, [used])
            elif name == "neighbors" and isinstance(old, h5py.Group) and not self.masks["c"].all():
                self.neighbors(path, old, new)
            else:
                self.untouched(path, old, new)

        self.members(path, old, new, member)

    def raw(self, path, old, new):
        self.described(path, old, new)
        cells = self.masks["c"]

        def member(name, path, old, new):
            if name == "X":
                self.element(path, old, new, [cells])
            else:
                self.untouched(path, old, new)

        self.members(path, old, new, member)

    def file(self):
        old, new = self.files
        self.described("/", old, new)
        if sorted(old) != sorted(new):
            self.wrong.append(f"its members are {sorted(new)} instead of {sorted(old)}")
        for name in sorted(old, key=lambda name: name == "uns"):
            before, after, path = old[name], new[name], f"/{name}"
            masks = [self.masks[axis] for axis in {"X": "cg", "obs": "c", "var": "g", "raw": "c", **MAPPINGS}.get(name, "")]
            if name == "uns":
                self.uns(path, before, after)
            elif name == "raw" and not masks[0].all():
                self.raw(path, before, after)
            elif name == "X":
                self.x(path, before, after, masks)
            elif name in ("obs", "var") and isinstance(before, h5py.Group):
                # Categories of no row go where nothing is dropped as well.
                self.frame(path, before, after, masks[0], True)
            elif not masks or all(mask.all() for mask in masks):
                self.untouched(path, before, after)
            else:
                self.mapping(path, before, after, masks)
        return self.wrong


def dense(value):
    return value.toarray() if sparse.issparse(value) else np.asarray(value)


def alike(expected, actual):
    if isinstance(expected, pd.DataFrame):
        try:
            pd.testing.assert_frame_equal(expected, actual)
            return True
        except AssertionError:
            return False
    # SciPy turns big-endian values round when it picks some of them.
    if type(expected) is not type(actual) or expected.dtype.newbyteorder("=") != actual.dtype.newbyteorder("=") or expected.shape != actual.shape:
        return False
    if sparse.issparse(expected) and expected.nnz != actual.nnz:
        return False
    expected, actual = dense(expected), dense(actual)
    return np.array_equal(expected, actual, equal_nan=expected.dtype.kind == "f")


def by_anndata(source, result, cells, genes, added):
    """What anndata reads of the output is what it makes of the input, unless it cannot read that."""
    try:
        expected = anndata.read_h5ad(source)[cells, genes].copy()
    except Exception:
        return
    actual = anndata.read_h5ad(result)
    if expected.shape != actual.shape:
        yield f"anndata sees the shape {actual.shape} instead of {expected.shape}"
        return
    frames = {"obs": expected.obs, "var": expected.var}
    known = {name: [column for column in getattr(actual, name) if f"{name}/{column}" not in added] for name in frames}
    # Columns of X become rows.
    x = expected.X.tocsr() if sparse.isspmatrix_csc(expected.X) else expected.X
    pairs = [("X", x, actual.X), *((name, frame, getattr(actual, name)[known[name]]) for name, frame in frames.items())]
    for name in MAPPINGS:
        before, after = getattr(expected, name), getattr(actual, name)
        if sorted(before) != sorted(after):
            yield f"anndata sees {sorted(after)} in {name} instead of {sorted(before)}"
        pairs += [(f"{name}/{key}", before[key], after[key]) for key in before if key in after]
    if expected.raw is not None:
        pairs += [("raw/X", expected.raw.X, actual.raw.X), ("raw/var", expected.raw.var, actual.raw.var)]
    for name, before, after in pairs:
        if not alike(before, after):
            yield f"anndata sees another {name}"


def by_h5dump(source, result):
    def fails(path):
        return subprocess.run(["h5dump", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0

    # It takes long: where it reads the result, it need not read the source.
    if shutil.which("h5dump") and fails(result) and not fails(source):
        yield "h5dump fails"


def judge(source, result, cells, genes, added=()):
    with h5py.File(source) as old, h5py.File(result) as new:
        wrong = Judge(old, new, cells, genes, added).file()
    return [*wrong, *by_anndata(source, result, cells, genes, added), *by_h5dump(source, result)]


def read_masks(path):
    return [np.array([letter == "1" for letter in line], dtype=bool) for line in Path(path).read_text().split("\n")[:2]]


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    problems = judge(sys.argv[1], sys.argv[2], *read_masks(sys.argv[3]))
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(1 if problems else 0)
