"""Options as words of a command line."""

import math
import numbers
import operator
import re
from contextlib import contextmanager

from ..errors import SingleSharpError, cannot_honour


def _is_truth(value):
    """True, False, or numpy's."""
    return isinstance(value, bool) or (getattr(getattr(value, "dtype", None), "kind", None) == "b" and getattr(value, "shape", None) == ())


def truth(name, value):
    if not _is_truth(value):
        raise TypeError(f"{name} must be True or False, not {value!r}")

    return bool(value)


def number(value):
    """A number in a form that the tool reads, without loss."""
    if _is_truth(value):
        raise TypeError(f"a number is expected, not {value}")

    try:
        return str(operator.index(value))
    except TypeError:
        pass

    if isinstance(value, numbers.Real):
        return "inf" if value == math.inf else repr(float(value))

    raise TypeError(f"a number is expected, not {value!r}")


def option(name, value):
    """A number or a text under an option's name; nothing for None."""
    if value is None:
        return []

    if not isinstance(value, str):
        try:
            value = number(value)
        except TypeError as trouble:
            raise TypeError(f"{name}: {trouble}") from None
    elif value.startswith("--"):
        raise cannot_honour(name, f"{value!r} begins with --, as the options of the tool do; give it another name")

    return [f"--{name.replace('_', '-')}", value]


def unless(default, name, value):
    """An option that has its default is not said: beside some others it would have no effect, which the tool refuses."""
    return [] if value == default else option(name, value)


def switch(name, value):
    return [f"--{name.replace('_', '-')}"] if truth(name, value) else []


def turned_off(spelling, name, value):
    """What is True unless it is turned off."""
    return [] if switch(name, value) else [spelling]


def column(name, value):
    """The name of a column; scanpy takes arrays, too."""
    if value is None:
        return []

    if not isinstance(value, str):
        raise cannot_honour(name, "it must be the name of a column; put the values into one first")

    return option(name, value)


def column_sets(names):
    """Gene sets from boolean columns of var."""
    names = [names] if isinstance(names, str) else list(names)

    for name in names:
        if not isinstance(name, str) or "=" in name or name == "" or name.startswith("--"):
            raise cannot_honour("qc_vars", f"{name!r} must be the name of a column, without =, and must not begin with --")

    return [word for name in names for word in ("--gene-set", f"{name}=column:{name}")]


def only(name, value, expected, why):
    """An argument of scanpy that has to keep one value."""
    if not (value is expected or (type(value) is type(expected) and value == expected)):
        raise cannot_honour(name, why)


def integers(name, values):
    """Whole numbers, in order; one may stand alone."""
    values = [values] if isinstance(values, numbers.Number) else values

    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must be whole numbers, as [50, 100], not {values!r}")

    try:
        return sorted(int(number(value)) for value in values)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be whole numbers, as [50, 100], not {values!r}") from None


@contextmanager
def named(**names):
    """Faults call options as the function does, where the tool calls them otherwise."""
    try:
        yield
    except SingleSharpError as error:
        message = re.sub(r"(?<![\w/.-])[a-z]\w*(?![\w/-])", lambda word: names.get(word.group(), word.group()), str(error))
        error.args, error.option = (message,), names.get(error.option, error.option)
        raise
