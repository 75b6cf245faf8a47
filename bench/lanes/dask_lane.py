#!/usr/bin/python3
"""scanpy over Dask: the steps of scanpy_steps.py, where X stays on the disk and is read in chunks of rows.

Dask computes again what it does not keep: every step that needs a result reads X anew, and writing computes the steps before it again. obs
and var are in memory. Threads are Dask's own default, in one process. It measures this way of use alone, with chunks of 10,000 cells; other
chunks, a cluster of processes, or Zarr instead of HDF5 may be faster.
"""
import sys

import anndata
import anndata.experimental
import anndata.io
import h5py
import scanpy_steps

ROWS = 10_000

# Of anndata 0.12; its name was another one in 0.11.
read_lazy = getattr(anndata.experimental, "read_elem_lazy", None) or anndata.experimental.read_elem_as_dask

command, source, target = sys.argv[1:]

with h5py.File(source) as file:
    obs, var = anndata.io.read_elem(file["obs"]), anndata.io.read_elem(file["var"])
    data = anndata.AnnData(X=read_lazy(file["X"], chunks=(ROWS, len(var))), obs=obs, var=var)

scanpy_steps.take(data, command)
data.write_h5ad(target)
