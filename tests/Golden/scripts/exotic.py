"""Makes .h5ad files with what HDF5 offers beside AnnData, one kind at a time: exotic.py INPUT FOLDER KIND. Prints the names of the files."""
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np


# What a run may store anew.
RENEWED = ("X", "X/data", "obs", "var", "uns")


def few_attributes(target):
    target.attrs["null"] = h5py.Empty("f8")
    target.attrs["matrix"] = np.arange(6.0).reshape(2, 3)
    target.attrs["texts"] = np.array(["ä", "", "long " * 50], dtype=h5py.string_dtype())


def attributes(target):
    few_attributes(target)
    target.attrs["large"] = np.arange(7000, dtype=np.int64)
    target.attrs["ascii"] = np.bytes_("fixed")
    target.attrs["ragged"] = np.array([np.arange(3), np.arange(0), np.arange(5)], dtype=h5py.vlen_dtype(np.int64))
    for i in range(30):
        target.attrs[f"many_{i}"] = i


def types(group):
    group["null"] = h5py.Empty("f4")
    group["scalar"] = 3.5
    group["nothing"] = np.zeros((0, 3), dtype=np.float32)
    group["big_endian"] = np.arange(5, dtype=">i4")
    group["complex"] = np.array([1 + 2j, np.nan])
    group["half"] = np.array([1, 2, 3], dtype=np.float16)
    group["opaque"] = np.array([b"abc", b"xyz"], dtype="V3")
    group["fixed"] = np.array([b"one", b"three"])
    group.create_dataset("enum", data=np.array([0, 2], dtype=np.int8), dtype=h5py.enum_dtype({"A": 0, "B": 2}, basetype="i1"))
    group.create_dataset("ragged", data=np.array([np.arange(2), np.arange(4)], dtype=h5py.vlen_dtype(np.int32)))
    group.create_dataset("texts", data=np.array(["", "é", "x" * 5000], dtype=object), dtype=h5py.string_dtype())
    record = np.dtype([("name", h5py.string_dtype()), ("values", "<f4", (3,)), ("inner", [("a", "i2"), ("b", "u8")])], align=True)
    table = group.create_dataset("records", (4,), dtype=record)
    table[1] = ("text", [1, 2, 3], (4, 5))
    group["named"] = np.dtype([("x", "f8"), ("y", "f8")])
    group.create_dataset("of_named", (3,), dtype=group["named"])
    table.attrs.create("of_named", np.zeros(2, dtype=group["named"].dtype), dtype=group["named"])


def storage(group):
    group.create_dataset("never_written", (100, 100), chunks=(10, 10), fillvalue=7)
    sparse = group.create_dataset("few_chunks", (150, 170), chunks=(17, 23), maxshape=(None, None), compression="gzip", shuffle=True, fletcher32=True)
    sparse[50:80, 60:90] = 1
    group.create_dataset("scaled", data=np.arange(999), chunks=(100,), scaleoffset=0)
    group.create_dataset("growing", data=np.arange(100), chunks=(7,), maxshape=(None,))
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(group.id, b"compact", h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((4,)), compact).write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(4, dtype=np.int32))


def links(group):
    target = group.create_dataset("target", data=np.arange(12).reshape(3, 4))
    group["hard"] = target
    group["soft"] = h5py.SoftLink("/uns/exotic/links/target")
    group["soft_relative"] = h5py.SoftLink("target")
    group["dangling"] = h5py.SoftLink("/nowhere")
    group["circle"] = group
    group.create_dataset("references", data=np.array([target.ref, group.ref, h5py.Reference()], dtype=h5py.ref_dtype), dtype=h5py.ref_dtype)
    regions = group.create_dataset("regions", (2,), dtype=h5py.regionref_dtype)
    regions[0] = target.regionref[1:3, 0:2]
    target.attrs["reference"] = group.ref
    ordered = group.create_group("ordered", track_order=True)
    for name in ("z", "m", "a", *(f"n{i}" for i in range(30, 0, -1))):
        ordered[name] = name
    crowd = group.create_group("crowd")
    for i in range(300):
        crowd[f"member_{i}"] = np.int32(i)
    group["names with spaces/ä ö/…"] = 1


def exotic(file):
    root = file["uns"].create_group("exotic")
    attributes(root)
    attributes(root.create_dataset("carrier", data=1))
    for renewed in RENEWED:
        few_attributes(file[renewed])
    types(root.create_group("types"))
    storage(root.create_group("storage"))
    links(root.create_group("links"))


def filtered(file):
    """What h5dump cannot follow: a filter that only h5py has, and a link to a file that is not there."""
    file["uns"].create_dataset("lzf", data=np.arange(999), chunks=(100,), compression="lzf")
    file["uns/external"] = h5py.ExternalLink("another_file.h5", "/there")


def lzf(file):
    """X through the filter that h5py brings along, in chunks so short that some do not shrink and are stored without it."""
    skipped = set()
    for name, how in [("data", {"shuffle": True, "fletcher32": True, "chunks": (4,)}), ("indices", {"shuffle": True, "chunks": (5,)}), ("indptr", {"chunks": (3,)})]:
        old = file["X"][name]
        values, described = old[:], dict(old.attrs)
        del file["X"][name]
        new = file["X"].create_dataset(name, data=values, compression="lzf", maxshape=(None,), **how)
        new.attrs.update(described)
        skipped |= {(name, new.id.get_chunk_info(chunk).filter_mask != 0) for chunk in range(new.id.get_num_chunks())}
    assert {("data", False), ("data", True)} <= skipped, skipped


