"""Small files of every kind to damage, and whether outputs are as readable as the damaged files that they come from.

make FOLDER: writes the files.
read: reads lines of paths, a damaged input and what was made of it, from standard input; prints for each output "ok",
    "ok, as far as the input" or what is wrong, and removes the files.
"""
import ast
import os
import random
import resource
import signal
import sys
from pathlib import Path

import h5py
import numpy as np

from crash import CELLS, GENES, encode, frame, write


def counts(file, create):
    draw = np.random.default_rng(5)
    dense = draw.poisson(0.7, (CELLS, GENES)).astype(np.float32)
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


class Visit:
    """Reads all of a file in a process that damage may kill, and says each thing before it is tried."""

    def __init__(self, path, deadly, say):
        self.path, self.deadly, self.say = path, deadly, say

    def try_to(self, what, name, work):
        """The result of some work, or None where it fails or is known to kill the process."""
        if (what, name) in self.deadly:
            self.say("fails", what, name)
            return None
        self.say("tries", what, name)
        try:
            return work()
        except Exception:
            self.say("fails", what, name)
            return None

    def attributes(self, found):
        for attribute in found.attrs:
            found.attrs[attribute]

    def values(self, found):
        if found.size is not None and found.size * found.dtype.itemsize < 1 << 28:
            found[()]

    def link(self, group, name):
        # Of a link that it cannot read, h5py says None.
        link = group.get(name, getlink=True)
        if link is None:
            raise KeyError(name)
        return link

    def child(self, group, path, name, depth):
        link = self.try_to("link", path, lambda: self.link(group, name))
        if not isinstance(link, h5py.HardLink):
            return
        address = self.try_to("address", path, lambda: group.id.links.get_info(name.encode("utf-8", "surrogateescape")).u)
        if address is not None:
            self.say("stands", address, path)
        found = self.try_to("object", path, lambda: group[name])
        if isinstance(found, h5py.Group):
            if depth < 12:
                self.group(found, path, depth + 1)
        elif found is not None:
            self.try_to("attributes", path, lambda: self.attributes(found))
            if isinstance(found, h5py.Dataset):
                self.try_to("values", path, lambda: self.values(found))

    def group(self, group, path, depth):
        self.try_to("attributes", path or "/", lambda: self.attributes(group))
        for name in self.try_to("names", path or "/", lambda: list(group)) or []:
            self.child(group, f"{path}/{name}", name, depth)

    def file(self):
        file = self.try_to("object", "/", lambda: h5py.File(self.path))
        if file is not None:
            self.group(file, "", 0)


# What hides everything below a group.
OPENING = {"link", "object", "names"}

# A file on which HDF5 dies more often than this is not readable at all.
MOST_DEATHS = 8


def shaken(number):
    """Leaves the heap of a process in another state for each number: pieces of many sizes hold noise, and every other one is free again."""
    sizes = random.Random(number)
    pieces = [os.urandom(sizes.randrange(8, 6000)) for _ in range(1500 if number else 0)]
    del pieces[::2]
    return pieces


def apart(path, deadly, number):
    """Visits a file in a process of its own; returns what it said, and whether it lived."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        # Held until the process ends.
        _pieces = shaken(number)
        # Damage can lead HDF5 in circles. A file as small as these is visited in a hundredth of a second.
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.25)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))

        def say(*words):
            os.write(into, ("\t".join(map(ascii, words)) + "\n").encode())

        Visit(path, deadly, say).file()
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as answer:
        said = [[ast.literal_eval(word) for word in line.split("\t")] for line in answer.read().decode().splitlines()]
    _, status = os.waitpid(child, 0)
    return said, status == 0


def survey(path, number=0):
    """What h5py cannot read of a file, as pairs of what failed and where, and the addresses of the objects.

    HDF5 trusts lengths that damage has made too long, and copies what lies behind its buffers: whether it survives that hangs on where
    they lie. So it is the object being read that fails when a process dies, and a new process goes on with the others.
    `number` says how the heap is shaken before."""
    deadly = set()
    while len(deadly) < MOST_DEATHS:
        said, lives = apart(path, deadly, number)
        if lives:
            failed = {(what, name) for event, what, name in said if event == "fails"}
            return failed, {name: address for event, address, name in said if event == "stands"}
        deadly.add(next(((what, name) for event, what, name in reversed(said) if event == "tries"), ("object", "/")))
    return {("object", "/")}, {}


def header(path, address):
    """The first bytes of an object, wherever the superblock stands."""
    content = Path(path).read_bytes()
    places = [0, *(512 << k for k in range(12))]
    base = next((place for place in places if content[place : place + 8] == b"\x89HDF\r\n\x1a\n"), 0)
    return content[base + address : base + address + 64]


def judge(damaged, output):
    # What HDF5 makes of damage is a matter of chance now and then: it reads memory that it never wrote. Both files get the same tries,
    # each with another heap: what goes wrong with an output must do so every time, and must never happen with the input.
    always, ever, kept = None, set(), set()
    for number in range(12):
        failed, places = survey(output, number)
        always = failed if always is None else always & failed
        if not always:
            return "ok"
        failed, old_places = survey(damaged, number)
        ever |= failed
        # An object that stands where it stood, as it was, was left alone; its values may have been written.
        kept |= {
            name
            for name, address in places.items()
            if old_places.get(name) == address and header(damaged, address) == header(output, address)
        }
        # Nothing better can be asked of what is below a group that h5py cannot open in the input.
        hidden = tuple(name.rstrip("/") + "/" for what, name in ever if what in OPENING)
        new = [
            (what, name)
            for what, name in always - ever
            if (what == "values" or name not in kept) and not (name + "/").startswith(hidden)
        ]
        if not new:
            return "ok, as far as the input"
    return f"h5py cannot read {sorted(new)[:3]}"


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    elif sys.argv[1] == "one":
        print("\n".join(f"{what} {name}" for what, name in sorted(survey(sys.argv[2])[0])))
    else:
        for line in sys.stdin:
            damaged, *outputs = line.rstrip("\n").split("\t")
            print("\t".join(judge(damaged, output) for output in outputs), flush=True)
            for path in [damaged, *outputs]:
                os.remove(path)
