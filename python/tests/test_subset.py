"""Subsets by query and by names, of files, backed and in memory: what anndata's slicing keeps."""

import unittest

import numpy as np
from common import InFolder, anndata, sample, ss


class Subsets(InFolder):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "made.h5ad"
        made = anndata.read_h5ad(sample)
        made.obs["n"] = np.arange(made.n_obs)
        made.obs["kind"] = ["a b", "c"] * (made.n_obs // 2) + ["c"] * (made.n_obs % 2)
        made.var["wanted"] = np.arange(made.n_vars) % 3 == 0
        made.write_h5ad(self.path)
        self.made = anndata.read_h5ad(self.path)
        self.wanted = self.made[((self.made.obs.n > 4) & (self.made.obs.kind == "a b")).to_numpy(), self.made.var.wanted.to_numpy()].copy()

    words = {"obs_query": "n > 4 and kind == 'a b'", "var_query": "wanted"}

    def assert_kept(self, kept):
        self.assertEqual(kept.obs_names.tolist(), self.wanted.obs_names.tolist())
        self.assertEqual(kept.var_names.tolist(), self.wanted.var_names.tolist())
        self.assertTrue(kept.obs.equals(self.wanted.obs))
        x = kept.X[:] if kept.isbacked else kept.X
        self.assertEqual(abs(x - self.wanted.X).max(), 0)

    def test_a_new_file(self):
        kept = ss.subset(self.path, out=self.folder / "kept.h5ad", **self.words)
        self.assert_kept(kept)
        kept.file.close()

    def test_backed(self):
        backed = anndata.read_h5ad(self.path, backed="r+")
        self.assertIsNone(ss.subset(backed, **self.words))
        self.assert_kept(backed)
        backed.file.close()

    def test_in_memory(self):
        self.assert_kept(ss.subset(self.made, copy=True, **self.words))
        self.assertIsNone(ss.subset(self.made, **self.words))
        self.assert_kept(self.made)

    def test_names(self):
        names, genes = self.wanted.obs_names.tolist(), self.folder / "genes.txt"
        genes.write_text("\n".join(self.wanted.var_names), encoding="utf-8")
        self.assert_kept(ss.subset(self.made, copy=True, obs=names[::-1], var=genes))
        self.assert_refused("obs", ss.subset, self.made, obs=["nobody"])
        self.assert_refused("obs", ss.subset, self.made, obs=["no\nbody"])

    def test_steps_of_the_subset(self):
        at_once = ss.pp.preprocess(self.made, copy=True, **self.words)
        ss.subset(self.made, **self.words)
        after = ss.pp.preprocess(self.made, copy=True)
        self.assertEqual(abs(at_once.X - after.X).max(), 0)
        self.assertTrue(at_once.obs.equals(after.obs))

    def test_split(self):
        split = ss.split(self.path, by="kind", out_dir=self.folder / "parts")
        self.assertEqual(sorted(split.paths), ["a b", "c"])
        part = anndata.read_h5ad(split.paths["a b"])
        wanted = self.made[(self.made.obs.kind == "a b").to_numpy()].copy()
        self.assertTrue(part.obs.equals(wanted.obs))
        self.assertEqual(abs(part.X - wanted.X).max(), 0)

        with self.assertRaisesRegex(ss.SingleSharpError, "no_clobber"):
            ss.split(self.path, by="kind", out_dir=self.folder / "parts", no_clobber=True)

        backed = anndata.read_h5ad(self.path, backed="r")
        self.assertEqual(ss.split(backed, by="kind", out_dir=self.folder / "others").n_obs, self.made.n_obs)
        backed.file.close()
        self.assert_refused("by", ss.split, self.path, by="nothing", out_dir=self.folder / "parts")

        with self.assertRaises(TypeError):
            ss.split(self.made, by="kind", out_dir=self.folder / "parts")

    def test_highly_variable_genes_alone(self):
        ss.pp.log1p(self.path)
        whole = ss.pp.highly_variable_genes(self.path, n_top_genes=20, out=self.folder / "whole.h5ad")
        chosen = whole.var_names[whole.var["highly_variable"]].tolist()
        whole.file.close()
        ss.pp.highly_variable_genes(self.path, n_top_genes=20, subset=True)
        self.assertEqual(anndata.read_h5ad(self.path).var_names.tolist(), chosen)
        kept = ss.pp.pipeline(self.made, copy=True, n_top_genes=20, subset=True, skip=["pca"])
        self.assertEqual(kept.n_vars, 20)
        self.assertTrue(kept.var["highly_variable"].all())
        self.made.write_h5ad(self.path)
        with_raw = ss.pp.pipeline(self.path, out=self.folder / "raw.h5ad", n_top_genes=20, subset=True, keep_raw=True, skip=["pca"])
        self.assertEqual((with_raw.n_vars, with_raw.raw.shape[1]), (20, self.made.n_vars))
        with_raw.file.close()
        self.assert_refused("keep_raw", ss.pp.pipeline, self.made, subset=True, keep_raw=True)

    def test_mistakes(self):
        self.assert_refused("obs_query", ss.subset, self.path, obs_query="m > 4")


if __name__ == "__main__":
    unittest.main()
