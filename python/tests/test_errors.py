"""What cannot be done is said, by scanpy's name; faults, warnings, progress and Ctrl-C come through."""

import contextlib
import io
import os
import pickle
import signal
import subprocess
import sys
import time
import unittest
import warnings
from pathlib import Path
from unittest import mock

from common import InFolder, anndata, cli, digest, duplicates, here, sample, ss
from singlesharp import progress, tool

# What scanpy takes, and a file or the tool cannot honour.
refused = [
    ("expr_type", ss.pp.calculate_qc_metrics, {"expr_type": "reads"}),
    ("var_type", ss.pp.calculate_qc_metrics, {"var_type": "peaks"}),
    ("parallel", ss.pp.calculate_qc_metrics, {"parallel": True}),
    ("use_raw", ss.pp.calculate_qc_metrics, {"use_raw": True, "layer": "a"}),
    ("layers", ss.pp.normalize_total, {"layers": "all"}),
    ("layer_norm", ss.pp.normalize_total, {"layer_norm": "after"}),
    ("inplace", ss.pp.normalize_total, {"inplace": False}),
    ("copy", ss.pp.normalize_total, {"copy": True}),
    ("chunk_size", ss.pp.log1p, {"chunk_size": 10}),
    ("obsm", ss.pp.log1p, {"obsm": "X_pca"}),
    ("obsm", ss.pp.scale, {"obsm": "X_pca"}),
    ("zero_center", ss.pp.scale, {}),
    ("mask_obs", ss.pp.scale, {"zero_center": False, "mask_obs": [True]}),
    ("subset", ss.pp.highly_variable_genes, {"subset": True, "inplace": False}),
    ("check_values", ss.pp.highly_variable_genes, {"check_values": False}),
    ("svd_solver", ss.pp.pca, {"svd_solver": "arpack"}),
    ("chunked", ss.pp.pca, {"chunked": True}),
    ("chunk_size", ss.pp.pca, {"chunk_size": 10}),
    ("return_info", ss.pp.pca, {"return_info": True}),
    ("dtype", ss.pp.pca, {"dtype": "float64"}),
    ("mask_var", ss.pp.pca, {"mask_var": [True]}),
    ("use_highly_variable", ss.pp.pca, {"use_highly_variable": True, "mask_var": "mt"}),
    ("min_counts", ss.pp.filter_cells, {}),
    ("min_counts", ss.pp.filter_cells, {"min_counts": 1, "min_genes": 1}),
    ("inplace", ss.pp.filter_genes, {"min_cells": 1, "inplace": False}),
]


