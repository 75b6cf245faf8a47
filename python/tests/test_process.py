"""The tool as a process: it never outlives Python, waits are not cut short, and what does not start is told."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

from common import InFolder, anndata, digest, here, sample, ss
from singlesharp import progress, tool

# What a Python does that works on a large file; the tool's number comes before the progress.
script = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN if "deaf" in sys.argv else signal.default_int_handler)
if "polite" in sys.argv: signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
start = subprocess.Popen
def told(*words, **options):
    process = start(*words, **options)
    print(process.pid, file=sys.stderr, flush=True)
    return process
subprocess.Popen = told
import singlesharp as ss, singlesharp.progress as p
p.Lines.interval, p.Bar, ss.settings.progress, ss.settings.workers = 0, lambda _: p.Lines(), True, 1
ss.pp.pipeline(sys.argv[1])
"""


def is_running(number):
    """Whether a process is there that has not ended: one that nobody waited for has."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@unittest.skipUnless(Path("/proc/self/stat").exists(), "needs /proc")
class Ends(InFolder):
    def in_the_middle(self, *words):
        """A Python in the middle of the first read, and the number of the tool."""
        self.large = self.folder / "large.h5ad"
        ss.convert([sample] * 400, self.large, index_unique="-", sample_names=[str(i) for i in range(400)])
        self.before = digest(self.large)
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(self.large), *words],
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(here.parent)},
        )
        self.addCleanup(child.stderr.close)
        number = int(child.stderr.readline())
        self.assertTrue(child.stderr.readline().startswith(b"pass 1"))
        self.assertTrue(is_running(number))
        return child, number

    def assert_nothing_happened(self, number):
        until = time.monotonic() + 30

        while is_running(number) and time.monotonic() < until:
            time.sleep(0.05)

        self.assertFalse(is_running(number))
        self.assertEqual(self.names(), ["large.h5ad"])
        self.assertEqual(digest(self.large), self.before)

    def test_the_tool_ends_with_python(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number.name):
                child, process = self.in_the_middle()
                child.send_signal(number)
                child.wait()
                self.assert_nothing_happened(process)

    def test_python_that_ends_in_order_does_not_wait_for_the_result(self):
        child, process = self.in_the_middle("deaf", "polite")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(), 3)
        self.assert_nothing_happened(process)


@unittest.skipIf(os.name == "nt", "scripts in the place of the tool")
class Starts(InFolder):
    def script(self, text, mode=0o755):
        path = self.folder / "script"
        path.write_text(text)
        path.chmod(mode)
        return path

    def in_place_of_the_tool(self, path):
        patch = mock.patch.dict(os.environ, {"SINGLESHARP": str(path)})
        patch.start()
        self.addCleanup(patch.stop)

    def interrupted(self, times):
        """Has Ctrl-C pressed some times while a call runs; returns how long that took."""
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        ready, adata = self.folder / "ready", anndata.read_h5ad(self.copy("backed.h5ad"), backed="r+")
        self.addCleanup(adata.file.close)

        def press():
            while not ready.exists():
                time.sleep(0.02)

            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.3)

        presser = threading.Thread(target=press)
        presser.start()
        start = time.monotonic()

        with self.assertRaises(KeyboardInterrupt):
            ss.pp.log1p(adata)
            presser.join()

        presser.join()
        self.assertTrue(adata.file.is_open)
        self.assertEqual(adata.X[:].shape, (60, 120))
        return time.monotonic() - start

    def test_a_second_ctrl_c_waits_as_well(self):
        self.in_place_of_the_tool(self.script(f"#!/bin/sh\ntrap '' TERM\n: > '{self.folder}/ready'\nexec sleep 3\n"))
        self.assertGreater(self.interrupted(2), 2.5)

    def test_a_third_ctrl_c_does_not_wait(self):
        self.in_place_of_the_tool(self.script(f"#!/bin/sh\ntrap '' TERM\n: > '{self.folder}/ready'\nsleep 60\n"))
        self.assertLess(self.interrupted(3), 30)

    def test_what_cannot_be_started(self):
        for path, kind, said in (
            (self.script("text", 0o644), "system", "cannot be started.*SINGLESHARP"),
            (self.folder, "not_found", "SINGLESHARP is"),
        ):
            with mock.patch.dict(os.environ, {"SINGLESHARP": str(path)}), self.assertRaisesRegex(ss.SingleSharpError, said) as caught:
                ss.info(sample)

            self.assertEqual(caught.exception.kind, kind)

        library = self.folder / "singlesharp.dll"
        library.write_text("")
        nowhere = {"SINGLESHARP": str(library), "PATH": str(self.folder / "nowhere")}

        with mock.patch.dict(os.environ, nowhere), self.assertRaisesRegex(ss.SingleSharpError, "dotnet cannot be started"):
            ss.info(sample)

    def test_a_relative_name(self):
        words = " ".join(f"'{word}'" for word in tool.find())
        self.script(f'#!/bin/sh\nexec {words} "$@"\n')
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.in_place_of_the_tool("script")
        self.assertEqual(ss.info(sample).n_obs, 60)

    def test_a_library_that_is_missing(self):
        with mock.patch.dict(sys.modules, {"h5py": None}), self.assertRaisesRegex(ss.SingleSharpError, "needs h5py.*pip install anndata"):
            ss.pp.calculate_qc_metrics(sample)


class Shows(InFolder):
    def test_no_display_ends_a_run(self):
        read = {"pass": 1, "passes": 2, "cells_done": 5, "cells": 10, "task": None, "task_done": None}
        broken = mock.Mock()
        broken.show.side_effect = OSError
        careful = progress.Careful(lambda: broken)
        careful.show(read)
        careful.show(read)
        careful.close()
        broken.show.assert_called_once_with(read)
        progress.Careful(mock.Mock(side_effect=ValueError)).show(read)

    def test_stderr_that_is_none(self):
        closed = io.StringIO()
        closed.close()

        for stream in (closed, object(), None):
            with contextlib.redirect_stderr(stream):
                shown = progress.display(None)

            self.assertIsInstance(shown, progress.Silence)


if __name__ == "__main__":
    unittest.main()
