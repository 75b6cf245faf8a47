"""Paths and AnnData in backed mode: the file is, to the last bit of its digest, what the command line makes of it."""

import unittest

from common import InFolder, anndata, cli, digest, sample, ss

# A call, and the command line that it has to equal.
steps = [
    (lambda data, **out: ss.pp.calculate_qc_metrics(data, qc_vars=["mt"], **(out or {"inplace": True})),
     ["qc", "--mt-prefix", "", "--gene-set", "mt=column:mt"]),
    (lambda data, **out: ss.pp.calculate_qc_metrics(data, percent_top=[5, 10], log1p=False, **(out or {"inplace": True})),
     ["qc", "--mt-prefix", "", "--percent-top", "5,10", "--no-log1p-columns"]),
    (lambda data, **out: ss.pp.normalize_total(data, **out), ["normalize_total", "--target-sum", "median"]),
    (lambda data, **out: ss.pp.normalize_total(data, target_sum=1e4, key_added="k", exclude_highly_expressed=True, max_fraction=0.1, **out),
     ["normalize_total", "--target-sum", "10000", "--key-added", "k", "--exclude-highly-expressed", "--max-fraction", "0.1"]),
    (lambda data, **out: ss.pp.log1p(data, **out), ["log1p"]),
    (lambda data, **out: ss.pp.log1p(data, base=2, **out), ["log1p", "--base", "2"]),
    (lambda data, **out: ss.pp.highly_variable_genes(data, **out), ["hvg"]),
    (lambda data, **out: ss.pp.highly_variable_genes(data, n_top_genes=30, flavor="seurat_v3", span=0.5, **out),
     ["hvg", "--n-top-genes", "30", "--flavor", "seurat_v3", "--span", "0.5"]),
    (lambda data, **out: ss.pp.highly_variable_genes(data, min_mean=0.1, max_disp=4, n_bins=10, batch_key="batch", **out),
     ["hvg", "--min-mean", "0.1", "--max-disp", "4", "--n-bins", "10", "--batch-key", "batch"]),
    (lambda data, **out: ss.pp.pca(data, 7, zero_center=False, key_added="mine", **out),
     ["pca", "--n-comps", "7", "--no-zero-center", "--key-added", "mine"]),
    (lambda data, **out: ss.pp.pca(data, mask_var="mt", n_comps=3, **out), ["pca", "--mask-var", "mt", "--n-comps", "3"]),
    (lambda data, **out: ss.pp.pca(data, mask_var=None, **out), ["pca", "--mask-var", "none"]),
    (lambda data, **out: ss.pp.scale(data, zero_center=False, max_value=10, **out), ["scale", "--no-zero-center", "--max-value", "10"]),
    (lambda data, **out: ss.pp.scale(data, dense_layer="scaled", **out), ["scale", "--dense-layer", "scaled"]),
    (lambda data, **out: ss.pp.filter_cells(data, min_genes=35, **out), ["filter", "--min-genes", "35"]),
    (lambda data, **out: ss.pp.filter_genes(data, max_counts=40, **out), ["filter", "--gene-max-counts", "40"]),
    (lambda data, **out: ss.pp.preprocess(data, min_cells=3, target_sum="median", **out),
     ["preprocess", "--min-cells", "3", "--target-sum", "median"]),
    (lambda data, **out: ss.pp.preprocess(data, keep_counts=True, compression="gzip:1", **out),
     ["preprocess", "--keep-counts", "--compression", "gzip:1"]),
    (lambda data, **out: ss.pp.pipeline(
        data, max_pct={"mt": 20}, n_top_genes=30, n_comps=5, gene_sets={"g": "prefix:G"}, qc_vars=["mt2"], with_steps=["scale"],
        skip="normalize_total", zero_center=True, log1p=False, exact_n=True, **out),
     ["pipeline", "--max-pct", "mt=20", "--n-top-genes", "30", "--n-comps", "5", "--gene-set", "g=prefix:G", "--gene-set",
      "mt2=column:mt2", "--with", "scale", "--skip", "normalize_total", "--no-log1p-columns", "--exact-n"]),
]  # fmt: skip


