"""An AnnData in memory gets what the command line writes to its file."""

import json
import unittest
import warnings

import numpy as np
import pandas as pd
from scipy import sparse

from common import InFolder, anndata, cli, edge, sample, ss
from singlesharp import memory


def load():
    adata = anndata.read_h5ad(sample)
    adata.obs["batch"] = ["a" if i % 3 else "b" for i in range(adata.n_obs)]
    adata.layers["counts"] = adata.X.copy()
    return adata


class Memory(InFolder):
    def setUp(self):
        super().setUp()
        self.source = self.folder / "source.h5ad"
        load().write_h5ad(self.source)

    def assert_equal(self, adata, *words):
        """The object, written, is what the commands make of the file."""
        file = self.folder / "memory.h5ad"
        adata.write_h5ad(file)
        self.assert_same(file, self.expected(*words, source=self.source))

    def test_steps_one_after_another(self):
        adata = load()
        ss.pp.calculate_qc_metrics(adata, qc_vars=["mt"], percent_top=[5], inplace=True)
        ss.pp.filter_cells(adata, min_genes=30)
        ss.pp.filter_genes(adata, min_cells=5)
        ss.pp.normalize_total(adata, target_sum=1e4, key_added="factor")
        ss.pp.log1p(adata)
        ss.pp.highly_variable_genes(adata, n_top_genes=26, batch_key="batch")
        ss.pp.pca(adata, n_comps=5)
        self.assertLess(adata.n_obs, 60)
        self.assertLess(adata.n_vars, 120)
        self.assert_equal(
            adata,
            ["qc", "--gene-set", "mt=column:mt", "--mt-prefix", "", "--percent-top", "5"],
            ["filter", "--min-genes", "30"],
            ["filter", "--min-cells", "5"],
            ["normalize_total", "--target-sum", "10000", "--key-added", "factor"],
            ["log1p"],
            ["hvg", "--n-top-genes", "26", "--batch-key", "batch"],
            ["pca", "--n-comps", "5"],
        )

    def test_pipeline(self):
        adata = load()
        report = ss.pp.pipeline(adata, min_genes=30, max_pct={"mt": 20}, n_top_genes=30, n_comps=4, scale_zero_center=False)
        self.assertEqual((report.n_obs_after, report.n_vars_after), adata.shape)
        self.assertEqual(report.steps, ["filter", "qc", "normalize_total", "log1p", "hvg", "scale", "pca"])
        self.assert_equal(
            adata,
            ["pipeline", "--min-genes", "30", "--max-pct", "mt=20", "--n-top-genes", "30", "--n-comps", "4", "--no-scale-zero-center"],
        )

    def test_keep_counts(self):
        adata = load()
        del adata.layers["counts"]
        adata.write_h5ad(self.source)
        before = adata.copy()
        report = ss.pp.preprocess(adata, min_genes=30, keep_counts=True)
        self.assertEqual(report.layer_keys, ["counts"])
        kept = before[adata.obs_names].X
        self.assertEqual(kept.dtype, adata.layers["counts"].dtype)
        self.assertEqual(abs(kept - adata.layers["counts"]).nnz, 0)
        self.assert_equal(adata, ["preprocess", "--min-genes", "30", "--keep-counts"])

        for arguments in ({}, {"layer": "counts"}):
            self.assert_refused("keep_counts", ss.pp.preprocess, load(), keep_counts=True, **arguments)

    def test_layer(self):
        adata = load()
        ss.pp.log1p(adata, layer="counts", base=10)
        self.assertNotEqual((adata.layers["counts"] != adata.X).nnz, 0)
        self.assert_equal(adata, ["log1p", "--layer", "counts", "--base", "10"])
        self.assert_refused("layer", ss.pp.log1p, adata, layer="none")

    def test_types_of_values(self):
        for case in ["x_csc", "x_dense_f32", "x_dense_f64", "x_float64", "x_int64"]:
            with self.subTest(case):
                source = edge / case / "input.h5ad"
                adata = anndata.read_h5ad(source)
                ss.pp.normalize_total(adata, target_sum=100)
                cli("normalize_total", source, "--out", self.folder / "out.h5ad", "--target-sum", "100", "--quiet")
                wanted = anndata.read_h5ad(self.folder / "out.h5ad").X
                self.assertEqual((type(adata.X), adata.X.dtype), (type(wanted), wanted.dtype))
                self.assertEqual((adata.X != wanted).sum(), 0)

    def test_scale_makes_x_dense(self):
        adata = load()
        ss.pp.scale(adata, max_value=2)
        cli("scale", self.source, "--out", self.folder / "out.h5ad", "--max-value", "2", "--dense-layer", "s", "--quiet")
        wanted = anndata.read_h5ad(self.folder / "out.h5ad")
        self.assertTrue((adata.X == wanted.layers["s"]).all())
        self.assertEqual(list(adata.layers), ["counts"])
        self.assertTrue(adata.var["std"].equals(wanted.var["std"]))

    def test_copy(self):
        adata = load()

        for made in (ss.pp.filter_cells(adata, min_genes=40, copy=True), ss.pp.log1p(adata, copy=True)):
            self.assertIsNot(made, adata)

        self.assertEqual(ss.pp.filter_cells(adata, min_genes=40, copy=True).shape, (11, 120))
        self.assert_equal(adata)

    def test_a_new_file(self):
        adata = load()
        made = ss.pp.pca(adata, n_comps=3, out=self.folder / "new.h5ad")
        self.assertEqual((made.isbacked, made.obsm["X_pca"].shape), (True, (60, 3)))
        made.file.close()
        self.assert_same(self.folder / "new.h5ad", self.expected(["pca", "--n-comps", "3"], source=self.source))
        self.assertEqual(list(adata.obsm), [])

    def test_not_in_place(self):
        adata = load()
        made = ss.pp.normalize_total(adata, target_sum=100, inplace=False)
        self.assertEqual(sorted(made), ["X", "norm_factor"])
        self.assertAlmostEqual(float(made["X"].sum()), 6000, places=1)
        self.assert_equal(adata)

    def test_names_need_not_be_unique(self):
        adata = load()
        adata.obs_names = ["same"] * 60
        ss.pp.filter_cells(adata, min_genes=40)
        self.assertEqual(adata.shape, (11, 120))
        self.assertTrue((adata.obs["n_genes"] >= 40).all())

    def test_subset(self):
        adata = load()
        ss.pp.log1p(adata)
        ss.pp.highly_variable_genes(adata, n_top_genes=30, subset=True)
        self.assertEqual(adata.n_vars, 30)

    def test_too_large(self):
        limit = ss.settings.in_memory_limit
        self.addCleanup(setattr, ss.settings, "in_memory_limit", limit)
        ss.settings.in_memory_limit = 1000

        with self.assertRaisesRegex(ss.SingleSharpError, "adata.write_h5ad"):
            ss.pp.log1p(load())

    def test_too_large_for_a_new_file(self):
        adata = load()
        self.addCleanup(setattr, ss.settings, "in_memory_limit", ss.settings.in_memory_limit)
        # X has room, the layer beside it has none.
        ss.settings.in_memory_limit = int(memory._bytes(adata.X) * 1.5)

        with self.assertRaisesRegex(ss.SingleSharpError, "in_memory_limit"):
            ss.pp.log1p(adata, out=self.folder / "new.h5ad")

    def test_notes_of_earlier_runs(self):
        adata = load()
        ss.pp.normalize_total(adata)
        ss.pp.log1p(adata)
        file = self.folder / "memory.h5ad"
        adata.write_h5ad(file)
        runs = json.loads(cli("history", file, "--json"))["runs"]
        self.assertEqual([[step["step"] for step in run["recipe"]["steps"]] for run in runs], [["normalize_total"], ["log1p"]])

    def test_layers_that_are_there(self):
        adata = load()
        before = adata.layers["counts"].copy()

        for layer in (None, "counts"):
            error = self.assert_refused(
                "dense_layer", ss.pp.pipeline, adata, with_steps=["scale"], n_comps=3, layer=layer, dense_layer="counts"
            )
            self.assertEqual(error.kind, "invalid_option")

        self.assert_refused("dense_layer", ss.pp.scale, adata, dense_layer="counts")
        self.assertEqual((adata.layers["counts"] != before).nnz, 0)
        self.assert_equal(adata)

    def test_a_layer_beside_a_logged_x(self):
        adata = load()
        ss.pp.log1p(adata)
        ss.pp.log1p(adata, layer="counts")
        ss.pp.scale(adata, layer="counts", zero_center=False)
        ss.pp.pca(adata, layer="counts", n_comps=3, mask_var=None)
        self.assert_equal(
            adata,
            ["log1p"],
            ["log1p", "--layer", "counts"],
            ["scale", "--layer", "counts", "--no-zero-center"],
            ["pca", "--layer", "counts", "--n-comps", "3", "--mask-var", "none"],
        )

    def test_a_layer_made_dense(self):
        adata = load()
        ss.pp.scale(adata, layer="counts")
        self.assertEqual(type(adata.layers["counts"]), np.ndarray)
        self.assertEqual((list(adata.layers), adata.X.nnz), (["counts"], 2038))

    def test_columns_that_nobody_named(self):
        adata = load()
        adata.obs["text"] = ["a", None, "b"] * 20
        adata.obs["objects"] = [object() for _ in range(60)]
        adata.obs["dates"] = pd.date_range("2020", periods=60)
        adata.obs = pd.concat([adata.obs, adata.obs[["text"]]], axis=1)
        adata.obs["donor"] = ["d", None, "e"] * 20
        adata.var["flags"] = pd.Series([i < 20 for i in range(120)], dtype=object).to_numpy()
        ss.pp.pipeline(adata, n_comps=3, min_genes=10, mask_var="flags", batch_key="batch", qc_vars="mt")
        self.assertEqual(str(adata.obs["dates"].dtype), "datetime64[ns]")
        ss.pp.highly_variable_genes(adata, batch_key="batch")
        ss.pp.pca(adata, n_comps=2, mask_var="flags")
        self.assertEqual(adata.obsm["X_pca"].shape, (60, 2))

    def test_what_cannot_be_written(self):
        adata = load()
        adata.obs["mixed"] = [1, "a"] * 30

        with self.assertRaisesRegex(ss.SingleSharpError, "obs cannot be written.*mixed") as caught:
            ss.pp.highly_variable_genes(adata, batch_key="mixed")

        self.assertEqual(caught.exception.kind, "unsuitable")
        adata.X = sparse.coo_matrix(adata.X)

        with self.assertRaisesRegex(ss.SingleSharpError, "X cannot be written.*change its type"):
            ss.pp.log1p(adata)

        with self.assertRaisesRegex(ss.SingleSharpError, "cannot be written"):
            ss.pp.log1p(adata, out=self.folder / "new.h5ad")

    def test_warnings_that_are_errors_come_last(self):
        adata = load()
        warnings.simplefilter("error", UserWarning)

        with self.assertRaisesRegex(UserWarning, "is left out"):
            ss.pp.pipeline(adata, n_comps=3)

        self.assertIn("X_pca", adata.obsm)

        # What went wrong counts more.
        with self.assertRaises(ss.SingleSharpError):
            ss.pp.pipeline(adata, n_comps=3)

    def test_a_view(self):
        with self.assertRaisesRegex(ss.SingleSharpError, "view.*adata.copy"):
            ss.pp.log1p(load()[:10])


if __name__ == "__main__":
    unittest.main()
