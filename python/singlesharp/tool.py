"""Finds the tool, runs it, and turns what it says into results, warnings and exceptions. No text for people is parsed."""

import json
import os
import re
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from . import process as processes
from .errors import SingleSharpError
from .progress import Careful, display
from .settings import settings
from .signals import held_back

_ADVICE = (
    "install it (dotnet tool install --global SingleSharp.Cli), put it on PATH, or let the environment variable "
    "SINGLESHARP hold the path of the executable or of singlesharp.dll"
)


def _words(path):
    """How a program is started."""
    return ["dotnet", str(path)] if str(path).lower().endswith(".dll") else [str(path)]


def find():
    """The words that start the tool: from SINGLESHARP, from PATH, or from beside this package."""
    named = os.environ.get("SINGLESHARP")

    if named:
        if not Path(named).is_file():
            raise SingleSharpError(f"SINGLESHARP is {named}, and there is no such file; {_ADVICE}.", kind="not_found", path=named)

        # A name alone would be looked for on PATH.
        return _words(os.path.abspath(named))

    on_path = shutil.which("singlesharp")

    if on_path:
        return _words(on_path)

    bundled = Path(__file__).parent / "_bin" / ("singlesharp.exe" if os.name == "nt" else "singlesharp")

    if bundled.is_file():
        return _words(bundled)

    raise SingleSharpError(f"the tool singlesharp was not found; {_ADVICE}.", kind="not_found")


def _event(line):
    try:
        event = json.loads(line)
    except ValueError:
        return {}

    return event if isinstance(event, dict) else {}


def _caller():
    """How many frames up the code of the user is, for warnings."""
    here = str(Path(__file__).parent)
    level, frame = 1, sys._getframe(1)

    while frame is not None and frame.f_code.co_filename.startswith(here):
        level, frame = level + 1, frame.f_back

    return level


def _listen(process):
    """Shows progress and returns warnings and what was said for people."""
    heard, said = [], []
    bar = Careful(lambda: display(settings.progress))

    try:
        for line in process.stderr:
            event = _event(line)

            if "progress" in event:
                bar.show(event["progress"])
            elif "warning" in event:
                heard.append(event["warning"])
            else:
                said.append(line.decode("utf-8", "replace"))
    finally:
        bar.close()

    return heard, said


#: An option as it is typed; not in the middle of a word or a path.
_typed = re.compile(r"(?<![\w/.-])--(?:no-(?=zero|scale|log1p))?([a-z][a-z0-9-]*)")


def _name(typed):
    """scanpy's name of an option."""
    name = typed.group(1).replace("-", "_")
    return {"log1p_columns": "log1p", "with": "with_steps", "gene_set": "gene_sets"}.get(name, name)


def _error(code, document, said):
    error = document.get("error")

    if error is None:
        message = "".join(said).strip() or f"the tool ended with the exit code {code} and said nothing"
        return SingleSharpError(message, kind="bug" if code == 70 else "system", exit_code=code)

    message, option = error["message"], error.get("option")

    # A mistake of a command line, which nobody typed here.
    if error["kind"] == "usage":
        first = _typed.search(message)
        option = option or (first and _name(first))
        message = _typed.sub(_name, message)

    return SingleSharpError(message, kind=error["kind"], path=error.get("path"), option=option, exit_code=code)


def warn(heard):
    for warning in heard:
        warnings.warn(warning, UserWarning, stacklevel=_caller())


def run(words, heard=None):
    """Runs a command with its options, and returns the JSON that it prints.

    Warnings are added to heard, if it is given: whoever has something to put in place says them afterwards, as they may be errors.
    """
    line = find() + [str(word) for word in words] + settings.words(words[0]) + ["--json", "--progress", "json"]
    process = None

    # The document goes through a file: nobody has to read it while progress is shown.
    with tempfile.TemporaryFile() as output:
        try:
            with held_back():
                process = processes.start(line, output, _ADVICE)

            told, said = _listen(process)
            code = process.wait()
        except BaseException:
            if process is not None:
                processes.end(process)

            raise
        finally:
            if process is not None:
                processes.close(process)

        output.seek(0)
        text = output.read()

    if heard is None:
        warn(told)
    else:
        heard += told

    try:
        document = json.loads(text) if text else {}
    except ValueError:
        document = {}

    # verify ends with 1 and a report where a file is not sound.
    if "error" in document or not document:
        raise _error(code, document, said)

    return document
