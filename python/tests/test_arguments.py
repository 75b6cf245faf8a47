"""What arguments become: None as in scanpy, nothing changed silently, and faults by scanpy's names."""

import unittest

import numpy as np

from common import InFolder, anndata, cli, sample, ss
from singlesharp.pp import _qc, _recipes, _words

# What the tool refuses, and the argument that it is about.
refused = [
    ("max_counts", ss.pp.filter_genes, {"max_counts": float("nan")}),
    ("max_cells", ss.pp.filter_genes, {"max_cells": 2.5}),
    ("min_genes", ss.pp.filter_cells, {"min_genes": 3.5}),
    ("target_sum", ss.pp.normalize_total, {"target_sum": -1}),
    ("base", ss.pp.log1p, {"base": -2}),
    ("n_comps", ss.pp.pca, {"n_comps": 0}),
    ("flavor", ss.pp.highly_variable_genes, {"flavor": "x"}),
    ("qc_vars", ss.pp.calculate_qc_metrics, {"qc_vars": ["nobody"]}),
    ("gene_sets", ss.pp.pipeline, {"gene_sets": {"a": "nothing"}}),
    ("gene_sets", ss.pp.pipeline, {"gene_sets": {"--json": "prefix:G"}}),
    ("with_steps", ss.pp.pipeline, {"with_steps": ["umap"]}),
    ("layer", ss.pp.log1p, {"layer": ""}),
    ("layer", ss.pp.log1p, {"layer": "--json"}),
    ("mask_var", ss.pp.pca, {"mask_var": "--json"}),
    ("qc_vars", ss.pp.calculate_qc_metrics, {"qc_vars": ["--json"]}),
    ("n_top_genes", ss.pp.pipeline, {"n_top_genes": None, "flavor": "seurat_v3"}),
]

wrong_types = [
    (ss.pp.calculate_qc_metrics, {"percent_top": [50.9]}, "percent_top must be whole numbers"),
    (ss.pp.calculate_qc_metrics, {"percent_top": [True]}, "percent_top"),
    (ss.pp.calculate_qc_metrics, {"percent_top": "50"}, "percent_top"),
    (ss.pp.calculate_qc_metrics, {"percent_top": ["50"]}, "percent_top"),
    (ss.pp.pipeline, {"percent_top": [50.9]}, "percent_top"),
    (ss.pp.pipeline, {"max_pct": 20}, "max_pct must be a dict"),
    (ss.pp.pipeline, {"max_pct": {"mt": "20"}}, "max_pct"),
    (ss.pp.pipeline, {"max_pct": {"mt": True}}, "max_pct"),
    (ss.pp.pipeline, {"gene_sets": {"a": ["G1", "G2"]}}, "gene_sets: a must be a text"),
    (ss.pp.pca, {"zero_center": np.array([True])}, "zero_center must be True or False"),
    (ss.pp.pca, {"n_comps": np.True_}, "n_comps: a number is expected"),
]


class Arguments(InFolder):
    def test_faults_have_the_names_of_arguments(self):
        file = self.copy("refused.h5ad")

        for option, call, arguments in refused:
            with self.subTest(f"{call.__name__} {arguments}"):
                error = self.assert_refused(option, call, file, **arguments)
                self.assertNotRegex(str(error), r"--[a-z]+[-:]|gene_(max|min)_counts")

        self.assertEqual(file.read_bytes(), sample.read_bytes())

        with self.assertRaises(ss.SingleSharpError) as caught:
            ss.convert([sample, sample], self.folder / "both.h5ad", sample_names=["a,b", "c"])

        self.assertEqual(caught.exception.option, "sample_names")

    def test_types(self):
        for call, arguments, said in wrong_types:
            with self.subTest(arguments), self.assertRaisesRegex(TypeError, said):
                call(sample, out=self.folder / "new.h5ad", **arguments)

        with self.assertRaisesRegex(TypeError, "sample_names must be a list"):
            ss.convert([sample, sample], self.folder / "new.h5ad", sample_names="ab")

        self.assertEqual(self.names(), [])

    def test_none_is_that_of_scanpy(self):
        cuts = {"percent_top": None, "target_sum": None, "n_top_genes": None}
        self.assertEqual(
            _recipes.words_of("pipeline", cuts), ["--percent-top", "none", "--target-sum", "median", "--min-mean", "0.0125"]
        )
        limited = _recipes.words_of("pipeline", {"n_top_genes": None, "max_mean": 4})
        self.assertEqual(limited, ["--max-mean", "4"])
        words = {"base": None, "batch_key": None, "skip": None, "max_pct": None, "mt_prefix": None}
        self.assertEqual(_recipes.words_of("pipeline", words), [])
        file = self.copy("none.h5ad")
        ss.pp.pipeline(file, n_comps=3, **cuts)
        wanted = ["pipeline", "--n-comps", "3", "--percent-top", "none", "--target-sum", "median", "--min-mean", "0.0125"]
        self.assert_same(file, self.expected(wanted))
        alone = self.copy("alone.h5ad")
        ss.pp.normalize_total(alone)
        ss.pp.log1p(alone)
        ss.pp.highly_variable_genes(alone)
        genes = [list(anndata.read_h5ad(each).var["highly_variable"]) for each in (file, alone)]
        self.assertEqual(*genes)

    def test_numbers_of_numpy(self):
        self.assertEqual(_recipes.words_of("pipeline", {"max_pct": {"mt": np.float64(20)}}), ["--max-pct", "mt=20.0"])
        self.assertEqual(_words.option("n_comps", np.int64(3)), ["--n-comps", "3"])
        self.assertEqual(_qc._top_words(np.array([100, 50])), ["--percent-top", "50,100"])
        self.assertEqual(_words.switch("sum_duplicates", np.True_), ["--sum-duplicates"])
        self.assertEqual(_words.turned_off("--no-zero-center", "zero_center", np.False_), ["--no-zero-center"])
        made = ss.pp.log1p(anndata.read_h5ad(sample), copy=np.True_)
        self.assertIn("log1p", made.uns)

    def test_names_that_begin_with_a_dash(self):
        adata = anndata.read_h5ad(sample)
        adata.layers["-counts"] = adata.X.copy()
        adata.obs["-batch"] = ["x", "y"] * 30
        adata.var["-flags"] = [i < 20 for i in range(120)]
        adata.write_h5ad(self.folder / "dashes.h5ad")

        for data in (self.folder / "dashes.h5ad", adata):
            ss.pp.log1p(data, layer="-counts")
            ss.pp.calculate_qc_metrics(data, qc_vars=["-flags"], percent_top=None, inplace=True)
            ss.pp.highly_variable_genes(data, layer="-counts", batch_key="-batch")
            ss.pp.pca(data, n_comps=2, mask_var="-flags")

        made = anndata.read_h5ad(self.folder / "dashes.h5ad")
        self.assertTrue({"total_counts_-flags", "-batch"} <= set(made.obs))
        self.assertTrue((made.layers["-counts"] != made.X).nnz)
        self.assertEqual(list(made.obs), list(adata.obs))


if __name__ == "__main__":
    unittest.main()
