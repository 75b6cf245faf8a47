"""What people do with a file once they have it. Whatever the input bears, its output has to bear.

failures(path) tries everything, in memory and backed, and returns {use: the kind of its failure}; nothing is wrong where it is empty.
"""
import json
import os
import sys
import tempfile
import warnings
from functools import lru_cache
from pathlib import Path

import anndata
import h5py
import numpy as np
import scipy.sparse as sp


def every(count, step, first=0):
    mask = np.zeros(count, bool)
    mask[first::step] = True
    return mask


def of_data(a):
    """Uses of a whole AnnData: both axes, by mask, by name and by number, alone and together."""
    cells, genes = every(a.n_obs, 2), every(a.n_vars, 3, 1)
    yield "a[mask]", lambda: a[cells].copy()
    yield "a[:, mask]", lambda: a[:, genes].copy()
    yield "a[mask, mask]", lambda: a[cells, genes].copy()
    yield "a[mask][:, mask]", lambda: a[cells][:, genes].copy()
    yield "a[numbers]", lambda: a[np.flatnonzero(cells)[::-1]].copy()
    yield "a[:, numbers]", lambda: a[:, np.flatnonzero(genes)[::-1]].copy()
    yield "a[slice]", lambda: a[:2, 1:].copy()
    if a.obs_names.is_unique:
        yield "a[names]", lambda: a[a.obs_names[cells]].copy()
    if a.var_names.is_unique:
        yield "a[:, names]", lambda: a[:, a.var_names[genes]].copy()
        if a.n_vars:
            yield "obs_vector", lambda: a.obs_vector(a.var_names[0])
        yield "concat of cells", lambda: anndata.concat([a, a], index_unique="-")
        yield "outer concat", lambda: anndata.concat([a, a[:, genes]], join="outer", index_unique="-")
    if a.obs_names.is_unique:
        yield "concat of genes", lambda: anndata.concat([a, a], axis=1, index_unique="-")
    yield "a.T", lambda: a.T.copy()
    yield "a.T[mask]", lambda: a.T[genes].copy()
    yield "write", lambda: written(a)
    yield "write of a subset", lambda: written(a[cells, genes])
    if a.raw is not None:
        yield "raw[:, mask]", lambda: a.raw[:, every(a.raw.n_vars, 2)].X
        yield "raw.to_adata", lambda: a.raw.to_adata()[cells].copy()


def written(a):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "written.h5ad"
        a.write(path)
        again = anndata.read_h5ad(path)
        assert again.shape == a.shape


def of_matrix(name, m):
    """Uses of a sparse matrix, as scanpy makes them on its way to marker genes."""
    rows, columns = every(m.shape[0], 2), every(m.shape[1], 3, 1)
    yield f"{name}[mask]", lambda: m[rows]
    yield f"{name}[:, mask]", lambda: m[:, columns]
    yield f"{name}[mask][:, mask]", lambda: m[rows][:, columns]
    yield f"{name}[numbers]", lambda: m[np.flatnonzero(rows)[::-1]]
    yield f"{name}[:, numbers]", lambda: m[:, np.flatnonzero(columns)[::-1]]
    yield f"{name}[ix_]", lambda: m[np.ix_(np.flatnonzero(rows), np.flatnonzero(columns))]
    yield f"{name}[slice]", lambda: m[1:, :2]
    if 0 not in m.shape:
        yield f"{name}[0]", lambda: (m[0], m[:, 0], m[0, 0])
        yield f"sums of {name}", lambda: (m.sum(0), m.sum(1), m.mean(0), m.getnnz(0), m.max(0))
    yield f"{name}.T", lambda: m.T.tocsr()
    yield f"forms of {name}", lambda: (m.tocsc(), m.tocsr(), m.tocoo(), m.toarray())
    yield f"groups of {name}", lambda: [m[group].multiply(m[group]).mean(0) for group in (rows, ~rows) if group.any() and m.shape[1]]
    yield f"{name} + {name}", lambda: m + m
    yield f"{name} @ x", lambda: m @ np.ones(m.shape[1])
    yield f"{name} @ {name}.T", lambda: m @ m.T
    yield f"stacks of {name}", lambda: (sp.vstack([m, m]), sp.hstack([m, m]))
    yield f"order of {name}", lambda: (m.sorted_indices(), m.copy().sum_duplicates(), m.copy().eliminate_zeros())


