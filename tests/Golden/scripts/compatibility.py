"""Holds outputs against a plain reference. Reads {"files": [paths], "conversions": [{"input", "output"}], "jobs": [jobs of conformance.py]} from
standard input, prints {"readers": their versions, "files": {path: what it is}, "conversions": [problems], "jobs": {name: {"problems": [...], "opens":
does anndata open the input}}}. The reference is what scanpy's description says, in NumPy and float64: totals, detected genes and cells, means and
dropouts, X (conformance.py); and nothing else may differ (walk.py).
"""
import gzip
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import anndata
import h5py
import numpy as np
from scipy import io, sparse

import conformance
import matrices

FORMS = {"csr_matrix": "CSR", "csc_matrix": "CSC", "array": "dense"}

# Members of the root that hold what runs along cells or genes.
BESIDE = ("raw", "raw.X", "layers", "obsm", "varm", "obsp", "varp")

# How far a column may be from the reference: float32 has it rounded once.
SHARE = 1e-6


def storage(dataset):
    words = [dataset.compression] if dataset.compression else []
    words += [name for name in ("shuffle", "fletcher32") if getattr(dataset, name)]
    if words:
        return "+".join(words)
    return "chunked" if dataset.chunks else "contiguous"


def of_x(x):
    cells, genes = matrices.shape(x)
    data = matrices.data(x)
    order = "big-endian " if data.dtype.byteorder == ">" else ""
    found = f"{FORMS.get(matrices.form(x), matrices.form(x))} {order}{data.dtype.newbyteorder('=')} {cells} × {genes}, {storage(data)}"
    if isinstance(x, h5py.Group):
        kinds = [x[name].dtype.newbyteorder("=").name for name in ("indices", "indptr")]
        if kinds != ["int32", "int32"]:
            found += f", {kinds[0]} indices, {kinds[1]} offsets"
    return found


def of_frames(file):
    kinds = []
    for name in ("obs", "var"):
        frame = file[name]
        if isinstance(frame, h5py.Dataset):
            kinds.append("record array")
        else:
            version = matrices.text(frame.attrs.get("encoding-version", "without version"))
            kinds.append(f"data frame {version}" + (" with __categories" if "__categories" in frame else ""))
    return kinds[0] if kinds[0] == kinds[1] else f"obs {kinds[0]}, var {kinds[1]}"


def described(path):
    """A file, or the folder of a matrix market file, in a few words."""
    if Path(path).is_dir():
        return "folder of " + ", ".join(sorted(member.name for member in Path(path).iterdir()))
    try:
        with h5py.File(path) as file:
            if "obs" not in file:
                return "groups " + ", ".join(f"{name} ({', '.join(file[name])})" for name in file)
            words = [of_x(file["X"]) if "X" in file else "no X", of_frames(file)]
            if file.id.get_create_plist().get_version()[0] >= 2:
                words[0] += ", new file format"
            beside = [name for name in BESIDE if name in file and len(file[name])]
            return "; ".join(words + ([", ".join(beside)] if beside else []))
    except OSError:
        return "h5py does not open it"


def expected(rows):
    """Columns of obs and var, from their definitions."""
    cells, genes = rows.shape
    x = rows.values.astype(np.float64)
    by_cell, by_gene = (lambda w: np.bincount(rows.cells(), w, cells)), (lambda w: np.bincount(rows.genes, w, genes))
    detected = (rows.values != 0).astype(np.float64)
    obs = {"n_genes_by_counts": by_cell(detected), "total_counts": by_cell(x)}
    var = {"n_cells_by_counts": by_gene(detected), "total_counts": by_gene(x)}
    with np.errstate(all="ignore"):
        var["mean_counts"] = var["total_counts"] / np.float64(cells)
        var["pct_dropout_by_counts"] = (1 - var["n_cells_by_counts"] / np.float64(cells)) * 100
        logged = {"obs": ["n_genes_by_counts", "total_counts"], "var": ["mean_counts", "total_counts"]}
        for columns, names in ((obs, logged["obs"]), (var, logged["var"])):
            columns.update({f"log1p_{name}": np.log1p(columns[name]) for name in names})
    # What cancels in a total is known no better than its parts; log1p of it, near -1, not at all.
    scales = {"obs": by_cell(np.abs(x)), "var": by_gene(np.abs(x))}
    return {"obs": obs, "var": var}, scales


