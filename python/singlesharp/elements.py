"""Elements of a file, by anndata's own functions: what cannot be written is said, and harms nothing that is there."""

import importlib
import os
import tempfile
from contextlib import contextmanager

from .errors import SingleSharpError
from .settings import settings


def required(name):
    """A library that not every call needs."""
    try:
        return importlib.import_module(name)
    except ImportError as trouble:
        raise SingleSharpError(
            f"this call needs {name}, which is not installed; pip install anndata brings it, or pass a path and inplace=True or out=.",
            kind="system",
        ) from trouble


def _functions():
    # They have moved.
    try:
        return importlib.import_module("anndata.io")
    except ImportError:
        required("anndata")
        return importlib.import_module("anndata.experimental")


def read(group):
    return _functions().read_elem(group)


@contextmanager
def _told(name, path):
    """What goes wrong in writing, as a sentence."""
    try:
        yield
    except OSError as trouble:
        raise SingleSharpError(f"{name} cannot be written: {trouble}.", kind="cannot_write", path=path) from trouble
    except Exception as trouble:
        # Each kind of thing that anndata does not write has an exception of its own.
        why = " ".join(str(trouble).split())[:300]
        raise SingleSharpError(
            f"{name} cannot be written to a file ({why}); change its type, or delete what cannot be written.", kind="unsuitable"
        ) from trouble


def write(file, name, element):
    """Writes an element, or says that it cannot be."""
    write_elem = _functions().write_elem

    with _told(name, file.filename):
        write_elem(file, name, element)


def write_all(adata, path):
    with _told("the AnnData", path):
        adata.write_h5ad(path)


@contextmanager
def folder(beside=None):
    """A folder for temporary files: where the settings say, or beside a file, where one may be made, so that there is as much room as the
    file has.
    """
    place = settings.scratch or (os.path.dirname(os.path.abspath(beside)) if beside else None)

    if place and not os.access(place, os.W_OK):
        place = None

    with tempfile.TemporaryDirectory(prefix="singlesharp-", dir=place) as name:
        yield name


def replace(path, elements):
    """Puts elements into a file, once all of them are complete: until then, it has the old ones."""
    h5py = required("h5py")

    with folder(path) as place, h5py.File(os.path.join(place, "elements.h5"), "w") as made:
        for name, element in elements.items():
            write(made, name, element)

        with h5py.File(path, "r+") as file:
            waiting = {name: f"_singlesharp_{name}" for name in elements}

            try:
                for name, beside in waiting.items():
                    made.copy(name, file, beside)

                file.flush()
            except BaseException:
                for beside in waiting.values():
                    if beside in file:
                        del file[beside]

                raise

            for name, beside in waiting.items():
                if name in file:
                    del file[name]

                file.move(beside, name)
