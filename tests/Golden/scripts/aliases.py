"""Gives the values of X second names, and checks that these lead to what they led to while X is new.

    aliases.py make SOURCE FILE KIND
    aliases.py check SOURCE PLAIN OUTPUT KIND

PLAIN is what a run makes of SOURCE itself. The output is edited further afterwards: the second name goes, much data comes, and
X must still be the same.
"""

import shutil
import sys

import h5py
import numpy as np
from scipy import sparse

# Kind: where the values of X have their second name, and what is shared there.
TWINS = {
    "x_soft": "layers/twin",
    "x_hard": "layers/twin",
    "data_soft": "uns/twin",
    "data_hard": "uns/twin",
    "indices_hard": "uns/twin",
    "layer_soft": None,
}


def make(source, path, kind):
    shutil.copyfile(source, path)
    with h5py.File(path, "r+") as file:
        file.require_group("layers")
        if kind == "x_soft":
            file.move("X", "layers/twin")
            file["X"] = h5py.SoftLink("/layers/twin")
        elif kind == "x_hard":
            file["layers/twin"] = file["X"]
        elif kind == "data_soft":
            file.move("X/data", "uns/twin")
            file["X/data"] = h5py.SoftLink("/uns/twin")
        elif kind == "layer_soft":
            file["layers/twin"] = h5py.SoftLink("/X")
        else:
            file["uns/twin"] = file["X/" + kind.split("_")[0]]


def array(group):
    parts = (group["data"][...], group["indices"][...], group["indptr"][...])
    return sparse.csr_matrix(parts, shape=tuple(group.attrs["shape"])).toarray()


def values(thing):
    return thing[...] if isinstance(thing, h5py.Dataset) else array(thing)


def check(source, plain, output, kind):
    with h5py.File(source) as old, h5py.File(plain) as run:
        old_x, new_x = array(old["X"]), array(run["X"])
        part = kind.split("_")[0]
        shared = None if TWINS[kind] is None else old_x if part == "x" else old[f"X/{part}"][...]

    with h5py.File(output, "r+") as file:
        if not np.array_equal(array(file["X"]), new_x):
            yield "X is not what it becomes where it has one name"
        if kind == "layer_soft" and not isinstance(file["layers"].get("twin", getlink=True), h5py.SoftLink):
            yield "the soft link is gone"
        if shared is not None and not np.array_equal(values(file[TWINS[kind]]), shared):
            yield f"{TWINS[kind]} is not what it was"
        if TWINS[kind]:
            del file[TWINS[kind]]
        file["uns/later"] = np.arange(1 << 20)

    with h5py.File(output) as file:
        if not np.array_equal(array(file["X"]), new_x):
            yield "X broke when its second name was deleted and other data came"


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "make":
        make(*arguments)
    else:
        for problem in check(*arguments):
            print(problem)
