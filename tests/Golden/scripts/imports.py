"""Makes inputs of a conversion, and judges what became of them by what scanpy and anndata do.

    imports.py make FOLDER        10x files, mtx folders and .h5ad files that belong together; prints nothing
    imports.py judge              reads jobs as JSON from standard input, prints {output: [problems]}

A job: output, inputs, used (is the output used as well as read), and the options of the conversion. The reference is scanpy's read_10x_h5 and read_10x_mtx, written out here
in h5py, scipy and pandas, and anndata.concat.
"""
import gzip
import json
import sys
import warnings
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse as sp
from natsort import natsorted
from pandas.api.types import infer_dtype, is_bool_dtype, is_categorical_dtype

import uses

warnings.filterwarnings("ignore")


def text(values):
    return np.array([v.decode() if isinstance(v, bytes) else str(v) for v in values], dtype=object)


def of_group(group, features, names):
    genes, cells = group["shape"][:]
    values = group["data"][:]
    values = values.astype(np.float32) if values.dtype == np.int32 else values
    x = sp.csr_matrix((values, group["indices"][:], group["indptr"][:]), shape=(cells, genes))
    x.sum_duplicates()
    obs = pd.DataFrame(index=text(group["barcodes"][:]))
    return anndata.AnnData(x, obs, pd.DataFrame(features, index=names), dtype=values.dtype)


def read_10x_h5(path, genome, feature_type):
    with h5py.File(path) as file:
        if "matrix" not in file:
            group = file[genome or list(file)[0]]
            return of_group(group, {"gene_ids": text(group["genes"][:])}, text(group["gene_names"][:]))
        group, features = file["matrix"], file["matrix/features"]
        if "gene_id" in features:
            columns = {"gene_ids": text(features["gene_id"][:]), "probe_ids": text(features["id"][:])}
        else:
            columns = {"gene_ids": text(features["id"][:])}
        columns["feature_types"] = text(features["feature_type"][:])
        for name, found in features.items():
            if isinstance(found, h5py.Dataset) and name not in ("name", "feature_type", "id", "gene_id", "_all_tag_keys"):
                columns[name] = found[:] if found.dtype.kind == "b" else text(found[:])
        data = of_group(group, columns, text(features["name"][:]))
        if "filtered_barcodes" in group:
            data.obs["filtered_barcodes"] = group["filtered_barcodes"][:].astype(bool)
    if genome:
        data = data[:, data.var["genome"] == genome]
    if feature_type != "all":
        data = data[:, data.var["feature_types"] == (feature_type or "Gene Expression")]
    return data.copy()


def table(folder, *names):
    for name in names:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.exists():
                found = pd.read_csv(path, header=None, sep="\t", dtype=str, keep_default_na=False)
                return name, found.to_numpy().tolist()


def read_10x_mtx(folder, feature_type):
    folder = Path(folder)
    path = next(p for p in (folder / "matrix.mtx", folder / "matrix.mtx.gz") if p.exists())
    x = sp.csr_matrix(scipy.io.mmread(str(path)).T).astype(np.float32)
    name, genes = table(folder, "genes.tsv", "features.tsv")
    _, barcodes = table(folder, "barcodes.tsv")
    names = anndata.utils.make_index_unique(pd.Index([gene[1] for gene in genes]))
    var = pd.DataFrame({"gene_ids": [gene[0] for gene in genes]}, index=names)
    if name == "features.tsv":
        var["feature_types"] = [gene[2] for gene in genes]
    data = anndata.AnnData(x, pd.DataFrame(index=[barcode[0] for barcode in barcodes]), var, dtype=np.float32)
    if name == "features.tsv" and feature_type != "all":
        data = data[:, data.var["feature_types"] == (feature_type or "Gene Expression")].copy()
    return data


