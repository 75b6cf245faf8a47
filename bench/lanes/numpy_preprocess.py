#!/usr/bin/python3
"""The same steps in memory, with NumPy and SciPy: the lane that stands for scanpy where scanpy cannot be installed.

It does what scanpy.pp.calculate_qc_metrics (without pct_counts_in_top), normalize_total(1e4) and log1p do, in scanpy's
types and with as few copies as those need. It measures reading, computing and writing with anndata; it does not measure
scanpy's own overhead, its numba kernels or their compilation.
"""
import sys

import anndata
import numpy as np

data = anndata.read_h5ad(sys.argv[1])
x = data.X.tocsr()

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
data.write_h5ad(sys.argv[2])
