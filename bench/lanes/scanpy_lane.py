#!/usr/bin/python3
"""scanpy in memory: what `singlesharp preprocess` or `pipeline` does, with scanpy's functions and its defaults.

It measures reading, computing and writing with scanpy and anndata, and the start of Python with its imports.
"""
import sys

import scanpy as sc
import scanpy_steps

command, source, target = sys.argv[1:]
data = sc.read_h5ad(source)
scanpy_steps.take(data, command)
data.write_h5ad(target)
