"""What the tests share: a sample, the tool itself, and folders that vanish."""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))

import anndata  # noqa: E402

import singlesharp as ss  # noqa: E402
from singlesharp import tool  # noqa: E402

edge = here.parent.parent / "tests" / "Golden" / "edge"
sample = edge / "plain_csr_f32" / "input.h5ad"
duplicates = edge / "duplicate_indices" / "input.h5ad"


def cli(*words):
    """Runs the tool as a shell does."""
    outcome = subprocess.run(tool.find() + [str(word) for word in words], capture_output=True, check=False)
    assert outcome.returncode == 0, outcome.stderr.decode()
    return outcome.stdout.decode()


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
