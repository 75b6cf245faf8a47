"""What object and file in backed mode owe each other: neither loses anything, whatever happens in between."""

import os
import signal
import unittest
import warnings
from unittest import mock

import h5py
import numpy as np
import pandas as pd

from common import InFolder, anndata, sample, ss
from singlesharp import tool


class Backed(InFolder):
    def opened(self, mode="r+", change=None):
        """A sample, opened; change works on what is in the file."""
        self.file = self.folder / "backed.h5ad"
        adata = anndata.read_h5ad(sample)
        adata.obs["letter"] = pd.Categorical(["a", "b", "c"] * 20)

        if change is not None:
            change(adata)

        adata.write_h5ad(self.file)
        opened = anndata.read_h5ad(self.file, backed=mode)
        self.addCleanup(opened.file.close)
        return opened

    def stored(self):
        return anndata.read_h5ad(self.file)

    def content(self):
        """All but the first block, where HDF5 notes that a file is open."""
        return self.file.read_bytes()[48:] if self.file.exists() else None

    def refused(self, kind, said, call, *arguments, **keywords):
        """It is said, and the file is as it was."""
        before = self.content()

        with self.assertRaisesRegex(ss.SingleSharpError, said) as caught:
            call(*arguments, **keywords)

        self.assertEqual(caught.exception.kind, kind)
        self.assertTrue(self.content() == before)

    def test_warnings_that_are_errors_come_last(self):
        adata = self.opened()
        warnings.simplefilter("error", UserWarning)

        with self.assertRaisesRegex(UserWarning, "is left out"):
            ss.pp.pipeline(adata, min_genes=40, n_top_genes=500, n_comps=3)

        self.assertEqual((adata.shape, adata.X[:].shape), ((11, 120), (11, 120)))
        self.assertIn("X_pca", adata.obsm)
        ss.pp.filter_cells(adata, min_genes=1)
        self.assertEqual(self.stored().shape, (11, 120))

    @unittest.skipIf(os.name == "nt", "a script in the place of the tool")
    def test_ctrl_c_after_the_file_was_replaced(self):
        adata = self.opened()
        late = self.folder / "late"
        real = " ".join(f"'{word}'" for word in tool.find())
        late.write_text(f'#!/bin/sh\n{real} "$@"\nkill -INT $PPID\nsleep 5\n')
        late.chmod(0o755)
        former = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, former)

        with mock.patch.dict(os.environ, {"SINGLESHARP": str(late)}), self.assertRaises(KeyboardInterrupt):
            ss.pp.filter_cells(adata, min_genes=40)

        self.assertEqual((adata.shape, adata.X[:].shape), ((11, 120), (11, 120)))

    def test_what_others_wrote_is_kept(self):
        adata = self.opened()
        adata.file.close()
        ss.pp.calculate_qc_metrics(self.file, percent_top=None, inplace=True)
        adata.file.open()
        self.refused("input_changed", "somebody else.*read it again", ss.pp.log1p, adata)
        self.assertTrue(adata.file.is_open)
        adata.file.close()

        with h5py.File(self.file, "r+") as file:
            del file["uns/singlesharp"]

        self.refused("input_changed", "somebody else", ss.pp.log1p, adata)

    def test_what_others_replaced_is_kept(self):
        adata = self.opened("r+")
        other = anndata.read_h5ad(sample)
        other.obs["theirs"] = 1
        other.write_h5ad(self.folder / "other.h5ad")
        os.replace(self.folder / "other.h5ad", self.file)
        self.refused("input_changed", "somebody else", ss.pp.log1p, adata)
        self.assertTrue(adata.file.is_open)

    def test_other_lengths_are_never_written(self):
        adata = self.opened()
        adata.file.close()
        ss.pp.filter_cells(self.file, min_genes=40)

        with h5py.File(self.file, "r+") as file:
            del file["uns/singlesharp"]

        adata.file.open()
        self.refused("input_changed", "somebody else", ss.pp.log1p, adata)

    def test_what_cannot_be_written_harms_nothing(self):
        adata = self.opened()
        adata.obs["junk"] = [1, "a"] * 30
        adata.uns["mine"] = 1
        self.refused("unsuitable", "obs cannot be written.*junk", ss.pp.log1p, adata)
        self.assertTrue(adata.file.is_open)
        self.assertEqual(self.names(), ["backed.h5ad"])

    def test_order_of_categories_and_name_of_the_index(self):
        adata = self.opened()
        adata.obs["letter"] = adata.obs["letter"].cat.reorder_categories(["c", "a", "b"])
        adata.var.index.name = "gene"
        ss.pp.log1p(adata)
        self.assertEqual((list(adata.obs["letter"].cat.categories), adata.var.index.name), (["c", "a", "b"], "gene"))
        adata.file.close()
        stored = self.stored()
        self.assertEqual((list(stored.obs["letter"].cat.categories), stored.var.index.name), (["c", "a", "b"], "gene"))

    def test_raw(self):
        def with_raw(adata):
            adata.raw = adata

        adata = self.opened(change=with_raw)
        ss.pp.log1p(adata)
        self.assertEqual(adata.raw.X[:].max(), self.stored().raw.X.max())
        adata.raw.var["mine"] = 1
        self.refused("unsuitable", "raw changed in memory.*write_h5ad", ss.pp.normalize_total, adata)
        del adata.raw.var["mine"]
        adata.raw._X = adata.X[:]
        self.refused("unsuitable", "raw changed in memory.*write_h5ad", ss.pp.normalize_total, adata)

    def test_what_is_not_there_any_more(self):
        adata = self.opened()
        os.rename(self.file, self.folder / "elsewhere.h5ad")
        self.refused("not_found", "is not there any more", ss.pp.log1p, adata)
        self.assertTrue(adata.file.is_open)
        self.assertEqual(adata.X[:].shape, (60, 120))

    def test_missing_values_are_no_change(self):
        def missing(adata):
            adata.uns["nan"] = float("nan")
            adata.uns["categories"] = pd.Categorical(["a", None, "b"])
            adata.uns["record"] = np.rec.fromarrays([["a", "b"], [1.0, np.nan]], names="n,s")
            adata.uns["nested"] = {"nullable": pd.array([1, None], dtype="Int64")}
            adata.obs["missing"] = pd.Categorical(["a", None] * 30)
            adata.obs["number"] = [1.0, np.nan] * 30

        adata = self.opened("r", missing)
        self.assertEqual(str(ss.digest(adata)), str(ss.digest(self.file)))

    def test_looking_changes_nothing(self):
        adata = self.opened()
        adata.obs["new"] = 1
        adata.file.close()
        self.refused("unsuitable", r"obs changed in memory.*adata\.write\(\)", ss.digest, adata)
        self.refused("unsuitable", r"obs changed in memory.*adata\.write\(\)", ss.pp.log1p, adata, out=self.folder / "new.h5ad")
        adata.write()
        self.assertEqual(ss.info(adata).n_obs, 60)
        adata.file.close()
        self.assertIn("new", self.stored().obs)

    def test_a_name_that_begins_with_a_dash(self):
        self.copy("-d.h5ad")
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        adata = anndata.read_h5ad("-d.h5ad", backed="r+")
        ss.pp.log1p(adata)
        self.assertIn("log1p", adata.uns)
        adata.file.close()


if __name__ == "__main__":
    unittest.main()
