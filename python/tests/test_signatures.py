"""Names, order, kinds and defaults of arguments are those of scanpy 1.11."""

import inspect
import math
import unittest

from common import ss

_tops = (50, 100, 200, 500)

# "/" would be positional; what follows "*" is passed by name, as in scanpy.
scanpy = {
    "calculate_qc_metrics": "adata * expr_type='counts' var_type='genes' qc_vars=() percent_top=_tops layer=None use_raw=False "
    "inplace=False log1p=True parallel=None",
    "normalize_total": "adata * target_sum=None exclude_highly_expressed=False max_fraction=0.05 key_added=None layer=None "
    "layers=None layer_norm=None inplace=True copy=False",
    "log1p": "data * base=None copy=False chunked=None chunk_size=None layer=None obsm=None",
    "highly_variable_genes": "adata * layer=None n_top_genes=None min_disp=0.5 max_disp=math.inf min_mean=0.0125 max_mean=3 span=0.3 "
    "n_bins=20 flavor='seurat' subset=False inplace=True batch_key=None check_values=True",
    "pca": "data n_comps=None * layer=None zero_center=True svd_solver=None chunked=False chunk_size=None random_state=0 "
    "return_info=False mask_var=EMPTY use_highly_variable=None dtype='float32' key_added=None copy=False",
    "scale": "data * zero_center=True max_value=None copy=False layer=None obsm=None mask_obs=None",
    "filter_cells": "data * min_counts=None min_genes=None max_counts=None max_genes=None inplace=True copy=False",
    "filter_genes": "data * min_counts=None min_cells=None max_counts=None max_cells=None inplace=True copy=False",
}

#: What SingleSharp adds, always last and by name.
ours = {"out": None, "sum_duplicates": False, "allow_invalid": False, "allow_logged": False, "dense_layer": None}


def _parsed(text):
    by_name = False

    for word in text.split():
        if word == "*":
            by_name = True
            continue

        name, _, default = word.partition("=")
        kind = inspect.Parameter.KEYWORD_ONLY if by_name else inspect.Parameter.POSITIONAL_OR_KEYWORD
        yield name, kind, default


class Signatures(unittest.TestCase):
    def test_every_function_is_compared(self):
        self.assertEqual(set(scanpy) | {"preprocess", "pipeline"}, set(ss.pp.__all__))

    def test_arguments(self):
        for function, text in scanpy.items():
            with self.subTest(function):
                expected = list(_parsed(text))
                parameters = list(inspect.signature(getattr(ss.pp, function)).parameters.values())
                same, added = parameters[: len(expected)], parameters[len(expected) :]
                self.assertEqual([(each.name, each.kind) for each in same], [(name, kind) for name, kind, _ in expected])

                for parameter, (name, _, default) in zip(same, expected):
                    if default == "EMPTY":
                        # A value of its own that says that nothing was passed: None means all genes.
                        self.assertIs(type(parameter.default), object, name)
                    elif default == "":
                        self.assertIs(parameter.default, inspect.Parameter.empty, name)
                    else:
                        value = eval(default, {"math": math, "_tops": _tops})
                        self.assertEqual((parameter.default, type(parameter.default)), (value, type(value)), name)

                self.assertIn("out", [each.name for each in added])

                for parameter in added:
                    self.assertEqual(parameter.kind, inspect.Parameter.KEYWORD_ONLY)
                    self.assertEqual(parameter.default, ours[parameter.name])


if __name__ == "__main__":
    unittest.main()
