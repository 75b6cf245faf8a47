"""Recipes: a file or a dict does what the command line does with it, and what a run notes can be run again."""

import json
import math
import unittest

import numpy as np
from common import InFolder, anndata, cli, digest, sample, ss

options = {"min_genes": 30, "max_pct": {"mt": 20}, "n_top_genes": 30, "n_comps": 4}
words = ["pipeline", "--min-genes", "30", "--max-pct", "mt=20", "--n-top-genes", "30", "--n-comps", "4"]


class Recipes(InFolder):
    def saved(self, name="run.json", **more):
        """A recipe that a run has written."""
        ss.pp.pipeline(sample, out=self.folder / "first.h5ad", save_recipe=self.folder / name, **options, **more).file.close()
        return self.folder / name

    def test_a_file_and_the_same_as_a_dict(self):
        path = self.saved()
        cli(*words, sample, "--out", self.folder / "cli.h5ad", "--save-recipe", self.folder / "cli.json", "--quiet")
        self.assertEqual(path.read_bytes(), (self.folder / "cli.json").read_bytes())
        wanted = digest(self.folder / "cli.h5ad")
        as_dict = json.loads(path.read_text())

        for recipe in (path, str(path), as_dict, ss.history(self.folder / "first.h5ad")[0].recipe):
            made = ss.pp.pipeline(sample, out=self.folder / "again.h5ad", recipe=recipe, save_recipe=self.folder / "again.json")
            made.file.close()
            self.assertEqual(digest(self.folder / "again.h5ad"), wanted)
            self.assertEqual(json.loads((self.folder / "again.json").read_text()), as_dict)

    def test_infinity_and_types_of_numpy(self):
        steps = [
            {"step": "qc", "options": {"percent_top": (5, 10)}},
            {"step": "normalize_total", "options": {"target_sum": np.float32(1000)}},
            {"step": "log1p"},
            {"step": "hvg", "options": {"max_disp": math.inf, "min_disp": -math.inf, "max_mean": np.float64(np.inf), "n_bins": np.int64(10)}},
        ]
        recipe = {"recipe": 1, "steps": steps, "sum_duplicates": np.bool_(True)}
        ss.pp.pipeline(sample, out=self.folder / "out.h5ad", recipe=recipe, save_recipe=self.folder / "run.json").file.close()
        written = json.loads((self.folder / "run.json").read_text())
        hvg = written["steps"][3]["options"]
        self.assertEqual([hvg[name] for name in ("max_disp", "min_disp", "max_mean", "n_bins")], ["inf", "-inf", "inf", 10])
        self.assertEqual((written["steps"][0]["options"]["percent_top"], written["sum_duplicates"]), ([5, 10], True))
        noted = ss.history(self.folder / "out.h5ad")[0].recipe
        self.assertEqual(noted, written)
        # What was given is as it was.
        self.assertEqual(steps[3]["options"]["max_disp"], math.inf)

    def test_options_count_instead(self):
        path = self.saved()
        plan = ss.plan(sample, recipe=path, skip="pca", with_steps="scale", save_recipe=self.folder / "plan.json", n_top_genes=9)
        self.assertEqual(plan.steps, ["filter", "qc", "normalize_total", "log1p", "hvg", "scale"])
        planned = json.loads((self.folder / "plan.json").read_text())
        self.assertEqual(planned["steps"][4]["options"]["n_top_genes"], 9)

        # The tool has no words for these beside a recipe, so that they would be lost.
        for name, value in {"exact_n": False, "zero_center": True, "n_top_genes": None}.items():
            self.assert_refused(name, ss.pp.pipeline, sample, out=self.folder / "out.h5ad", recipe=path, **{name: value})
            self.assert_refused(name, ss.plan, sample, recipe=path, **{name: value})

        self.assertRaisesRegex(TypeError, "n_top_genes", ss.pp.pipeline, sample, recipe=path, n_top_gene=9)

    def test_in_memory(self):
        path = self.saved(scale_zero_center=False)
        adata = anndata.read_h5ad(sample)
        report = ss.pp.pipeline(adata, recipe=json.loads(path.read_text()))
        self.assertEqual(report.steps, ["filter", "qc", "normalize_total", "log1p", "hvg", "scale", "pca"])
        adata.write_h5ad(self.folder / "memory.h5ad")
        self.assertEqual(digest(self.folder / "memory.h5ad"), digest(self.folder / "first.h5ad"))

    def test_the_layer_of_a_recipe(self):
        adata = anndata.read_h5ad(sample)
        adata.layers["counts"] = adata.X.copy()
        adata.write_h5ad(self.folder / "layers.h5ad")
        before = adata.X.copy()
        ss.pp.preprocess(adata, layer="counts", save_recipe=self.folder / "run.json")
        self.assertEqual(json.loads((self.folder / "run.json").read_text())["layer"], "counts")
        ss.pp.preprocess(self.folder / "layers.h5ad", recipe=self.folder / "run.json")
        again = anndata.read_h5ad(sample)
        again.layers["counts"] = again.X.copy()
        ss.pp.preprocess(again, recipe=self.folder / "run.json")

        for made in (adata, again):
            made.write_h5ad(self.folder / "memory.h5ad")
            self.assertEqual((made.X != before).nnz, 0)
            self.assertEqual(digest(self.folder / "memory.h5ad"), digest(self.folder / "layers.h5ad"))

        raw = {"recipe": 1, "steps": [{"step": "qc"}], "use_raw": True}
        self.assert_refused("use_raw", ss.pp.pipeline, adata, recipe=raw)

    def test_what_is_no_recipe(self):
        out = self.folder / "out.h5ad"
        umap = {"recipe": 1, "steps": [{"step": "umap"}]}
        (self.folder / "other.json").write_text("{}")

        for recipe, said in (
            (umap, r"^recipe: step 1: umap is no step"),
            ({"steps": []}, "^recipe: it does not say its format"),
            (self.folder / "nowhere.json", "^recipe .*nowhere.json: there is no such file"),
            (self.folder / "other.json", "^recipe .*other.json: it does not say its format"),
        ):
            with self.assertRaisesRegex(ss.SingleSharpError, said) as caught:
                ss.pp.pipeline(sample, out=out, recipe=recipe)

            self.assertEqual((caught.exception.kind, caught.exception.exit_code), ("usage", 2))

        self.assertRaisesRegex(TypeError, "recipe must be", ss.pp.pipeline, sample, out=out, recipe=["qc"])
        self.assertRaisesRegex(TypeError, "has no place in a recipe", ss.pp.pipeline, sample, out=out, recipe={"recipe": {1}})

        self.assertRaisesRegex(ss.SingleSharpError, "that file too; choose another name", self.saved, "first.h5ad")
        self.copy("other.h5ad")
        self.assertRaisesRegex(ss.SingleSharpError, "no recipe; choose another name", self.saved, "other.h5ad")

        self.assertNotIn("out.h5ad", self.names())


