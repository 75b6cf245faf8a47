"""broken.py FOLDER: small .h5ad files, each with one thing changed, and whether anndata reads them.

Prints a line for each: its name, "read" or "refused", and what anndata says. Names that begin with "old_" or "fine_" are of files
that are in order.
"""
import os
import sys
import warnings

import anndata
import h5py
import numpy as np

warnings.simplefilter("ignore")
folder = sys.argv[1]
text = h5py.string_dtype()
CELLS, GENES = 4, 3
counts = np.array([[1, 0, 2], [0, 3, 1], [0, 0, 0], [4, 0, 5]])


def encoded(node, kind, version):
    node.attrs["encoding-type"] = kind
    node.attrs["encoding-version"] = version
    return node


def array(group, name, values):
    return encoded(group.create_dataset(name, data=np.asarray(values)), "array", "0.2.0")


def strings(group, name, values):
    data = np.array(values, dtype=object)
    return encoded(group.create_dataset(name, data=data, dtype=text), "string-array", "0.2.0")


def frame(group, name, index, order=()):
    made = encoded(group.create_group(name), "dataframe", "0.2.0")
    made.attrs["_index"] = "_index"
    made.attrs.create("column-order", np.array(list(order), dtype=object), dtype=text)
    strings(made, "_index", index)
    return made


def categorical(group, name, codes, categories):
    made = encoded(group.create_group(name), "categorical", "0.2.0")
    made.attrs["ordered"] = False
    array(made, "codes", np.array(codes, "i1"))
    strings(made, "categories", categories)
    return made


def nullable(group, name, kind, values, mask):
    made = encoded(group.create_group(name), kind, "0.1.0")
    array(made, "values", values)
    array(made, "mask", np.array(mask, bool))
    return made


def sparse(group, name, dense, kind="csr_matrix"):
    made = encoded(group.create_group(name), kind, "0.1.0")
    dense = np.asarray(dense)
    made.attrs["shape"] = np.array(dense.shape)
    lines = dense if kind == "csr_matrix" else dense.T
    rows, columns = np.nonzero(lines)
    made["data"] = lines[rows, columns].astype("f4")
    made["indices"] = columns.astype("i4")
    made["indptr"] = np.concatenate([[0], np.cumsum((lines != 0).sum(1))]).astype("i4")
    return made


def whole(path):
    """A file with an example of everything."""
    f = h5py.File(path, "w")
    encoded(f, "anndata", "0.1.0")
    cells = [f"c{i}" for i in range(CELLS)]
    genes = [f"g{i}" for i in range(GENES)]
    sparse(f, "X", counts)
    obs = frame(f, "obs", cells, ["kind", "n", "seen", "age"])
    categorical(obs, "kind", [0, 1, 0, -1], ["a", "b"])
    array(obs, "n", np.arange(4.0))
    nullable(obs, "seen", "nullable-boolean", np.array([True, False, True, True]), [0, 1, 0, 0])
    nullable(obs, "age", "nullable-integer", np.arange(4), [0, 0, 1, 0])
    var = frame(f, "var", genes, ["symbol"])
    strings(var, "symbol", ["A", "B", "C"])
    for name in ("layers", "obsm", "varm", "obsp", "varp", "uns"):
        encoded(f.create_group(name), "dict", "0.1.0")
    array(f["layers"], "dense", counts.astype("f4"))
    sparse(f["layers"], "columns", counts, "csc_matrix")
    array(f["obsm"], "pca", np.zeros((CELLS, 2)))
    told = frame(f["obsm"], "frame", cells, ["x"])
    array(told, "x", np.zeros(CELLS))
    array(f["varm"], "PCs", np.zeros((GENES, 2)))
    sparse(f["obsp"], "near", np.eye(CELLS))
    sparse(f["varp"], "near", np.eye(GENES))
    array(f["uns"], "numbers", np.arange(3))
    encoded(f["uns"].create_dataset("word", data="hello"), "string", "0.2.0")
    encoded(f["uns"].create_dataset("number", data=1.5), "numeric-scalar", "0.2.0")
    inner = encoded(f["uns"].create_group("inner"), "dict", "0.1.0")
    categorical(inner, "kind", [0, 1], ["a", "b"])
    raw = encoded(f.create_group("raw"), "raw", "0.1.0")
    sparse(raw, "X", np.hstack([counts, counts]))
    frame(raw, "var", [f"r{i}" for i in range(2 * GENES)])
    encoded(raw.create_group("varm"), "dict", "0.1.0")
    return f


