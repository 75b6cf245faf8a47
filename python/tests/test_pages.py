"""Pages with plots: of a file, and of a run beside its result."""

import unittest

from common import InFolder, anndata, cli, digest, sample, ss


class Pages(InFolder):
    def test_of_a_file(self):
        file = self.copy("qc.h5ad")
        ss.pp.calculate_qc_metrics(file, inplace=True)
        cli("report", file, "--out", self.folder / "cli.html", "--quiet")
        page = ss.report(file, self.folder / "page.html")
        self.assertEqual((self.folder / "page.html").read_bytes(), (self.folder / "cli.html").read_bytes())
        self.assertEqual((page.output, page.bytes), (str(self.folder / "page.html"), (self.folder / "page.html").stat().st_size))
        self.assertEqual((page.n_obs, page.n_obs_drawn), (60, 60))
        self.assertIn("Counts per cell", page.plots)
        self.assertIn("Components 1 and 2", page.not_drawn)

        adata = anndata.read_h5ad(file, backed="r")
        self.assertEqual(ss.report(adata, out=self.folder / "backed.html", digest=True).plots, page.plots)
        self.assertIn(digest(file), (self.folder / "backed.html").read_text())
        self.assertNotIn(digest(file), (self.folder / "page.html").read_text())
        adata.file.close()

    def test_of_a_run(self):
        page = self.folder / "page.html"
        report = ss.pp.preprocess(self.copy("counts.h5ad"), min_genes=35, report=page)
        self.assertEqual(report.raw["report"], str(page))
        self.assertIn("lost by min_genes", page.read_text())
        page.unlink()
        ss.pp.preprocess(anndata.read_h5ad(sample), min_genes=35, report=page)
        self.assertIn("lost by min_genes", page.read_text())

    def test_what_is_refused(self):
        file = self.copy("counts.h5ad")

        with self.assertRaises(ss.SingleSharpError) as caught:
            ss.report(file, file)

        self.assertEqual((caught.exception.kind, caught.exception.path), ("cannot_write", str(file)))
        self.assertRaises(TypeError, ss.report, anndata.read_h5ad(sample), self.folder / "page.html")
        self.assertRaises(TypeError, ss.report, file)
        self.assertRaises(TypeError, ss.report, file, self.folder / "page.html", digests=True)
        self.assertRaises(TypeError, ss.report, file, self.folder / "page.html", digest=1)
        self.assertEqual(self.names(), ["counts.h5ad"])


if __name__ == "__main__":
    unittest.main()
