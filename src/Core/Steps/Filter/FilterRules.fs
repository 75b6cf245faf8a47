/// Which cells and genes stay: scanpy's filter_cells and filter_genes (scanpy-semantics, section 2).
namespace SingleSharp.Core.Steps

open System.Collections.Concurrent
open SingleSharp.Core
open SingleSharp.Core.Reading
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows

/// What a cell must meet to stay. Every limit is inclusive, and all that are given must be met.
type internal CellRule =
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
type internal GeneLimits =
    {
        /// Least and most cells with a value above zero.
        MinCells: int64 option
        MaxCells: int64 option
        /// Least and most counts: the sum of the column.
        MinCounts: float option
        MaxCounts: float option
    }

/// What genes are judged by, over the cells that were seen.
type internal FilterTallies =
    {
        /// In how many cells a gene is above zero. Negative values are none of them, unlike in QC, and neither is NaN.
        Detected: int64[]
        Totals: float[]
    }

/// What a cell or gene is measured by.
[<RequireQualifiedAccess>]
type private Measure =
    | Counts
    /// How many genes, or cells, are above zero.
    | Detected
    /// The share of a gene set, by its place among the sets.
    | Share of set: int

/// One end of what is admitted. NaN is beyond every limit, as in NumPy.
type private Limit =
    { Name: string
      Measure: Measure
      IsLeast: bool
      Value: float }

    member limit.Admits value =
        if limit.IsLeast then value >= limit.Value else value <= limit.Value

/// How many cells do not meet each limit, counted by many readers side by side: each has an array of its own.
[<Sealed>]
type internal Losses() =
    let parts = ConcurrentBag<int64[]>()

    /// An array of N counts, for one reader.
    member _.Start count : int64[] =
        let part = Array.zeroCreate count
        parts.Add part
        part

    /// The sum over all readers; zeros where there was none.
    member _.Sum count =
        Array.init count (fun i -> parts |> Seq.sumBy (fun part -> part[i]))

    member losses.Aside: Aside =
        { SaveCounts =
            fun writer ->
                let limits = parts |> Seq.tryHead |> Option.map _.Length |> Option.defaultValue 0
                losses.Sum limits |> Saved.writeArray writer
          AddCounts =
            fun reader ->
                match Saved.readArray reader with
                | [||] -> ()
                | counted -> parts.Add counted }

