"""What h5py finds in .h5ad files, a line for each thing that the reading door has to give.

reading.py FILE...    prints, for each file, its name and lines such as: obs/louvain categorical ordered=False 8 SHA SHA
"""

import hashlib
import sys

import h5py
import numpy as np
from scipy import sparse


def sha(data):
    return hashlib.sha256(data).hexdigest()[:16]


def numbers(values):
    values = np.ascontiguousarray(np.asarray(values).reshape(-1), dtype="<f8").copy()
    values[np.isnan(values)] = np.nan
    return sha(values.tobytes())


def text(value):
    return "\1" if value is None else value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def texts(values):
    return sha("\0".join(text(value) for value in values).encode())


def is_text(dtype):
    return dtype.kind in "SO"


def is_bool(dtype):
    names = h5py.check_enum_dtype(dtype)
    return dtype.kind == "b" or (names is not None and set(names) == {"FALSE", "TRUE"})


def name(dtype):
    if is_text(dtype):
        return "String"
    if is_bool(dtype):
        return "Boolean"
    return {"f4": "Single", "f8": "Double", "i1": "SByte", "u1": "Byte"}.get(dtype.str[1:]) or (
        ("Int" if dtype.kind == "i" else "UInt") + str(8 * dtype.itemsize)
    )


def line(values):
    """An array without missing values."""
    if values.dtype.kind == "O" or values.dtype.kind == "S":
        return "String " + texts(values.reshape(-1))
    return name(values.dtype) + " " + numbers(values)


def categories(values):
    """Labels as text, as pandas would print them."""
    if is_text(values.dtype):
        return [text(value) for value in values]
    if is_bool(values.dtype):
        return [str(bool(value)) for value in values]
    if values.dtype.kind == "f":
        # The shortest text of a float64 that is a whole number has no point in .NET.
        return [repr(float(value)) for value in values]
    return [str(value) for value in values]


def categorical(codes, values, ordered):
    if values.dtype.kind == "f":
        labels = numbers(values)
    else:
        labels = texts(categories(values))
    return f"Categorical {name(values.dtype)} ordered={ordered} {len(values)} {labels} {numbers(np.maximum(codes, -1))}"


def nullable(group):
    values = group["values"][()]
    mask = group["mask"][()].astype(bool) if "mask" in group else np.zeros(len(values), bool)
    if is_text(values.dtype):
        return "String " + texts([None if missing else value for value, missing in zip(values, mask)])
    return f"{name(values.dtype)} nullable={'mask' in group and values.dtype.kind != 'f'} " + numbers(np.where(mask, np.nan, values.astype("f8")))


def is_values(dtype):
    """Numbers of at least 32 bits, integers, booleans or strings."""
    return dtype.str[1:] != "f2" and (dtype.kind in "iufbS" or is_bool(dtype) or h5py.check_string_dtype(dtype) is not None)


def categories_of(codes, file):
    """Those of anndata 0.7, by name: a copy of a file may have kept references to another one."""
    above, name = codes.name.rsplit("/", 1)
    return file[f"{above}/__categories/{name}"]


def column(node, file):
    """A column of a frame; none where it is of a kind that the door refuses."""
    if isinstance(node, h5py.Group):
        encoding = node.attrs.get("encoding-type", "")
        if encoding == "categorical" or (not encoding and "codes" in node and "categories" in node):
            labels = node["categories"]
            labels = labels["values"] if isinstance(labels, h5py.Group) else labels
            return categorical(node["codes"][()], labels[()], bool(node.attrs.get("ordered", False)))
        if encoding.startswith("nullable-") or (not encoding and "values" in node and "mask" in node):
            return nullable(node)
        return None
    if "categories" in node.attrs:
        labels = categories_of(node, file)
        return categorical(node[()], labels[()], bool(labels.attrs.get("ordered", False)))
    return line(node[()]) if is_values(node.dtype) else None


def of_records(records, field, file):
    values = records[field]
    labels = file.get(f"uns/{field}_categories")
    if labels is not None and values.dtype.kind in "iu":
        return categorical(values, labels[()], False)
    return line(values)


def frame(file, path, lines):
    node = file[path]
    if isinstance(node, h5py.Dataset):
        records = node[()]
        index = "index" if "index" in records.dtype.names else records.dtype.names[0]
        lines.append(f"{path} {len(records)} {texts(records[index])}")
        for field in records.dtype.names:
            if field != index:
                lines.append(f"{path}/{field} " + of_records(records, field, file))
        return
    index = text(node.attrs.get("_index", "_index"))
    names = node[index]
    if isinstance(names, h5py.Group):
        if "codes" in names:
            labels = names["categories"]
            labels = labels["values"] if isinstance(labels, h5py.Group) else labels
            names = [labels[()][code] if code >= 0 else "" for code in names["codes"][()]]
        else:
            names = names["values"][()]
    elif "categories" in names.attrs:
        labels = categories_of(names, file)[()]
        names = [labels[code] if code >= 0 else "" for code in names[()]]
    else:
        names = names[()]
    lines.append(f"{path} {len(names)} {texts(names)}")
    columns = node.attrs.get("column-order")
    if columns is None:
        columns = [member for member in node if member not in (index, "__categories")]
    for name_of in columns:
        told = column(node[text(name_of)], file)
        lines.append(f"{path}/{text(name_of)} {told or 'refused'}")


