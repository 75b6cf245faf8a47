"""Queries of obs, with the rows that pandas finds for them.

    queries.py make FOLDER    writes columns.h5ad, with a column of every kind, and queries.json: each query with the rows that are meant
    queries.py names FILE     prints the names of cells and genes of a file as JSON
"""
import json
import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

CELLS = 40


def frame():
    rng = np.random.default_rng(5)
    wholes = rng.integers(-20, 20, CELLS)
    wholes[3], wholes[4] = -(2**53), 2**53
    reals = rng.normal(size=CELLS)
    reals[[2, 7]], reals[8], reals[9], reals[10] = np.nan, np.inf, -np.inf, -0.0
    nullable = pd.array([None if i % 7 == 0 else i % 5 for i in range(CELLS)], dtype="Int64")
    flags = pd.array([None if i % 6 == 0 else i % 2 == 0 for i in range(CELLS)], dtype="boolean")
    return pd.DataFrame(
        {
            "whole": wholes,
            "small": (wholes % 100).astype("u1"),
            "real": reals,
            "single": (np.arange(CELLS) / 10).astype("f4"),
            "flag": np.arange(CELLS) % 3 == 0,
            "some": nullable,
            "maybe": flags,
            "text": [f"t{i} é" if i % 2 else f"T{i}" for i in range(CELLS)],
            "kind": pd.Categorical([None if i % 9 == 0 else ["a", "b", "T cell", "x,y", "it's"][i % 5] for i in range(CELLS)]),
            "stage": pd.Categorical([None if i % 8 == 0 else ["early", "mid", "late"][i % 3] for i in range(CELLS)], categories=["early", "mid", "late"], ordered=True),
            "cluster": pd.Categorical([str(i % 12) for i in range(CELLS)]),
            "number": pd.Categorical(np.arange(CELLS) % 4 * 10),
            "stage2": pd.Categorical([["late", "mid", "early"][i % 3] for i in range(CELLS)], categories=["early", "mid", "late"], ordered=True),
            "truth": pd.Categorical(pd.array([True if i % 4 else False for i in range(CELLS)], dtype=bool)),
            "total counts": np.arange(CELLS) * 2,
            "a/b": np.arange(CELLS),
            "and": np.arange(CELLS),
        },
        index=[f"AAAC-{i}" for i in range(CELLS)],
    )


def known(answers):
    """What is unknown is no row."""
    return np.asarray(pd.array(answers, dtype="boolean").fillna(False), dtype=bool)


