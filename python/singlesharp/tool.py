"""Finds the tool, runs it, and turns what it says into results, warnings and exceptions. No text for people is parsed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from .errors import SingleSharpError
from .progress import display
from .settings import settings

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

        return _words(named)

    on_path = shutil.which("singlesharp")

    if on_path:
        return _words(on_path)

    bundled = Path(__file__).parent / "_bin" / ("singlesharp.exe" if os.name == "nt" else "singlesharp")

    if bundled.is_file():
        return _words(bundled)

    raise SingleSharpError(f"the tool singlesharp was not found; {_ADVICE}.", kind="not_found")


def _start(words, output):
    # In a group of its own, so that Ctrl-C reaches the tool once: from here. A second one would end it at once.
    if os.name == "nt":
        own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        own_group = {"start_new_session": True}

    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, **own_group)


def _interrupt(process):
    """Cancels the work and waits until the tool has put everything away."""
    process.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGINT)
    process.stderr.read()
    process.wait()


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
    bar = display(settings.progress)

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


def _error(code, document, said):
    error = document.get("error")

    if error is None:
        message = "".join(said).strip() or f"the tool ended with the exit code {code} and said nothing"
        return SingleSharpError(message, kind="bug" if code == 70 else "system", exit_code=code)

    return SingleSharpError(
        error["message"], kind=error["kind"], path=error.get("path"), option=error.get("option"), exit_code=code
    )


def run(words):
    """Runs a command with its options, and returns the JSON that it prints."""
    line = find() + [str(word) for word in words] + settings.words(words[0]) + ["--json", "--progress", "json"]

    # The document goes through a file: nobody has to read it while progress is shown.
    with tempfile.TemporaryFile() as output:
        process = _start(line, output)

        try:
            heard, said = _listen(process)
            code = process.wait()
        except BaseException:
            _interrupt(process)
            raise
        finally:
            process.stderr.close()

        output.seek(0)
        text = output.read()

    for warning in heard:
        warnings.warn(warning, UserWarning, stacklevel=_caller())

    try:
        document = json.loads(text) if text else {}
    except ValueError:
        document = {}

    # verify ends with 1 and a report where a file is not sound.
    if "error" in document or not document:
        raise _error(code, document, said)

    return document
