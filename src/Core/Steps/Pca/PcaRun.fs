/// Principal components out of core: one read for products and the spill, the spill for the scores.
namespace SingleSharp.Core.Steps

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing

[<RequireQualifiedAccess>]
module internal PcaRun =
    /// The read of X for the components.
    let pass = PassKind.After "pca"

    /// The stage of a run over shards in which spilled rows are projected.
    let scores = "scores"

    /// The components, the shifts about which rows are projected on them, and what is worth a word.
    type internal Found =
        { Shifts: float[] voption
          Components: Components
          Warnings: string list }

    let private found shifts components warnings =
        { Shifts = shifts
          Components = components
          Warnings = warnings }

    let saved: Saved<Found> =
        { Write =
            fun writer found ->
                writer.Write found.Shifts.IsSome
                found.Shifts |> ValueOption.iter (Saved.writeArray writer)
                writer.Write found.Components.Count
                writer.Write found.Components.TotalVariance

                for numbers in
                    [ found.Components.Loadings
                      found.Components.Means
                      found.Components.Variances
                      found.Components.Ratios ] do
                    Saved.writeArray writer numbers

                writer.Write found.Warnings.Length
                found.Warnings |> List.iter writer.Write
          Read =
            fun reader ->
                let shifts =
                    if reader.ReadBoolean() then ValueSome(Saved.readArray reader) else ValueNone

                let count = reader.ReadInt32()
                let total = reader.ReadDouble()
                let loadings = Saved.readArray reader
                let means = Saved.readArray reader
                let variances = Saved.readArray reader
                let ratios = Saved.readArray reader

                let components =
                    { Count = count
                      Loadings = loadings
                      Means = means
                      Variances = variances
                      Ratios = ratios
                      TotalVariance = total }

                found shifts components [ for _ in 1 .. reader.ReadInt32() -> reader.ReadString() ] }

    /// The sums of products of the chosen genes, whose rows the sink sees as well.
    let private gram (job: Job) source (genes: RowMask) sink =
        Gram.fold (int genes.Count)
        |> Passes.run job pass (source |> RowSelection.choose genes) (sink |> Sink.used SinkUse.OnDemand)

    /// Sums of the chosen genes, whose rows the sink sees as well.
    let private sums (job: Job) source (genes: RowMask) sink =
        Shift.sums (int genes.Count)
        |> Passes.run job pass (source |> RowSelection.choose genes) (sink |> Sink.used SinkUse.OnDemand)

    let private products = "pca: products"
    let private eigenvectors = "pca: eigenvectors"

    /// Half as many values in a row batch, where rows grow by genes that are not stored.
    let private about shifts (spill: Spill) (fit: Fit) =
        spill.Rows(max 1 (fit.ValuesPerBatch / 2)) |> Reader.through (Shift.start shifts)

    /// The rows that are projected.
    let rows (spill: Spill) (fit: Fit) found =
        match found.Shifts with
        | ValueSome shifts -> about shifts spill fit
        | ValueNone -> spill.Rows fit.ValuesPerBatch

    /// Without centring the first component is the mean, and what is so small beside it is lost in its rounding errors.
    let private drowned (values: float[]) =
        match values |> Array.tryFindIndex (fun value -> not (value > 1e-10 * values[0])) with
        | Some first ->
            [ $"without centring, the means of some genes are so large beside their spread that float64 cannot tell components from {first + 1} on from rounding errors; leave out ⟨zero_center=False⟩" ]
        | None -> []

    /// By products of genes, while rows are spilled. Where means are large, products are summed again, of rows as distances from them.
    let byGenes (job: Job) source (options: PcaOptions) nameOf (genes: RowMask) fit (spill: Spill) =
        let size = int genes.Count
        let watch = Passes.watch job eigenvectors

        let sumAbout shifts =
            Passes.again job products fit (about shifts spill fit) Sink.none (Gram.fold size)

        let first () =
            let gram = gram job source genes spill.Sink

            struct (gram, Shift.ofSums gram.Cells gram.Sums (fun gene -> gram.Upper[Packed.row size gene + gene]))

        // Each triangle is gone before the next one is begun, which takes a function of its own.
        let centred () =
            match first () with
            | struct (gram, ValueNone) -> Ok gram
            | struct (_, ValueSome shifts) -> Error shifts

        let uncentred () =
            let struct (gram, shifts) = first ()

            match shifts with
            | ValueNone -> Ok(Components.componentsUnder watch options nameOf gram)
            | ValueSome shifts -> Error struct (Components.uncentred watch options nameOf gram, shifts)

        if options.ZeroCenter then
            match centred () with
            | Ok gram -> found ValueNone (Components.componentsUnder watch options nameOf gram) []
            | Error shifts -> found (ValueSome shifts) (sumAbout shifts |> Components.componentsUnder watch options nameOf) []
        else
            match uncentred () with
            | Ok components -> found ValueNone components []
            | Error struct (pairs, shifts) -> found ValueNone (Components.ofShifted pairs (sumAbout shifts)) (drowned pairs.Values)

    /// Rows that were spilled, and the sums of their genes: as distances from a shift where means are large, which `IsShifted` says, and as they are.
    type private Summed =
        { About: Source<RowBatch>
          AboutSums: GeneSums
          Plain: Source<RowBatch>
          PlainSums: GeneSums
          Shifts: float[] voption }

        /// The shifts of the rows that are projected: without centring scores are not about any mean.
        member summed.ShiftsOfScores options =
            if options.ZeroCenter then summed.Shifts else ValueNone

        /// What is worth a word about eigenvalues.
        member summed.Warnings(options, values) =
            if summed.Shifts.IsSome && not options.ZeroCenter then drowned values else []

    let private summed (job: Job) source options nameOf (genes: RowMask) fit (spill: Spill) =
        let plain = sums job source genes spill.Sink

        let shifts =
            Shift.ofSums plain.OfCells plain.OfValues (fun gene -> plain.OfSquares[gene])

        let about, sums =
            match shifts with
            | ValueSome shifts ->
                let rows = about shifts spill fit
                rows, Passes.again job products fit rows Sink.none (Shift.sums (int genes.Count))
            | ValueNone -> spill.Rows fit.ValuesPerBatch, plain

        Components.requireSums options nameOf sums

        { About = about
          AboutSums = sums
          Plain = if shifts.IsSome then spill.Rows fit.ValuesPerBatch else about
          PlainSums = plain
          Shifts = shifts }

    /// By products of rows with vectors, each of which is another read of the rows that were spilled.
    let byRows (job: Job) source (options: PcaOptions) nameOf (genes: RowMask) fit (spill: Spill) =
        let summed = summed job source options nameOf genes fit spill
        let reads = ref 0

        let rowsOf source sums : PcaByRows.Rows =
            { Sums = sums
              Multiply =
                fun spare vectors ->
                    reads.Value <- reads.Value + 1

                    RowProducts.fold spare vectors
                    |> Passes.again job $"pca: products, read {reads.Value} of the chosen values" fit source Sink.none }

        let about = rowsOf summed.About summed.AboutSums

        // Without centring scores are not about any mean.
        let rows =
            if options.ZeroCenter then about else rowsOf summed.Plain summed.PlainSums

        // Each read tells how far it is.
        let watch =
            { Passes.watch job eigenvectors with
                Tell = ignore }

        let struct (components, values) =
            PcaByRows.components watch options nameOf rows about

        found (summed.ShiftsOfScores options) components (summed.Warnings(options, values))

    /// By products of cells, from the columns of the rows that were spilled.
    let byCells (job: Job) source precision (options: PcaOptions) nameOf (genes: RowMask) fit (spill: Spill) =
        let size = int genes.Count
        let summed = summed job source options nameOf genes fit spill
        let sums = summed.AboutSums

        let rows, ofRows =
            if options.ZeroCenter then summed.About, summed.AboutSums else summed.Plain, summed.PlainSums

        use scratch = new ScratchFile(job.Folder)
        let settings = job.Settings

        let columns =
            CscToCsr.turned
                job.File.Store.Disk
                job.File.X.Path
                rows
                size
                (if summed.Shifts.IsSome then Precision.Double else precision)
                scratch.Disk
                job.Folder
                settings.Memory
                settings.Cancel
                (Passes.watch job "pca: columns").Tell

        Memory.release fit.Memory
        let columns = Reader.rows scratch.Disk columns fit.ValuesPerBatch

        let pairs =
            Gram.fold (int summed.PlainSums.OfCells)
            |> Passes.again job products fit columns Sink.none
            |> PcaByCells.pairs (Passes.watch job eigenvectors) options ofRows

        let loadings =
            pairs.Pairs.Values |> Array.map (fun _ -> Array.zeroCreate<float> size)

        Passes.again job "pca: loadings" fit columns (LoadingSink.into loadings (PcaByCells.loadings options pairs)) (Fold.always ())

        found
            (summed.ShiftsOfScores options)
            (PcaByCells.components (Passes.watch job "pca: loadings at right angles") options sums pairs loadings)
            (summed.Warnings(options, pairs.Pairs.Values))
