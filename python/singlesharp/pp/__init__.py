"""scanpy.pp for files: argument names, order and defaults are scanpy's; out, a path, writes a new file and opens it."""

from ._genes import highly_variable_genes, pca
from ._qc import calculate_qc_metrics, filter_cells, filter_genes
from ._recipes import pipeline, preprocess
from ._values import log1p, normalize_total, scale

__all__ = [
    "calculate_qc_metrics",
    "filter_cells",
    "filter_genes",
    "highly_variable_genes",
    "log1p",
    "normalize_total",
    "pca",
    "pipeline",
    "preprocess",
    "scale",
]
