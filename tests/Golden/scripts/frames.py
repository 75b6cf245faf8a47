"""Files whose columns and arrays have names with slashes, which anndata keeps in groups of their own, and odd ones; and what should become of them.

    frames.py make FOLDER                     makes them; prints nothing
    frames.py filtered INPUT OUTPUT G C       the output is what anndata keeps of the input's cells with G genes and its genes in C cells
    frames.py twins ONE OTHER                 prints columns of var that one has with other values than the other
    frames.py layers INPUT OUTPUT G           the arrays in layers and obsm of a file that anndata cannot read, likewise
    frames.py show FILE PATH...               what h5py reads there, one line each; of a group its members
"""
import sys
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from scipy import sparse


def counts(cells, genes, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.poisson(1.5, (cells, genes)) * (rng.random((cells, genes)) < 0.5)
    x[2] = 0
    x[:, -1] = 0
    return x.astype("f4")


def nested():
    cells, genes = 12, 9
    obs = pd.DataFrame(
        {
            "G1/S phase": np.arange(cells) / 10,
            "cell/type": pd.Categorical(["t", "b", "only", "t", "b", "n"] * 2),
            "a/b/c": pd.array([1, None, 3, 4] * 3, dtype="Int64"),
            "a/b/flag": pd.array([True, None, False, False] * 3, dtype="boolean"),
            "a/b/d": [f"s{i}" for i in range(cells)],
            "a/e": np.arange(cells),
            "plain": pd.Categorical(list("uvwxyz") * 2),
        },
        index=pd.Index([f"c{i}" for i in range(cells)], name="cell/id"),
    )
    var = pd.DataFrame(
        {"is/mito": np.arange(genes) < 2, "chr/arm": pd.Categorical([f"{i}p" for i in range(genes)]), "n": np.arange(genes)},
        index=[f"g{i}" for i in range(genes)],
    )
    x = counts(cells, genes)
    data = anndata.AnnData(sparse.csr_matrix(x), obs, var, dtype="f4")
    data.obsm["scores"] = pd.DataFrame({"up/down": np.arange(cells) * 1.0, "flat": 1, "k/l": pd.Categorical(list("pq") * 6)}, index=data.obs_names)
    data.varm["loads"] = pd.DataFrame({"x/y": np.arange(genes) * 2.0}, index=data.var_names)
    data.raw = data.copy()
    return data


def old_categories(path):
    """Columns as anndata 0.7 wrote them: codes, with a reference to categories that lie together."""
    with h5py.File(path, "a") as file:
        obs = file["obs"]
        obs.attrs["encoding-version"] = "0.1.0"
        for name in ("cell/type", "plain"):
            codes, labels = obs[name]["codes"][:], obs[name]["categories"][:]
            del obs[name]
            obs[name] = codes
            obs[f"__categories/{name}"] = labels
            obs[f"__categories/{name}"].attrs["ordered"] = False
            obs[name].attrs["categories"] = obs[f"__categories/{name}"].ref
        for name in ("a/b/c", "a/b/flag"):
            del obs[name]
        obs.attrs["column-order"] = np.array([name for name in obs.attrs["column-order"] if name not in ("a/b/c", "a/b/flag")], dtype=object)


def strings(values):
    return np.array(values, dtype="S")


def make(folder):
    nested().write(folder / "nested.h5ad")
    data = nested()
    data.obs["plain"] = data.obs["plain"].cat.add_categories("never")
    data.write(folder / "old.h5ad")
    old_categories(folder / "old.h5ad")

    # The same under names without slashes.
    twin = nested()
    del twin.obsm["scores"], twin.varm["loads"], twin.raw
    twin.write(folder / "slashed.h5ad")
    twin.obs.columns = [name.replace("/", "_") for name in twin.obs]
    twin.var.columns = [name.replace("/", "_") for name in twin.var]
    twin.write(folder / "unslashed.h5ad")

    # Arrays whose names have slashes, which anndata writes but does not read.
    twin.write(folder / "layers.h5ad")
    with h5py.File(folder / "layers.h5ad", "a") as file:
        for name, path in ("a/b", "layers"), ("c/d", "obsm"):
            file[path].create_dataset(name, data=np.arange(12 * 9).reshape(12, 9))
            file[path][name].attrs["encoding-type"] = "array"
            file[path][name].attrs["encoding-version"] = "0.2.0"

    # A layer that is in no matrix of this file.
    twin.write(folder / "linked.h5ad")
    with h5py.File(folder / "linked.h5ad", "a") as file:
        file["layers/away"] = h5py.ExternalLink("nowhere.h5", "/x")
        file["layers/odd"] = np.arange(12)

    # A column inside of another one, and one that is not in its frame at all.
    twin.write(folder / "inside.h5ad")
    with h5py.File(folder / "inside.h5ad", "a") as file:
        file["obs/plain/more"] = np.arange(12)
        file["obs"].attrs["column-order"] = np.array(["plain", "plain/more"], dtype=object)
    twin.write(folder / "outside.h5ad")
    with h5py.File(folder / "outside.h5ad", "a") as file:
        file["uns/there"] = np.arange(12)
        file["obs"].attrs["column-order"] = np.array(["plain", "/uns/there"], dtype=object)
    twin.obs["total_counts/x"] = 1.0
    twin.write(folder / "taken.h5ad")

    # Columns that are called like the index of a new frame, or like what scanpy calls one.
    def renamed(name, extra):
        one = anndata.AnnData(sparse.csr_matrix(counts(4, 3)), pd.DataFrame(index=[f"{name}{i}" for i in range(4)]), pd.DataFrame(index=list("ABC")), dtype="f4")
        one.raw = one.copy()
        one.write(folder / f"{name}.h5ad")
        with h5py.File(folder / f"{name}.h5ad", "a") as file:
            for place, index in ("obs", "barcode"), ("raw/var", "features"):
                frame = file[place]
                frame.move("_index", index)
                frame.attrs["_index"] = index
                rows = len(frame[index])
                columns = {"_index": strings([f"own{i}" for i in range(rows)]), "_index-1": np.arange(rows), **extra(rows)}
                for column, values in columns.items():
                    frame[column] = values
                frame.attrs["column-order"] = np.array(list(columns), dtype=object)

    renamed("one", lambda rows: {"p": np.arange(rows), "q/r": np.arange(rows) + 5})
    renamed("other", lambda rows: {"p/q": np.arange(rows) + 7})
    with h5py.File(folder / "tenx.h5", "w") as file:
        group = file.create_group("matrix")
        group["barcodes"] = strings(["AAA-1", "CCC-1"])
        for name, values in dict(data=[2, 1, 5], indices=[0, 2, 1], indptr=[0, 2, 3], shape=[3, 2]).items():
            group[name] = np.array(values, "i4")
        features = group.create_group("features")
        for name, values in dict(
            id=["E1", "E2", "E3"], name=list("ABC"), feature_type=["Gene Expression"] * 3, genome=["hg"] * 3,
            gene_ids=["F1", "F2", "F3"], feature_types=["Gene Expression"] * 3, _index=["x", "y", "z"],
        ).items():
            features[name] = strings(values)

    # Names and labels that are no UTF-8, and such as hold a NUL.
    def bytewise(name, place, values, dtype=None, **obs):
        one = anndata.AnnData(sparse.csr_matrix(np.log1p(counts(80, 30) * (1 + np.arange(30) % 7))), pd.DataFrame(obs, index=[f"{name}{i}" for i in range(80)]), pd.DataFrame(index=[f"g{i}" for i in range(30)]), dtype="f4")
        one.write(folder / f"{name}.h5ad")
        with h5py.File(folder / f"{name}.h5ad", "a") as file:
            attributes = dict(file[place].attrs)
            del file[place]
            file.create_dataset(place, data=values, dtype=dtype)
            for attribute, value in attributes.items():
                file[place].attrs[attribute] = value

    any_bytes = h5py.string_dtype("ascii")
    bytewise("latin_e", "var/_index", [b"G\xe9", *[b"g%d" % i for i in range(29)]], any_bytes)
    bytewise("latin_f", "var/_index", [b"G\xe8", *[b"g%d" % i for i in range(29)]], any_bytes)
    bytewise("latin_batch", "obs/b", [b"\xe9", b"\xe8"] * 40, any_bytes, b=list("pq") * 40)
    bytewise("nul_batch", "obs/b", np.array([b"a\0x", b"a\0y"] * 40), None, b=list("pq") * 40)
    bytewise("latin_category", "obs/b/categories", [b"\xe9", b"\xe8"], any_bytes, b=pd.Categorical(list("pq") * 40))


def nullable(path, shift):
    """Columns as anndata writes them under pandas 3."""

    def strings_or_none(group, name, values):
        inner = group.create_group(name)
        inner.attrs.update({"encoding-type": "nullable-string-array", "encoding-version": "0.1.0", "na-value": "NaN"})
        inner.create_dataset("values", data=["" if v is None else v for v in values], dtype=h5py.string_dtype())
        inner["mask"] = np.array([v is None for v in values])

    anndata.AnnData(sparse.csr_matrix(counts(4, 3)), dtype="f4").write(path)
    with h5py.File(path, "a") as file:
        for frame, names in ("obs", [f"c{shift}{i}" for i in range(4)]), ("var", list("ABC")):
            del file[frame]["_index"]
            strings_or_none(file[frame], "_index", names)
        labels = file["obs"].create_group("cell_type")
        labels.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
        labels["codes"] = np.array([0, 1, -1, 1], "i1")
        strings_or_none(labels, "categories", ["b10", f"b{2 + shift}"])
        strings_or_none(file["obs"], "donor", ["p", None, "r", "s"])
        strings_or_none(file["var"], "gene_ids", ["E1", None, "E3"])
        file["obs"].attrs["column-order"] = np.array(["cell_type", "donor"], dtype=object)
        file["var"].attrs["column-order"] = np.array(["gene_ids"], dtype=object)


def masks(x, min_genes, min_cells):
    cells = (x > 0).sum(axis=1) >= min_genes
    return cells, (x[cells] > 0).sum(axis=0) >= min_cells


def filtered(old, new, min_genes, min_cells):
    before, after = anndata.read_h5ad(old), anndata.read_h5ad(new)
    cells, genes = masks(before.X.toarray(), min_genes, min_cells)
    want = before[cells, genes].copy()
    frames = {
        "obs": (after.obs.drop(columns=["n_genes"], errors="ignore"), want.obs),
        "var": (after.var.drop(columns=["n_cells"], errors="ignore"), want.var),
    }
    if "scores" in want.obsm:
        frames |= {"obsm": (after.obsm["scores"], want.obsm["scores"]), "varm": (after.varm["loads"], want.varm["loads"])}
    if before.raw is not None:
        frames["raw/var"] = after.raw.var, before.raw.var
        if after.raw.shape != (cells.sum(), before.raw.shape[1]):
            yield f"raw is {after.raw.shape}"
    with h5py.File(old) as file:
        apart = "__categories" in file["obs"]
    for name, (ours, theirs) in frames.items():
        if apart:
            # Categories that lie apart may stay whether they occur or not.
            ours, theirs = (frame.apply(lambda column: column.astype(object) if column.dtype == "category" else column) for frame in (ours, theirs))
        try:
            pd.testing.assert_frame_equal(ours, theirs, check_names=True)
        except AssertionError as trouble:
            yield f"{name}: {trouble}"
    if (after.X != want.X).nnz:
        yield "other values of X"


def layers(old, new, min_genes):
    with h5py.File(old) as before, h5py.File(new) as after:
        cells, _ = masks(sparse.csr_matrix((before["X/data"][:], before["X/indices"][:], before["X/indptr"][:]), (12, 9)).toarray(), min_genes, 0)
        for path in "layers/a/b", "obsm/c/d":
            if not np.array_equal(after[path][:], before[path][:][cells]):
                yield f"other values of {path}"


def twins(one, other):
    left, right = anndata.read_h5ad(one).var, anndata.read_h5ad(other).var
    for name in right:
        if "_" in name and name in left and not np.array_equal(left[name], right[name], equal_nan=left[name].dtype.kind == "f"):
            yield name
    if not set(right) - {"is_mito", "chr_arm", "n"} <= set(left):
        yield f"its columns are {list(left)}"


def show(path, places):
    with h5py.File(path) as file:
        for place in places:
            place, _, attribute = place.partition("@")
            found = file[place]
            if attribute:
                print(np.array(found.attrs[attribute]).tolist())
            elif isinstance(found, h5py.Group):
                print(list(found))
            else:
                values = found.asstr()[:] if h5py.check_string_dtype(found.dtype) else found[:]
                print(values.tolist())


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    if task == "make":
        folder = Path(arguments[0])
        make(folder)
        nullable(folder / "nullable_1.h5ad", 0)
        nullable(folder / "nullable_2.h5ad", 1)
    elif task == "show":
        show(arguments[0], arguments[1:])
    else:
        judge = {"filtered": filtered, "twins": twins, "layers": layers}[task]
        for problem in judge(*(int(a) if a.isdigit() else a for a in arguments)):
            print(problem)