def read(path, job):
    if Path(path).is_dir():
        data = read_10x_mtx(path, job["feature_type"])
    else:
        with h5py.File(path) as file:
            is_anndata = "X" in file
        data = anndata.read_h5ad(path) if is_anndata else read_10x_h5(path, job["genome"], job["feature_type"])
    if job["unique"]:
        data.var_names_make_unique()
    return data


def named(path):
    return Path(path).name if Path(path).is_dir() else Path(path).stem


def plain(column):
    """Values of a column whatever pandas calls their type: categories and strings compare by what they say."""
    return column.astype(object).where(column.notna(), None).to_numpy()


def alike(frames):
    """Columns in the types that anndata 0.11 gives them before pandas joins them: categories in natural order, truth values that may be missing."""
    frames = [frame.copy() for frame in frames]
    for name in {name for frame in frames for name in frame}:
        having = [frame for frame in frames if name in frame]
        columns = [frame[name] for frame in having]
        if all(is_categorical_dtype(column) for column in columns):
            if any(column.cat.ordered for column in columns):
                continue
            labels = {label for column in columns for label in column.cat.categories}
            dtype = pd.CategoricalDtype(natsorted(sorted(labels, key=str)))
        elif all(is_bool_dtype(column) and not is_categorical_dtype(column) for column in columns) and (len(having) < len(frames) or any(column.dtype == "boolean" for column in columns)):
            dtype = "boolean"
        else:
            continue
        for frame in having:
            frame[name] = frame[name].astype(dtype)
    return frames


def is_storable(name, column, frames):
    """Can anndata write the column? Not what pandas calls objects, unless they are strings; from pandas 2 on, truth values among numbers are objects."""
    values = column.cat.categories if is_categorical_dtype(column) else column
    if values.dtype == object and infer_dtype(values, skipna=True) not in ("string", "empty", "boolean"):
        return False
    truths = [is_bool_dtype(values_of(frame[name])) for frame in frames if name in frame]
    return all(truths) or not any(truths)


def values_of(column):
    return column.cat.categories.to_series().infer_objects() if is_categorical_dtype(column) else column


def says_nothing(frames, name, frame):
    """Categories of nothing, beside a column that has values: its rows are as if they had none."""
    empty = [is_categorical_dtype(other[name]) and not len(other[name].cat.categories) for other in frames if name in other]
    return not all(empty) and is_categorical_dtype(frame[name]) and not len(frame[name].cat.categories)


def joined(frames, join):
    names = list(pd.concat([frame[:0] for frame in frames], join=join))
    frames = [frame[[name for name in frame if name in names and not says_nothing(frames, name, frame)]] for frame in frames]
    data = pd.concat(alike(frames), join="outer", ignore_index=True)[names]
    return data[[name for name in data if is_storable(name, data[name], frames)]]


def expected(job):
    parts = [read(path, job) for path in job["inputs"]]
    if len(parts) == 1:
        return parts[0], list(parts[0].obs), list(parts[0].var)
    for part in parts:
        # These are left out; anndata 0.8 fails on data frames that an input lacks.
        for name in [name for name, value in part.obsm.items() if not isinstance(value, np.ndarray)]:
            del part.obsm[name]
    samples = job["samples"] or [named(path) for path in job["inputs"]]
    data = anndata.concat(dict(zip(samples, parts)), join=job["join"], label=job["key"], index_unique=job["separator"], merge="same")
    # Beyond anndata: with an outer join a column of var stays if the inputs agree wherever they have a gene.
    common = [column for column in parts[0].var if all(column in part.var for part in parts)]
    var = []
    for column in common:
        rows = pd.concat([part.var[column].astype(object) for part in parts])
        rows = rows[rows.index.isin(data.var_names)]
        if not len(rows) or rows.groupby(level=0).nunique(dropna=False).max() <= 1:
            data.var[column] = rows[~rows.index.duplicated()].reindex(data.var_names).to_numpy()
            var.append(column)

    obs = joined([part.obs.drop(columns=job["key"], errors="ignore") for part in parts], job["join"])
    obs.index = data.obs_names
    samples = data.obs[job["key"]]
    data.obs = obs.assign(**{job["key"]: samples})
    return data, list(data.obs), var