def replaced(parent, name, make):
    del parent[name]
    return make(parent, name)


def without(path, attribute):
    def change(f):
        del f[path].attrs[attribute]

    return change


def lacking(path):
    def change(f):
        del f[path]

    return change


def attribute(path, name, value):
    def change(f):
        f[path].attrs[name] = value

    return change


def new(path, make):
    """What stands at the path is made anew, or made."""

    def change(f):
        parent, _, name = path.rpartition("/")
        parent = f[parent] if parent else f
        if name in parent:
            del parent[name]
        make(parent, name)

    return change


def put(path, at, value):
    def change(f):
        f[path][at] = value

    return change


def both(*changes):
    def change(f):
        for each in changes:
            each(f)

    return change


def arrayOf(values):
    return lambda group, name: array(group, name, values)


def bare(values):
    return lambda group, name: group.create_dataset(name, data=values)


def latin1(group, name):
    strings(group, name, [b"\xe4", b"\xf6", b"\xfc", b"x"][: CELLS if group.name == "/obs" else GENES])


def old07(f):
    """anndata 0.7: categories beside the columns, no encoding of arrays."""
    for name in ("obs", "var"):
        f[name].attrs["encoding-version"] = "0.1.0"
        for column in f[name].values():
            if isinstance(column, h5py.Dataset):
                for key in list(column.attrs):
                    del column.attrs[key]
    obs = f["obs"]
    for name in ("kind", "seen", "age"):
        del obs[name]
    kept = obs.create_group("__categories")
    kept.create_dataset("kind", data=np.array(["a", "b"], dtype=object), dtype=text)
    obs["kind"] = np.array([0, 1, 0, -1], "i1")
    obs["kind"].attrs["categories"] = kept["kind"].ref
    obs.attrs.create("column-order", np.array(["kind", "n"], dtype=object), dtype=text)
    del f["raw"], f["uns/inner"], f["obsm/frame"]
    for key in list(f.attrs):
        del f.attrs[key]
    for name in ("layers", "obsm", "varm", "obsp", "varp", "uns"):
        for node in [f[name], *f[name].values()]:
            if node.attrs.get("encoding-type") not in ("csr_matrix", "csc_matrix"):
                for key in list(node.attrs):
                    del node.attrs[key]


def old06(f):
    """anndata 0.6: arrays of records, and X as h5sparse kept it."""
    for name in list(f):
        del f[name]
    for key in list(f.attrs):
        del f.attrs[key]
    x = sparse(f, "X", counts)
    for key in list(x.attrs):
        del x.attrs[key]
    x.attrs["h5sparse_format"] = "csr"
    x.attrs["h5sparse_shape"] = np.array(counts.shape)
    f["obs"] = np.array([(b"c%d" % i, i) for i in range(CELLS)], dtype=[("index", "S2"), ("n", "i8")])
    f["var"] = np.array([(b"g%d" % i,) for i in range(GENES)], dtype=[("index", "S2")])
    f["obsm"] = np.array([((1.0, 2.0),) for i in range(CELLS)], dtype=[("X_pca", "f8", (2,))])


