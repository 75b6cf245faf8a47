"""A step on data of any kind."""

import os

from .. import backed, kinds, memory, tool
from ..errors import cannot_honour


def _require_path(out):
    if not kinds.is_path(out):
        raise TypeError(f"out must be the path of a file, not {type(out).__name__}")


def _to_new_file(data, command, words, out):
    """Runs a command to a new file, and opens that."""
    _require_path(out)
    target = ["--out", kinds.path(out)]

    if kinds.is_path(data):
        tool.run([command, kinds.path(data), *words, *target])
    elif data.isbacked:
        with backed.released(data) as path:
            tool.run([command, path, *words, *target])
    else:
        backed.require_actual(data)
        memory.require_room(data.X)

        with memory.folder(out) as place:
            path = os.path.join(place, "adata.h5ad")
            data.write_h5ad(path)
            tool.run([command, path, *words, *target])

    return kinds.open_backed(os.fspath(out))


def take(data, command, words, *, out=None, copy=False, layer=None, obs_columns=(), var_columns=(), x_from=None):
    """Takes a step in place, to a new file (out), or on a copy in memory (copy). Returns the report, or the new AnnData.

    words are the options without the layer; columns are those that the step looks at.
    """
    if not (kinds.is_path(data) or kinds.is_anndata(data)):
        raise kinds.type_error(data)

    if not isinstance(copy, bool):
        raise TypeError(f"copy must be True or False, not {copy!r}")

    on_disk = [*words, *kinds.layer_words(layer)]

    if out is not None:
        return _to_new_file(data, command, on_disk, out)

    if kinds.is_path(data) or data.isbacked:
        if copy:
            raise cannot_honour("copy", "a copy of a file needs a path; pass out=")

        if kinds.is_path(data):
            return tool.run([command, kinds.path(data), *on_disk, "--in-place"])

        with backed.released(data, is_changed=True) as path:
            return tool.run([command, path, *on_disk, "--in-place"])

    target = data.copy() if copy else data
    report = memory.change(target, command, words, layer=layer, obs_columns=obs_columns, var_columns=var_columns, x_from=x_from)
    return target if copy else report


def done(result, out, copy):
    """What scanpy returns: the new object, or nothing."""
    return result if out is not None or copy else None


def require_in_place(inplace, out, copy=False):
    if not isinstance(inplace, bool):
        raise TypeError(f"inplace must be True or False, not {inplace!r}")

    if not inplace and (out is not None or copy):
        raise cannot_honour("inplace", "inplace=False excludes copy=True and out")


def columns(data, command, words, *, layer=None, obs_columns=(), var_columns=()):
    """The columns that a step would write to obs and var, while the data stay as they are."""
    import h5py

    read_elem, _ = kinds.elements()

    def read(path, names):
        with h5py.File(path, "r") as file:
            return tuple(read_elem(file[axis])[names[f"{axis}_columns"]] for axis in ("obs", "var"))

    def of_file(path):
        with memory.folder(path) as place:
            made = os.path.join(place, "adata.h5ad")
            report = tool.run([command, path, *words, *kinds.layer_words(layer), "--out", made])
            return read(made, report)

    if kinds.is_path(data):
        return of_file(kinds.path(data))

    if not kinds.is_anndata(data):
        raise kinds.type_error(data)

    if data.isbacked:
        with backed.released(data) as path:
            return of_file(path)

    with memory.written(data, layer, obs_columns, var_columns) as path:
        return read(path, tool.run([command, path, *words, *kinds.layer_words(layer), "--in-place"]))
