"""Looks where scanpy's next steps look in an AnnData object after the pipeline, and does with it what they do before their own work begins.

Each function is named after the function of scanpy 1.11 whose accesses it repeats, and yields what that would stumble over.
"""
import anndata
import h5py
import numpy as np
from scipy import sparse

# What anndata 0.11 writes for the values that scanpy keeps.
ENCODINGS = {
    "uns/hvg": "dict",
    "uns/hvg/flavor": "string",
    "uns/log1p": "dict",
    "uns/pca": "dict",
    "uns/pca/params": "dict",
    "uns/pca/params/zero_center": "numeric-scalar",
    "uns/pca/params/use_highly_variable": "numeric-scalar",
    "uns/pca/params/mask_var": "string",
    "uns/pca/variance": "array",
    "uns/pca/variance_ratio": "array",
    "obsm/X_pca": "array",
    "varm/PCs": "array",
    "var/highly_variable": "array",
}


def pp_neighbors(a):
    """_choose_representation: obsm['X_pca'] with as many columns as are asked for."""
    x = a.obsm["X_pca"]
    if not (isinstance(x, np.ndarray) and x.dtype == np.float32 and x.ndim == 2 and len(x) == a.n_obs):
        yield f"obsm['X_pca'] is {x.dtype} of shape {x.shape}"
    if not np.isfinite(x).all():
        yield "obsm['X_pca'] is not finite"
    distances = np.linalg.norm(x[:1, :10] - x[:, :10], axis=1)
    if len(x) > 1 and not distances[1:].any():
        yield "all cells are in one place"


def pl_pca_variance_ratio(a):
    """ranking(adata, 'uns', 'variance_ratio', dictionary='pca', labels='PC')."""
    scores = getattr(a, "uns")["pca"]["variance_ratio"]
    if scores.ndim != 1 or len(scores) != a.obsm["X_pca"].shape[1]:
        yield f"uns['pca']['variance_ratio'] has the shape {scores.shape}"
    if (np.diff(scores) > 0).any() or not 0 < scores.sum() <= 1 + 1e-12 or (scores < 0).any():
        yield f"uns['pca']['variance_ratio'] is {scores}"
    variance = a.uns["pca"]["variance"]
    if variance.dtype != np.float64 or scores.dtype != np.float64:
        yield "the variances are not float64"
    measured = a.obsm["X_pca"].astype(np.float64).var(axis=0, ddof=1)
    if not np.allclose(variance, measured, rtol=1e-5, atol=1e-9):
        yield "uns['pca']['variance'] is not the variance of obsm['X_pca']"


def pl_pca_loadings(a):
    """ranking(adata, 'varm', 'PCs', indices=components)."""
    loadings = a.varm["PCs"]
    if loadings.shape != (a.n_vars, a.obsm["X_pca"].shape[1]) or loadings.dtype != np.float64:
        yield f"varm['PCs'] is {loadings.dtype} of shape {loadings.shape}"
    names = a.var_names[np.argsort(loadings[:, 0])[::-1][:30]]
    if not a.var.loc[names, "highly_variable"].iloc[:1].all():
        yield "the gene that adds most to the first component is not highly variable"


def pl_highly_variable_genes(a):
    """The flavor says which columns are drawn; the flags choose rows of var."""
    flavor = a.uns["hvg"]["flavor"]
    columns = ["variances", "variances_norm"] if flavor.startswith("seurat_v3") else ["dispersions", "dispersions_norm"]
    if not isinstance(flavor, str) or a.var["highly_variable"].dtype != bool:
        yield f"the flavor is {flavor!r}, and the flags are {a.var['highly_variable'].dtype}"
    if a[:, a.var["highly_variable"]].n_vars == 0:
        yield "no gene is highly variable"
    for column in ["means", *columns]:
        a.var[column]


def pp_highly_variable_genes(a):
    """uns['log1p'].get('base') is None, or a number."""
    base = a.uns["log1p"].get("base")
    if base is not None and not np.isreal(base):
        yield f"uns['log1p']['base'] is {base!r}"


def tl_ingest(a):
    """Projects cells again, as it does with those of another object, with the parameters and loadings that pca left behind."""
    params = a.uns["pca"]["params"]
    if not all(isinstance(params[key], (bool, np.bool_)) for key in ("zero_center", "use_highly_variable")):
        yield f"uns['pca']['params'] is {params}"
    x = a.X
    if sparse.issparse(x):
        # SciPy's own conversions fail where indices and offsets have different types.
        x = sparse.csr_matrix((x.data, x.indices.astype(np.int64), x.indptr.astype(np.int64)), shape=x.shape).toarray()
    x = x.astype(np.float64)
    basis = a.varm["PCs"]
    if params["use_highly_variable"]:
        if params["mask_var"] != "highly_variable":
            yield f"uns['pca']['params']['mask_var'] is {params['mask_var']!r}"
        basis, x = basis[a.var["highly_variable"]], x[:, a.var["highly_variable"]]
    if params["zero_center"]:
        x -= x.mean(axis=0)
    again = x @ basis
    if not np.allclose(again, a.obsm["X_pca"], rtol=1e-5, atol=1e-5 * np.abs(again).max(initial=0)):
        yield "the same cells get other scores"


STEPS = (pp_neighbors, pl_pca_variance_ratio, pl_pca_loadings, pl_highly_variable_genes, pp_highly_variable_genes, tl_ingest)


def encodings(path):
    with h5py.File(path) as file:
        for name, encoding in ENCODINGS.items():
            found = file[name].attrs["encoding-type"]
            if found != encoding:
                yield f"{name}: its encoding is {found}"


def problems(path):
    """Everything that scanpy's next steps would stumble over in a file that the pipeline wrote, with highly variable genes as the mask."""
    yield from encodings(path)
    found = anndata.read_h5ad(path)
    for step in STEPS:
        try:
            yield from (f"{step.__name__}: {problem}" for problem in step(found))
        except Exception as trouble:
            yield f"{step.__name__}: {type(trouble).__name__}: {trouble}"