[<RequireQualifiedAccess>]
module internal FilterRules =
    let private precisionOf total =
        if total = DType.Float32 then Precision.Single else Precision.Double

    /// NumPy compares a column with a limit in the column's type, so 0.1 is met by the float32 nearest to it.
    let private ends precision measure (least: string * float option) (most: string * float option) =
        [ for (name, value), isLeast in [ least, true; most, false ] do
              match value with
              | Some value ->
                  { Name = name
                    Measure = measure
                    IsLeast = isLeast
                    Value = Precision.round precision value }
              | None -> () ]

    let private whole (limit: int64 option) = Option.map float limit

    // A loop of its own, because the compiler keeps its sum in a register only in a small function.
    let private positiveAmong (values: float[]) start stop =
        let mutable positive = 0

        for i in start .. stop - 1 do
            if values[i] > 0.0 then
                positive <- positive + 1

        positive

    let private positiveIn (rowBatch: RowBatch) row =
        let counts = rowBatch.Counts.Tally()
        let start, stop = rowBatch.Offsets[row], rowBatch.Offsets[row + 1]

        if counts.Has row then
            float (stop - start - counts.Zeros row)
        else
            float (positiveAmong rowBatch.Values start stop)

    let private limitsOfCells precision (sets: Membership) (rule: CellRule) =
        let indexOf name =
            match List.tryFindIndex ((=) name) sets.Names with
            | Some set -> set
            | None -> invalidArg (nameof rule) $"there is no gene set {name}"

        [ yield! ends precision Measure.Counts ("min_counts", rule.MinCounts) ("max_counts", rule.MaxCounts)
          yield! ends Precision.Double Measure.Detected ("min_genes", whole rule.MinGenes) ("max_genes", whole rule.MaxGenes)
          for name, least in rule.MinPct do
              yield! ends precision (Measure.Share(indexOf name)) ($"min_pct {name}", Some least) ("", None)
          for name, most in rule.MaxPct do
              yield! ends precision (Measure.Share(indexOf name)) ("", None) ($"max_pct {name}", Some most) ]

    /// Decides which rows of a row batch stay, for a matrix stored as `numeric`; one decider for each thread, which fills the flags, and counts
    /// the rows that do not meet each limit. Totals are summed in float64 in stored order and rounded once to the type of total_counts; shares
    /// are 100·total of the set/total as pct_counts_SET is stored. A cell with no counts has no share: NaN meets no limit, so it goes.
    /// Law (rows): whether a row stays depends on the row alone.
    let counting (losses: Losses) numeric (sets: Membership) (rule: CellRule) : unit -> RowBatch -> bool[] -> unit =
        let total = QcMetrics.totalType numeric
        let precision = precisionOf total
        let limits = limitsOfCells precision sets rule |> Array.ofList
        let hasShares = not (rule.MinPct.IsEmpty && rule.MaxPct.IsEmpty)

        fun () ->
            let inSets: float[] = Array.zeroCreate sets.Names.Length
            let lost = losses.Start limits.Length

            fun rowBatch stays ->
                for row in 0 .. rowBatch.Cells - 1 do
                    let cellTotal = Normalize.total precision ValueNone rowBatch row
                    let detected = positiveIn rowBatch row

                    if hasShares then
                        Membership.totals sets rowBatch row inSets

                    let mutable meets = true

                    for i in 0 .. limits.Length - 1 do
                        let value =
                            match limits[i].Measure with
                            | Measure.Counts -> cellTotal
                            | Measure.Detected -> detected
                            | Measure.Share set -> QcMetrics.percentage total inSets[set] cellTotal

                        if not (limits[i].Admits value) then
                            meets <- false
                            lost[i] <- lost[i] + 1L

                    stays[row] <- meets

    /// How many cells do not meet each limit; one that does not meet several is counted for each.
    let cellLosses (losses: Losses) (sets: Membership) (rule: CellRule) =
        let limits = limitsOfCells Precision.Double sets rule

        List.zip (limits |> List.map _.Name) (List.ofArray (losses.Sum limits.Length))

    let private isLimited (least: 'n option) (most: 'n option) = least.IsSome || most.IsSome

    let private perRow column compute : CellColumns =
        { Columns = [ column ]
          Start =
            fun () rowBatch columns first ->
                for row in 0 .. rowBatch.Cells - 1 do
                    columns[0][first + row] <- compute rowBatch row }

    /// The columns of obs that filter_cells adds: n_counts where counts are limited, then n_genes where genes are, in the order
    /// of scanpy's arguments. They count all genes, so they must see rows from which no gene has been dropped.
    let cellColumns numeric (rule: CellRule) : CellColumns =
        let total = QcMetrics.totalType numeric

        CellColumns.concat
            [ if isLimited rule.MinCounts rule.MaxCounts then
                  perRow { Name = "n_counts"; Type = total } (Normalize.total (precisionOf total) ValueNone)
              if isLimited rule.MinGenes rule.MaxGenes then
                  perRow { Name = "n_genes"; Type = DType.Int64 } positiveIn ]

    /// In how many cells each gene is above zero. The state is one array, pooled.
    let private detections genes : Fold<RowBatch, int64[]> =
        let stock = ArrayStock<int64> genes

        Fold.saved
            (stock.Form genes)
            { Fresh = stock.Rent
              Step =
                fun detected rowBatch ->
                    let counts = rowBatch.Counts.Tally()
                    let values = if counts.HasAll then null else rowBatch.Values
                    let genes, codes = rowBatch.Genes, counts.CodesOf

                    for row in 0 .. rowBatch.Cells - 1 do
                        let isOfCounts = counts.Has row

                        for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                            // The code of a count is zero where the count is.
                            if (if isOfCounts then codes[i] > 0 else values[i] > 0.0) then
                                detected[genes[i]] <- detected[genes[i]] + 1L

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
    let perGene genes : Fold<RowBatch, FilterTallies> =
        fold {
            let! detected = detections genes
            and! sums = GeneTallies.perGene genes

            return
                { Detected = detected
                  Totals = sums.Totals }
        }

    let private limitsOfGenes precision (limits: GeneLimits) =
        [ yield! ends Precision.Double Measure.Detected ("min_cells", whole limits.MinCells) ("max_cells", whole limits.MaxCells)
          yield! ends precision Measure.Counts ("gene_min_counts", limits.MinCounts) ("gene_max_counts", limits.MaxCounts) ]

    /// Totals are compared as they are stored: rounded once to the type of total_counts.
    let private admits precision tallies gene (limit: Limit) =
        limit.Admits(
            match limit.Measure with
            | Measure.Counts -> Precision.round precision tallies.Totals[gene]
            | _ -> float tallies.Detected[gene]
        )

    /// Which genes stay.
    let genes numeric (limits: GeneLimits) tallies =
        let precision = precisionOf (QcMetrics.totalType numeric)
        let limits = limitsOfGenes precision limits

        Array.init tallies.Totals.Length (fun gene -> limits |> List.forall (admits precision tallies gene)) |> RowMask.ofFlags

    /// How many genes do not meet each limit; one that does not meet several is counted for each.
    let geneLosses numeric (limits: GeneLimits) tallies =
        let precision = precisionOf (QcMetrics.totalType numeric)

        [ for limit in limitsOfGenes precision limits do
              let lost =
                  Seq.init tallies.Totals.Length id |> Seq.filter (fun gene -> not (admits precision tallies gene limit)) |> Seq.length

              limit.Name, int64 lost ]

    /// The columns of var that filter_genes adds, one value per gene, and how each comes from the tallies: n_counts where counts
    /// are limited, then n_cells where cells are.
    let geneColumns numeric (limits: GeneLimits) : (OutputColumn * (FilterTallies -> float[])) list =
        [ if isLimited limits.MinCounts limits.MaxCounts then
              { Name = "n_counts"
                Type = QcMetrics.totalType numeric },
              _.Totals
          if isLimited limits.MinCells limits.MaxCells then
              { Name = "n_cells"; Type = DType.Int64 }, _.Detected >> Array.map float ]
