"""The note of runs in the hands of anndata: read, written again and joined. Usage: notes.py FILE COPY JOINED"""

import json
import sys

import anndata as ad

path, copy, joined = sys.argv[1:]
adata = ad.read_h5ad(path)
texts = list(adata.uns["singlesharp"])
assert all(isinstance(text, str) for text in texts), texts
assert [json.loads(text)["inputs"] for text in texts] == [["counts.h5ad"]] * len(texts), texts
adata.write_h5ad(copy)
assert list(ad.read_h5ad(copy).uns["singlesharp"]) == texts
both = ad.concat([adata, adata], uns_merge="same", index_unique="-")
assert list(both.uns["singlesharp"]) == texts
both.write_h5ad(joined)
print(len(texts))