QUERIES = [
    ("whole > 5", lambda d: d.whole > 5),
    ("5 < whole", lambda d: d.whole > 5),
    ("-5<=whole<5", lambda d: (d.whole >= -5) & (d.whole < 5)),
    ("whole == 9007199254740992", lambda d: d.whole == 2**53),
    ("whole != 3", lambda d: d.whole != 3),
    ("whole in 1, 2,3", lambda d: d.whole.isin([1, 2, 3])),
    ("whole not in (1, 2, 3)", lambda d: ~d.whole.isin([1, 2, 3])),
    ("small > whole", lambda d: d.small > d.whole),
    ("real > 0", lambda d: d.real > 0),
    ("not real > 0", lambda d: ~(d.real > 0)),
    ("real == real", lambda d: d.real.notna()),
    ("real != real", lambda d: d.real.isna()),
    ("real != 1", lambda d: d.real != 1),
    ("real < inf and real > -inf", lambda d: np.isfinite(d.real)),
    ("real == Infinity", lambda d: d.real == np.inf),
    ("real == 0", lambda d: d.real == 0),
    ("real <= 1e-1", lambda d: d.real <= 0.1),
    ("single == 0.1", lambda d: d.single == np.float32(0.1)),
    ("single >= 2.3", lambda d: d.single >= np.float32(2.3)),
    ("flag", lambda d: d.flag),
    ("not flag", lambda d: ~d.flag),
    ("flag == True", lambda d: d.flag),
    ("flag != true", lambda d: ~d.flag),
    ("flag == 1", lambda d: d.flag),
    ("flag and whole > 0 or real < 0", lambda d: d.flag & (d.whole > 0) | (d.real < 0)),
    ("flag and (whole > 0 or real < 0)", lambda d: d.flag & ((d.whole > 0) | (d.real < 0))),
    ("flag & (whole > 0 | real < 0) & ~maybe", lambda d: d.flag & ((d.whole > 0) | (d.real < 0)) & ~d.maybe),
    ("some == 3", lambda d: d.some == 3),
    ("some != 3", lambda d: d.some != 3),
    ("not some == 3", lambda d: ~(d.some == 3)),
    ("some in 0,3", lambda d: d.some.isin([0, 3])),
    ("some not in 0,3", lambda d: ~d.some.isin([0, 3])),
    ("some < whole", lambda d: d.some < d.whole),
    ("some == 3 or flag", lambda d: (d.some == 3) | d.flag),
    ("some == 3 and flag", lambda d: (d.some == 3) & d.flag),
    ("not (some == 3 or flag)", lambda d: ~((d.some == 3) | d.flag)),
    ("maybe", lambda d: d.maybe),
    ("not maybe", lambda d: ~d.maybe),
    ("maybe == False", lambda d: ~d.maybe),
    ("maybe or flag", lambda d: d.maybe | d.flag),
    ("text == T4", lambda d: d.text == "T4"),
    ("text == 't3 é'", lambda d: d.text == "t3 é"),
    ("text > T3", lambda d: d.text > "T3"),
    ("text in T2, 't3 é', nobody", lambda d: d.text.isin(["T2", "t3 é", "nobody"])),
    ("text != kind", lambda d: d.text != d.kind.astype(object)),
    ("kind == a", lambda d: d.kind == "a"),
    ("a == kind", lambda d: d.kind == "a"),
    ("'T cell' == kind", lambda d: d.kind == "T cell"),
    ("kind != a", lambda d: d.kind != "a"),
    ("kind == 'T cell'", lambda d: d.kind == "T cell"),
    ('kind in ["x,y", "it\'s"]', lambda d: d.kind.isin(["x,y", "it's"])),
    ("kind in 'it\\'s'", lambda d: d.kind == "it's"),
    ("kind not in a,b", lambda d: ~d.kind.isin(["a", "b"])),
    ("kind == nobody", lambda d: d.kind == "nobody"),
    ("stage < late", lambda d: d.stage < "late"),
    ("stage >= mid", lambda d: d.stage >= "mid"),
    ("mid <= stage", lambda d: d.stage >= "mid"),
    ("stage != mid", lambda d: d.stage != "mid"),
    ("not stage < late", lambda d: ~(d.stage < "late")),
    ("stage < stage2", lambda d: d.stage < d.stage2),
    ("stage >= stage2", lambda d: d.stage >= d.stage2),
    ("stage == stage2", lambda d: d.stage == d.stage2),
    ("truth", lambda d: d.truth.astype(bool)),
    ("truth == True", lambda d: d.truth.astype(bool)),
    ("truth in False", lambda d: ~d.truth.astype(bool)),
    ("truth != False", lambda d: d.truth.astype(bool)),
    ("cluster == 3", lambda d: d.cluster == "3"),
    ("cluster in 1,11", lambda d: d.cluster.isin(["1", "11"])),
    ("number == 20", lambda d: d.number == 20),
    ("number == 20.0", lambda d: d.number == 20),
    ("number in 0,30", lambda d: d.number.isin([0, 30])),
    ('"total counts" > 40', lambda d: d["total counts"] > 40),
    ("`total counts` > `a/b`", lambda d: d["total counts"] > d["a/b"]),
    ("a/b < 3", lambda d: d["a/b"] < 3),
    ("`and` < 3 and whole < 100", lambda d: (d["and"] < 3) & (d.whole < 100)),
    ("index == AAAC-3", lambda d: d.index == "AAAC-3"),
    ("index in AAAC-3, AAAC-5", lambda d: d.index.isin(["AAAC-3", "AAAC-5"])),
    ("_index == 'AAAC-3'", lambda d: d.index == "AAAC-3"),
    ("NOT flag OR whole IN 1", lambda d: ~d.flag | d.whole.isin([1])),
    ("!flag && whole <> 3 || flag", lambda d: ~d.flag & (d.whole != 3) | d.flag),
    ("((((flag))))", lambda d: d.flag),
    ("not not flag", lambda d: d.flag),
]


def make(folder):
    obs = frame()
    x = sparse.random(CELLS, 9, 0.3, "csr", "f4", 1)
    var = pd.DataFrame({"keep": np.arange(9) % 2 == 0}, index=[f"g{i}" for i in range(9)])
    anndata.AnnData(x, obs, var, dtype="f4").write(folder / "columns.h5ad")
    found = [{"query": query, "rows": np.flatnonzero(known(rows(obs))).tolist()} for query, rows in QUERIES]
    (folder / "queries.json").write_text(json.dumps(found))


def names(path):
    data = anndata.read_h5ad(path)
    print(json.dumps({"obs": data.obs_names.tolist(), "var": data.var_names.tolist()}))


if __name__ == "__main__":
    {"make": lambda: make(Path(sys.argv[2])), "names": lambda: names(sys.argv[2])}[sys.argv[1]]()
