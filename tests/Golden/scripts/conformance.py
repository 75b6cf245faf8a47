"""Judges outputs with everybody else's readers. Reads jobs as JSON from standard input, prints {name: [problems]}.

A job: name, input, output, obs and var (columns written, in order), members (other objects written), target (normalize_total's, or null),
log (was a logarithm taken), sum (were genes that a cell has several values of added up), trials (what is done with the output once it has
been read: names of TRIALS).
"""
import json
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path

import anndata
import h5py
import numpy as np

import lookups
import matrices
import uses
from matrices import text
from walk import differences


def columns(file, frame):
    return [text(v) for v in np.asarray(file[frame].attrs["column-order"]).ravel()]


def written(job):
    """Members that a run may replace or add."""
    return {f"/{frame}/{column}" for frame in ("obs", "var") for column in job[frame]} | set(job["members"])


def transformed(rows, target, log):
    """The values of X as NumPy computes them from the input's."""
    x = rows.values
    if target is not None:
        x = x if x.dtype.kind == "f" else x.astype(np.float32)
        cells = rows.cells()
        totals = np.bincount(cells, weights=x, minlength=rows.shape[0]).astype(x.dtype)
        factors = totals / x.dtype.type(target)
        factors[factors == 0] = 1
        x = x / factors[cells]
    if log:
        x = np.log1p(x if x.dtype.kind == "f" else x.astype(np.float64))
    return x


def close(left, right, log):
    if left.dtype != right.dtype:
        return False
    if not log:
        return np.array_equal(left, right, equal_nan=left.dtype.kind == "f")
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    with np.errstate(all="ignore"):
        return bool(np.all(same | (np.abs(left - right) <= 2 * np.spacing(np.abs(right)))))


def storage(old, new):
    """The new values of X are stored like the old ones."""
    for what in ("shape", "chunks", "compression", "compression_opts", "shuffle", "fletcher32", "maxshape"):
        before, after = getattr(old, what), getattr(new, what)
        if before != after:
            yield f"X: the {what} of its values is {after} instead of {before}"


def renewed(x, added):
    """What a new X may have otherwise: its values, or all that says where they are if they stood in columns or were added up."""
    if matrices.form(x) == "csc_matrix" or added:
        return {f"/X@{name}" for name in matrices.FORMS}, {"/X/data", "/X/indices", "/X/indptr"}
    return set(), {matrices.data(x).name}


def matrix(job, old, new, changed):
    """X is what NumPy computes from the input's, in the same form; only columns become rows."""
    form = matrices.form(old)
    expected = "csr_matrix" if changed and form == "csc_matrix" else form
    if matrices.form(new) != expected:
        yield f"X is stored as {matrices.form(new)} instead of {expected}"
        return
    before, after = matrices.read(old), matrices.read(new)
    if job["sum"] and changed:
        before = matrices.summed(before)
    if before.shape != after.shape or not np.array_equal(before.offsets, after.offsets) or not np.array_equal(before.genes, after.genes):
        yield "X has its values at other places"
        return
    with np.errstate(all="ignore"):
        values = transformed(before, job["target"], job["log"])
    if not close(after.values, values, job["log"]):
        yield "X is not what NumPy computes"


def contents(job):
    with h5py.File(job["input"]) as old, h5py.File(job["output"]) as new:
        changed = job["target"] is not None or job["log"]
        described, values = renewed(old["X"], job["sum"]) if changed else (set(), set())
        yield from differences(old, new, written(job) | described, values)
        if not job["sum"]:
            yield from storage(matrices.data(old["X"]), matrices.data(new["X"]))
        yield from matrix(job, old["X"], new["X"], changed)
        for frame in ("obs", "var"):
            before = columns(old, frame) if "column-order" in old[frame].attrs else []
            expected = before + [c for c in job[frame] if c not in before]
            if job[frame] and columns(new, frame) != expected:
                yield f"{frame}: its columns are {columns(new, frame)} instead of {expected}"
            for column in job[frame]:
                dataset = new[frame][column]
                kind = [text(dataset.attrs.get(name, "")) for name in ("encoding-type", "encoding-version")]
                if kind != ["array", "0.2.0"]:
                    yield f"{frame}/{column}: its encoding is {kind}"


