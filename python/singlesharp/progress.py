"""How far a run is: a bar where tqdm is installed, otherwise a line now and then, and nothing where nobody watches."""

import sys
import time


def _in_notebook():
    try:
        from IPython import get_ipython
    except ImportError:
        return False

    shell = get_ipython()
    return shell is not None and "IPKernelApp" in shell.config


def _is_watched(wanted):
    if wanted is not None:
        return wanted

    return _in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def _stage(progress):
    return progress["task"] or f"pass {progress['pass']} of {progress['passes']}"


def _share(progress):
    if progress["task"]:
        return progress["task_done"]

    return progress["cells_done"] / progress["cells"] if progress["cells"] else 1.0


class Silence:
    def show(self, progress):
        pass

    def close(self):
        pass


class Lines:
    """A line at the end of each stage that takes a while, and every five seconds."""

    interval = 5.0

    def __init__(self, write=None):
        self._write = write or (lambda line: print(line, file=sys.stderr, flush=True))
        self._last = time.monotonic()

    def show(self, progress):
        now = time.monotonic()

        if now - self._last >= self.interval:
            self._last = now
            self._write(f"{_stage(progress)}: {_share(progress):.0%}")

    def close(self):
        pass


class Bar:
    def __init__(self, tqdm):
        self._tqdm = tqdm
        self._bar = None
        self._stage = None

    def show(self, progress):
        stage = _stage(progress)

        if stage != self._stage:
            self.close()
            self._stage = stage
            total, unit = (1.0, "task") if progress["task"] else (progress["cells"], "cells")
            self._bar = self._tqdm(total=total, desc=stage, unit=unit, leave=False)

        done = progress["task_done"] if progress["task"] else progress["cells_done"]
        self._bar.update(done - self._bar.n)

    def close(self):
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def display(wanted):
    """What shows progress; wanted is True, False or None for where a person watches."""
    if not _is_watched(wanted):
        return Silence()

    try:
        from tqdm.auto import tqdm
    except ImportError:
        return Lines()

    return Bar(tqdm)
