"""The steps that change values of X: normalize_total, log1p, scale."""

from .. import kinds
from ..errors import cannot_honour
from ._taken import done, require_in_place, take
from ._words import column, only, option, switch, truth, turned_off, unless


def normalize_total(
    adata,
    *,
    target_sum=None,
    exclude_highly_expressed=False,
    max_fraction=0.05,
    key_added=None,
    layer=None,
    layers=None,
    layer_norm=None,
    inplace=True,
    copy=False,
    out=None,
    sum_duplicates=False,
    allow_invalid=False,
):
    """scanpy's normalize_total. target_sum=None is the median total of the cells that have counts."""
    only("layers", layers, None, "scanpy has given it up; call it once for each layer")
    only("layer_norm", layer_norm, None, "scanpy has given it up; pass target_sum")
    require_in_place(inplace, out, copy)

    words = [
        *option("target_sum", "median" if target_sum is None else target_sum),
        *switch("exclude_highly_expressed", exclude_highly_expressed),
        *unless(0.05, "max_fraction", max_fraction),
        *option("key_added", key_added),
        *switch("sum_duplicates", sum_duplicates),
        *switch("allow_invalid", allow_invalid),
    ]

    if inplace:
        return done(take(adata, "normalize_total", words, out=out, copy=copy, layer=layer), out, copy)

    if kinds.is_path(adata) or not kinds.is_anndata(adata) or adata.isbacked:
        raise cannot_honour("inplace", "X of a file is not returned as a whole; pass out=")

    key = key_added or "_singlesharp_factor"
    words += [] if key_added else option("key_added", key)
    made = take(adata, "normalize_total", words, copy=True, layer=layer)
    return {"X": made.X if layer is None else made.layers[layer], "norm_factor": made.obs[key].to_numpy()}


def log1p(
    data,
    *,
    base=None,
    copy=False,
    chunked=None,
    chunk_size=None,
    layer=None,
    obsm=None,
    out=None,
    sum_duplicates=False,
    allow_invalid=False,
    allow_logged=False,
):
    """scanpy's log1p. X that is logged already is refused, unless allow_logged is True.

    chunked may be anything: the file is read in pieces in any case, and the result is the same.
    """
    only("chunk_size", chunk_size, None, "pieces are as large as memory allows; set singlesharp.settings.memory")
    only("obsm", obsm, None, "only X and layers are read")

    words = [
        *option("base", base),
        *switch("sum_duplicates", sum_duplicates),
        *switch("allow_invalid", allow_invalid),
        *switch("allow_logged", allow_logged),
    ]
    return done(take(data, "log1p", words, out=out, copy=copy, layer=layer), out, copy)


def scale(
    data,
    *,
    zero_center=True,
    max_value=None,
    copy=False,
    layer=None,
    obsm=None,
    mask_obs=None,
    out=None,
    dense_layer=None,
    sum_duplicates=False,
):
    """scanpy's scale.

    With zero_center, all of X becomes other than zero. In a file X stays sparse: the scaled values go to layers/dense_layer, and
    pipeline(with_steps="scale") computes components of them without writing any. In memory they become X, as in scanpy, unless
    dense_layer is given.
    """
    only("obsm", obsm, None, "only X and layers are read")
    in_memory = kinds.is_anndata(data) and not data.isbacked and out is None
    becomes_x = truth("zero_center", zero_center) and dense_layer is None

    if becomes_x and not in_memory:
        raise cannot_honour(
            "zero_center",
            "X of a file stays sparse; pass zero_center=False, dense_layer='scaled', or take pipeline(with_steps='scale')",
        )

    target = "_singlesharp_scaled" if becomes_x else dense_layer
    words = [
        *turned_off("--no-zero-center", "zero_center", zero_center),
        *option("max_value", max_value),
        *column("mask_obs", mask_obs),
        *option("dense_layer", target),
        *switch("sum_duplicates", sum_duplicates),
    ]
    x_from = f"layers/{target}" if becomes_x else None if zero_center else "X"
    where = {"x_from": x_from, "makes_layer": dense_layer, "obs_columns": [mask_obs]}
    return done(take(data, "scale", words, out=out, copy=copy, layer=layer, **where), out, copy)