def data_described(file):
    """The values of X have so many attributes that newer files keep them in a heap."""
    attributes(file["X/data"])


def groups_described(file):
    """Groups that a run renews have as many, and so has the root."""
    for renewed in ("/", "X", "obs", "var", "uns"):
        attributes(file[renewed])


def counts_linked(file):
    """The values of X, and nothing else of it, are a layer too."""
    layer = file["layers"].create_group("counts")
    for key, value in file["X"].attrs.items():
        layer.attrs[key] = value
    for name in ("data", "indices", "indptr"):
        layer[name] = file["X"][name]


def x_linked(file):
    """X as a whole is a layer too."""
    file["layers/counts"] = file["X"]


def frames_linked(file):
    """obs and var have second names, and so has uns."""
    file["uns/frame"] = file["obs"]
    file["uns/genes"] = h5py.SoftLink("/var")


def frames_apart(file):
    """obs, var and uns lie elsewhere: one is behind two soft links, one behind a relative one."""
    tables = file.create_group("tables")
    for name in ("obs", "var", "uns"):
        file.move(name, f"tables/{name}")
    file["obs"] = h5py.SoftLink("/tables/obs")
    file["tables/genes"] = h5py.SoftLink("var")
    file["var"] = h5py.SoftLink("tables/genes")
    file["uns"] = h5py.SoftLink("/tables/./uns")
    tables["obs again"] = file["tables/obs"]


def links_within(file):
    """Links beside what a run renews: from a layer to X, and to nowhere."""
    file["layers/same"] = h5py.SoftLink("/X")
    file["uns/dangling"] = h5py.SoftLink("/nowhere")
    file["uns/outside"] = h5py.ExternalLink("another_file.h5", "/there")
    file["uns/circle"] = h5py.SoftLink("/uns/circle")
    file["uns/root"] = file["/"]


def columns_linked(file):
    """Columns that a run renews have second names, in a group or in the same one, and so has a group in the frame."""
    rows = file["X/indptr"].shape[0] - 1
    texts = np.array([f"text {i % 7}" * (i % 3) for i in range(rows)], dtype=h5py.string_dtype())
    obs = file["obs"]
    obs["n_genes_by_counts"] = np.arange(rows)
    obs.create_dataset("texts", data=texts)
    batch = obs.create_group("batch")
    batch["codes"] = (np.arange(rows) % 3).astype("i1")
    batch.create_dataset("categories", data=np.array(["a", "b", "unused"][:3], dtype=h5py.string_dtype()))
    for target, kind in ((obs["n_genes_by_counts"], "array"), (obs["texts"], "string-array"), (batch, "categorical"), (batch["codes"], "array"), (batch["categories"], "string-array")):
        target.attrs["encoding-type"], target.attrs["encoding-version"] = kind, "0.2.0"
    batch.attrs["ordered"] = False
    order = [*np.asarray(obs.attrs["column-order"]).ravel(), "n_genes_by_counts", "texts", "batch", "twin"]
    obs["twin"] = obs["texts"]
    obs.attrs["column-order"] = np.array(order, dtype=h5py.string_dtype())
    file["uns/earlier"] = obs["n_genes_by_counts"]
    file["uns/texts"] = obs["texts"]
    file["uns/batch"] = batch


def x_referred(file):
    """References lead to what a run renews."""
    file["uns"].create_dataset("references", data=np.array([file["X"].ref, file["X/data"].ref, file["obs"].ref], dtype=h5py.ref_dtype), dtype=h5py.ref_dtype)


def restored_x(source, path, storage, **options):
    """A copy whose X is stored in another way: in one piece its values can be renewed where they are, compressed they cannot."""
    with h5py.File(source) as old, h5py.File(path, "w", **options) as new:
        new.attrs.update(old.attrs)
        for key in old:
            # A copied group would keep the format of its old file.
            group = new.create_group(key, track_order=options.get("track_order"))
            group.attrs.update(old[key].attrs)
            for name in old[key]:
                if key == "X":
                    group.create_dataset(name, data=old["X"][name][:], **storage).attrs.update(old["X"][name].attrs)
                else:
                    old.copy(f"{key}/{name}", group)


KINDS = {
    kind.__name__: kind
    for kind in (
        exotic, filtered, lzf, data_described, groups_described, counts_linked, x_linked, frames_linked, frames_apart, links_within, columns_linked, x_referred,
    )
}

GZIP = {"chunks": (60,), "compression": "gzip", "shuffle": True, "fletcher32": True}

# What h5py.File is told, and how X is stored; none leaves the file as it is.
LAYOUTS = {
    "": ({}, {}),
    "_latest": ({"libver": "latest"}, {}),
    "_gzip": ({}, GZIP),
    "_latest_gzip": ({"libver": "latest", "userblock_size": 4096}, {"maxshape": (None,), **GZIP}),
    "_userblock": ({"userblock_size": 512}, {}),
    "_ordered": ({"libver": "latest", "track_order": True}, {}),
    "_chunked": None,
}


def main(source, folder, kind):
    for suffix, layout in LAYOUTS.items():
        path = Path(folder) / f"{kind}{suffix}.h5ad"
        if layout is None:
            shutil.copyfile(source, path)
        else:
            options, storage = layout
            restored_x(source, path, storage, **options)
        with h5py.File(path, "r+", libver="latest" if "latest" in suffix else None) as file:
            KINDS[kind](file)
        print(path.name)


main(*sys.argv[1:])