def matrix(file, path, lines):
    node = file[path]
    if isinstance(node, h5py.Dataset):
        if len(node.shape) != 2 or node.dtype.kind not in "iufb" and not is_bool(node.dtype):
            return
        lines.append(f"{path} array {node.shape[0]} {node.shape[1]} dense " + numbers(node[()]))
        values = node[()].astype("f8")
        shown = (values != 0) | np.signbit(values) | ~np.isfinite(values).all(axis=1, keepdims=True)
        rows, genes = np.nonzero(shown)
        indptr = np.concatenate([[0], np.cumsum(shown.sum(axis=1))])
        lines.append(f"{path} array {len(indptr) - 1} {numbers(indptr)} {numbers(genes)} {numbers(values[rows, genes])}")
        return
    encoding = node.attrs.get("encoding-type", node.attrs.get("h5sparse_format"))
    shape = node.attrs.get("shape", node.attrs.get("h5sparse_shape"))
    parts = [node[part][()] for part in ("data", "indices", "indptr")]
    if encoding in ("csc_matrix", "csc"):
        # Positions instead of values, so that scipy adds up nothing and forgets no zero.
        places = sparse.csc_matrix((np.arange(1, len(parts[0]) + 1), parts[1], parts[2]), shape=tuple(shape)).tocsr()
        parts = [parts[0][places.data - 1], places.indices, places.indptr]
    form = {"csr": "csr_matrix", "csc": "csc_matrix"}.get(encoding, encoding)
    lines.append(f"{path} {form} {shape[0]} {numbers(parts[2])} {numbers(parts[1])} {numbers(parts[0])}")


def is_matrix(node):
    if isinstance(node, h5py.Dataset):
        return len(node.shape) == 2 and (node.dtype.kind in "iuf" or is_bool(node.dtype))
    return node.attrs.get("encoding-type", node.attrs.get("h5sparse_format")) in ("csr_matrix", "csc_matrix", "csr", "csc")


def extents(shape):
    return "x".join(str(extent) for extent in shape or ())


def uns(node, path, file, lines):
    for key in node:
        inside = f"{path}/{key}"
        member = node[key]
        if isinstance(member, h5py.Group):
            encoding = member.attrs.get("encoding-type", "")
            if encoding.startswith("nullable-"):
                told = nullable(member).replace("nullable=True ", "").replace("nullable=False ", "")
                lines.append(f"{inside} {told} {extents(member['values'].shape)}")
            elif encoding == "categorical":
                labels = categories(member["categories"][()])
                codes = member["codes"][()]
                lines.append(f"{inside} String {texts([labels[code] if code >= 0 else None for code in codes])} {extents(codes.shape)}")
            elif member.attrs.get("encoding-type", "dict") == "dict" and not is_matrix(member):
                uns(member, inside, file, lines)
        elif member.dtype.names:
            records = member[()]
            for field in records.dtype.names:
                values = records[field]
                lines.append(f"{inside}/{field} {line(values)} {extents(values.shape)}")
        elif is_values(member.dtype):
            values = member[()]
            if isinstance(values, h5py.Empty):
                values = np.empty(0, object if is_text(member.dtype) else member.dtype)
            elif isinstance(values, (bytes, str)):
                values = np.asarray([values], dtype=object)
            lines.append(f"{inside} {line(np.asarray(values))} {extents(member.shape)}".rstrip())


def tell(path):
    lines = []
    with h5py.File(path, "r") as file:
        for name in ("obs", "var"):
            frame(file, name, lines)
        if "raw" in file and "X" in file["raw"]:
            frame(file, "raw/var", lines)
            matrix(file, "raw/X", lines)
        if "X" in file and is_matrix(file["X"]):
            matrix(file, "X", lines)
        for above in ("layers", "obsm", "varm", "obsp", "varp"):
            if isinstance(file.get(above), h5py.Group):
                for key in file[above]:
                    if is_matrix(file[above][key]):
                        matrix(file, f"{above}/{key}", lines)
        if isinstance(file.get("uns"), h5py.Group):
            uns(file["uns"], "uns", file, lines)
    return lines


for path in sys.argv[1:]:
    print(path)
    for told in sorted(tell(path)):
        print("\t" + told.replace("\n", " "))