class Notes(InFolder):
    def test_history(self):
        file = self.copy("counts.h5ad")
        self.assertEqual(ss.history(file), [])
        ss.pp.calculate_qc_metrics(file, inplace=True)
        ss.pp.normalize_total(file, target_sum=1e4)
        runs = ss.history(file)
        self.assertEqual([(run.steps, run.inputs) for run in runs], [(["qc"], ["counts.h5ad"]), (["normalize_total"], ["counts.h5ad"])])
        self.assertEqual(runs[1].recipe["steps"][0]["options"]["target_sum"], 10000)
        self.assertEqual((runs[0].version, runs[0].bits), (ss.__version__, runs[0].raw["bits"]))
        self.assertRegex(repr(runs[1]), r"(?m)^  steps    normalize_total$")
        adata = anndata.read_h5ad(file, backed="r")
        self.assertEqual(len(ss.history(adata)), 2)
        adata.file.close()

    def test_in_memory_notes_follow_one_another(self):
        adata = anndata.read_h5ad(sample)
        ss.pp.normalize_total(adata, target_sum=1e4)
        ss.pp.log1p(adata)
        adata.write_h5ad(self.folder / "memory.h5ad")
        self.assertEqual([run.steps for run in ss.history(self.folder / "memory.h5ad")], [["normalize_total"], ["log1p"]])

    def test_settings(self):
        self.addCleanup(setattr, ss.settings, "provenance", True)
        self.addCleanup(setattr, ss.settings, "workers", None)
        self.addCleanup(setattr, ss.settings, "memory", None)
        ss.settings.provenance, ss.settings.workers, ss.settings.memory = False, 2, "1G"
        file = self.copy("counts.h5ad")
        ss.pp.log1p(file)
        adata = anndata.read_h5ad(sample)
        ss.pp.log1p(adata)
        self.assertEqual((ss.history(file), list(adata.uns)), ([], ["log1p"]))

        # Every other command takes what it can of them.
        ss.info(file), ss.plan(sample), ss.verify(file), ss.digest(file), ss.report(file, self.folder / "page.html")
        ss.convert([sample, sample], self.folder / "made.h5ad", sample_names=["a", "b"], index_unique="-")


if __name__ == "__main__":
    unittest.main()