class Files(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = {}

    def setUp(self):
        super().setUp()
        adata = anndata.read_h5ad(sample)
        adata.obs["batch"] = ["a" if i % 3 else "b" for i in range(adata.n_obs)]
        adata.var["mt2"] = adata.var["mt"]
        adata.layers["raw"] = adata.X.copy()
        self.source = self.folder / "source.h5ad"
        adata.write_h5ad(self.source)

    def want(self, words):
        if tuple(words) not in self.made:
            self.made[tuple(words)] = self.expected(words, source=self.source)

        return self.made[tuple(words)]

    def test_path_in_place(self):
        for call, words in steps:
            with self.subTest(words):
                file = self.copy("in_place.h5ad", self.source)
                result = call(file)
                self.assertEqual(type(result), ss.Report if words[0] in ("preprocess", "pipeline") else type(None))
                self.assert_same(file, self.want(words))

    def test_path_to_a_new_file(self):
        before = digest(self.source)

        for call, words in steps[::3]:
            with self.subTest(words):
                made = call(str(self.source), out=self.folder / "new.h5ad")
                self.assertTrue(made.isbacked)
                self.assertEqual(str(made.filename), str(self.folder / "new.h5ad"))
                made.file.close()
                self.assert_same(self.folder / "new.h5ad", self.want(words))

        self.assertEqual(digest(self.source), before)

    def test_backed_for_writing(self):
        for call, words in steps[1::2]:
            with self.subTest(words):
                file = self.copy("backed.h5ad", self.source)
                adata = anndata.read_h5ad(file, backed="r+")
                call(adata)
                self.assertTrue(adata.file.is_open)
                fresh = anndata.read_h5ad(file)
                self.assertEqual(adata.shape, fresh.shape)
                self.assertTrue(adata.obs.equals(fresh.obs) and adata.var.equals(fresh.var))
                self.assertEqual([set(adata.obsm), set(adata.varm), set(adata.uns)], [set(fresh.obsm), set(fresh.varm), set(fresh.uns)])
                self.assertEqual((adata.X[:] != fresh.X).sum(), 0)
                adata.file.close()
                self.assert_same(file, self.want(words))

    def test_backed_for_reading(self):
        adata = anndata.read_h5ad(self.source, backed="r")

        for call, words in [steps[0], steps[2], steps[-4]]:
            with self.subTest(words):
                made = call(adata, out=self.folder / "new.h5ad")
                made.file.close()
                self.assert_same(self.folder / "new.h5ad", self.want(words))
                self.assertTrue(adata.file.is_open)
                self.assertEqual(adata.shape, (60, 120))

        with self.assertRaises(ss.SingleSharpError) as caught:
            ss.pp.log1p(adata)

        self.assertEqual((caught.exception.kind, caught.exception.path), ("cannot_write", str(self.source)))
        self.assertTrue(adata.file.is_open)

    def test_layer(self):
        file = self.copy("layer.h5ad", self.source)
        adata = anndata.read_h5ad(file, backed="r+")
        ss.pp.normalize_total(adata, target_sum=100, layer="raw")
        ss.pp.log1p(adata, layer="raw")
        self.assertNotEqual((adata.layers["raw"] != adata.X[:]).sum(), 0)
        adata.file.close()
        words = [["normalize_total", "--layer", "raw", "--target-sum", "100"], ["log1p", "--layer", "raw"]]
        self.assert_same(file, self.expected(*words, source=self.source))

    def test_filter_changes_the_shape(self):
        adata = anndata.read_h5ad(self.copy("filter.h5ad", self.source), backed="r+")
        ss.pp.filter_cells(adata, min_genes=40)
        self.assertEqual(adata.shape, (11, 120))
        ss.pp.filter_genes(adata, min_cells=10)
        self.assertEqual(adata.shape, (11, 10))
        self.assertEqual((adata.X[:].shape, len(adata.obs), len(adata.var)), ((11, 10), 11, 10))

    def test_what_changed_in_memory_is_written_first(self):
        file = self.copy("edited.h5ad", self.source)
        adata = anndata.read_h5ad(file, backed="r+")
        adata.var["chosen"] = [i % 2 == 0 for i in range(adata.n_vars)]
        adata.obs["donor"] = ["d1", "d2"] * 30
        adata.uns["note"] = "mine"
        ss.pp.pca(adata, n_comps=3, mask_var="chosen")
        self.assertEqual((adata.obs["donor"].iloc[1], str(adata.uns["note"])), ("d2", "mine"))
        adata.file.close()
        plain = anndata.read_h5ad(self.source)
        plain.var["chosen"] = [i % 2 == 0 for i in range(plain.n_vars)]
        plain.obs["donor"] = ["d1", "d2"] * 30
        plain.uns["note"] = "mine"
        plain.write_h5ad(self.folder / "plain.h5ad")
        wanted = self.expected(["pca", "--n-comps", "3", "--mask-var", "chosen"], source=self.folder / "plain.h5ad")
        self.assert_same(file, wanted)

    def test_what_changed_in_memory_cannot_be_written_to_a_file_for_reading(self):
        adata = anndata.read_h5ad(self.source, backed="r")
        adata.var["chosen"] = True

        with self.assertRaisesRegex(ss.SingleSharpError, "var changed in memory.*backed='r\\+'"):
            ss.pp.pca(adata, mask_var="chosen", out=self.folder / "new.h5ad")

        self.assertEqual(self.names(), ["source.h5ad"])

    def test_metrics_as_data_frames(self):
        before = digest(self.source)
        cli("qc", self.source, "--out", self.folder / "qc.h5ad", "--gene-set", "mt2=column:mt2", "--mt-prefix", "", "--quiet")
        wanted = anndata.read_h5ad(self.folder / "qc.h5ad")

        for data in (self.source, anndata.read_h5ad(self.source, backed="r"), anndata.read_h5ad(self.source)):
            obs, var = ss.pp.calculate_qc_metrics(data, qc_vars="mt2")
            self.assertTrue(obs.equals(wanted.obs[list(obs.columns)]) and var.equals(wanted.var[list(var.columns)]))
            self.assertEqual((obs.columns[-1], var.columns[-1]), ("pct_counts_mt2", "log1p_total_counts"))
            chosen = ss.pp.highly_variable_genes(data, n_top_genes=30, inplace=False)
            self.assertEqual(int(chosen["highly_variable"].sum()), 30)

        self.assertEqual(digest(self.source), before)
        self.assertEqual(self.names(), ["qc.h5ad", "source.h5ad"])


if __name__ == "__main__":
    unittest.main()