def matrices_of(a):
    yield "X", a.X
    yield from (("layers/" + name, a.layers[name]) for name in a.layers)
    yield from (("obsp/" + name, a.obsp[name]) for name in a.obsp)
    yield from (("varp/" + name, a.varp[name]) for name in a.varp)
    yield from (("obsm/" + name, a.obsm[name]) for name in a.obsm)
    if a.raw is not None:
        yield "raw/X", a.raw.X


def of_backed(path):
    """Uses of a file that stays on disk."""
    a = anndata.read_h5ad(path, backed="r")
    cells, genes = every(a.n_obs, 2), every(a.n_vars, 3, 1)
    yield "backed to_memory", lambda: a.to_memory()
    yield "backed[mask]", lambda: a[cells].to_memory()
    yield "backed[:, mask]", lambda: a[:, genes].to_memory()
    # h5py picks along one axis at a time.
    if not isinstance(a.X, h5py.Dataset):
        yield "backed[mask, mask]", lambda: a[cells, genes].to_memory()
    if a.obs_names.is_unique:
        yield "backed[names]", lambda: a[a.obs_names[cells]].to_memory()
    if a.var_names.is_unique:
        yield "backed[:, names]", lambda: a[:, a.var_names[genes]].to_memory()
    yield "backed X", lambda: (a.X[: a.n_obs // 2], a.X[cells])
    a.file.close()


def raised(trouble):
    raise trouble


def uses(path):
    try:
        a = anndata.read_h5ad(path)
    except Exception:
        return
    yield from of_data(a)
    for name, m in matrices_of(a):
        if sp.issparse(m):
            yield from of_matrix(name, m)
    try:
        yield from of_backed(path)
    except Exception as trouble:
        yield "backed", lambda: raised(trouble)


def attempt(path, deadly, say):
    """Tries every use but those that are known to kill the process, and says each before it is tried."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, use in uses(path):
            if name in deadly:
                continue
            say("tries", name, "")
            try:
                use()
            except Exception as trouble:
                say("fails", name, f"{type(trouble).__name__}: {trouble}".split("\n")[0])


# SciPy follows whatever indices say: where so many uses of a file kill the process, the others are not tried.
MOST_DEATHS = 20


@lru_cache(4)
def failures(path):
    """The uses that fail and why, each tried in a process that it may kill."""
    found = {}
    while True:
        out, into = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(out)
            with os.fdopen(into, "w", buffering=1) as told:
                attempt(path, found, lambda *words: print(json.dumps(words), file=told))
                told.flush()
                os._exit(0)
        os.close(into)
        with os.fdopen(out) as answer:
            said = [json.loads(line) for line in answer]
        _, status = os.waitpid(child, 0)
        found |= {name: why for event, name, why in said if event == "fails"}
        tried = [name for event, name, _ in said if event == "tries"]
        if not status:
            return found
        found[tried[-1] if tried else "open"] = "the process dies"
        if not tried or list(found.values()).count("the process dies") >= MOST_DEATHS:
            return found


def lost(before, after):
    """What could be done with the input and cannot be done with the output. Where all can, nobody has to ask what the input bore."""
    failing = failures(after)
    known = failures(before) if failing else {}
    return [f"no longer possible: {use} ({why})" for use, why in failing.items() if use not in known]


def mixed(path):
    """Sparse matrices whose index arrays have two types; SciPy before 1.11 does not subset these."""
    found = []

    def visit(name, group):
        if isinstance(group, h5py.Group) and "indices" in group and "indptr" in group and group["indices"].dtype != group["indptr"].dtype:
            found.append(f"{name} has {group['indices'].dtype} indices and {group['indptr'].dtype} offsets")

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


if __name__ == "__main__":
    print(json.dumps({path: mixed(path) + [f"not possible: {use} ({why})" for use, why in failures(path).items()] for path in json.load(sys.stdin)}))
