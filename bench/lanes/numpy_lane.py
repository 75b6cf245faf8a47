#!/usr/bin/python3
"""What `singlesharp preprocess` or `pipeline` does, in memory, with NumPy and SciPy: it stands for scanpy where scanpy cannot be installed.

preprocess: what scanpy.pp.calculate_qc_metrics (without pct_counts_in_top), normalize_total(1e4) and log1p do, in scanpy's types and with
as few copies as those need.
pipeline: also 2,000 genes by the dispersions of the seurat flavor, which sums and bins as scanpy does without its checks and columns, and
50 components: the leading eigenpairs of the covariance of these genes, by LAPACK, in float64.

It measures reading, computing and writing with anndata; it does not measure scanpy's own overhead, its numba kernels or their compilation. The
eigenpairs take as long as the BLAS and LAPACK that SciPy is linked to; Debian's own are the reference ones, which are slow.
"""
import sys

import anndata
import numpy as np
import pandas as pd
from scipy.linalg import eigh

GENES, COMPONENTS = 2000, 50


def preprocess(data, x):
    totals = np.asarray(x.sum(axis=1)).ravel()
    data.obs["n_genes_by_counts"] = np.diff(x.indptr)
    data.obs["log1p_n_genes_by_counts"] = np.log1p(data.obs["n_genes_by_counts"])
    data.obs["total_counts"] = totals
    data.obs["log1p_total_counts"] = np.log1p(totals)
    mt = data.var_names.str.startswith("MT-")
    data.obs["total_counts_mt"] = np.asarray(x[:, mt].sum(axis=1)).ravel()
    data.obs["log1p_total_counts_mt"] = np.log1p(data.obs["total_counts_mt"])
    data.obs["pct_counts_mt"] = data.obs["total_counts_mt"] / totals * 100
    data.var["n_cells_by_counts"] = np.bincount(x.indices, minlength=x.shape[1])
    data.var["total_counts"] = np.asarray(x.sum(axis=0)).ravel()
    data.var["mean_counts"] = data.var["total_counts"] / x.shape[0]

    factors = totals / np.float32(1e4)
    x.data /= np.repeat(np.where(factors == 0, 1, factors), np.diff(x.indptr))
    np.log1p(x.data, out=x.data)
    data.X = x
    data.uns["log1p"] = {}


def choose(data, x):
    """Which genes have the highest dispersions among genes of a similar mean."""
    cells, genes = x.shape
    values = np.expm1(x.data)
    means = np.bincount(x.indices, values, genes) / cells
    squares = np.bincount(x.indices, values * values, genes) / cells
    variances = (squares - means**2) * (cells / (cells - 1))

    means[means == 0] = 1e-12
    dispersions = variances / means
    dispersions[dispersions == 0] = np.nan
    dispersions = pd.Series(np.log(dispersions))
    means = np.log1p(means)
    bins = dispersions.groupby(pd.cut(means, bins=20), observed=False)
    centre, spread = bins.transform("mean"), bins.transform("std")
    # A bin of one gene has no spread.
    alone = spread.isna()
    spread[alone], centre[alone] = centre[alone], 0
    normalized = ((dispersions - centre) / spread).to_numpy()

    chosen = np.zeros(genes, bool)
    chosen[np.argsort(-np.nan_to_num(normalized, nan=-np.inf), kind="stable")[:GENES]] = True
    data.var["means"] = means
    data.var["dispersions"] = dispersions.to_numpy()
    data.var["dispersions_norm"] = normalized
    data.var["highly_variable"] = chosen
    return chosen


def components(data, x, chosen):
    x = x[:, chosen].astype(np.float64)
    cells = x.shape[0]
    count = min(COMPONENTS, *x.shape)
    means = np.asarray(x.mean(axis=0)).ravel()
    covariance = ((x.T @ x).toarray() - cells * np.outer(means, means)) / (cells - 1)
    variances, vectors = eigh(covariance, subset_by_index=[len(means) - count, len(means) - 1])
    variances, vectors = variances[::-1], vectors[:, ::-1]
    data.obsm["X_pca"] = (x @ vectors - means @ vectors).astype(np.float32)
    data.varm["PCs"] = np.zeros((data.n_vars, count))
    data.varm["PCs"][chosen] = vectors
    data.uns["pca"] = {"variance": variances, "variance_ratio": variances / np.trace(covariance)}


command, source, target = sys.argv[1:]
data = anndata.read_h5ad(source)
x = data.X.tocsr()
preprocess(data, x)

if command == "pipeline":
    components(data, x, choose(data, x))

data.write_h5ad(target)