files = {
    "fine_whole": lambda f: None,
    "old_07": old07,
    "old_06": old06,
    "fine_no_x": lacking("X"),
    "fine_no_layers": lacking("layers"),
    "fine_no_columns": both(lacking("obs/kind"), lacking("obs/n"), lacking("obs/seen"), lacking("obs/age"), attribute("obs", "column-order", np.array([], float))),
    "fine_ordered": attribute("obs/kind", "ordered", True),
    "fine_index_name": both(lambda f: f["obs"].move("_index", "barcode"), attribute("obs", "_index", "barcode")),
    "fine_integers_as_categories": new("obs/kind/categories", arrayOf([5, 7])),
    "fine_no_codes_used": put("obs/kind/codes", slice(None), -1),
    "fine_mask_missing": lacking("obs/age/mask"),
    "fine_line_in_obsm": new("obsm/pca", arrayOf(np.zeros((CELLS, 1)))),
    "fine_cube_in_obsm": new("obsm/pca", arrayOf(np.zeros((CELLS, 2, 2)))),
    "fine_uns_without_encoding": new("uns/plain", lambda g, n: g.create_group(n).create_dataset("x", data=np.arange(2))),
    "fine_uns_records": new("uns/records", lambda g, n: encoded(g.create_dataset(n, data=np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])), "rec-array", "0.2.0")),
    "fine_same_category_name_elsewhere": new("uns/inner/kind/categories", lambda g, n: strings(g, n, ["a", "B"])),
    "x_of_3_dimensions": new("X", arrayOf(np.zeros((CELLS, GENES, 2), "f4"))),
    "x_of_1_dimension": new("X", arrayOf(np.zeros(CELLS, "f4"))),
    "x_of_words": new("X", lambda g, n: strings(g, n, [["a"] * GENES] * CELLS)),
    "x_of_another_shape": new("X", arrayOf(np.zeros((CELLS, GENES + 1), "f4"))),
    "x_as_dict": new("X", lambda g, n: encoded(g.create_group(n), "dict", "0.1.0")),
    "x_as_group": new("X", lambda g, n: g.create_group(n)),
    "x_unknown_encoding": attribute("X", "encoding-type", "coo_matrix"),
    "x_unknown_version": attribute("X", "encoding-version", "9.9.9"),
    "x_no_version": without("X", "encoding-version"),
    "x_no_shape": without("X", "shape"),
    "x_shape_of_3": attribute("X", "shape", np.array([CELLS, GENES, 1])),
    "x_no_indptr": lacking("X/indptr"),
    "x_no_data": lacking("X/data"),
    "x_index_too_large": put("X/indices", 0, GENES),
    "x_index_negative": put("X/indices", 0, -1),
    "x_offsets_decrease": put("X/indptr", 2, 0),
    "x_first_offset": put("X/indptr", 0, 1),
    "x_last_offset": put("X/indptr", CELLS, 99),
    "x_too_few_offsets": new("X/indptr", bare(np.array([0, 2, 4], "i4"))),
    "x_fractions_as_indices": new("X/indices", bare(np.zeros(6))),
    "x_words_as_data": new("X/data", bare(np.array([b"a"] * 6))),
    "x_more_values_than_indices": new("X/data", bare(np.zeros(9, "f4"))),
    "layer_of_3_dimensions": new("layers/dense", arrayOf(np.zeros((CELLS, GENES, 2), "f4"))),
    "layer_of_another_shape": new("layers/dense", arrayOf(np.zeros((CELLS, GENES - 1), "f4"))),
    "layer_unknown_version": attribute("layers/columns", "encoding-version", "3"),
    "layer_index_too_large": put("layers/columns/indices", 0, CELLS),
    "layer_transposed": new("layers/columns", lambda g, n: sparse(g, n, counts.T, "csc_matrix")),
    "layers_as_dataset": new("layers", arrayOf(np.arange(3))),
    "obsm_as_dataset": new("obsm", arrayOf(np.arange(3))),
    "obsm_of_another_length": new("obsm/pca", arrayOf(np.zeros((CELLS - 1, 2)))),
    "obsm_scalar": new("obsm/pca", lambda g, n: encoded(g.create_dataset(n, data=1.0), "numeric-scalar", "0.2.0")),
    "obsm_as_dict": new("obsm/pca", lambda g, n: encoded(g.create_group(n), "dict", "0.1.0")),
    "obsm_frame_other_index": new("obsm/frame/_index", lambda g, n: strings(g, n, ["c0", "c1", "c2", "other"])),
    "obsm_frame_other_order": new("obsm/frame/_index", lambda g, n: strings(g, n, ["c1", "c0", "c2", "c3"])),
    "obsm_frame_too_short": both(new("obsm/frame/_index", lambda g, n: strings(g, n, ["c0"])), new("obsm/frame/x", arrayOf([1.0]))),
    "obsm_frame_no_order": without("obsm/frame", "column-order"),
    "obsm_frame_column_missing": lacking("obsm/frame/x"),
    "obsm_frame_column_too_short": new("obsm/frame/x", arrayOf([1.0])),
    "varm_of_another_length": new("varm/PCs", arrayOf(np.zeros((GENES + 1, 2)))),
    "obsp_of_another_shape": new("obsp/near", lambda g, n: sparse(g, n, np.eye(CELLS + 1))),
    "obsp_of_1_dimension": new("obsp/near", arrayOf(np.zeros(CELLS))),
    "varp_of_another_shape": new("varp/near", arrayOf(np.zeros((GENES, GENES - 1)))),
    "varp_index_too_large": put("varp/near/indices", 0, GENES),
    "uns_as_dataset": new("uns", arrayOf(np.arange(3))),
    "uns_as_word": new("uns", lambda g, n: encoded(g.create_dataset(n, data="x"), "string", "0.2.0")),
    "uns_unknown_encoding": attribute("uns/numbers", "encoding-type", "tensor"),
    "uns_unknown_version": attribute("uns/word", "encoding-version", "7"),
    "uns_dict_on_dataset": both(attribute("uns/numbers", "encoding-type", "dict"), attribute("uns/numbers", "encoding-version", "0.1.0")),
    "uns_array_on_group": both(attribute("uns/inner", "encoding-type", "array"), attribute("uns/inner", "encoding-version", "0.2.0")),
    "uns_duplicate_categories": put("uns/inner/kind/categories", 1, "a"),
    "uns_code_without_category": put("uns/inner/kind/codes", 0, 2),
    "uns_no_ordered": without("uns/inner/kind", "ordered"),
    "uns_not_utf8": new("uns/words", lambda g, n: strings(g, n, [b"\xe4"])),
    "uns_word_not_utf8": new("uns/word", lambda g, n: encoded(g.create_dataset(n, data=np.array(b"\xe4", dtype=object), dtype=text), "string", "0.2.0")),
    "uns_string_array_of_numbers": new("uns/numbers", lambda g, n: encoded(g.create_dataset(n, data=np.arange(3)), "string-array", "0.2.0")),
    "uns_frame_no_index": without("raw/var", "_index"),
    "uns_sparse_broken": new("uns/near", lambda g, n: sparse(g, n, np.eye(3)).__delitem__("indices")),
    "uns_sparse_index_too_large": both(new("uns/near", lambda g, n: sparse(g, n, np.eye(3))), put("uns/near/indices", 0, 8)),
    "obs_as_dict": both(attribute("obs", "encoding-type", "dict"), attribute("obs", "encoding-version", "0.1.0")),
    "obs_unknown_version": attribute("obs", "encoding-version", "0.9.0"),
    "obs_no_index_attribute": without("obs", "_index"),
    "obs_index_missing": lacking("obs/_index"),
    "obs_index_of_2_dimensions": new("obs/_index", lambda g, n: strings(g, n, [["a", "b"]] * CELLS)),
    "obs_index_not_utf8": new("obs/_index", latin1),
    "obs_no_order": without("obs", "column-order"),
    "obs_order_names_nothing": lacking("obs/n"),
    "obs_column_of_2_dimensions": new("obs/n", arrayOf(np.zeros((CELLS, 2)))),
    "obs_column_scalar": new("obs/n", lambda g, n: encoded(g.create_dataset(n, data=1.0), "numeric-scalar", "0.2.0")),
    "obs_column_too_long": new("obs/n", arrayOf(np.zeros(CELLS + 1))),
    "obs_column_as_dict": new("obs/n", lambda g, n: encoded(g.create_group(n), "dict", "0.1.0")),
    "obs_column_as_matrix": new("obs/n", lambda g, n: sparse(g, n, counts)),
    "obs_column_not_utf8": new("obs/n", latin1),
    "obs_column_unknown_version": attribute("obs/n", "encoding-version", "0.0.1"),
    "obs_duplicate_categories": put("obs/kind/categories", 1, "a"),
    "obs_duplicate_whole_categories": new("obs/kind/categories", arrayOf([5, 5])),
    "obs_categories_not_utf8": new("obs/kind/categories", lambda g, n: strings(g, n, [b"\xe4", b"\xf6"])),
    "obs_categories_of_2_dimensions": new("obs/kind/categories", arrayOf(np.zeros((2, 2)))),
    "obs_missing_category": new("obs/kind/categories", arrayOf([1.0, np.nan])),
    "obs_no_categories": lacking("obs/kind/categories"),
    "obs_no_codes": lacking("obs/kind/codes"),
    "obs_no_ordered": without("obs/kind", "ordered"),
    "obs_code_too_large": put("obs/kind/codes", 0, 2),
    "obs_code_too_small": put("obs/kind/codes", 0, -2),
    "obs_codes_are_fractions": new("obs/kind/codes", arrayOf(np.array([0, 1, 0.5, 1]))),
    "obs_codes_too_short": new("obs/kind/codes", arrayOf(np.array([0], "i1"))),
    "obs_mask_too_short": new("obs/seen/mask", arrayOf([True])),
    "obs_mask_of_numbers": new("obs/age/mask", arrayOf([1, 0, 0, 0])),
    "obs_nullable_fractions": new("obs/age/values", arrayOf(np.arange(4) / 3)),
    "obs_nullable_no_values": lacking("obs/age/values"),
    "obs_nullable_booleans_of_numbers": new("obs/seen/values", arrayOf(np.arange(4))),
    "obs_nullable_of_2_dimensions": new("obs/age/values", arrayOf(np.zeros((CELLS, 2), int))),
    "obs_too_long": both(lacking("obs/kind"), lacking("obs/n"), lacking("obs/seen"), lacking("obs/age"), attribute("obs", "column-order", np.array([], float)), new("obs/_index", lambda g, n: strings(g, n, list("abcdef")))),
    "raw_of_other_cells": new("raw/X", lambda g, n: sparse(g, n, np.zeros((CELLS + 1, 2 * GENES)))),
    "raw_of_other_genes": new("raw/X", lambda g, n: sparse(g, n, counts)),
    "raw_no_index_attribute": without("raw/var", "_index"),
    "raw_no_var": lacking("raw/var"),
    "raw_index_too_large": put("raw/X/indices", 0, 99),
    "raw_varm_of_another_length": new("raw/varm/PCs", arrayOf(np.zeros((GENES, 2)))),
    "root_unknown_member": new("extra", arrayOf(np.arange(3))),
    "root_unknown_group": new("extra", lambda g, n: encoded(g.create_group(n), "dict", "0.1.0")),
    "root_unknown_version": attribute("/", "encoding-version", "5"),
    "old_categories_repeated": both(old07, put("obs/__categories/kind", 1, "a")),
    "old_code_too_large": both(old07, put("obs/kind", 0, 5)),
    "old_column_of_2_dimensions": both(old07, new("obs/n", bare(np.zeros((CELLS, 2))))),
}

for name, change in files.items():
    path = os.path.join(folder, name + ".h5ad")
    with whole(path) as f:
        change(f)
    try:
        read = anndata.read_h5ad(path)
        # What is read lazily, or checked late, is looked at too.
        read.copy()
        repr(read)
        if read.raw is not None:
            read.raw.to_adata()
        print(f"{name}\tread\t")
    except Exception as trouble:
        print(f"{name}\trefused\t{type(trouble).__name__}: {str(trouble).splitlines()[0] if str(trouble) else ''}")
