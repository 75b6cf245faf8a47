"""What is passed as data: the path of a file, an AnnData in backed mode, or one in memory."""

import os
import sys


def is_path(data):
    return isinstance(data, (str, os.PathLike))


def is_anndata(data):
    # An AnnData cannot be there unless somebody has imported anndata.
    anndata = sys.modules.get("anndata")
    return anndata is not None and isinstance(data, anndata.AnnData)


def path(value):
    """A path as a word of a command line, which never looks like an option."""
    text = os.fspath(value)
    return os.path.join(os.curdir, text) if text.startswith("-") else text


def layer_words(layer):
    return [] if layer is None else ["--layer", layer]


def type_error(data):
    return TypeError(f"data must be the path of a file or an AnnData, not {type(data).__name__}")


def elements():
    """anndata's functions that read and write one element of a file; they have moved."""
    try:
        from anndata.io import read_elem, write_elem
    except ImportError:
        from anndata.experimental import read_elem, write_elem

    return read_elem, write_elem


def open_backed(file):
    """A file opened in backed mode; its path where anndata is not installed."""
    try:
        import anndata
    except ImportError:
        return file

    return anndata.read_h5ad(file, backed="r")
