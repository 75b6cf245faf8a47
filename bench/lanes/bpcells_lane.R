# BPCells: what `singlesharp preprocess` or `pipeline` does, with the functions of BPCells, which reads the .h5ad file in pieces.
#
# preprocess: detected genes, totals and those of mt genes for each cell, detections and means of genes, then log1p of counts scaled to 10,000.
# It leaves out the shares of top genes. The matrix is written as BPCells keeps it, a folder, in float32; results are an .rds file there.
# pipeline: also the 2,000 genes of the highest variance, which is simpler than what scanpy does, and 50 components of them, centred, by an
# iterative solver.
#
# It measures this way of use alone, and the start of R.
suppressPackageStartupMessages(library(BPCells))

arguments <- commandArgs(trailingOnly = TRUE)
command <- arguments[1]
source_path <- arguments[2]
target <- arguments[3]

# Genes are rows here, cells are columns.
counts <- open_matrix_anndata_hdf5(source_path)
stats <- matrix_stats(counts, row_stats = "mean", col_stats = "mean")
totals <- stats$col_stats["mean", ] * nrow(counts)
is_mt <- startsWith(rownames(counts), "MT-")
mt <- matrix_stats(counts[which(is_mt), ], col_stats = "mean")$col_stats["mean", ] * sum(is_mt)

scaled <- multiply_cols(counts, 1e4 / ifelse(totals == 0, 1, totals))
logged <- write_matrix_dir(convert_matrix_type(log1p(scaled), "float"), target)
results <- list(cells = stats$col_stats, genes = stats$row_stats, totals = totals, mt = mt)

if (command == "pipeline") {
  spread <- matrix_stats(logged, row_stats = "variance")$row_stats
  genes <- sort(head(order(spread["variance", ], decreasing = TRUE), 2000))
  # The solver reads it some hundred times.
  chosen <- write_matrix_dir(logged[genes, ], tempfile("chosen"))
  centred <- add_rows(chosen, -spread["mean", genes])
  parts <- BPCells::svds(centred, k = 50, threads = parallel::detectCores())
  results$genes_chosen <- genes
  results$loadings <- parts$u
  results$scores <- sweep(parts$v, 2, parts$d, "*")
}

saveRDS(results, file.path(target, "results.rds"), compress = FALSE)
