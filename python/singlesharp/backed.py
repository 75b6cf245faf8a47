"""An AnnData in backed mode gives its file away for a run, and sees afterwards what is in it."""

from contextlib import contextmanager

from . import kinds
from .errors import SingleSharpError

_frames = ("obs", "var")
_mappings = ("obsm", "varm", "obsp", "varp", "layers", "uns")


def _equal(one, other):
    """Whether two elements hold the same; NaN equals NaN."""
    import numpy as np
    import pandas as pd
    from scipy import sparse

    if hasattr(one, "keys") and hasattr(other, "keys") and not isinstance(one, pd.DataFrame):
        return list(one) == list(other) and all(_equal(one[key], other[key]) for key in one)

    if isinstance(one, pd.DataFrame) or isinstance(other, pd.DataFrame):
        return isinstance(one, pd.DataFrame) and one.equals(other)

    if sparse.issparse(one) or sparse.issparse(other):
        return (
            sparse.issparse(one)
            and sparse.issparse(other)
            and one.format == other.format
            and one.shape == other.shape
            and all(_equal(getattr(one, part), getattr(other, part)) for part in ("data", "indices", "indptr"))
        )

    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        one, other = np.asarray(one), np.asarray(other)

        if one.dtype != other.dtype or one.shape != other.shape:
            return False

        return one.tolist() == other.tolist() if one.dtype.hasobject else one.tobytes() == other.tobytes()

    # What is none of these is a number, a text or of a kind of its own.
    return type(one) is type(other) and bool(np.all(one == other))


def _stored(adata, mode):
    """The file once more, in an AnnData of its own that has let go of it again."""
    import anndata

    fresh = anndata.read_h5ad(adata.filename, backed=mode)
    fresh.file.close()
    return fresh


def _changed(adata):
    """The names of what was changed in memory since the file was read."""
    stored = _stored(adata, "r")
    names = [name for name in _frames if not getattr(adata, name).equals(getattr(stored, name))]
    names += [name for name in _mappings if not _equal(getattr(adata, name), getattr(stored, name))]
    has_raw = adata.raw is not None

    if has_raw != (stored.raw is not None) or (has_raw and not adata.raw.var.equals(stored.raw.var)):
        names.append("raw")

    return names


def _save(adata, names):
    """Writes what was changed in memory, as adata.write() would."""
    import h5py

    _, write_elem = kinds.elements()
    adata.strings_to_categoricals()

    with h5py.File(adata.filename, "r+") as file:
        for name in names:
            element = getattr(adata, name)
            write_elem(file, name, element if name in _frames else dict(element))


def _settle(adata, mode):
    """Brings the file up to date with what is in memory: the tool sees nothing else."""
    names = _changed(adata)

    if not names:
        return

    what = " and ".join(names)

    if mode != "r+":
        raise SingleSharpError(
            f"{what} changed in memory, and the file, opened with backed={mode!r}, does not have it; "
            "open it with backed='r+', or write it with adata.write_h5ad(path) and pass the path.",
            kind="unsuitable",
            path=str(adata.filename),
        )

    if "raw" in names:
        raise SingleSharpError(
            "raw changed in memory, and anndata does not write it to a file in backed mode; "
            "write it with adata.write_h5ad(path) and pass the path.",
            kind="unsuitable",
            path=str(adata.filename),
        )

    _save(adata, names)


def _refresh(adata, mode):
    """The same object, with what the file holds now."""
    fresh = _stored(adata, mode)
    raw = None if fresh.raw is None else {"var": fresh.raw.var, "varm": dict(fresh.raw.varm)}

    type(adata).__init__(
        adata,
        obs=fresh.obs,
        var=fresh.var,
        uns=dict(fresh.uns),
        obsm=dict(fresh.obsm),
        varm=dict(fresh.varm),
        obsp=dict(fresh.obsp),
        varp=dict(fresh.varp),
        layers=dict(fresh.layers),
        raw=raw,
        filename=fresh.filename,
        filemode=mode,
    )


def require_actual(adata):
    if adata.is_view:
        raise SingleSharpError("the AnnData is a view of another; pass adata.copy(), or adata.copy(path) in backed mode.", kind="unsuitable")


@contextmanager
def released(adata, is_changed=False):
    """Lets go of the file, of which the path is given; afterwards the object has it again, as it is then if it is changed."""
    require_actual(adata)
    mode = adata.file._filemode

    if is_changed and mode != "r+":
        raise SingleSharpError(
            f"the AnnData is opened with backed={mode!r}; open it with backed='r+', or pass out=, the path of a new file.",
            kind="cannot_write",
            path=str(adata.filename),
        )

    adata.file.close()

    try:
        _settle(adata, mode)
        yield str(adata.filename)
    except BaseException:
        adata.file.open()
        raise

    if is_changed:
        _refresh(adata, mode)
    else:
        adata.file.open()
