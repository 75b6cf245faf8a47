#!/usr/bin/python3
"""scanpy in memory: what `singlesharp preprocess` or `pipeline` does, with scanpy's functions and its defaults.

It measures reading, computing and writing with scanpy and anndata, and the start of Python with its imports.
"""
import sys

import scanpy as sc

command, source, target = sys.argv[1:]
data = sc.read_h5ad(source)
data.var["mt"] = data.var_names.str.startswith("MT-")
sc.pp.calculate_qc_metrics(data, qc_vars=["mt"], inplace=True)
sc.pp.normalize_total(data, target_sum=1e4)
sc.pp.log1p(data)

if command == "pipeline":
    sc.pp.highly_variable_genes(data, n_top_genes=2000)
    sc.pp.pca(data, n_comps=50, svd_solver="covariance_eigh")

data.write_h5ad(target)
