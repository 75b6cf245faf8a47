/// The reads of X that a recipe asks for, and the memory that each needs.
namespace SingleSharp.Core

/// What X is read for.
[<RequireQualifiedAccess>]
type Reading =
    /// To put the rows of X together where it is not stored in rows.
    | Transpose
    /// To judge cells and genes by the limits of the filter.
    | Filter
    /// To find highly expressed genes.
    | HighlyExpressed
    /// For the median total of the cells.
    | Median
    /// For everything that can be done at once, and to write X.
    | Steps
    /// To clip counts at the trend of their variance.
    | Clipped
    /// For the principal components.
    | Components

[<RequireQualifiedAccess>]
module Reading =
    /// Are cells and genes judged in a read of their own? Genes have to be, and so have the cells of dense X, whose rows have
    /// their places in the output only once it is known which of them stay.
    let judgesFirst (matrix: Matrix) recipe =
        match matrix.Form with
        | Dense _ -> recipe.Filter.IsSome
        | _ -> Recipe.filtersGenes recipe

    /// The reads that a recipe asks for, in order.
    let ofRecipe (matrix: Matrix) (recipe: Recipe) =
        [ if Transposed.isNeeded matrix then
              Reading.Transpose
          if judgesFirst matrix recipe then
              Reading.Filter
          match recipe.NormalizeTotal with
          | Some normalize ->
              if normalize.ExcludeHighlyExpressed then
                  Reading.HighlyExpressed

              match normalize.TargetSum with
              | Counts _ -> ()
              | MedianOfPositive
              | MedianOfAll -> Reading.Median
          | None -> ()
          if Recipe.steps recipe <> [ "pca" ] then
              Reading.Steps
          if Option.exists Recipe.fitsTrend recipe.Hvg then
              Reading.Clipped
          if recipe.Pca.IsSome then
              Reading.Components ]

    /// What a read is for, in words.
    let purpose recipe reading =
        match reading with
        | Reading.Transpose -> "put rows together"
        | Reading.Filter -> "judge cells and genes"
        | Reading.HighlyExpressed -> "find highly expressed genes"
        | Reading.Median -> "median total"
        | Reading.Steps -> Recipe.steps recipe |> List.except [ "pca" ] |> String.concat " + "
        | Reading.Clipped -> "hvg: counts clipped at their trend"
        | Reading.Components -> "pca"

    /// Bytes of the sums that a block keeps per gene.
    let private tallied = 16L

    /// The same of a filter, which also counts cells above zero.
    let private judged = 24L

    /// Bytes of the sums and flags that a block keeps per gene and batch.
    let private moments = 17L

    /// Bytes of what a block keeps of a gene and batch by distances from a value of the gene's own.
    let private distances = 29L

    /// Bytes per gene of the row that a worker takes them from.
    let private row = 8L

    /// Bytes of the trend of a batch per gene.
    let private trend = 24L

    /// Bytes per gene of the columns that come of tallies, and of what they are made with: of qc, and of a filter.
    let private qcColumns, filterColumns = 88L, 48L

    /// Bytes per gene while the genes of one batch are judged, and for the columns that come of it.
    let private judging = 62L

    /// Bytes per gene and batch of the variances and ranks that genes are chosen by.
    let private ranking = 16L

    /// What becomes of names while batches are merged by them: bytes to compare, and a table of those that were seen.
    let private merging = 3L

    /// What loops let go of before it is collected, at most.
    let private garbage bytes = min bytes Memory.worthwhile

    /// Bytes per gene that a worker needs to tell what is stored twice, and to add it up.
    let private finding recipe genes =
        if recipe.SumDuplicates then 9L * genes else genes / 8L

    /// Bytes that gene sets take, as masks and as lists of the sets that a gene is in.
    let private membership (recipe: Recipe) genes =
        if recipe.Qc.IsSome || recipe.Filter.IsSome then 16L * genes else 0L

    /// Flags of which cells stay, and how many before each word of them.
    let private flags cells = cells / 4L

    /// Bytes of half a matrix of so many rows and columns.
    let private half side =
        Memory.times (Memory.times side (side + 1L) / 2L) 8L

    /// What multiplies rows: one half of the matrix of products for each block in flight, and what each worker multiplies with.
    let productNeed side =
        { Budget.folding (Memory.plus (half side) (side * 8L)) with
            Worker = 3L * 1024L * 1024L + 16L * side }

    /// The vectors, and what they are computed from; then the loadings.
    let private vectorNeed side genes components =
        let ofVectors = Memory.times (8L * side) (components + 3L * 32L + 8L)
        let ofLoadings = Memory.times (24L * genes) components

        { Budget.nothing with
            After = Memory.plus ofVectors (max (half side) ofLoadings) }

    /// Scores on their way out, and the loadings that they come of.
    let private scoreNeed genes components isLong =
        { Budget.nothing with
            Page = Memory.times Leaving.block (components * (if isLong then 8L else 4L))
            Once = Memory.times (16L * genes) components }

    /// What the pass for the components keeps, one time after the other: while it multiplies, finds the vectors, and makes scores of them.
    /// By cells, genes are summed first, and rows are turned before they are multiplied.
    let gramNeeds (matrix: Matrix) (pca: PcaRecipe) (cells: int64) (genes: int) =
        let byCells = PcaByCells.isShorter cells genes
        let genes = int64 genes
        let side = min cells genes
        let components = min (int64 (defaultArg pca.NComps Pca.usual)) side

        let spilling need =
            { need with
                Page = Leaving.spill matrix genes
                Once = flags matrix.Cells }

        [ vectorNeed side genes components
          scoreNeed genes components false

          if byCells then
              spilling (Budget.folding (genes * 16L))

              { Budget.nothing with
                  After = Transposed.turnedMemory side genes }

              { productNeed side with
                  Rows = ValueSome genes }

              { scoreNeed genes components true with
                  Rows = ValueSome genes }
          else
              spilling (productNeed side) ]

    /// Bytes per batch of sums and flags, and of distances: these all genes of its first cell need, of which it may have twice as many as
    /// usual.
    let private momentsOf (matrix: Matrix) =
        let genes = int64 matrix.Genes
        let usual = min genes (1L + matrix.Stored / max 1L matrix.Cells)
        Memory.plus (Memory.times genes moments) (Memory.times distances (min genes (2L * usual)))

    /// What a read keeps while it runs; nothing of it is kept at the same time as what comes after it in the list.
    let needs (file: H5adFile) (matrix: Matrix) recipe values after (spread: BatchSpread) pcaGenes reading =
        let genes = int64 file.X.Genes
        let groups = spread.Batches

        let ofMoments = momentsOf file.X

        /// Bytes for each batch that occurs.
        let folding bytes more =
            let state batches =
                Memory.plus more (Memory.times (int64 batches) bytes)

            { Budget.nothing with
                State = state spread.InBlock
                Segment = state spread.InSegment
                Result = state spread.InAll }

        let columns = Leaving.columns (Leaving.columnsOf recipe)

        match reading with
        | Reading.Transpose -> [ Budget.nothing ]
        | Reading.Filter ->
            [ { Budget.folding (genes * judged) with
                  Page = columns
                  Worker = finding recipe genes
                  Once = membership recipe genes + flags file.X.Cells
                  After = genes * filterColumns } ]
        | Reading.HighlyExpressed ->
            [ { Budget.folding genes with
                  Worker = finding recipe genes } ]
        | Reading.Median ->
            [ { Budget.nothing with
                  Page = Leaving.columns 1L
                  Worker = finding recipe genes } ]
        | Reading.Steps ->
            let ofBatches bytes =
                if recipe.Hvg.IsSome then Memory.times (int64 (groups + 1)) bytes else 0L

            let tallies = if recipe.Qc.IsSome then genes * tallied else 0L

            let judging =
                match recipe.Hvg with
                | None -> 0L
                | Some hvg when Recipe.fitsTrend hvg -> Memory.plus (ofBatches (Memory.plus ofMoments (trend * genes))) (judging * genes)
                | Some hvg ->
                    let names = if hvg.BatchKey.IsSome then merging * Schema.geneNameBytes file else 0L

                    ofBatches ofMoments |> Memory.plus (judging * genes + garbage (Memory.times (judging * genes) (int64 groups)) + names)

            [ { folding (if recipe.Hvg.IsSome then ofMoments else 0L) tallies with
                  Page = Memory.plus columns (Leaving.values matrix values after)
                  Worker = finding recipe genes + Leaving.denseRows file.X values + (if recipe.Hvg.IsSome then row * genes else 0L)
                  PerValue = Leaving.perValue values after
                  Once = membership recipe genes + flags file.X.Cells |> Memory.plus (Leaving.chunks file.X values after)
                  After =
                      Memory.plus judging (if recipe.Qc.IsSome then genes * qcColumns else 0L)
                      |> max (Leaving.chunksAfter file.X values after) } ]
        | Reading.Clipped ->
            let ofBatches bytes = Memory.times (int64 (groups + 1)) bytes

            [ { folding ofMoments 0L with
                  Worker = finding recipe genes + row * genes
                  Once = ofBatches (Memory.plus ofMoments (trend * genes))
                  After = Memory.plus (ofBatches (Memory.plus ofMoments (ranking * genes))) (judging * genes) } ]
        | Reading.Components -> gramNeeds matrix recipe.Pca.Value file.X.Cells (Option.defaultValue 0 pcaGenes)
