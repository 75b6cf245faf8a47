"""Makes files whose values are easily misread, and checks what became of them.

    values.py make FOLDER
    values.py pca INPUT OUTPUT          components of a dense or sparse X, of all genes
    values.py mask OUTPUT               every other gene has loadings
    values.py index OUTPUT              the index is known by its names
    values.py categories OUTPUT         categories of anndata 0.7 are those that occur
    values.py top INPUT OUTPUT K        shares of the K most expressed genes of a dense X

Nothing is printed where all is well.
"""

import sys
import zlib

import h5py
import numpy as np
from scipy import sparse

TEXT = h5py.string_dtype("utf-8")


def strings(group, name, values):
    dataset = group.create_dataset(name, data=np.array(values, dtype=object), dtype=TEXT)
    dataset.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
    return dataset


def frame(file, name, index, index_name="_index", columns=(), version="0.2.0"):
    group = file.create_group(name)
    group.attrs.update({"encoding-type": "dataframe", "encoding-version": version, "_index": index_name})
    group.attrs.create("column-order", np.array(list(columns), dtype=object), dtype=TEXT)
    strings(group, index_name, index)
    return group


def csr(file, matrix):
    rows = sparse.csr_matrix(matrix)
    group = file.create_group("X")
    group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": np.array(matrix.shape)})
    group["data"] = rows.data.astype("f4")
    group["indices"] = rows.indices.astype("i4")
    group["indptr"] = rows.indptr.astype("i4")


def anndata(path, matrix, dense=None, **obs):
    file = h5py.File(path, "w")
    file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
    if dense:
        file.create_dataset("X", data=matrix.astype(dense))
        file["X"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    else:
        csr(file, matrix)
    frame(file, "obs", [f"c{i}" for i in range(matrix.shape[0])], **obs)
    frame(file, "var", [f"g{i}" for i in range(matrix.shape[1])])
    for name in ("layers", "obsm", "varm", "obsp", "varp", "uns"):
        file.create_group(name).attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
    return file


def flag(file, values, **names):
    """A boolean column of var, as an enumeration of these names."""
    width = names.pop("width")
    numbers = np.where(values, names["TRUE"], names["FALSE"]).astype(width)
    file["var"].create_dataset("highly_variable", data=numbers, dtype=h5py.enum_dtype(names, width))
    file["var"].attrs.create("column-order", np.array(["highly_variable"], dtype=object), dtype=TEXT)


def container(data, size, block, copied):
    """A Blosc container: zlib, bytes shuffled, blocks of one stream each; or the bytes as they are."""
    if copied:
        return bytes([2, 1, 2 | 3 << 5, size]) + np.array([len(data), block, len(data) + 16], "<u4").tobytes() + data
    streams = []
    for start in range(0, len(data), block):
        part = np.frombuffer(data[start : start + block], "u1").reshape(-1, size).T.tobytes()
        packed = zlib.compress(part)
        streams.append(np.array([len(packed)], "<u4").tobytes() + packed)
    starts = 16 + 4 * len(streams) + np.cumsum([0] + [len(stream) for stream in streams[:-1]])
    body = np.array(starts, "<u4").tobytes() + b"".join(streams)
    return bytes([2, 1, 1 | 16 | 3 << 5, size]) + np.array([len(data), block, len(body) + 16], "<u4").tobytes() + body


def in_blosc(file, name, chunk, copied):
    """Stores a dataset of one dimension in chunks that Blosc has compressed."""
    values = file[name][...]
    del file[name]
    space = h5py.h5s.create_simple((len(values),), (h5py.h5s.UNLIMITED,))
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((chunk,))
    size = values.dtype.itemsize
    creation.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (2, 2, size, chunk * size, 5, 1, 4))
    kind = h5py.h5t.py_create(values.dtype)
    dataset = h5py.h5d.create(file.id, name.encode(), kind, space, dcpl=creation)
    for start in range(0, len(values), chunk):
        part = np.zeros(chunk, values.dtype)
        part[: len(values) - start] = values[start : start + chunk]
        dataset.write_direct_chunk((start,), container(part.tobytes(), size, size * 64, copied))


