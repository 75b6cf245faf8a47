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

    if _in_notebook():
        return True

    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        # There is none, it is closed, or somebody put something simpler in its place.
        return False


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


class Careful:
    """A display that fails becomes silence: no run ends because nobody can see it."""

    def __init__(self, make):
        self._display = Silence()

        try:
            self._display = make()
        except Exception:
            pass

    def _try(self, act):
        try:
            act(self._display)
        except Exception:
            self._display = Silence()

    def show(self, progress):
        self._try(lambda display: display.show(progress))

    def close(self):
        self._try(lambda display: display.close())


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
