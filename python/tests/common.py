"""What the tests share: a sample, the tool itself, and folders that vanish."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings
from functools import lru_cache
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))

import anndata  # noqa: E402

import singlesharp as ss  # noqa: E402
from singlesharp import tool  # noqa: E402

edge = here.parent.parent / "tests" / "Golden" / "edge"
sample = edge / "plain_csr_f32" / "input.h5ad"
duplicates = edge / "duplicate_indices" / "input.h5ad"


@lru_cache(None)
def resident():
    """The tool in a process that stays, where the suite says how it is started: what a test compares with need not start .NET each time."""
    line = os.environ.get("SINGLESHARP_RESIDENT")
    child = subprocess.Popen(line.split("\n"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) if line else None

    if child:
        atexit.register(child.communicate)

    return child


def cli(*words):
    """Runs the tool as a shell does."""
    words = [str(word) for word in words]
    child = resident()

    if child:
        child.stdin.write(json.dumps({"words": words, "folder": os.getcwd()}).encode() + b"\n")
        child.stdin.flush()
        answer = json.loads(child.stdout.readline())
        code, output, errors = answer["code"], answer["output"], answer["errors"]
    else:
        outcome = subprocess.run(tool.find() + words, capture_output=True, check=False)
        code, output, errors = outcome.returncode, outcome.stdout.decode(), outcome.stderr.decode()

    assert code == 0, errors
    return output


def digest(path):
    return json.loads(cli("digest", path, "--json"))["sha256"]


class InFolder(unittest.TestCase):
    """Each test has a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        caught = warnings.catch_warnings()
        caught.__enter__()
        self.addCleanup(caught.__exit__, None, None, None)
        warnings.simplefilter("ignore")

    def copy(self, name, source=sample):
        target = self.folder / name
        shutil.copyfile(source, target)
        return target

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def expected(self, *words, source=sample):
        """What the tool makes of the sample in place, command after command, as bytes."""
        file = self.copy("expected.h5ad", source)

        for line in words:
            cli(*line, file, "--in-place", "--quiet")

        made = file.read_bytes()
        file.unlink()
        return made

    def assert_same(self, path, expected):
        """A file holds what is expected; asking for digests takes time, and equal bytes have equal ones."""
        if Path(path).read_bytes() != expected:
            other = self.folder / "expected.h5ad"
            other.write_bytes(expected)
            self.assertEqual(digest(path), digest(other))
            other.unlink()

    def assert_refused(self, option, call, *arguments, **keywords):
        with self.assertRaises(ss.SingleSharpError) as caught:
            call(*arguments, **keywords)

        self.assertEqual(caught.exception.option, option)
        self.assertIn(option, str(caught.exception))
        return caught.exception
