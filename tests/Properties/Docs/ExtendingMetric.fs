/// The QC metrics of docs/extending.md.
module internal SingleSharp.Properties.ExtendingMetric

open SingleSharp.Core
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps

/// Counts per detected gene, of a cell: NaN where nothing is detected.
let countsPerGene: CellMetric =
    { Name = "counts_per_gene"
      Type = DType.Float64
      IsLogged = false
      Value = fun cell -> cell.Total / float cell.Detected }

/// Counts per cell that detects the gene, of a gene.
let countsPerCell: OutputColumn * (GeneTallies -> float[]) =
    { Name = "counts_per_cell"
      Type = DType.Float64 },
    fun tallies -> Array.map2 (fun total cells -> total / float cells) tallies.Totals tallies.CellsByCounts
