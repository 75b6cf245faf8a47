/// Quality-control metrics per cell and per gene: scanpy's calculate_qc_metrics (scanpy-semantics, section 1).
namespace SingleSharp.Core

open System

/// Sums over cells for every gene. Sums of whole numbers are exact up to 2^53; explicit zeros are not detections.
type GeneTallies =
    {
        Cells: int64
        /// In how many cells a gene is not zero.
        CellsByCounts: int64[]
        Totals: float[]
    }

/// The options of calculate_qc_metrics that the kernels need.
type QcColumns =
    {
        Sets: Membership
        /// Sorted, each between 1 and the number of genes.
        PercentTop: int list
        Log1p: bool
        /// The number of genes where X is dense, so that zeros are among the most expressed before negative values are: as scanpy has it.
        Dense: int voption
    }

[<RequireQualifiedAccess>]
module Qc =
    /// The type of a sum of values of a type: scanpy keeps floats and widens whole numbers.
    let totalType numeric =
        match numeric with
        | Numeric.Float32 -> Numeric.Float32
        | Numeric.Float64 -> Numeric.Float64
        | whole when Numeric.isUnsigned whole -> Numeric.UInt64
        | _ -> Numeric.Int64

    /// The type of log1p of a column: float32 stays, everything else becomes float64.
    let private log1pType numeric =
        if numeric = Numeric.Float32 then Numeric.Float32 else Numeric.Float64

    /// log1p as it is applied to a stored column: of the value rounded to that column's type.
    let log1pOf numeric value =
        Elementary.log1p (if numeric = Numeric.Float32 then Precision.round Precision.Single value else value)

    /// 100·part/whole, stored as percentages of totals of a type are: quotient and product in float32 where these are float32.
    /// NaN where both are zero.
    let percentage total part whole =
        match total with
        | Numeric.Float32 -> float (float32 part / float32 whole * 100.0f)
        | _ -> part / whole * 100.0

    let private columnsOf numeric genesType (options: QcColumns) =
        let total = totalType numeric

        let logged name column =
            if options.Log1p then
                [ { Name = "log1p_" + name
                    Type = log1pType column } ]
            else
                []

        [ { Name = "n_genes_by_counts"
            Type = genesType }
          yield! logged "n_genes_by_counts" genesType
          { Name = "total_counts"; Type = total }
          yield! logged "total_counts" total
          for k in options.PercentTop do
              { Name = $"pct_counts_in_top_{k}_genes"
                Type = Numeric.Float64 }
          for set in options.Sets.Names do
              { Name = $"total_counts_{set}"
                Type = total }

              yield! logged $"total_counts_{set}" total

              { Name = $"pct_counts_{set}"
                Type = log1pType total } ]

    // Loops of their own, because the compiler keeps their sums in registers only in small functions.
    let private sumOf (values: float[]) start stop =
        let mutable sum = 0.0

        for i in start .. stop - 1 do
            sum <- sum + values[i]

        sum

    /// The counts of a row in each set, summed in float64 in stored order.
    let setTotals (sets: Membership) (slice: Slice) row (totals: float[]) =
        let values = slice.Values
        let genes = slice.Genes
        Array.Clear totals

        for i in slice.Offsets[row] .. slice.Offsets[row + 1] - 1 do
            for set in sets.SetsOf[genes[i]] do
                totals[set] <- totals[set] + values[i]

    let private detectedIn (values: float[]) start stop =
        let mutable detected = 0

        for i in start .. stop - 1 do
            if values[i] <> 0.0 then
                detected <- detected + 1

        detected

    /// Puts a value into the next column of a row, and says which column comes after it.
    let private put (columns: float[][]) column row value =
        columns[column][row] <- value
        column + 1

    /// Puts a value and, where wanted, its log1p.
    let private putLogged logs kind (columns: float[][]) column row value =
        let next = put columns column row value
        if logs then put columns next row (log1pOf kind value) else next

    /// The columns of obs for a matrix stored as `numeric`, one value per cell; `genesType` is the type of its row counts.
    /// Totals are in counts, shares (pct_) in percent of the cell's total, log1p_ natural; NaN where a cell has no counts.
    let perCell numeric genesType (options: QcColumns) : CellColumns =
        let total = totalType numeric

        let totalPrecision =
            if total = Numeric.Float32 then Precision.Single else Precision.Double

        let sets = options.Sets.Names.Length

        let start () =
            let ks = Array.ofList options.PercentTop
            let top = TopTotals(ks, options.Dense)
            let topTotals: float[] = Array.zeroCreate ks.Length
            let inSets: float[] = Array.zeroCreate sets

            fun (slice: Slice) (columns: float[][]) first ->
                let values = slice.Values

                for row in 0 .. slice.Cells - 1 do
                    let start = slice.Offsets[row]
                    let stop = slice.Offsets[row + 1]
                    let at = first + row
                    let sum = sumOf values start stop
                    let detected = detectedIn values start stop
                    let mutable column = putLogged options.Log1p genesType columns 0 at (float detected)
                    column <- putLogged options.Log1p total columns column at sum

                    if ks.Length > 0 then
                        top.Fill(values, start, stop, topTotals)

                        for j in 0 .. ks.Length - 1 do
                            let share =
                                Precision.round totalPrecision topTotals[j] / Precision.round totalPrecision sum

                            column <- put columns column at (share * 100.0)

                    if sets > 0 then
                        setTotals options.Sets slice row inSets

                        for set in 0 .. sets - 1 do
                            column <- putLogged options.Log1p total columns column at inSets[set]
                            column <- put columns column at (percentage total inSets[set] sum)

        { Columns = columnsOf numeric genesType options
          Start = start }

    /// Sums of every gene over the cells. The state is two arrays, pooled.
    /// Law (tallies): tallies of two parts, merged in order, are the tallies of the whole.
    let perGene genes : Fold<Slice, GeneTallies> =
        let counts = ArrayStock<int64> genes
        let sums = ArrayStock<float> genes

        Fold.ofSteps
            { Fresh = fun () -> struct (0L, counts.Rent(), sums.Rent())
              Step =
                fun (struct (cells, detected, totals)) slice ->
                    let values = slice.Values
                    let ofGene = slice.Genes

                    for i in 0 .. slice.Count - 1 do
                        let gene = ofGene[i]
                        totals[gene] <- totals[gene] + values[i]
                        detected[gene] <- detected[gene] + (if values[i] <> 0.0 then 1L else 0L)

                    struct (cells + int64 slice.Cells, detected, totals)
              Merge =
                fun (struct (cells, detected, totals)) (struct (moreCells, moreDetected, moreTotals)) ->
                    for gene in 0 .. genes - 1 do
                        detected[gene] <- detected[gene] + moreDetected[gene]
                        totals[gene] <- totals[gene] + moreTotals[gene]

                    counts.Return moreDetected
                    sums.Return moreTotals
                    struct (cells + moreCells, detected, totals)
              Finish =
                fun (struct (cells, detected, totals)) ->
                    counts.Drain()
                    sums.Drain()

                    { Cells = cells
                      CellsByCounts = detected
                      Totals = totals } }

    /// The columns of var, in scanpy's order, one value per gene, and how each comes from the tallies. Means are totals over
    /// all n cells; pct_dropout_by_counts is the percentage of the n cells in which the gene is not detected.
    let geneColumns numeric cellsType log1p : (Column * (GeneTallies -> float[])) list =
        let total = totalType numeric

        let means tallies =
            tallies.Totals |> Array.map (fun total -> total / float tallies.Cells)

        let dropouts tallies =
            tallies.CellsByCounts |> Array.map (fun detected -> (1.0 - float detected / float tallies.Cells) * 100.0)

        let column name kind values = { Name = name; Type = kind }, values

        [ column "n_cells_by_counts" cellsType (fun tallies -> Array.map float tallies.CellsByCounts)
          column "mean_counts" Numeric.Float64 means
          if log1p then
              column "log1p_mean_counts" Numeric.Float64 (means >> Array.map Elementary.log1p)
          column "pct_dropout_by_counts" Numeric.Float64 dropouts
          column "total_counts" total _.Totals
          if log1p then
              column "log1p_total_counts" (log1pType total) (_.Totals >> Array.map (log1pOf total)) ]
