"""eng/wheel: what is in the wheel is what its lists say, and it runs where it is unpacked."""

import base64
import csv
import hashlib
import io
import os
import shutil
import subprocess
import sys
import unittest
import zipfile

from common import InFolder, digest, here, sample
from singlesharp import tool

wheel_builder = here.parent.parent / "eng" / "wheel"


class Wheel(InFolder):
    def build(self, name):
        # In the place of the single file, which takes minutes to make: a script that starts the same tool.
        stub = self.folder / "stub"
        stub.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in tool.find()) + ' "$@"\n')
        words = [sys.executable, str(wheel_builder), "linux-x64", "--tool", str(stub), "--folder", str(self.folder / name)]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
        self.assertTrue(said.endswith("-py3-none-manylinux_2_27_x86_64.whl"))
        return said

    def test_lists(self):
        with zipfile.ZipFile(self.build("first")) as archive:
            names = archive.namelist()
            info = next(name for name in names if name.endswith("/RECORD"))
            record = {name: (digest_, size) for name, digest_, size in csv.reader(io.StringIO(archive.read(info).decode()))}
            self.assertEqual(list(record), names)

            for name in names[:-1]:
                data = archive.read(name)
                hashed = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
                self.assertEqual(record[name], (f"sha256={hashed}", str(len(data))))

            self.assertIn("Tag: py3-none-manylinux_2_27_x86_64\n", archive.read(info.replace("RECORD", "WHEEL")).decode())
            self.assertIn("singlesharp/pp/_genes.py", names)
            self.assertEqual(archive.getinfo("singlesharp/_bin/singlesharp").external_attr >> 16, 0o100755)

    def test_what_lies_about_is_left_out(self):
        package = here.parent / "singlesharp"
        stray = package / "stray.h5ad"
        self.addCleanup(stray.unlink)
        stray.write_bytes(b"")

        with zipfile.ZipFile(self.build("stray")) as archive:
            names = {name for name in archive.namelist() if name.startswith("singlesharp/") and "/_bin/" not in name}

        sources = {path.relative_to(here.parent).as_posix() for path in package.rglob("*.py")}
        self.assertEqual(names, sources | {"singlesharp/py.typed"})

    def test_the_same_files_make_the_same_wheel(self):
        one, other = self.build("one"), self.build("other")

        with open(one, "rb") as first, open(other, "rb") as second:
            self.assertEqual(first.read(), second.read())

    def test_it_runs(self):
        site = self.folder / "site"

        with zipfile.ZipFile(self.build("run")) as archive:
            archive.extractall(site)

        # zipfile forgets what pip keeps.
        os.chmod(site / "singlesharp" / "_bin" / "singlesharp", 0o755)
        # Of the folders on PATH, none may have the tool, which would come first.
        folders = [each for each in os.get_exec_path() if not shutil.which("singlesharp", path=each)]
        environment = {**os.environ, "PYTHONPATH": str(site), "PATH": os.pathsep.join(folders)}
        environment.pop("SINGLESHARP", None)
        script = "import singlesharp as ss, sys; print(ss.__file__); print(ss.digest(sys.argv[1]))"
        words = [sys.executable, "-c", script, str(sample)]
        said = subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout.split()
        self.assertEqual(said, [str(site / "singlesharp" / "__init__.py"), digest(sample)])

    def test_unknown_machines(self):
        outcome = subprocess.run([sys.executable, str(wheel_builder), "amiga-68k"], capture_output=True, text=True, check=False)
        self.assertEqual((outcome.returncode, "there is no wheel for amiga-68k" in outcome.stderr), (1, True))


if __name__ == "__main__":
    unittest.main()
