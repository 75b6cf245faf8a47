"""Recipes: files that the tool reads and writes, or the same as dicts."""

import json
import math
import numbers
import os
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager

from . import kinds
from .errors import SingleSharpError


def _plain(value):
    """What JSON can hold: it has no infinity, and no types of NumPy."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}

    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]

    if isinstance(value, (str, bool)) or value is None:
        return value

    if hasattr(value, "item"):
        return _plain(value.item())

    if isinstance(value, numbers.Integral):
        return int(value)

    if isinstance(value, numbers.Real):
        number = float(value)
        return number if math.isfinite(number) else str(number)

    raise TypeError(f"recipe: {value!r} has no place in a recipe, which holds texts, numbers, True, False, None, lists and dicts")


def require(recipe):
    if not (recipe is None or kinds.is_path(recipe) or isinstance(recipe, Mapping)):
        raise TypeError(f"recipe must be the path of a file or a dict, not {type(recipe).__name__}")


def members(recipe):
    """The members of a recipe; none where the tool will refuse it."""
    if isinstance(recipe, Mapping):
        return recipe

    try:
        with open(recipe, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}

    return found if isinstance(found, Mapping) else {}


def options_of(recipe, step):
    """The options that a recipe gives to a step."""
    steps = recipe.get("steps")

    for each in steps if isinstance(steps, (list, tuple)) else ():
        if isinstance(each, Mapping) and each.get("step") == step and isinstance(each.get("options"), Mapping):
            return each["options"]

    return {}


@contextmanager
def _file(recipe):
    """The path of a recipe; a dict has a file for as long as the tool reads it."""
    if kinds.is_path(recipe):
        yield kinds.path(recipe)
        return

    with tempfile.TemporaryDirectory(prefix="singlesharp-") as folder:
        path = os.path.join(folder, "recipe.json")

        with open(path, "w", encoding="utf-8") as file:
            json.dump(_plain(recipe), file, allow_nan=False)

        try:
            yield path
        except SingleSharpError as error:
            # Nobody knows the file.
            said = str(error).replace(f"--recipe {path}", "recipe").replace(f"recipe {path}", "recipe")
            raise SingleSharpError(said, kind=error.kind, path=error.path, option=error.option, exit_code=error.exit_code) from None


@contextmanager
def words(recipe, save_recipe):
    """A recipe, and where the one that is taken is written, as words of a command line."""
    require(recipe)
    saved = [] if save_recipe is None else ["--save-recipe", kinds.path(save_recipe)]

    if recipe is None:
        yield saved
    else:
        with _file(recipe) as path:
            yield ["--recipe", path, *saved]