def counted(job):
    """HDF5 counts as many attributes and members as it lists: whoever asks for them by number finds them."""
    wrong = []

    def visit(name, found):
        if len(found.attrs) != len(list(found.attrs)) or isinstance(found, h5py.Group) and len(found) != len(list(found)):
            wrong.append(name)

    with h5py.File(job["output"]) as file:
        file.visititems(visit)
        visit("/", file)
    if wrong:
        yield "HDF5 counts other numbers of attributes or members than there are"


def names_of(file):
    """The names of every object, by its address: each group is entered once."""
    names, waiting = {h5py.h5o.get_info(file.id).addr: ["/"]}, [("", file)]
    while waiting:
        here, group = waiting.pop()
        for name in group:
            if isinstance(group.get(name, getlink=True), h5py.HardLink):
                found, path = group[name], f"{here}/{name}"
                known = names.setdefault(h5py.h5o.get_info(found.id).addr, [])
                known.append(path)
                if len(known) == 1 and isinstance(found, h5py.Group):
                    waiting.append((path, found))
    return names


def links_counted(job):
    """No object counts fewer links than lead to it, or whoever deletes one of them would free what the others need."""
    with h5py.File(job["output"]) as file:
        for names in names_of(file).values():
            count = h5py.h5o.get_info(file[names[0]].id).rc
            if count < len(names):
                yield f"{names} count {count} links"


def rubbish(room):
    """Twice as many bytes as there is room, in chunks of many sizes, which take whatever room is free."""
    for size in (64, 200, 520, 1000, 2048, 4100, 8192, 20000, 65536):
        count = max(2**18, 2 * room if size == 65536 else 0) // size
        yield f"rubbish {size}", np.random.default_rng(size).integers(0, 256, (count, size), np.uint8)


def without_twins(job, folder):
    """Of objects with several names all but one go; then much is written, and everything else is as it was."""
    with h5py.File(job["output"]) as file:
        twins = [names for names in names_of(file).values() if len(names) > 1 and "/" not in names]
    new_data = dict(rubbish(Path(job["output"]).stat().st_size)) if twins else {}
    # A name may go with the group that it is in.
    for which, pick in (("first", lambda names: names[1:]), ("last", lambda names: names[:-1])) if twins else ():
        path = Path(folder) / "twins.h5ad"
        shutil.copyfile(job["output"], path)
        gone = sorted({name for names in twins for name in pick(sorted(names))})
        with h5py.File(path, "r+") as file:
            for name in gone:
                if name in file:
                    del file[name]
            for name, data in new_data.items():
                file.create_dataset(name, data=data, chunks=(1, data.shape[1]))
        with h5py.File(job["output"]) as old, h5py.File(path) as new:
            written = {*gone, *(f"/{name}" for name in new_data)}
            lost = [d for d in differences(old, new, written, set()) if not any(name in d for name in gone)]
            yield from (f"after the {which} name alone stayed: {d}" for d in lost)
            if not all(np.array_equal(new[name][:], data) for name, data in new_data.items()):
                yield "after names went: new data differ"


def described(job, folder):
    """h5py adds attributes to what was renewed until HDF5 moves them to a heap, and deletes some."""
    path = Path(folder) / "described.h5ad"
    shutil.copyfile(job["output"], path)
    with h5py.File(path, "r+") as file:
        places = [name for name in ("/", "obs", "var", "uns", "X", "X/data") if name in file]
        before = {name: dict(file[name].attrs) for name in places}
        for name in places:
            for i in range(20):
                file[name].attrs[f"later {i}"] = f"text {i}" if i % 2 else np.arange(i)
            for gone in [f"later {i}" for i in range(0, 20, 3)] + [*before[name]][:2]:
                del file[name].attrs[gone]
    with h5py.File(path) as file:
        for name in places:
            found = file[name].attrs
            expected = [*before[name]][2:] + [f"later {i}" for i in range(20) if i % 3]
            if sorted(found) != sorted(expected) or len(found) != len(expected):
                yield f"{name}: after h5py's attributes, there are {sorted(found)}"
            elif any(found[f"later {i}"] != f"text {i}" for i in (1, 5, 7, 19)):
                yield f"{name}: an attribute of h5py's differs"
            elif any(str(found[key]) != str(before[name][key]) for key in [*before[name]][2:]):
                yield f"{name}: an attribute differs after others were added"


@lru_cache(8)
def opened(path):
    try:
        return anndata.read_h5ad(path)
    except Exception:
        return None