def problems(job):
    want, obs, var = expected(job)
    with h5py.File(job["output"]) as file:
        if file["X"].attrs["encoding-type"] != "csr_matrix" or file["X/data"].maxshape != (None,):
            yield "X is not stored as anndata stores it"
        if len(file["X/data"]) != job["stored"]:
            yield f"{len(file['X/data'])} values are stored where {job['stored']} are reported"
    yield from uses.mixed(job["output"])
    if job["used"]:
        yield from (f"not possible: {use} ({why})" for use, why in uses.failures(job["output"]).items())
    have = anndata.read_h5ad(job["output"])
    if have.shape != want.shape:
        yield f"its shape is {have.shape} instead of {want.shape}"
        return
    if list(have.obs_names) != list(want.obs_names):
        yield "other names of cells"
    if list(have.var_names) != list(want.var_names):
        yield "other names of genes, or another order"
    if have.X.dtype != want.X.dtype:
        yield f"X is {have.X.dtype} instead of {want.X.dtype}"
    theirs = sp.csr_matrix(want.X)
    if (have.X != theirs).nnz or have.X.nnz != theirs.nnz:
        yield "other values of X"
    if list(have.obs) != obs or list(have.var) != var:
        yield f"its columns are {list(have.obs)} and {list(have.var)} instead of {obs} and {var}"
        return
    for ours, their, names in ((have.obs, want.obs, obs), (have.var, want.var, var)):
        for name in names:
            left, right = plain(ours[name]), plain(their[name])
            if list(left) != list(right):
                yield f"other values of {name}"
            # What pandas calls Float64 is to anndata a float64.
            theirs = np.dtype(str(their[name].dtype).lower()) if str(their[name].dtype).startswith("Float") else their[name].dtype
            if theirs != object and (ours[name].dtype.kind in "fiub" or theirs.kind in "fiub") and ours[name].dtype != theirs:
                yield f"{name} is {ours[name].dtype} instead of {theirs}"
            if is_categorical_dtype(their[name]):
                if list(ours[name].cat.categories) != list(their[name].cat.categories) or ours[name].cat.ordered != their[name].cat.ordered:
                    yield f"{name} has the categories {ours[name].cat.categories} instead of {their[name].cat.categories}"
    # Data frames and sparse arrays are left out.
    arrays = {name: value for name, value in want.obsm.items() if isinstance(value, np.ndarray) and value.dtype != object}
    if sorted(have.obsm) != sorted(arrays):
        yield f"its obsm has {sorted(have.obsm)} instead of {sorted(arrays)}"
    for name, theirs in arrays.items():
        ours = have.obsm.get(name, np.zeros(0))
        if ours.dtype != theirs.dtype.newbyteorder("=") or not np.array_equal(ours, theirs, equal_nan=theirs.dtype.kind == "f"):
            yield f"other values of obsm/{name}: {ours.dtype} {ours.shape} instead of {theirs.dtype} {theirs.shape}"
    if len(job["inputs"]) > 1:
        if sorted(have.layers) != sorted(want.layers):
            yield f"its layers are {list(have.layers)} instead of {list(want.layers)}"
        for name in set(have.layers) & set(want.layers):
            # Like X, a dense layer has zeros where an input lacks a gene.
            if (sp.csr_matrix(have.layers[name]) != sp.csr_matrix(np.nan_to_num(sp.csr_matrix(want.layers[name]).toarray()))).nnz:
                yield f"other values of the layer {name}"
    if len(job["inputs"]) > 1 and list(have.obs[job["key"]].cat.categories) != list(want.obs[job["key"]].cat.categories):
        yield "other samples"


def counts(rng, cells, genes):
    return sp.random(cells, genes, 0.2, "csr", np.float32, rng, lambda n: rng.integers(1, 50, n))