class Errors(InFolder):
    def test_what_cannot_be_honoured(self):
        file = self.copy("in_place.h5ad")
        before = digest(file)

        for option, call, arguments in refused:
            with self.subTest(f"{call.__name__}: {option}"):
                error = self.assert_refused(option, call, file, **arguments)
                self.assertEqual(error.kind, "invalid_option")

        self.assertEqual(digest(file), before)

    def test_types(self):
        for call in (
            lambda: ss.pp.log1p([1, 2]),
            lambda: ss.pp.log1p(sample, out=3),
            lambda: ss.pp.log1p(sample, copy="yes"),
            lambda: ss.pp.pca(sample, zero_center=1),
            lambda: ss.pp.pca(sample, n_comps=True),
            lambda: ss.pp.pipeline(sample, n_pcs=3),
            lambda: ss.pp.log1p(sample, nonsense=3),
            lambda: ss.info(anndata.read_h5ad(sample)),
        ):
            self.assertRaises(TypeError, call)

        with self.assertRaisesRegex(TypeError, "did you mean n_top_genes"):
            ss.pp.pipeline(sample, n_top_gene=3)

    def test_faults_of_the_tool(self):
        out = self.folder / "out.h5ad"

        for call, expected in (
            (lambda: ss.digest("nowhere.h5ad"), ("not_found", "nowhere.h5ad", None, 1)),
            (lambda: ss.pp.log1p(duplicates, out=out), ("duplicate_entry", str(duplicates), "sum_duplicates", 1)),
            (lambda: ss.pp.highly_variable_genes(sample, batch_key="b", out=out), ("invalid_option", None, "batch_key", 1)),
            (lambda: ss.pp.highly_variable_genes(sample, n_top_genes=0, out=out), ("usage", None, "n_top_genes", 2)),
            (lambda: ss.pp.log1p(sample, out=sample), ("cannot_write", str(sample), None, 1)),
        ):
            with self.assertRaises(ss.SingleSharpError) as caught:
                call()

            error = caught.exception
            self.assertEqual((error.kind, error.path, error.option, error.exit_code), expected)
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((str(again), again.kind, again.exit_code), (str(error), error.kind, error.exit_code))

        self.assertEqual(self.names(), [])
        ss.pp.log1p(duplicates, out=out, sum_duplicates=True).file.close()

    def test_a_fault_leaves_the_object_open(self):
        adata = anndata.read_h5ad(self.copy("backed.h5ad"), backed="r+")
        self.assertRaises(ss.SingleSharpError, ss.pp.highly_variable_genes, adata, batch_key="nobody")
        self.assertTrue(adata.file.is_open)
        self.assertEqual(adata.X[:].nnz, 2038)

    def test_settings_reach_the_tool(self):
        self.addCleanup(setattr, ss.settings, "memory", None)
        ss.settings.memory = "1K"

        with self.assertRaises(ss.SingleSharpError) as caught:
            ss.plan(sample)

        self.assertEqual((caught.exception.kind, caught.exception.option), ("insufficient_memory", "memory"))
        ss.settings.memory = None
        self.addCleanup(setattr, ss.settings, "scratch", None)
        ss.settings.scratch = self.folder / "nowhere"

        with self.assertRaises(ss.SingleSharpError) as caught:
            ss.plan(sample)

        self.assertIn(f"there is no folder {ss.settings.scratch}", str(caught.exception))
        ss.digest(sample)

    def test_warnings(self):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            ss.pp.pipeline(sample, out=self.folder / "out.h5ad").file.close()

        mine = [warning for warning in heard if "n_top_genes is 2000" in str(warning.message)]
        self.assertEqual([Path(warning.filename).name for warning in mine], ["test_errors.py"])

    def test_looking(self):
        info, plan, check, digest_ = ss.info(sample), ss.plan(sample, "qc"), ss.verify(sample), ss.digest(sample)
        self.assertEqual((info.n_obs, info.n_vars, info.preprocess.reads_of_x, info.raw["n_obs"]), (60, 120, 1, 60))
        self.assertEqual((plan.command, plan.steps), ("qc", ["qc"]))
        self.assertTrue(check)
        self.assertEqual(f"{digest_}\n", cli("digest", sample, "--quiet"))
        self.assertRegex(repr(info), r"(?m)^  n_vars +120$")
        broken = self.folder / "broken.h5ad"
        broken.write_bytes(sample.read_bytes()[:-5000])
        self.assertRaises(ss.SingleSharpError, ss.info, broken)
        found = ss.verify(broken)
        self.assertFalse(found)
        self.assertEqual(found.findings[0].severity, "error")

    def test_convert(self):
        made = ss.convert([sample, sample], self.folder / "both.h5ad", sample_names=["a", "b"], index_unique="-")
        self.assertEqual((made.n_obs, made.samples), (120, {"a": 60, "b": 60}))

    def test_no_tool(self):
        with mock.patch.dict(os.environ, {"SINGLESHARP": "nowhere"}), self.assertRaisesRegex(ss.SingleSharpError, "SINGLESHARP is nowhere"):
            ss.info(sample)

        with mock.patch.dict(os.environ, {"PATH": ""}), self.assertRaisesRegex(ss.SingleSharpError, "dotnet tool install"):
            os.environ.pop("SINGLESHARP", None)
            tool.find()


class Progress(InFolder):
    def test_lines_and_bars(self):
        said, bars = [], mock.Mock()
        bars.return_value.n = 0
        read = {"pass": 1, "passes": 2, "cells_done": 5, "cells": 10, "task": None, "task_done": None}

        with mock.patch.object(progress.Lines, "interval", 0):
            progress.Lines(said.append).show(read)
            progress.Lines(said.append).show({**read, "task": "pca: scores", "task_done": 0.25})

        self.assertEqual(said, ["pass 1 of 2: 50%", "pca: scores: 25%"])
        progress.Bar(bars).show(read)
        bars.assert_called_once_with(total=10, desc="pass 1 of 2", unit="cells", leave=False)
        bars.return_value.update.assert_called_once_with(5)

    def test_nothing_where_nobody_watches(self):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            ss.digest(sample)
            self.assertIsInstance(progress.display(None), progress.Silence)

        self.assertEqual(said.getvalue(), "")

    def test_ctrl_c(self):
        large = self.folder / "large.h5ad"
        ss.convert([sample] * 400, large, index_unique="-", sample_names=[str(i) for i in range(400)])
        before = digest(large)
        script = "import singlesharp as ss, sys; ss.settings.progress, ss.settings.workers = True, 1; ss.pp.pipeline(sys.argv[1])"
        seen = "import singlesharp.progress as p; p.Lines.interval = 0; p.Bar = lambda _: p.Lines(); " + script
        # Shells have programs in the background ignore Ctrl-C, and so may these tests be started.
        seen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); " + seen
        child = subprocess.Popen(
            [sys.executable, "-c", seen, str(large)], stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(here.parent)}
        )
        self.assertTrue(child.stderr.readline().startswith(b"pass 1"))
        child.send_signal(signal.SIGINT)
        said = child.stderr.read().decode()
        child.stderr.close()
        child.wait()
        self.assertIn("KeyboardInterrupt", said)
        self.assertEqual(self.names(), ["large.h5ad"])
        time.sleep(0.2)
        self.assertEqual(digest(large), before)


if __name__ == "__main__":
    unittest.main()
