"""Walks two HDF5 files side by side with h5py and tells every difference in links, types, values, attributes and storage."""
import h5py
import numpy as np

# Deeper paths than this go in circles.
DEEPEST = 40

# Attributes that every run may rewrite.
RENEWED = {"/obs": {"column-order"}, "/var": {"column-order"}}

# The same by their real paths in the files at hand, and the groups that are written to, by address.
SPARED = dict(RENEWED)
FIRST_NAMES = {}


def spaces_differ(old, new):
    if old.get_simple_extent_type() != new.get_simple_extent_type():
        return True
    if old.get_simple_extent_type() != h5py.h5s.SIMPLE:
        return False
    return old.get_simple_extent_dims() != new.get_simple_extent_dims() or old.get_simple_extent_dims(True) != new.get_simple_extent_dims(True)


def target(reference, file):
    """What a reference leads to, in words."""
    if not reference:
        return "nothing"
    name = h5py.h5r.get_name(reference, file.id)
    if isinstance(reference, h5py.RegionReference):
        return name, h5py.h5r.get_region(reference, file.id).get_select_bounds()
    return name


def same(old, new, files):
    """Are two values equal, NaN to NaN, references by what they lead to?"""
    if isinstance(old, (h5py.Reference, h5py.RegionReference)):
        return target(old, files[0]) == target(new, files[1])
    if isinstance(old, h5py.Empty) or isinstance(new, h5py.Empty):
        return isinstance(old, h5py.Empty) and isinstance(new, h5py.Empty)
    old, new = np.asarray(old), np.asarray(new)
    if old.dtype != new.dtype or old.shape != new.shape:
        return False
    if old.dtype.names:
        return all(same(old[name], new[name], files) for name in old.dtype.names)
    if old.dtype == object:
        pairs = zip(old.ravel(), new.ravel())
        return all(a == b if isinstance(a, (bytes, str)) else same(a, b, files) for a, b in pairs)
    return old.tobytes() == new.tobytes()


def either(read, old, new):
    """Both values, or the same failure twice."""
    values = []
    for source in (old, new):
        try:
            values.append(read(source))
        except Exception as trouble:
            values.append(type(trouble).__name__)
    return values


def attributes(path, old, new, files, written=()):
    spared = SPARED.get(path, set()) | {member[len(path) + 1:] for member in written if member.startswith(path + "@")}
    names = [set(o.attrs) - spared for o in (old, new)]
    if names[0] != names[1]:
        yield f"{path}: its attributes are {sorted(names[1])} instead of {sorted(names[0])}"
    for name in sorted(names[0] & names[1]):
        before, after = (h5py.h5a.open(o.id, name.encode()) for o in (old, new))
        if not before.get_type().equal(after.get_type()) or spaces_differ(before.get_space(), after.get_space()):
            yield f"{path}@{name}: its type or shape differs"
        elif not same(*either(lambda o: o.attrs[name], old, new), files):
            yield f"{path}@{name}: its value differs"


def filters(properties):
    return [properties.get_filter(i) for i in range(properties.get_nfilters())]


def layout(path, old, new):
    before, after = old.id.get_create_plist(), new.id.get_create_plist()
    if before.get_layout() != after.get_layout() or filters(before) != filters(after) or old.chunks != new.chunks:
        yield f"{path}: it is stored in another way"
    if before.fill_value_defined() != after.fill_value_defined():
        yield f"{path}: its fill value differs"


def datasets(path, old, new, files):
    if not old.id.get_type().equal(new.id.get_type()) or spaces_differ(old.id.get_space(), new.id.get_space()):
        yield f"{path}: its type or shape differs"
        return
    yield from layout(path, old, new)
    if not same(*either(lambda o: o[()], old, new), files):
        yield f"{path}: its values differ"


def link(group, name):
    found = group.get(name, getlink=True)
    return type(found).__name__, getattr(found, "path", None), getattr(found, "filename", None)


def groups(path, old, new, files, written, renewed, seen):
    here = "" if path == "/" else path
    before = [name for name in old if f"{here}/{name}" not in written]
    # A group may come with the first member that is written to it.
    come = {member.rpartition("/")[0] for member in written}
    after = [name for name in new if f"{here}/{name}" not in written and (name in old or f"{here}/{name}" not in come)]
    if before != after:
        yield f"{path}: its members are {after} instead of {before}"
    for name in before:
        child = f"{here}/{name}"
        if name not in new:
            continue
        if link(old, name) != link(new, name):
            yield f"{child}: the link differs"
        elif link(old, name)[0] == "HardLink":
            yield from objects(child, old[name], new[name], files, written, renewed, seen)


def objects(path, old, new, files, written, renewed, seen):
    if type(old) is not type(new):
        yield f"{path}: it is {new} instead of {old}"
        return
    place = h5py.h5o.get_info(old.id).addr
    if place in FIRST_NAMES:
        # Every name of a frame or a mapping leads to what it has become.
        first = FIRST_NAMES[place]
        if path != first:
            if h5py.h5o.get_info(new.id).addr != h5py.h5o.get_info(files[1][first].id).addr:
                yield f"{path}: it is no longer the same object as {first}"
            return
    # What holds something written gets a new header, and its other names, which were not written, keep the old one.
    moved = path in renewed or any(member.startswith(path.rstrip("/") + "/") for member in written | renewed)
    if path.count("/") > DEEPEST:
        return
    if place in seen and not moved:
        if h5py.h5o.get_info(new.id).addr != seen[place]:
            yield f"{path}: it is no longer the same object under its other name"
        return
    if not moved:
        seen[place] = h5py.h5o.get_info(new.id).addr
    yield from attributes(path, old, new, files, written)
    if isinstance(old, h5py.Group):
        yield from groups(path, old, new, files, written, renewed, seen)
    elif isinstance(old, h5py.Dataset) and path not in renewed:
        yield from datasets(path, old, new, files)
    elif isinstance(old, h5py.Datatype) and not old.id.equal(new.id):
        yield f"{path}: the type differs"


def real(file, path):
    """The path of an object without soft links on the way to it."""
    here, group = "", file
    for part in path.strip("/").split("/"):
        # What is still to come has no link.
        known = isinstance(group, h5py.Group) and part in [*group]
        found = group.get(part, getlink=True) if known else None
        if isinstance(found, h5py.SoftLink):
            start = "" if found.path.startswith("/") else here
            here = real(file, f"{start}/{found.path.strip('/')}")
        elif part != ".":
            here = f"{here}/{part}"
        group = file.get(here)
    return here or "/"


def remember(file, groups):
    """Groups that are written to; every group above them is, too, but is what it was."""
    FIRST_NAMES.clear()
    for path in ("/", *groups):
        if path and path in file:
            FIRST_NAMES[h5py.h5o.get_info(file[path].id).addr] = path


def differences(old, new, written, renewed):
    """`written` members and attributes (path@name) may come, go and change; `renewed` datasets may have other values and another type."""
    written, renewed = ({real(old, path) for path in paths} for paths in (written, renewed))
    SPARED.clear()
    SPARED.update({real(old, path): names for path, names in RENEWED.items()})
    remember(old, {path.rpartition("/")[0] for path in written})
    yield from objects("/", old, new, (old, new), written, renewed, {})