def through_anndata(job):
    """What anndata could open before, it opens now, with our columns and the values that h5py sees."""
    before, after = opened(job["input"]), opened(job["output"])
    if before is None:
        return
    if after is None:
        yield "anndata opens the input but not the output"
        return
    if after.shape != before.shape:
        yield f"anndata sees the shape {after.shape} instead of {before.shape}"
    with h5py.File(job["output"]) as file:
        seen = np.asarray(after.X).ravel() if isinstance(after.X, np.ndarray) else after.X.data
        if not np.array_equal(seen, matrices.data(file["X"])[()].ravel(), equal_nan=seen.dtype.kind == "f"):
            yield "anndata sees other values of X than h5py"
        for frame in ("obs", "var"):
            seen = getattr(after, frame)
            order = [*getattr(before, frame).columns]
            expected = order + [c for c in job[frame] if c not in order]
            if [*seen.columns] != expected:
                yield f"anndata sees the columns {[*seen.columns]} of {frame} instead of {expected}"
                continue
            for column in job[frame]:
                stored = file[frame][column][:]
                if not np.array_equal(seen[column].to_numpy(), stored, equal_nan=stored.dtype.kind == "f"):
                    yield f"anndata sees other values of {frame}/{column} than h5py"


def through_scanpy(job):
    """Where anndata opens the file, scanpy goes on with it."""
    if "/obsm/X_pca" in job["members"] and opened(job["output"]) is not None:
        yield from lookups.problems(job["output"])


def through_uses(job, _):
    """What could be done with the input can be done with the output."""
    yield from uses.lost(job["input"], job["output"])


@lru_cache(8)
def dumps(path):
    return subprocess.run(["h5dump", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def through_h5dump(job, _):
    # It takes long: where it reads the output, it need not read the input.
    if shutil.which("h5dump") and not dumps(job["output"]) and dumps(job["input"]):
        yield "h5dump fails"


def edited(job, folder):
    """h5py goes on working in the output: adds a column, deletes one of ours, rewrites their order."""
    if not job["obs"]:
        return
    path = Path(folder) / "edited.h5ad"
    shutil.copyfile(job["output"], path)
    with h5py.File(path, "r+") as file:
        obs = file["obs"]
        gone = job["obs"][0]
        order = [c for c in columns(file, "obs") if c != gone] + ["by_h5py"]
        rows = matrices.shape(file["X"])[0]
        stored = {"chunks": (max(1, rows // 3),), "compression": "gzip"} if rows else {}
        added = obs.create_dataset("by_h5py", data=np.arange(rows, dtype=np.int64), **stored)
        added.attrs["encoding-type"], added.attrs["encoding-version"] = "array", "0.2.0"
        del obs[gone]
        del obs.attrs["column-order"]
        obs.attrs["column-order"] = np.array(order, dtype=h5py.string_dtype())
        file.create_dataset("uns/by_h5py", data=np.arange(20_000)) if "uns" in file else None
    with h5py.File(job["output"]) as old, h5py.File(path) as new:
        touched = {f"/obs/{gone}", "/obs/by_h5py", "/uns/by_h5py"}
        yield from (f"after h5py's edit: {d}" for d in differences(old, new, touched, set()))
        if columns(new, "obs") != order or new["obs/by_h5py"][-1:].tolist() != [*range(rows)][-1:]:
            yield "after h5py's edit: what it wrote is not there"
    if opened(job["output"]) is not None:
        again = opened.__wrapped__(path)
        if again is None or [*again.obs.columns] != order:
            yield "after h5py's edit: anndata does not open the file, or sees other columns"
    if shutil.which("h5dump") and not dumps.__wrapped__(path) and dumps(job["output"]):
        yield "after h5py's edit: h5dump fails"


TRIALS = {"uses": through_uses, "h5dump": through_h5dump, "names": without_twins, "attributes": described, "edit": edited}


def judge(job):
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        checks = [contents(job), counted(job), through_anndata(job), links_counted(job), through_scanpy(job)]
        for check in checks + [TRIALS[name](job, folder) for name in job["trials"]]:
            try:
                problems += check
            except Exception as trouble:
                problems.append(f"{type(trouble).__name__}: {trouble}")
    return job["name"], problems


if __name__ == "__main__":
    jobs = json.load(sys.stdin)
    # A worker remembers what it saw of an input, which up to four jobs in a row share.
    share = max(1, min(4, len(jobs) // 4))
    # Unlike a Pool, it says so when a worker dies.
    with ProcessPoolExecutor(2) as pool:
        json.dump(dict(pool.map(judge, jobs, chunksize=share)), sys.stdout)