def make(folder):
    random = np.random.default_rng(0)
    few = random.normal(size=(200, 3)) @ random.normal(size=(3, 20)) + 0.1 * random.normal(size=(200, 20))
    anndata(f"{folder}/offset_6.h5ad", 1e6 + few * 1e-2, "f8").close()
    anndata(f"{folder}/offset_5.h5ad", 1e5 + few * 1e-1, "f8").close()
    counts = random.poisson(2, (90, 400)) * (random.random((90, 400)) < 0.4)
    logs = np.log1p(counts).astype("f4")
    anndata(f"{folder}/wide.h5ad", logs).close()
    anndata(f"{folder}/wide_dense.h5ad", logs, "f4").close()
    twins = logs.copy()
    twins[50:] = twins[:40]
    anndata(f"{folder}/wide_twins.h5ad", twins).close()
    shifted = 1e5 + 1e-2 * logs.astype("f8")
    shifted[:, ::3] = logs[:, ::3]
    anndata(f"{folder}/wide_offset.h5ad", shifted, "f8").close()
    anndata(f"{folder}/counts.h5ad", counts * 400).close()

    chosen = np.arange(10) % 2 == 0
    kinds = {
        "swapped": {"TRUE": 0, "FALSE": 1, "width": "i1"},
        "wide_bool": {"FALSE": 0, "TRUE": 1, "width": "i4"},
        "unsigned": {"TRUE": 1, "FALSE": 0, "width": "u1"},
        "big_endian": {"FALSE": -1, "TRUE": 300, "width": ">i2"},
        "with_na": {"FALSE": 0, "TRUE": 1, "NA": 2, "width": "i1"},
    }
    for name, names in kinds.items():
        with anndata(f"{folder}/bool_{name}.h5ad", random.poisson(3, (12, 10))) as file:
            flag(file, chosen, **names)

    some = random.poisson(1, (60, 40))
    some[3] = 0
    with anndata(f"{folder}/index_range.h5ad", some, index_name="index") as file:
        file["obs/index"].attrs.update({"index_type": "range", "start": np.uint64(0), "end": np.uint64(60)})
    with anndata(f"{folder}/index_intervals.h5ad", some, index_name="index") as file:
        file["obs/index"].attrs.update({"index_type": "intervals", "starts": np.arange(3), "ends": np.arange(3), "size": 20, "step": 20})

    anndata(f"{folder}/plain.h5ad", some).close()
    for copied in (False, True):
        with anndata(f"{folder}/blosc_{'copied' if copied else 'zlib'}.h5ad", some) as file:
            for name in ("X/data", "X/indices", "X/indptr"):
                in_blosc(file, name, 200, copied)

    with anndata(f"{folder}/categories_07.h5ad", some, columns=["kind", "same"], version="0.1.0") as file:
        apart = file["obs"].create_group("__categories")
        apart.create_dataset("kind", data=np.array([f"k{i}" for i in range(60)], dtype=object), dtype=TEXT)
        apart.create_dataset("same", data=np.array(["a", "b"], dtype=object), dtype=TEXT)
        for name, codes in (("kind", np.arange(60, dtype="i1")), ("same", (np.arange(60) % 2).astype("i1"))):
            file["obs"][name] = codes
            file[f"obs/{name}"].attrs["categories"] = apart[name].ref
        file["uns"].create_dataset("kind_colors", data=np.array([f"#{i:06x}" for i in range(60)], dtype=object), dtype=TEXT)

    negative = random.normal(0, 1, (20, 60))
    negative[negative < 0.8] = np.minimum(negative[negative < 0.8], 0)
    anndata(f"{folder}/negative.h5ad", negative, "f4").close()


def dense(file):
    x = file["X"]
    if isinstance(x, h5py.Dataset):
        return x[...].astype("f8")
    return sparse.csr_matrix((x["data"][...], x["indices"][...], x["indptr"][...]), tuple(x.attrs["shape"])).toarray().astype("f8")


def near(what, ours, theirs, tolerance):
    difference = np.abs(np.asarray(ours) - np.asarray(theirs)).max()
    if not difference <= tolerance:
        print(f"{what}: {difference}")


def pca(source, output):
    with h5py.File(source) as old, h5py.File(output) as new:
        x = dense(old)
        x -= x.mean(0)
        _, singular, components = np.linalg.svd(x, full_matrices=False)
        variances = singular**2 / (len(x) - 1)
        found = new["uns/pca/variance"][...]
        loadings = new["varm/PCs"][...]
        count = len(found)
        near("variances", found / variances[0], variances[:count] / variances[0], 1e-10)
        near("shares", new["uns/pca/variance_ratio"][...], variances[:count] / variances.sum(), 1e-10)
        near("lengths and angles", loadings.T @ loadings, np.eye(count), 1e-12)
        near("scores", new["obsm/X_pca"][...] / singular[0], x @ loadings / singular[0], 1e-6)
        near("uncorrelated", np.cov(x @ loadings, rowvar=False) / variances[0], np.diag(found) / variances[0], 1e-10)
        if not (loadings[np.abs(loadings).argmax(0), np.arange(count)] > 0).all():
            print("signs")


def mask(output):
    with h5py.File(output) as file:
        looked_at = np.abs(file["varm/PCs"][...]).sum(1) > 0
        if not (looked_at == (np.arange(10) % 2 == 0)).all():
            print(looked_at)


def index(output):
    with h5py.File(output) as file:
        names = file["obs/index"]
        if sorted(names.attrs) != ["encoding-type", "encoding-version"]:
            print(dict(names.attrs))
        if [name.decode() for name in names[...]] != [f"c{i}" for i in range(60) if i != 3]:
            print(names[...])


def categories(output):
    with h5py.File(output) as file:
        kept = [name.decode()[1:] for name in file["obs/_index"][...]]
        codes = file["obs/kind"]
        labels = file[codes.attrs["categories"]]
        if labels != file["obs/__categories/kind"]:
            print("the codes point to other categories")
        if [name.decode() for name in labels[...]] != [f"k{i}" for i in kept]:
            print(labels[...])
        if (codes[...] != np.arange(len(kept))).any():
            print(codes[...])
        if [color.decode() for color in file["uns/kind_colors"][...]] != [f"#{int(i):06x}" for i in kept]:
            print(file["uns/kind_colors"][...])
        same = file["obs/same"]
        if [name.decode() for name in file[same.attrs["categories"]][...]] != ["a", "b"]:
            print("categories that all occur")
    import anndata

    found = list(anndata.read_h5ad(output).obs["kind"].cat.categories)
    if found != [f"k{i}" for i in kept]:
        print(found)


def top(source, output, k):
    with h5py.File(source) as old, h5py.File(output) as new:
        x = old["X"][...].astype("f8")
        shares = 100 * -np.sort(-x, 1)[:, : int(k)].sum(1) / x.sum(1)
        near("shares", new[f"obs/pct_counts_in_top_{k}_genes"][...] / shares, 1, 1e-4)


if __name__ == "__main__":
    {"make": make, "pca": pca, "mask": mask, "index": index, "categories": categories, "top": top}[sys.argv[1]](*sys.argv[2:])
