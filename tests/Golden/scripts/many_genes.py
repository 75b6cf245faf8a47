"""Makes files with more cells and genes than products of either are made for, and checks pca of all genes.

    many_genes.py make FOLDER
    many_genes.py pca INPUT OUTPUT yes|no      (centred or not)

Nothing is printed where all is well.
"""

import sys

import anndata
import h5py
import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import LinearOperator, eigsh

CELLS, GENES, KINDS = 8300, 8400, 6
OFFSET = 1e6


def make(folder):
    random = np.random.default_rng(7)
    places = np.sort(random.integers(0, GENES, (CELLS, 20)), axis=1)
    cell, place = np.repeat(np.arange(CELLS), 20), places.ravel()
    value = random.gamma(2.0, 0.5, len(place))
    # Cells are of several kinds, and each kind has genes of its own.
    value *= np.where(place % KINDS == cell % KINDS, 1.0 + cell % KINDS, 1.0)
    x = sparse.csr_matrix((value, (cell, place)), (CELLS, GENES))
    x.sum_duplicates()
    anndata.AnnData(x.astype("f4")).write_h5ad(f"{folder}/plain.h5ad")
    # In two genes whose means are large beside their spread, every cell has a value.
    x = x.tolil()
    for gene in (5, GENES - 2):
        x[:, gene] = OFFSET + random.gamma(2.0, 3.0, CELLS)[:, None]
    anndata.AnnData(x.tocsr().astype("f4")).write_h5ad(f"{folder}/offset.h5ad")


def check(source, output, is_centred):
    x = anndata.read_h5ad(source).X.astype("f8").tocsr()
    file = h5py.File(output)
    comps = file["obsm/X_pca"].shape[1]
    # Components do not change where a gene is shifted.
    shift = np.zeros(GENES)
    if is_centred and x.max() > OFFSET:
        shift[[5, GENES - 2]] = OFFSET
    spread = x - sparse.csr_matrix(np.outer(np.ones(CELLS), shift)) if shift.any() else x
    means = np.asarray(spread.mean(axis=0)).ravel()
    about = means if is_centred else np.zeros(GENES)

    def product(v):
        scores = spread @ v - about @ v
        return spread.T @ scores - about * scores.sum()

    values, vectors = eigsh(LinearOperator((GENES, GENES), product, dtype="f8"), k=comps + 1, which="LA", tol=1e-12)
    order = np.argsort(values)[::-1]
    values, vectors = values[order], vectors[:, order]
    exact = spread @ vectors - about @ vectors
    variances = values / (CELLS - 1) if is_centred else exact.var(axis=0)
    squares = np.asarray(spread.multiply(spread).mean(axis=0)).ravel() - means**2
    total = squares.sum() * (CELLS / (CELLS - 1) if is_centred else 1.0)
    ours = file["uns/pca/variance"][:]

    if not np.allclose(ours, variances[:comps], rtol=1e-8, atol=0):
        print("variances", ours, variances)
    if not np.allclose(file["uns/pca/variance_ratio"][:], variances[:comps] / total, rtol=1e-8, atol=0):
        print("shares", file["uns/pca/variance_ratio"][:], variances[:comps] / total)

    for k in range(comps):
        own = file["varm/PCs"][:, k]
        if own[np.argmax(np.abs(own))] < 0:
            print("the sign of", k)
        gaps = [abs(values[j] - values[k]) / values[k] for j in (k - 1, k + 1) if j >= 0]
        if min(gaps) > 1e-3:
            cosine = own @ vectors[:, k]
            if abs(abs(cosine) - 1) > 1e-9:
                print("component", k, cosine)
            scores, wanted = file["obsm/X_pca"][:, k], np.sign(cosine) * exact[:, k]
            if np.abs(scores - wanted).max() > 1e-6 * np.abs(wanted).max() + 2e-4 * (1 - abs(cosine)):
                print("scores of", k, np.abs(scores - wanted).max(), np.abs(wanted).max())


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    check(sys.argv[2], sys.argv[3], sys.argv[4] == "yes")
