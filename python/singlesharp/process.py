"""The tool as a process: it never outlives this Python, and puts everything away when it is cancelled."""

import os
import signal
import subprocess

from .errors import SingleSharpError
from .settings import settings
from .signals import held_back


def start(words, output, advice):
    # In a group of its own, so that Ctrl-C reaches the tool once: from here. A second one would end it at once.
    if os.name == "nt":
        own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        own_group = {"start_new_session": True}

    # However Python ends, the system closes the pipe then, and the tool cancels its work.
    scratch = {} if settings.scratch is None else {"SINGLESHARP_SCRATCH": os.fspath(settings.scratch)}
    environment = {**os.environ, **scratch, "SINGLESHARP_UNTIL": "stdin"}

    try:
        return subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.PIPE, env=environment, **own_group
        )
    except OSError as trouble:
        raise SingleSharpError(f"{words[0]} cannot be started: {trouble.strerror}; {advice}.", kind="system", path=words[0]) from trouble


def _send(process, number):
    if os.name == "nt" or process.poll() is not None:
        process.send_signal(number)
        return

    try:
        # Also to what a script started that stands in the place of the tool.
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        # It ended just now.
        pass


def end(process):
    """Cancels the work and waits until the tool has put everything away. Who asks twice more does not wait."""

    def impatient(count):
        if count > 1:
            _send(process, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    with held_back(impatient):
        # A job in the background may have been started with Ctrl-C ignored, and so would be the tool.
        _send(process, signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGTERM)

        while process.stderr.read(1 << 16):
            pass

        process.wait()


def close(process):
    process.stderr.close()
    process.stdin.close()
