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

    def test_mistakes(self):
        self.assert_refused("obs_query", ss.subset, self.path, obs_query="m > 4")


if __name__ == "__main__":
    unittest.main()
