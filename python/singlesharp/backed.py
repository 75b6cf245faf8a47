"""An AnnData in backed mode gives its file away for a run, and sees afterwards what is in it."""

import os
import weakref
from contextlib import contextmanager

from . import elements, kinds
from .comparison import same
from .errors import SingleSharpError
from .signals import held_back

_frames = ("obs", "var")
_mappings = ("obsm", "varm", "obsp", "varp", "layers", "uns")

#: Which file it was when object and file last agreed, of the objects that were here before.
_known = weakref.WeakKeyDictionary()


def _refused(adata, why, kind="unsuitable"):
    return SingleSharpError(why, kind=kind, path=str(adata.filename))


def _state(path):
    """What differs once a file was replaced or written to; None where there is none."""
    try:
        state = os.stat(path)
    except OSError:
        return None

    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


def _path(adata):
    """The path of the file, which has to be there before the object lets go of it."""
    path = kinds.path(adata.filename)

    if not os.path.exists(path):
        raise _refused(
            adata,
            f"{adata.filename}, the file of the AnnData, is not there any more; put it back, or read it again from where it is"
            " (a relative name is looked for in the current folder, which may be another one now).",
            "not_found",
        )

    return path


def _stored(adata, mode):
    """The file once more, in an AnnData of its own that has let go of it again."""
    fresh = elements.required("anndata").read_h5ad(adata.filename, backed=mode)
    fresh.file.close()
    return fresh


def _is_another(adata, path):
    """Whether the file is another one than the object was read from, as long as it can be told without looking into it."""
    here = _state(path)[:2]

    if adata.file in _known and _known[adata.file] != here:
        return True

    # Windows replaces no file that is open.
    if os.name == "nt" or not adata.file.is_open:
        return False

    try:
        held = os.fstat(adata.file._file.id.get_vfd_handle())
    except (OSError, AttributeError, NotImplementedError):
        return False

    return (held.st_dev, held.st_ino) != here


def _is_behind(adata, stored, was_open):
    """Whether the file has what the object never saw."""
    if (len(adata.obs), len(adata.var)) != (stored.n_obs, stored.n_vars):
        return True

    # Every run notes what it did.
    if not same(adata.uns.get("singlesharp"), stored.uns.get("singlesharp")):
        return True

    # Nobody writes to a file that is open elsewhere.
    return not was_open and any(
        set(getattr(stored, name)) - set(getattr(adata, name)) for name in (*_frames, *_mappings)
    )


def _changed(adata, stored):
    """The names of what was changed in memory since the file was read."""
    names = [name for name in (*_frames, *_mappings) if not same(getattr(adata, name), getattr(stored, name))]
    own, raw = adata.raw, stored.raw

    # In backed mode, raw of the file has its values in the file.
    if (own is None) != (raw is None) or (
        own is not None
        and (getattr(own, "_X", None) is not None or not same(own.var, raw.var) or not same(own.varm, raw.varm))
    ):
        names.append("raw")

    return names


def _save(adata, names):
    """Writes what was changed in memory, as adata.write() would."""
    adata.strings_to_categoricals()
    wanted = {name: getattr(adata, name) for name in names}
    elements.replace(kinds.path(adata.filename), {name: each if name in _frames else dict(each) for name, each in wanted.items()})


def _settle(adata, mode, is_changed, is_another, was_open):
    """Brings the file up to date with what is in memory: the tool sees nothing else."""
    stored = _stored(adata, "r")
    names = _changed(adata, stored)

    if not names:
        return

    if is_another or _is_behind(adata, stored, was_open):
        raise _refused(
            adata,
            f"{adata.filename} was changed by somebody else since the AnnData was read; read it again, and repeat what you changed in memory.",
            "input_changed",
        )

    what = " and ".join(names)

    if "raw" in names:
        raise _refused(
            adata,
            f"{what} changed in memory, and anndata does not write raw to a file in backed mode; "
            "write it with adata.write_h5ad(path) and pass the path.",
        )

    if mode != "r+":
        raise _refused(
            adata,
            f"{what} changed in memory, and the file, opened with backed={mode!r}, does not have it; write it with "
            "adata.write_h5ad(path) and pass the path, or change it where it is opened with backed='r+', and call adata.write().",
        )

    if not is_changed:
        raise _refused(
            adata,
            f"{what} changed in memory, and the file, which this call must not change, does not have it; write it first, with adata.write().",
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


def _take_back(adata, mode, path, has_news):
    try:
        if has_news:
            _refresh(adata, mode)
        else:
            adata.file.open()
    except OSError as trouble:
        raise _refused(adata, f"{adata.filename} cannot be opened again: {trouble}; read it again.", "unreadable") from trouble

    _known[adata.file] = _state(path)[:2]


def require_actual(adata):
    if adata.is_view:
        raise SingleSharpError("the AnnData is a view of another; pass adata.copy(), or adata.copy(path) in backed mode.", kind="unsuitable")


@contextmanager
def released(adata, is_changed=False):
    """Lets go of the file, of which the path is given; afterwards the object has it again, and sees what became of it."""
    require_actual(adata)
    mode = adata.file._filemode

    if is_changed and mode != "r+":
        raise _refused(
            adata,
            f"the AnnData is opened with backed={mode!r}; open it with backed='r+', or pass out=, the path of a new file.",
            "cannot_write",
        )

    path = _path(adata)
    is_another, was_open = _is_another(adata, path), adata.file.is_open
    before = None

    try:
        adata.file.close()
        _settle(adata, mode, is_changed, is_another, was_open)
        before = _state(path)
        yield path
    finally:
        # Whatever was raised: the file may be the new one already.
        with held_back():
            _take_back(adata, mode, path, has_news=before is not None and _state(path) != before)
