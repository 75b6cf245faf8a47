"""A step on data of any kind."""

import os

from contextlib import suppress

from .. import backed, elements, kinds, memory, tool
from ..errors import cannot_honour
from ._words import option, truth


def _require_path(out):
    if not kinds.is_path(out):
        raise TypeError(f"out must be the path of a file, not {type(out).__name__}")


def _to_new_file(data, command, words, out, heard):
    """Runs a command to a new file, and opens that."""
    _require_path(out)
    target = ["--out", kinds.path(out)]

    if kinds.is_path(data):
        tool.run([command, kinds.path(data), *words, *target], heard)
    elif data.isbacked:
        with backed.released(data) as path:
            tool.run([command, path, *words, *target], heard)
    else:
        backed.require_actual(data)
        memory.require_room(*memory.all_matrices(data))

        with elements.folder(out) as place:
            path = os.path.join(place, "adata.h5ad")
            elements.write_all(data, path)
            tool.run([command, path, *words, *target], heard)

    return kinds.open_backed(os.fspath(out))


def layer_words(layer):
    return option("layer", layer)


def _taken(data, command, words, out, copy, layer, heard, **in_memory):
    if out is not None:
        return _to_new_file(data, command, words, out, heard)

    if kinds.is_path(data) or data.isbacked:
        if copy:
            raise cannot_honour("copy", "a copy of a file needs a path; pass out=")

        if kinds.is_path(data):
            return tool.run([command, kinds.path(data), *words, "--in-place"], heard)

        with backed.released(data, is_changed=True) as path:
            return tool.run([command, path, *words, "--in-place"], heard)

    target = data.copy() if copy else data
    report = memory.change(target, command, words, layer=layer, heard=heard, **in_memory)
    return target if copy else report


def take(data, command, words, *, out=None, copy=False, layer=None, finish=None, **in_memory):
    """Takes a step in place, to a new file (out), or on a copy in memory (copy). Returns the report, or the new AnnData.

    words are the options without the layer; finish is what is left to do. in_memory is what memory.change has to know: the columns
    that the step looks at, and where its values come from.
    """
    if not (kinds.is_path(data) or kinds.is_anndata(data)):
        raise kinds.type_error(data)

    heard = []

    try:
        taken = _taken(data, command, [*words, *layer_words(layer)], out, truth("copy", copy), layer, heard, **in_memory)

        if finish is not None:
            finish()
    except BaseException:
        # What went wrong counts, also where warnings are errors.
        with suppress(Warning):
            tool.warn(heard)

        raise

    tool.warn(heard)
    return taken


def done(result, out, copy):
    """What scanpy returns: the new object, or nothing."""
    return result if out is not None or copy else None


def require_in_place(inplace, out, copy=False):
    if not truth("inplace", inplace) and (out is not None or copy):
        raise cannot_honour("inplace", "inplace=False excludes copy=True and out")


def columns(data, command, words, *, layer=None, obs_columns=(), var_columns=()):
    """The columns that a step would write to obs and var, while the data stay as they are: of a file, a copy is made for it."""
    h5py = elements.required("h5py")
    elements.required("anndata")
    words = [*words, *layer_words(layer)]

    def read(path, names):
        with h5py.File(path, "r") as file:
            return tuple(elements.read(file[axis])[names[f"{axis}_columns"]] for axis in ("obs", "var"))

    def of_file(path):
        with elements.folder(path) as place:
            made = os.path.join(place, "adata.h5ad")
            report = tool.run([command, path, *words, "--out", made])
            return read(made, report)

    if kinds.is_path(data):
        return of_file(kinds.path(data))

    if not kinds.is_anndata(data):
        raise kinds.type_error(data)

    if data.isbacked:
        with backed.released(data) as path:
            return of_file(path)

    with memory.written(data, layer, obs_columns, var_columns) as path:
        return read(path, tool.run([command, path, *words, "--in-place"]))
