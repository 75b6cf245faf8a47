"""Tables and arrays in other formats: what pandas and NumPy read back is what AnnData holds."""

import unittest

import numpy as np
import pandas as pd
from common import InFolder, anndata, sample, ss


class Exports(InFolder):
    def test_values(self):
        file = self.copy("qc.h5ad")
        ss.pp.calculate_qc_metrics(file, inplace=True)
        adata = anndata.read_h5ad(file)
        told = ss.export(file, "obs", self.folder / "obs.csv")
        self.assertEqual((told.element, told.format, told.n_rows), ("obs", "csv", 60))
        self.assertEqual((told.n_columns, told.bytes), (adata.obs.shape[1], (self.folder / "obs.csv").stat().st_size))
        self.assertEqual((self.folder / "obs.csv").read_text(), adata.obs.to_csv())

        ss.export(file, "var", self.folder / "var.csv.gz", columns=["total_counts"])
        read = pd.read_csv(self.folder / "var.csv.gz", index_col=0, dtype={"total_counts": "f4"})
        pd.testing.assert_frame_equal(read, adata.var[["total_counts"]], check_names=False)

        ss.export(file, "obs/total_counts", self.folder / "totals", to="npy")
        np.testing.assert_array_equal(np.load(self.folder / "totals"), adata.obs["total_counts"].to_numpy())

        told = ss.export(file, "obs", self.folder / "obs.parquet")
        self.assertEqual((told.format, told.n_rows), ("parquet", 60))
        self.assertEqual((self.folder / "obs.parquet").read_bytes()[:4], b"PAR1")

        backed = anndata.read_h5ad(file, backed="r")
        self.assertEqual(ss.export(backed, "obs", self.folder / "backed.csv").bytes, (self.folder / "obs.csv").stat().st_size)
        backed.file.close()

    def test_what_is_refused(self):
        file = self.copy("counts.h5ad")

        with self.assertRaisesRegex(ss.SingleSharpError, "the file has no obss; there is obs"):
            ss.export(file, "obss", self.folder / "obs.csv")

        self.assertRaises(TypeError, ss.export, file, 3, self.folder / "obs.csv")
        self.assertRaises(TypeError, ss.export, file, "obs", self.folder / "obs.csv", columns="total_counts")
        self.assertRaises(TypeError, ss.export, anndata.read_h5ad(sample), "obs", self.folder / "obs.csv")
        self.assertEqual(self.names(), ["counts.h5ad"])


if __name__ == "__main__":
    unittest.main()
