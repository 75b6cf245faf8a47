"""Whether two elements of an AnnData hold the same; NaN equals NaN, and nothing is equal to what would be written differently."""


def _same_value(one, other):
    import numpy as np

    if one is other:
        return True

    if type(one) is not type(other):
        return False

    if isinstance(one, np.ndarray) or hasattr(one, "keys"):
        return same(one, other)

    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same_value, one, other))

    try:
        return bool(np.all(one == other)) or bool(np.all((one != one) & (other != other)))
    except (TypeError, ValueError):
        # What cannot tell is taken for another.
        return False


def _same_array(one, other):
    import numpy as np

    one, other = np.asarray(one), np.asarray(other)

    if one.dtype != other.dtype or one.shape != other.shape:
        return False

    if not one.dtype.hasobject:
        return one.tobytes() == other.tobytes()

    if one.dtype.names:
        return all(_same_array(one[name], other[name]) for name in one.dtype.names)

    one, other = one.ravel().tolist(), other.ravel().tolist()

    # Of millions of texts, this is the fast way; a NaN differs from itself, though, and arrays in arrays have no one answer.
    try:
        if one == other:
            return True
    except ValueError:
        pass

    return all(map(_same_value, one, other))


def _same_column(one, other):
    """Of data frames: numpy's arrays, categories with their order, and pandas' own arrays."""
    import pandas as pd

    if isinstance(one, pd.Categorical) and isinstance(other, pd.Categorical):
        return (
            one.ordered == other.ordered
            and _same_column(one.categories.values, other.categories.values)
            and _same_array(one.codes, other.codes)
        )

    if isinstance(one, pd.api.extensions.ExtensionArray) or isinstance(other, pd.api.extensions.ExtensionArray):
        return type(one) is type(other) and one.dtype == other.dtype and bool(one.equals(other))

    return _same_array(one, other)


def _same_frame(one, other):
    return (
        one.shape == other.shape
        and list(one.columns) == list(other.columns)
        and one.index.name == other.index.name
        and _same_column(one.index.values, other.index.values)
        and all(_same_column(one.iloc[:, at].values, other.iloc[:, at].values) for at in range(one.shape[1]))
    )


def same(one, other):
    """Whether two elements hold the same."""
    import numpy as np
    import pandas as pd
    from scipy import sparse

    if isinstance(one, pd.DataFrame) or isinstance(other, pd.DataFrame):
        return isinstance(one, pd.DataFrame) and isinstance(other, pd.DataFrame) and _same_frame(one, other)

    if hasattr(one, "keys") and hasattr(other, "keys"):
        return set(one) == set(other) and all(same(one[key], other[key]) for key in one)

    if sparse.issparse(one) or sparse.issparse(other):
        return (
            sparse.issparse(one)
            and sparse.issparse(other)
            and one.format == other.format
            and one.shape == other.shape
            and all(same(getattr(one, part), getattr(other, part)) for part in ("data", "indices", "indptr"))
        )

    if any(isinstance(each, pd.api.extensions.ExtensionArray) for each in (one, other)):
        return _same_column(one, other)

    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return _same_array(one, other)

    # What is none of these is a number, a text or of a kind of its own.
    return _same_value(one, other)
