"""The steps of `singlesharp preprocess` and `pipeline` with scanpy's functions and its defaults, for the lanes that run scanpy."""
import scanpy as sc


def take(data, command):
    """Takes the steps of a command, in place."""
    data.var["mt"] = data.var_names.str.startswith("MT-")
    sc.pp.calculate_qc_metrics(data, qc_vars=["mt"], inplace=True)
    sc.pp.normalize_total(data, target_sum=1e4)
    sc.pp.log1p(data)

    if command == "pipeline":
        sc.pp.highly_variable_genes(data, n_top_genes=2000)
        sc.pp.pca(data, n_comps=50, svd_solver="covariance_eigh")
