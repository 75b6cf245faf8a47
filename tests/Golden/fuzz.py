"""Small files of every kind to damage, and whether outputs are as readable as the damaged files that they come from.

make FOLDER: writes the files.
read: reads lines of paths, a damaged input and what was made of it, from standard input; prints for each output "ok",
    "ok, as far as the input" or what is wrong, and removes the files.
"""
import os
import resource
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

from crash import CELLS, GENES, encode, frame, write


def counts(file, create):
    random = np.random.default_rng(5)
    dense = random.poisson(0.7, (CELLS, GENES)).astype(np.float32)
    rows, columns = np.nonzero(dense)
    x = file.create_group("X")
    encode(x, "csr_matrix", "0.1.0")
    x.attrs["shape"] = dense.shape
    create(x, "data", dense[rows, columns])
    create(x, "indices", columns.astype(np.int32))
    create(x, "indptr", np.searchsorted(rows, np.arange(CELLS + 1)).astype(np.int32))
    return dense


def early(group, name, values, chunk=9):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((chunk,))
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    space = h5py.h5s.create_simple(values.shape)
    kind = h5py.h5t.py_create(values.dtype)
    h5py.Dataset(h5py.h5d.create(group.id, name.encode(), kind, space, plist))[...] = values


def stored(**how):
    def create(group, name, values):
        chunks = {"chunks": (min(how["chunk"], len(values)),)} if "chunk" in how else {}
        group.create_dataset(name, data=values, **chunks, **{k: v for k, v in how.items() if k != "chunk"})

    return create


def make(folder):
    packed = {"compression": "gzip", "shuffle": True, "fletcher32": True}
    kinds = {
        "tree_1": ("earliest", stored(chunk=9)),
        "tree_1_deep": ("earliest", stored(chunk=1, maxshape=(None,))),
        "tree_1_packed": ("earliest", stored(chunk=20, **packed)),
        "single": ("latest", stored(chunk=10_000)),
        "single_packed": ("latest", stored(chunk=10_000, **packed)),
        "implicit": ("latest", early),
        "fixed": ("latest", stored(chunk=9)),
        "fixed_packed": ("latest", stored(chunk=9, **packed)),
        "extensible": ("latest", stored(chunk=2, maxshape=(None,))),
        "extensible_packed": ("latest", stored(chunk=5, maxshape=(None,), **packed)),
        "lzf": ("latest", stored(chunk=9, compression="lzf")),
    }
    for name, (libver, create) in kinds.items():
        with h5py.File(Path(folder) / f"{name}.h5ad", "w", libver=libver) as file:
            encode(file, "anndata", "0.1.0")
            dense = counts(file, create)
            frame(file, "obs", CELLS, "cell_", 3)
            frame(file, "var", GENES, "MT-", 1)
            codes = file.create_group("obs/kind")
            encode(codes, "categorical", "0.2.0")
            codes["codes"] = np.arange(CELLS, dtype=np.int8) % 3
            codes.create_dataset("categories", data=["a", "b", "c"], dtype=h5py.string_dtype())
            for group in ("layers", "obsm", "varm", "obsp", "varp", "uns"):
                encode(file.create_group(group), "dict", "0.1.0")
            # Two dimensions without a limit are indexed by the newer B-tree.
            file.create_dataset("layers/dense", data=dense, chunks=(3, 4), maxshape=(None, None), compression="gzip")
            file["uns/reference"] = file["obs/kind"].ref
            file.create_dataset("uns/ragged", data=np.array([np.arange(3), np.arange(5)], dtype=object), dtype=h5py.vlen_dtype(np.int32))
            file["uns/record"] = np.array([(1, 2.0, b"three")], dtype=[("a", "i4"), ("b", "f8"), ("c", "S5")])
            file["uns/soft"] = h5py.SoftLink("/obs/kind")
    write(Path(folder) / "many.h5ad", columns=20, libver="latest")
    write(Path(folder) / "many_old.h5ad", columns=20, libver="earliest")
    write(Path(folder) / "ordered.h5ad", columns=10, libver="latest", track_order=True)
    write(Path(folder) / "block.h5ad", libver="latest", userblock_size=512)


def unreadable(path):
    """Paths of objects that h5py cannot read, or / where it cannot read anything."""
    wrong = set()

    def read(found, name):
        try:
            for attribute in found.attrs:
                found.attrs[attribute]
            if isinstance(found, h5py.Dataset) and found.size is not None and found.size * found.dtype.itemsize < 1 << 28:
                found[()]
        except Exception:
            wrong.add(name)

    def visit(group, path, depth):
        read(group, path or "/")
        try:
            names = list(group)
        except Exception:
            wrong.add(path or "/")
            return
        for name in names:
            child = f"{path}/{name}"
            try:
                # Of a link that it cannot read, h5py says None.
                link = group.get(name, getlink=True)
                if link is None:
                    wrong.add(child)
                if not isinstance(link, h5py.HardLink):
                    continue
                found = group[name]
            except Exception:
                wrong.add(child)
                continue
            if isinstance(found, h5py.Group):
                if depth < 12:
                    visit(found, child, depth + 1)
            else:
                read(found, child)

    try:
        with h5py.File(path) as file:
            visit(file, "", 0)
    except Exception:
        wrong.add("/")
    return wrong


def apart(work, path):
    """Does some work in a process of its own, because damage may kill or trap HDF5."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))
        os.write(into, "\n".join(sorted(work(path))).encode("utf-8", "replace")[:60000])
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as answer:
        wrong = answer.read().decode()
    _, status = os.waitpid(child, 0)
    return {"/"} if status else set(wrong.split("\n")) - {""}


def afresh(path):
    """What a new Python cannot read: whether damage kills HDF5 hangs on what lies in memory."""
    done = subprocess.run([sys.executable, __file__, "one", path], capture_output=True, text=True, timeout=60)
    return {"/"} if done.returncode else set(done.stdout.split("\n")) - {""}


def addresses(path):
    """Where the objects of a file stand, each behind its path."""
    found = []
    with h5py.File(path) as file:
        file.visit(lambda name: found.append(f"/{name} {h5py.h5o.get_info(file.id, name.encode()).addr}"))
    return found


def judge(damaged, output):
    # What HDF5 makes of damage is a matter of chance now and then, and whether it survives it: what goes wrong with an output must
    # do so every time, and must never happen with the input.
    wrong = apart(unreadable, output)
    for _ in range(2):
        wrong = wrong and wrong & apart(unreadable, output)
    if not wrong:
        return "ok"
    before = set()
    for _ in range(8):
        if not wrong <= before:
            before |= apart(unreadable, damaged)
    # Where h5py cannot read the whole file, or the object above, nothing better can be asked of what was left alone;
    # and an object that stands where it stood was left alone.
    new = [name for name in wrong if name not in before and not any(name.startswith(other.rstrip("/") + "/") for other in before)]
    if "/" in new:
        new = sorted(afresh(output) - before - afresh(damaged))
    if new and "/" not in new:
        kept = {line.rsplit(" ", 1)[0] for line in apart(addresses, damaged) & apart(addresses, output)}
        new = [name for name in new if name not in kept]
    return f"h5py cannot read {sorted(new)[:3]}" if new else "ok, as far as the input"


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    elif sys.argv[1] == "one":
        print("\n".join(sorted(unreadable(sys.argv[2]))))
    else:
        for line in sys.stdin:
            damaged, *outputs = line.rstrip("\n").split("\t")
            print("\t".join(judge(damaged, output) for output in outputs), flush=True)
            for path in [damaged, *outputs]:
                os.remove(path)
