/// Quality-control metrics per cell and per gene: scanpy's calculate_qc_metrics (scanpy-semantics, section 1).
namespace SingleSharp.Core.Steps

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows

/// The options of calculate_qc_metrics that the kernels need.
type internal QcColumns =
    {
        Sets: Membership
        /// Sorted, each between 1 and the number of genes.
        PercentTop: int list
        Log1p: bool
        /// The number of genes where X is dense, so that zeros are among the most expressed before negative values are: as scanpy has it.
        Dense: int voption
    }

/// What is summed of a cell, for its metrics.
[<Sealed>]
type internal CellTotals(top: float[], inSets: float[]) =
    /// How many values are not zero.
    member val Detected = 0 with get, set
    /// The sum of the values, in float64 in stored order.
    member val Total = 0.0 with get, set
    /// The sums of the k largest values, for each k of percent_top.
    member _.Top = top
    /// The sum of the values in each gene set.
    member _.InSets = inSets

/// A metric of a cell: its column of obs.
type internal CellMetric =
    {
        Name: string
        Type: DType
        /// Is log1p of it a column too?
        IsLogged: bool
        Value: CellTotals -> float
    }

[<RequireQualifiedAccess>]
module internal QcMetrics =
    /// The type of a sum of values of a type: scanpy keeps floats and widens integers.
    let totalType numeric =
        match numeric with
        | DType.Float32 -> DType.Float32
        | DType.Float64 -> DType.Float64
        | whole when DType.isUnsigned whole -> DType.UInt64
        | _ -> DType.Int64

    /// The type of log1p of a column: float32 stays, everything else becomes float64.
    let private log1pType numeric =
        if numeric = DType.Float32 then DType.Float32 else DType.Float64

    /// log1p as it is applied to a stored column: of the value rounded to that column's type.
    let log1pOf numeric value =
        Elementary.log1p (if numeric = DType.Float32 then Precision.round Precision.Single value else value)

    /// 100·part/whole, stored as percentages of totals of a type are: quotient and product in float32 where these are float32.
    /// NaN where both are zero.
    let percentage total part whole =
        match total with
        | DType.Float32 -> float (float32 part / float32 whole * 100.0f)
        | _ -> part / whole * 100.0

    /// The metrics of obs in scanpy's order: one line each. Totals are in counts, shares (pct_) in percent of the cell's total, NaN
    /// where a cell has no counts.
    let cellMetrics numeric genesType (options: QcColumns) : CellMetric list =
        let total = totalType numeric

        let stored =
            Precision.round (if total = DType.Float32 then Precision.Single else Precision.Double)

        let metric name dtype isLogged value =
            { Name = name
              Type = dtype
              IsLogged = isLogged && options.Log1p
              Value = value }

        [ metric "n_genes_by_counts" genesType true (fun cell -> float cell.Detected)
          metric "total_counts" total true _.Total
          for i, k in List.indexed options.PercentTop do
              metric $"pct_counts_in_top_{k}_genes" DType.Float64 false (fun cell -> stored cell.Top[i] / stored cell.Total * 100.0)
          for i, set in List.indexed options.Sets.Names do
              metric $"total_counts_{set}" total true (fun cell -> cell.InSets[i])
              metric $"pct_counts_{set}" (log1pType total) false (fun cell -> percentage total cell.InSets[i] cell.Total) ]

    let private columnsOf (metrics: CellMetric list) : OutputColumn list =
        [ for metric in metrics do
              { Name = metric.Name
                Type = metric.Type }

              if metric.IsLogged then
                  { Name = "log1p_" + metric.Name
                    Type = log1pType metric.Type } ]

    // Loops of their own, because the compiler keeps their sums in registers only in small functions.
    let private sumOf (values: float[]) start stop =
        let mutable sum = 0.0

        for i in start .. stop - 1 do
            sum <- sum + values[i]

        sum

    let private detectedIn (values: float[]) start stop =
        let mutable detected = 0

        for i in start .. stop - 1 do
            if values[i] <> 0.0 then
                detected <- detected + 1

        detected

    let private sumUp (cell: CellTotals) (rowBatch: RowBatch) row =
        let counts = rowBatch.Counts.Tally()
        let start, stop = rowBatch.Offsets[row], rowBatch.Offsets[row + 1]

        if counts.Has row then
            cell.Total <- float (counts.Sum row)
            cell.Detected <- stop - start - counts.Zeros row
        else
            cell.Total <- sumOf rowBatch.Values start stop
            cell.Detected <- detectedIn rowBatch.Values start stop

    /// The columns of obs for a matrix stored as `numeric`, one value per cell; `genesType` is the type of its row counts. log1p_ is
    /// natural.
    let perCell numeric genesType (options: QcColumns) : CellColumns =
        let metrics = cellMetrics numeric genesType options

        let start () =
            let metrics = Array.ofList metrics
            let top = TopTotals(Array.ofList options.PercentTop, options.Dense)

            let cell =
                CellTotals(Array.zeroCreate options.PercentTop.Length, Array.zeroCreate options.Sets.Names.Length)

            fun (rowBatch: RowBatch) (columns: float[][]) first ->
                for row in 0 .. rowBatch.Cells - 1 do
                    sumUp cell rowBatch row

                    if cell.Top.Length > 0 then
                        top.Fill(rowBatch, row, cell.Top)

                    if cell.InSets.Length > 0 then
                        Membership.totals options.Sets rowBatch row cell.InSets

                    let mutable column = 0

                    for metric in metrics do
                        let value = metric.Value cell
                        columns[column][first + row] <- value
                        column <- column + 1

                        if metric.IsLogged then
                            columns[column][first + row] <- log1pOf metric.Type value
                            column <- column + 1

        { Columns = columnsOf metrics
          Start = start }

    /// The columns of var, in scanpy's order, one value per gene, and how each comes from the tallies. Means are totals over
    /// all n cells; pct_dropout_by_counts is the percentage of the n cells in which the gene is not detected.
    let geneColumns numeric cellsType log1p : (OutputColumn * (GeneTallies -> float[])) list =
        let total = totalType numeric

        let means tallies =
            tallies.Totals |> Array.map (fun total -> total / float tallies.Cells)

        let dropouts tallies =
            tallies.CellsByCounts |> Array.map (fun detected -> (1.0 - float detected / float tallies.Cells) * 100.0)

        let column name kind values = { Name = name; Type = kind }, values

        [ column "n_cells_by_counts" cellsType (fun tallies -> Array.map float tallies.CellsByCounts)
          column "mean_counts" DType.Float64 means
          if log1p then
              column "log1p_mean_counts" DType.Float64 (means >> Array.map Elementary.log1p)
          column "pct_dropout_by_counts" DType.Float64 dropouts
          column "total_counts" total _.Totals
          if log1p then
              column "log1p_total_counts" (log1pType total) (_.Totals >> Array.map (log1pOf total)) ]
