/// Which cells and genes stay: scanpy's filter_cells and filter_genes (scanpy-semantics, section 2).
namespace SingleSharp.Core

open System

/// What a cell must meet to stay. Every limit is inclusive, and all that are given must be met.
type CellRule =
    {
        /// Least and most counts: the sum of the row.
        MinCounts: float option
        MaxCounts: float option
        /// Least and most genes with a value above zero.
        MinGenes: int64 option
        MaxGenes: int64 option
        /// Least and most percent of the counts that are those of the gene set of this name.
        MinPct: (string * float) list
        MaxPct: (string * float) list
    }

/// What a gene must meet to stay, over the cells that stay. Every limit is inclusive, and all that are given must be met.
type GeneLimits =
    {
        /// Least and most cells with a value above zero.
        MinCells: int64 option
        MaxCells: int64 option
        /// Least and most counts: the sum of the column.
        MinCounts: float option
        MaxCounts: float option
    }

/// What genes are judged by, over the cells that were seen.
type FilterTallies =
    {
        /// In how many cells a gene is above zero. Negative values are none of them, unlike in QC, and neither is NaN.
        Detected: int64[]
        Totals: float[]
    }

/// Numbers from the least to the most, both included. NaN is not among them, unless there is neither end.
[<Struct>]
type private Bounds =
    { Least: float voption
      Most: float voption }

    member bounds.Admits value =
        (match bounds.Least with
         | ValueSome least -> value >= least
         | ValueNone -> true)
        && (match bounds.Most with
            | ValueSome most -> value <= most
            | ValueNone -> true)

// The suffix, because HDF5 has filters of its own.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Filter =
    let private precisionOf total =
        if total = Numeric.Float32 then Precision.Single else Precision.Double

    /// NumPy compares a column with a limit in the column's type, so 0.1 is met by the float32 nearest to it.
    let private bounds precision (least: float option) (most: float option) =
        let stored limit =
            limit |> Option.map (Precision.round precision) |> Option.toValueOption

        { Least = stored least
          Most = stored most }

    let private wholeBounds (least: int64 option) (most: int64 option) =
        bounds Precision.Double (Option.map float least) (Option.map float most)

    // A loop of its own, because the compiler keeps its sum in a register only in a small function.
    let private positiveIn (slice: Slice) row =
        let values = slice.Values
        let mutable positive = 0

        for i in slice.Offsets[row] .. slice.Offsets[row + 1] - 1 do
            if values[i] > 0.0 then
                positive <- positive + 1

        float positive

    let private shareBounds precision (sets: Membership) (rule: CellRule) =
        let indexOf name =
            match List.tryFindIndex ((=) name) sets.Names with
            | Some set -> set
            | None -> invalidArg (nameof rule) $"there is no gene set {name}"

        [| for name, least in rule.MinPct do
               struct (indexOf name, bounds precision (Some least) None)
           for name, most in rule.MaxPct do
               struct (indexOf name, bounds precision None (Some most)) |]

    /// Decides which rows of a slice stay, for a matrix stored as `numeric`; one decider for each thread, which fills the flags.
    /// Totals are summed in float64 in stored order and rounded once to the type of total_counts; shares are 100·total of the
    /// set/total as pct_counts_SET is stored. A cell with no counts has no share: NaN meets no limit, as in NumPy, so it goes.
    /// Law (rows): whether a row stays depends on the row alone.
    let decider numeric (sets: Membership) (rule: CellRule) : unit -> Slice -> bool[] -> unit =
        let total = Qc.totalType numeric
        let precision = precisionOf total
        let counts = bounds precision rule.MinCounts rule.MaxCounts
        let genes = wholeBounds rule.MinGenes rule.MaxGenes
        let shares = shareBounds precision sets rule

        fun () ->
            let inSets: float[] = Array.zeroCreate sets.Names.Length

            let meetsShares (slice: Slice) row cellTotal =
                Qc.setTotals sets slice row inSets
                let mutable meets = true

                for struct (set, bounds) in shares do
                    meets <- meets && bounds.Admits(Qc.percentage total inSets[set] cellTotal)

                meets

            fun slice stays ->
                for row in 0 .. slice.Cells - 1 do
                    let cellTotal = Normalize.total precision ValueNone slice row

                    stays[row] <-
                        counts.Admits cellTotal
                        && genes.Admits(positiveIn slice row)
                        && (shares.Length = 0 || meetsShares slice row cellTotal)

    let private isLimited (least: 'n option) (most: 'n option) = least.IsSome || most.IsSome

    let private perRow column compute : CellColumns =
        { Columns = [ column ]
          Start =
            fun () slice columns first ->
                for row in 0 .. slice.Cells - 1 do
                    columns[0][first + row] <- compute slice row }

    /// The columns of obs that filter_cells adds: n_counts where counts are limited, then n_genes where genes are, in the order
    /// of scanpy's arguments. They count all genes, so they must see rows from which no gene has been dropped.
    let cellColumns numeric (rule: CellRule) : CellColumns =
        let total = Qc.totalType numeric

        CellColumns.concat
            [ if isLimited rule.MinCounts rule.MaxCounts then
                  perRow { Name = "n_counts"; Type = total } (Normalize.total (precisionOf total) ValueNone)
              if isLimited rule.MinGenes rule.MaxGenes then
                  perRow
                      { Name = "n_genes"
                        Type = Numeric.Int64 }
                      positiveIn ]

    /// In how many cells each gene is above zero. The state is one array, pooled.
    let private detections genes : Fold<Slice, int64[]> =
        let stock = ArrayStock<int64> genes

        Fold.ofSteps
            { Fresh = stock.Rent
              Step =
                fun detected slice ->
                    let values = slice.Values
                    let ofGene = slice.Genes

                    for i in 0 .. slice.Count - 1 do
                        if values[i] > 0.0 then
                            detected[ofGene[i]] <- detected[ofGene[i]] + 1L

                    detected
              Merge =
                fun detected more ->
                    for gene in 0 .. genes - 1 do
                        detected[gene] <- detected[gene] + more[gene]

                    stock.Return more
                    detected
              Finish =
                fun detected ->
                    stock.Drain()
                    detected }

    /// What genes are judged by. To judge them by the cells that stay, fold those alone.
    /// Law (tallies): tallies of two parts, merged in order, are the tallies of the whole.
    let perGene genes : Fold<Slice, FilterTallies> =
        fold {
            let! detected = detections genes
            and! sums = Qc.perGene genes

            return
                { Detected = detected
                  Totals = sums.Totals }
        }

    /// Which genes stay. Totals are compared as they are stored: rounded once to the type of total_counts.
    let genes numeric (limits: GeneLimits) tallies =
        let precision = precisionOf (Qc.totalType numeric)
        let cells = wholeBounds limits.MinCells limits.MaxCells
        let counts = bounds precision limits.MinCounts limits.MaxCounts

        (tallies.Detected, tallies.Totals)
        ||> Array.map2 (fun detected total -> cells.Admits(float detected) && counts.Admits(Precision.round precision total))
        |> Kept.ofFlags

    /// The columns of var that filter_genes adds, one value per gene, and how each comes from the tallies: n_counts where counts
    /// are limited, then n_cells where cells are.
    let geneColumns numeric (limits: GeneLimits) : (Column * (FilterTallies -> float[])) list =
        [ if isLimited limits.MinCounts limits.MaxCounts then
              { Name = "n_counts"
                Type = Qc.totalType numeric },
              _.Totals
          if isLimited limits.MinCells limits.MaxCells then
              { Name = "n_cells"
                Type = Numeric.Int64 },
              _.Detected >> Array.map float ]
