"""Stores one .h5ad file in several other ways, values and types unchanged: layouts.py INPUT FOLDER NUMBER SHARE. Prints the names of the files.

Of the ways it takes one in SHARE, from the one with this NUMBER on.
"""
import sys
from pathlib import Path

import h5py
import numpy as np

GZIP = {"compression": "gzip", "compression_opts": 4}

# name: (arguments of h5py.File, arguments of the three datasets of X, whether indices become int64)
LAYOUTS = {
    "contiguous": ({}, {}, False),
    "odd_chunks": ({}, {"chunks": (1009,)}, False),
    "one_chunk": ({}, {"chunks": None, "whole": True}, False),
    "gzip": ({}, {"chunks": (10007,), **GZIP}, False),
    "gzip_shuffle": ({}, {"chunks": (4096,), "shuffle": True, **GZIP}, False),
    "gzip_shuffle_fletcher32": ({}, {"chunks": (5003,), "shuffle": True, "fletcher32": True, **GZIP}, False),
    "lzf": ({}, {"chunks": (10007,), "compression": "lzf"}, False),
    "lzf_shuffle_fletcher32": ({}, {"chunks": (4096,), "shuffle": True, "fletcher32": True, "compression": "lzf"}, False),
    "lzf_short": ({}, {"chunks": (211,), "shuffle": True, "compression": "lzf"}, False),
    "latest_fixed": ({"libver": "latest"}, {"chunks": (8191,), **GZIP}, False),
    "latest_extensible": ({"libver": "latest"}, {"chunks": (8191,), "maxshape": (None,), "shuffle": True, **GZIP}, False),
    "latest_contiguous": ({"libver": "latest"}, {}, False),
    "indices_int64": ({}, {"chunks": (10007,), **GZIP}, True),
}


def store(group, name, source, options, wide):
    values = source[:]
    options = dict(options)
    if options.pop("whole", False):
        options["chunks"] = (max(1, len(values)),)
    elif "chunks" in options and "maxshape" not in options:
        options["chunks"] = (min(options["chunks"][0], max(1, len(values))),)
    if wide and name != "data":
        values = values.astype(np.int64)
    dataset = group.create_dataset(name, data=values, **options)
    for key, value in source.attrs.items():
        dataset.attrs[key] = value


def main(source, folder, number, share):
    with h5py.File(source) as old:
        for name, (file_options, options, wide) in [*LAYOUTS.items()][int(number)::int(share)]:
            path = Path(folder) / f"{name}.h5ad"
            with h5py.File(path, "w", **file_options) as new:
                for key, value in old.attrs.items():
                    new.attrs[key] = value
                for key in old:
                    if key != "X":
                        old.copy(key, new)
                x = new.create_group("X")
                for key, value in old["X"].attrs.items():
                    x.attrs[key] = value
                for key in ("data", "indices", "indptr"):
                    store(x, key, old["X"][key], options, wide)
            print(path.name)


main(*sys.argv[1:])