def metrics(job):
    if "total_counts" not in job["obs"]:
        return
    with h5py.File(job["input"]) as old, h5py.File(job["output"]) as new:
        rows = matrices.read(old["X"])
        frames, scales = expected(matrices.summed(rows) if job["sum"] else rows)
        for frame, columns in frames.items():
            for name, values in columns.items():
                found = new[frame][name][()].astype(np.float64)
                with np.errstate(all="ignore"):
                    most = SHARE * np.abs(values) + (1e-12 * scales[frame] if name in ("total_counts", "mean_counts") else 0)
                    right = (found == values) | (np.isnan(found) & np.isnan(values)) | (np.abs(found - values) <= most)
                if not right.all():
                    at = np.flatnonzero(~right)[0]
                    yield f"{frame}/{name}: {found[at]} instead of {values[at]} at {at}, and {np.sum(~right)} such"


def judge(job):
    problems = []
    for check in (conformance.contents, conformance.counted, conformance.through_anndata, metrics):
        try:
            problems += check(job)
        except Exception as trouble:
            problems.append(f"{check.__name__}: {type(trouble).__name__}: {trouble}")
    return job["name"], {"problems": problems, "opens": conformance.opened(job["input"]) is not None}


def counted(path):
    """The counts and the names of cells and genes in what Cell Ranger wrote, read in full: gene expression alone."""
    if Path(path).is_dir():
        old = Path(path, "genes.tsv").exists()
        lines = lambda name: (open if old else gzip.open)(Path(path, name if old else f"{name}.gz"), "rt").read().splitlines()
        features = [line.split("\t") for line in lines("genes.tsv" if old else "features.tsv")]
        x, cells = sparse.csr_matrix(io.mmread(Path(path, "matrix.mtx" if old else "matrix.mtx.gz")).T), lines("barcodes.tsv")
        genes, kinds = [f[1] for f in features], [f[2] if len(f) > 2 else "Gene Expression" for f in features]
    else:
        with h5py.File(path) as file:
            group = file[list(file)[0]]
            n = group["shape"][:]
            x = sparse.csr_matrix(tuple(group[name][:] for name in ("data", "indices", "indptr")), shape=(n[1], n[0]))
            cells, names = group["barcodes"].asstr()[:], group["features/name" if "features" in group else "gene_names"]
            genes, kinds = names.asstr()[:], group["features/feature_type"].asstr()[:] if "features" in group else ["Gene Expression"] * n[0]
    stays = np.array(kinds) == "Gene Expression"
    return x[:, stays], np.array(cells), np.array(genes)[stays]


def converted(job):
    try:
        x, cells, genes = counted(job["input"])
        with h5py.File(job["output"]) as file:
            rows = matrices.read(file["X"])
            found = sparse.csr_matrix((rows.values, rows.genes, rows.offsets), shape=rows.shape)
            names = [file[frame][file[frame].attrs["_index"]].asstr()[:] for frame in ("obs", "var")]
        same = [found.shape == x.shape and (found != x).nnz == 0, np.array_equal(names[0], cells), np.array_equal(names[1], genes)]
        return [f"{job['input']}: other {what} after the conversion" for what, right in zip(("counts", "cells", "genes"), same) if not right]
    except Exception as trouble:
        return [f"{job['input']}: {type(trouble).__name__}: {trouble}"]


if __name__ == "__main__":
    manifest = json.load(sys.stdin)
    with ProcessPoolExecutor(2) as pool:
        files = dict(zip(manifest["files"], pool.map(described, manifest["files"], chunksize=8)))
        readers = f"anndata {anndata.__version__} and h5py {h5py.__version__}"
        conversions = sum(map(converted, manifest["conversions"]), [])
        json.dump({"readers": readers, "files": files, "conversions": conversions, "jobs": dict(pool.map(judge, manifest["jobs"], chunksize=4))}, sys.stdout)
