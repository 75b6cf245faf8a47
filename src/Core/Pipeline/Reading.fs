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
    /// What a page holds at most: a block of columns, and encoded chunks that wait for their turn.
    let private usualPage = 6L * 1024L * 1024L

    /// A page of new chunks also has one that is being built and the two buffers of its codec.
    let private pageOf (matrix: Matrix) values after =
        match values, matrix.Values.Layout with
        | StoreAnew, Chunked(shape, _, _, _) -> usualPage + 3L * shape[0] * int64 (Numeric.size after)
        | _ -> usualPage

    /// Each dataset that is written row by row has a chunk that is being built and the two buffers of its codec.
    let private chunksOf (matrix: Matrix) values =
        let chunkBytes (dataset: Dataset) =
            match dataset.Layout with
            | Chunked(shape, _, _, _) -> Array.fold (fun product extent -> Checked.(*) product extent) 8L shape
            | _ -> 0L

        if values = RowByRow then 3L * List.sumBy chunkBytes matrix.Datasets else 0L

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
    let private distances = 28L

    /// Bytes per gene of the row that a worker takes them from.
    let private row = 8L

    /// Bytes of the trend of a batch per gene.
    let private trend = 24L

    /// Bytes per gene of the columns that come of tallies, and of what they are made with.
    let private tallyColumns = 72L

    /// Bytes per gene while the genes of one batch are judged, and for the columns that come of it.
    let private judging = 200L

    /// Bytes per gene and batch of the variances and ranks that genes are chosen by.
    let private ranking = 16L

    /// What becomes of names while batches are merged by them: bytes to compare, and a table of those that were seen.
    let private merging = 3L

    /// What loops let go of before it is collected, at most.
    let private garbage bytes = min bytes (32L <<< 20)

    /// Bytes per gene that a worker needs to tell what is stored twice, and to add it up.
    let private finding recipe genes =
        if recipe.SumDuplicates then 9L * genes else genes / 8L

    /// Bytes that gene sets take, as masks and as lists of the sets that a gene is in.
    let private membership (recipe: Recipe) genes =
        if recipe.Qc.IsSome || recipe.Filter.IsSome then 16L * genes else 0L

    /// One half of the Gram matrix of so many genes, or of the cells where these are fewer, for each block in flight, scores on their way
    /// out; then, once, the vectors and loadings, and what each worker multiplies with. By cells, also sums of genes for each block, and
    /// loadings on their way; then, once, the rows while they are turned, which is when nothing else is kept.
    let gramNeed (pca: PcaRecipe) (cells: int64) (genes: int) =
        let byCells = PcaByCells.isShorter cells genes
        let genes = int64 genes
        let side = min cells genes
        let components = int64 (defaultArg pca.NComps Pca.usual)
        let half = Checked.(*) side (side + 1L) / 2L * 8L
        let block = int64 Blocks.rowsPerBlock * (if byCells then 8L else 4L)

        let need =
            { Budget.nothing with
                State = half + side * 8L
                Page = max usualPage (Checked.(*) block components)
                Worker = 3L * 1024L * 1024L + 1024L * side
                Once = Checked.(*) (32L * genes) components }

        if byCells then
            { need with
                State = max need.State (genes * 16L)
                Once = need.Once + Checked.(*) (32L * side) components + 48L * genes
                After = Transposed.turnedMemory side }
        else
            need

    /// Bytes per batch of sums and flags, and of distances: these all genes of its first cell need, of which it may have twice as many as
    /// usual.
    let private momentsOf (matrix: Matrix) =
        let genes = int64 matrix.Genes
        let usual = min genes (1L + matrix.Stored / max 1L matrix.Cells)
        genes * moments + distances * min genes (2L * usual)

    /// What a read keeps while it runs.
    let need (file: H5adFile) recipe values after groups pcaGenes reading =
        let genes = int64 file.X.Genes

        match reading with
        | Reading.Transpose ->
            { Budget.nothing with
                Once = Transposed.memory file.X }
        | Reading.Filter ->
            { Budget.nothing with
                State = genes * judged
                Page = usualPage
                Worker = finding recipe genes
                Once = membership recipe genes
                After = genes * tallyColumns }
        | Reading.HighlyExpressed ->
            { Budget.nothing with
                State = genes
                Worker = finding recipe genes }
        | Reading.Median ->
            { Budget.nothing with
                Page = usualPage
                Worker = finding recipe genes }
        | Reading.Steps ->
            let ofBatches bytes =
                if recipe.Hvg.IsSome then Checked.(*) (int64 (groups + 1)) bytes else 0L

            let tallies = if recipe.Qc.IsSome then genes * tallied else 0L

            let judging =
                match recipe.Hvg with
                | None -> 0L
                | Some hvg when Recipe.fitsTrend hvg -> ofBatches (momentsOf file.X + trend * genes) + judging * genes
                | Some hvg ->
                    let names = if hvg.BatchKey.IsSome then merging * Schema.geneNameBytes file else 0L

                    ofBatches (momentsOf file.X) + judging * genes + garbage (judging * genes * int64 groups) + names

            { Budget.nothing with
                State = tallies + ofBatches (momentsOf file.X)
                Page = pageOf file.X values after
                Worker = finding recipe genes + (if recipe.Hvg.IsSome then row * genes else 0L)
                Once = chunksOf file.X values + membership recipe genes
                After = judging + (if recipe.Qc.IsSome then genes * tallyColumns else 0L) }
        | Reading.Clipped ->
            let ofBatches bytes = Checked.(*) (int64 (groups + 1)) bytes

            { Budget.nothing with
                State = ofBatches (momentsOf file.X)
                Worker = finding recipe genes + row * genes
                Once = ofBatches (momentsOf file.X + trend * genes)
                After = ofBatches (momentsOf file.X + ranking * genes) + judging * genes }
        | Reading.Components -> gramNeed recipe.Pca.Value file.X.Cells (Option.defaultValue 0 pcaGenes)
