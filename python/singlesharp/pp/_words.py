"""Options as words of a command line."""

import math
import numbers
import operator

from ..errors import cannot_honour


def number(value):
    """A number in a form that the tool reads, without loss."""
    if isinstance(value, bool):
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

    return [f"--{name.replace('_', '-')}", value]


def unless(default, name, value):
    """An option that has its default is not said: beside some others it would have no effect, which the tool refuses."""
    return [] if value == default else option(name, value)


def switch(name, value):
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {value!r}")

    return [f"--{name.replace('_', '-')}"] if value else []


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
        if not isinstance(name, str) or "=" in name or name == "":
            raise cannot_honour("qc_vars", f"{name!r} must be the name of a column, without =")

    return [word for name in names for word in ("--gene-set", f"{name}=column:{name}")]


def only(name, value, expected, why):
    """An argument of scanpy that has to keep one value."""
    if not (value is expected or (type(value) is type(expected) and value == expected)):
        raise cannot_honour(name, why)