def write_mtx(folder, x, genes, barcodes, order, features=None, gz=True, field="integer"):
    """Entries in an order of their own, comments here and there."""
    folder.mkdir()
    coo = x.T.tocoo()
    perm = order(coo)

    def put(name, lines):
        with (gzip.open(folder / f"{name}.gz", "wt") if gz else open(folder / name, "w")) as out:
            out.writelines(line + "\n" for line in lines)

    def entry(i):
        value = "" if field == "pattern" else f" {coo.data[i]:g}"
        return f"{coo.row[i] + 1} {coo.col[i] + 1}{value}"

    put("matrix.mtx", [f"%%MatrixMarket matrix coordinate {field} general", "% a comment", f"{coo.shape[0]} {coo.shape[1]} {coo.nnz}", "%", *map(entry, perm)])
    put("features.tsv" if features else "genes.tsv", ["\t".join(gene) for gene in genes])
    put("barcodes.tsv", barcodes)


def make(folder):
    folder = Path(folder)
    rng = np.random.default_rng(7)
    genes = [f"g{i}" for i in range(40)]

    def frame(names, **columns):
        return pd.DataFrame(columns, index=names)

    def h5ad(name, chosen, x_type, obs, prefix="c", **var):
        x = counts(rng, len(next(iter(obs.values()))), len(chosen)).astype(x_type)
        anndata.AnnData(
            x, frame([f"{prefix}{i}" for i in range(x.shape[0])], **obs), frame(chosen, gene_ids=[f"ENS{g}" for g in chosen], **var), dtype=x.dtype
        ).write(folder / f"{name}.h5ad")

    back = genes[::-1]
    h5ad("first", back[:30], "f4", dict(n=np.arange(50, dtype="i4"), share=np.arange(50, dtype="f4") / 3, ok=np.arange(50) % 3 == 0, name=[f"n{i}" for i in range(50)],
         kind=pd.Categorical(["a", "b"] * 25), other=np.arange(50)), length=np.arange(30))
    h5ad("second", genes[5:37], "f4", dict(n=np.arange(21, dtype="i8"), share=np.arange(21, dtype="f8") / 7, ok=np.ones(21, bool), name=[f"m{i}" for i in range(21)],
         kind=pd.Categorical(["c", "b", None] * 7), other=[f"x{i}" for i in range(21)]), prefix="d", length=np.arange(32))
    h5ad("whole", genes, "i8", dict(n=np.arange(9, dtype="u1"), ok=np.zeros(9, bool)))
    h5ad("apart", [f"z{i}" for i in range(5)], "f4", dict(n=np.arange(4, dtype="f4")))
    h5ad("empty", genes[:20], "f4", dict(n=np.arange(0, dtype="i4")))

    # Columns of every type against every other one, and some that only one of them has.
    def kinds(shift):
        n = 6
        numbers = [shift + i for i in range(n)]
        texts = [f"t{i}{shift}" for i in (10, 9, 2, 1, 2, 10)]
        some = [None if i == 1 + shift else value for i, value in enumerate(numbers)]
        columns = {
            "i1": np.array(numbers, "i1"), "u2": np.array(numbers, "u2"), "i8": np.array(numbers, "i8"), "u8": np.array(numbers, "u8"),
            "f4": np.array(numbers, "f4") / 3, "f8": np.array(numbers) / 7, "bool": np.array(numbers) % 2 == 0, "text": texts,
            "cat": pd.Categorical(texts, categories=texts[:4]), "cat_none": pd.Categorical([None, *texts[1:]]),
            "ordered": pd.Categorical(texts, categories=texts[:4], ordered=True), "same_order": pd.Categorical(list("lhmlhm"), categories=list("lmh"), ordered=True),
            "icat": pd.Categorical(numbers), "icat_none": pd.Categorical(some), "fcat": pd.Categorical([value / 2 for value in numbers]),
            "bcat": pd.Categorical([value > 3 for value in numbers]), "no_cat": pd.Categorical([None] * n, categories=[]).astype("category"),
            "Int": pd.array(some, dtype="Int64"), "Int8": pd.array(some, dtype="Int8"), "boolean": pd.array([True, None, False] * 2, dtype="boolean"),
        }
        return columns

    first, second = kinds(0), kinds(2)
    pairs = [(left, right) for left in first for right in second]
    h5ad("kinds_1", genes[:30], "f4", {**{f"{left}+{right}": first[left] for left, right in pairs}, **{f"only {name}": column for name, column in first.items()}}, prefix="k")
    h5ad("kinds_2", genes[4:34], "f4", {**{f"{left}+{right}": second[right] for left, right in pairs}, **{f"also {name}": column for name, column in second.items()}}, prefix="m")
    for name, layers in ("kinds_1", ("counts", "dense", "own")), ("kinds_2", ("dense", "counts")):
        data = anndata.read_h5ad(folder / f"{name}.h5ad")
        for layer in layers:
            data.layers[layer] = {"counts": (data.X * 2).astype("i4"), "dense": data.X.toarray() + 1, "own": data.X.tocsc()}[layer]
        n = data.n_obs
        share = np.arange(4 * n).reshape(n, 4) / 7
        first = name == "kinds_1"
        data.obsm["X_pca"] = share[:, :3].astype("f4")
        data.obsm["wide"] = (share * 100).astype("i4") if first else (share[:, :2] * 100).astype("i2")
        data.obsm["types"] = share[:, :2].astype("f4" if first else "f8")
        data.obsm["flags"] = share[:, :2] > 1
        data.obsm["mixed"] = share[:, :2] > 1 if first else (share[:, :2] * 9).astype("u1")
        data.obsm["own" if first else "other"] = (share * 3).astype("i8") if first else share[:, :1].astype(">f4")
        data.obsm["frame"] = pd.DataFrame(share, index=data.obs_names, columns=list("abcd"))
        data.obsm["sparse"] = sp.csr_matrix(share)
        data.write(folder / f"{name}.h5ad")

    x = counts(rng, 60, 40)
    x[7] = 0
    x.eliminate_zeros()
    rows = [[f"ENSg{i}", g if i % 9 else "twin"] for i, g in enumerate(genes)]
    typed = [row + ["Antibody Capture" if i % 8 == 0 else "Gene Expression"] for i, row in enumerate(rows)]
    barcodes = [f"AAAC{i}-1" for i in range(60)]
    by_cell = lambda coo: np.lexsort((coo.row, coo.col))
    shuffled = lambda coo: rng.permutation(coo.nnz)
    by_gene = lambda coo: np.lexsort((coo.col, coo.row))
    write_mtx(folder / "v3", x, typed, barcodes, by_cell, features=True)
    write_mtx(folder / "v3_shuffled", x, typed, barcodes, shuffled, features=True)
    write_mtx(folder / "v2", x, rows, barcodes, by_gene, gz=False)
    write_mtx(folder / "real", x * 0.37, rows, barcodes, shuffled, gz=False, field="real")
    write_mtx(folder / "twice", sp.vstack([x, x]).tocoo(), rows, [f"{b}{i}" for i in range(2) for b in barcodes], shuffled)
    twice = folder / "twice" / "matrix.mtx.gz"
    lines = gzip.decompress(twice.read_bytes()).decode().split("\n")
    again = [line.rsplit(" ", 1)[0] + f" {n}" for n in (3, 1000) for line in lines[4:-1:7]]
    lines[2] = " ".join([*lines[2].split()[:2], str(int(lines[2].split()[2]) + len(again))])
    # A gzip file may have several members.
    twice.write_bytes(b"".join(gzip.compress(part.encode()) for part in ("\n".join(lines[:50]) + "\n", "\n".join(lines[50:-1] + again) + "\n")))
    write_mtx(folder / "quoted", x, [[f'"{f}"' for f in row] for row in rows], [f'"{b}"' for b in barcodes], by_cell, gz=False)
    write_mtx(folder / "edited", x, typed + [[""]], [*barcodes, "", ""], by_cell, features=True, gz=False)
    for name in ("features.tsv", "barcodes.tsv"):
        (folder / "edited" / name).write_bytes(b"\xef\xbb\xbf" + (folder / "edited" / name).read_bytes().replace(b"\n", b"\r\n"))
    write_mtx(folder / "pattern", x, rows, barcodes, shuffled, gz=False, field="pattern")

    with h5py.File(folder / "two_genomes.h5", "w") as file:
        for genome in ("hg19", "mm10"):
            group = file.create_group(genome)
            x = counts(rng, 30, 20)
            for name, values in dict(data=x.data.astype("i4"), indices=x.indices.astype("i8"), indptr=x.indptr.astype("i8"), shape=np.array(x.shape[::-1], "i4")).items():
                group.create_dataset(name, data=values, chunks=True, compression="gzip", shuffle=True)
            group["barcodes"] = np.array([f"{genome}{i}" for i in range(30)], "S")
            group["genes"] = np.array([f"E{i}" for i in range(20)], "S")
            group["gene_names"] = np.array([f"{genome}_{i}" for i in range(20)], "S")

    for name, kind in ("double", "f8"), ("long", "i8"), ("half", "f2"), ("short", "u2"):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            x = counts(rng, 30, 20)
            values = x.data / 3 if kind[0] == "f" else x.data
            values = (values + {"f8": 2**24, "i8": 2**40}.get(kind, 0)).astype(kind)
            group = file.create_group("matrix")
            for part, found in dict(data=values, indices=x.indices.astype("i8"), indptr=x.indptr.astype("i8"), shape=np.array(x.shape[::-1], "i4")).items():
                group[part] = found
            group["barcodes"] = np.array([f"{name}{i}" for i in range(30)], "S")
            for part, found in dict(id=[f"E{i}" for i in range(20)], name=[f"gene{i}" for i in range(20)], feature_type=["Gene Expression"] * 20, genome=["hg"] * 20).items():
                group[f"features/{part}"] = np.array(found, "S")

    with h5py.File(folder / "twice.h5", "w") as file:
        group = file.create_group("hg")
        for name, values in dict(data=[1, 2, 3, 4, 5, 6, 7], indices=[0, 0, 1, 2, 1, 2, 2], indptr=[0, 3, 7], shape=[3, 2]).items():
            group[name] = np.array(values, "i4")
        for name, values in dict(barcodes=["A-1", "C-1"], genes=["E0", "E1", "E2"], gene_names=["gene0", "gene1", "gene2"]).items():
            group[name] = np.array(values, "S")

    with h5py.File(folder / "probes.h5", "w") as file:
        x = counts(rng, 30, 20)
        group = file.create_group("matrix")
        for name, values in dict(data=x.data.astype("i4"), indices=x.indices.astype("i8"), indptr=x.indptr.astype("i8"), shape=np.array(x.shape[::-1], "i4")).items():
            group[name] = values
        group["barcodes"] = np.array([f"b{i}" for i in range(30)], "S")
        group["filtered_barcodes"] = np.arange(30) % 2 == 0
        features = group.create_group("features")
        features["id"] = np.array([f"probe{i}" for i in range(20)], "S")
        features["gene_id"] = np.array([f"E{i}" for i in range(20)], "S")
        features["name"] = np.array([f"gene{i}" for i in range(20)], "S")
        features["feature_type"] = np.array(["Gene Expression"] * 20, "S")
        features["genome"] = np.array(["hg19", "mm10"] * 10, "S")
        features["included"] = np.arange(20) % 3 == 0
        features["_all_tag_keys"] = np.array([b"genome"])
        features.create_group("target_sets")["a panel"] = np.arange(3)


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    print(json.dumps({job["output"]: list(problems(job)) for job in json.load(sys.stdin)}))
