/// Principal components: one read for the Gram matrix and the spill, the spill for the scores, and where all of it is kept.
namespace SingleSharp.Core

open System

/// What pca adds to a file.
type PcaResult =
    {
        /// New members of obsm, varm and uns.
        Members: (string * (string * Element) list) list
        Components: Components
        /// How many genes they were computed from.
        Genes: int
        Warnings: string list
    }

[<RequireQualifiedAccess>]
module Principal =
    /// The column of var that says which genes are looked at, if one does, and those genes.
    let private mask (job: Job) (pca: PcaRecipe) (table: HvgTable option) =
        let ofFile column =
            Frame.booleans job.File.Store job.File.Var "--mask-var" column |> GeneSets.valuesAmong job.Genes |> Kept.ofFlags

        let all = Kept.all job.Genes.Count

        match pca.MaskVar, table with
        | AllGenes, _ -> None, all
        | (HighlyVariable | MaskColumn "highly_variable"), Some table -> Some "highly_variable", Kept.ofFlags table.IsHighlyVariable
        | MaskColumn column, Some table ->
            // A column that this run writes counts, not the one of that name that is in the file.
            match table.Columns |> List.tryFind (fun (written, _) -> written.Name = column && written.Type = Numeric.Bool) with
            | Some(_, flags) -> Some column, Kept.ofFlags (flags |> Array.map ((<>) 0.0))
            | None -> Some column, ofFile column
        | MaskColumn column, None -> Some column, ofFile column
        | HighlyVariable, None ->
            if List.contains "highly_variable" job.File.Var.Columns then
                Some "highly_variable", ofFile "highly_variable"
            else
                None, all

    /// Loadings that are written at a time.
    let private batch = 1 <<< 17

    /// Loadings as genes × components, zero for the genes that were not looked at.
    let private loadings (job: Job) (draft: Draft) (genes: Kept) (components: Components) =
        let count = components.Count

        let address =
            draft.Reserve(Memory.times (Memory.times job.Genes.Count (int64 count)) 8L)

        let rows = max 1 (batch / count)
        let numbers: float[] = Array.zeroCreate (rows * count)
        let bytes: byte[] = Array.zeroCreate (8 * numbers.Length)

        for first in 0L .. int64 rows .. job.Genes.Count - 1L do
            let now = int (min (int64 rows) (job.Genes.Count - first))
            Array.Clear numbers

            for row in 0 .. now - 1 do
                if genes.Has(first + int64 row) then
                    Array.Copy(components.Loadings, int (genes.Rank(first + int64 row)) * count, numbers, row * count, count)

            let length = ColumnBytes.encode Numeric.Float64 numbers (now * count) bytes
            draft.Disk.Write(address + 8L * first * int64 count, ReadOnlySpan(bytes, 0, length))

        Element.Placed(Numeric.Float64, [ job.Genes.Count; int64 count ], address)

    let private members (job: Job) (draft: Draft) (pca: PcaRecipe) cells (column: string option) genes (components: Components) scores =
        let count = int64 components.Count
        let key usual = Option.defaultValue usual pca.KeyAdded

        let parameters =
            [ "zero_center", Element.Flag pca.ZeroCenter
              "use_highly_variable", Element.Flag(column = Some "highly_variable")
              match column with
              | Some column -> "mask_var", Element.Text column
              | None -> ()
              match job.Plan.Recipe.Matrix with
              | MatrixName.Layer layer -> "layer", Element.Text layer
              | _ -> () ]

        [ "obsm", [ key "X_pca", Element.Placed(Numeric.Float32, [ cells; count ], scores) ]
          "varm", [ key "PCs", loadings job draft genes components ]
          "uns",
          [ key "pca",
            Element.Dict
                [ "params", Element.Dict parameters
                  "variance", Element.Numbers(Numeric.Float64, [ count ], components.Variances)
                  "variance_ratio", Element.Numbers(Numeric.Float64, [ count ], components.Ratios) ] ] ]

    /// The rows that are projected, the components that they are projected on, and what is worth a word.
    type private Found =
        { Rows: Source<Slice>
          Components: Components
          Warnings: string list }

    let private products = "pca: products"
    let private eigenvectors = "pca: eigenvectors"

    /// Half as many values in a slice, where rows grow by genes that are not stored.
    let private about shifts (spill: Spill) (fit: Fit) =
        spill.Rows(max 1 (fit.ValuesPerSlice / 2)) |> Reader.through (Shift.start shifts)

    /// Without centring the first component is the mean, and what is so small beside it is lost in its rounding errors.
    let private drowned (values: float[]) =
        match values |> Array.tryFindIndex (fun value -> not (value > 1e-10 * values[0])) with
        | Some first ->
            [ $"without centring, the means of some genes are so large beside their spread that float64 cannot tell components from {first + 1} on from rounding errors; leave out --no-zero-center" ]
        | None -> []

    /// By products of genes, while rows are spilled. Where means are large, products are summed again, of rows as distances from them.
    let private byGenes (job: Job) transformation options nameOf (genes: Kept) fit (spill: Spill) =
        let size = int genes.Count
        let watch = Pass.watch job eigenvectors

        let sumAbout shifts =
            Pass.again job products fit (about shifts spill fit) Outlet.none (Gram.fold size)

        let first () =
            let gram = Pass.gram job transformation genes fit spill.Outlet

            struct (gram, Shift.ofSums gram.Cells gram.Sums (fun gene -> gram.Upper[Packed.row size gene + gene]))

        // Each triangle is gone before the next one is begun, which takes a function of its own.
        let centred () =
            match first () with
            | struct (gram, ValueNone) -> Ok gram
            | struct (_, ValueSome shifts) -> Error shifts

        let uncentred () =
            let struct (gram, shifts) = first ()

            match shifts with
            | ValueNone -> Ok(Pca.componentsUnder watch options nameOf gram)
            | ValueSome shifts -> Error struct (Pca.uncentred watch options nameOf gram, shifts)

        let plain = lazy (spill.Rows fit.ValuesPerSlice)

        if options.ZeroCenter then
            match centred () with
            | Ok gram ->
                { Rows = plain.Value
                  Components = Pca.componentsUnder watch options nameOf gram
                  Warnings = [] }
            | Error shifts ->
                { Rows = about shifts spill fit
                  Components = sumAbout shifts |> Pca.componentsUnder watch options nameOf
                  Warnings = [] }
        else
            match uncentred () with
            | Ok components ->
                { Rows = plain.Value
                  Components = components
                  Warnings = [] }
            | Error struct (pairs, shifts) ->
                { Rows = plain.Value
                  Components = Pca.ofShifted pairs (sumAbout shifts)
                  Warnings = drowned pairs.Values }

    /// By products of cells, from the columns of the rows that were spilled.
    let private byCells (job: Job) transformation options nameOf (genes: Kept) fit (spill: Spill) folder =
        let size = int genes.Count
        let plain = Pass.sums job transformation genes fit spill.Outlet

        let shifts =
            Shift.ofSums plain.OfCells plain.OfValues (fun gene -> plain.OfSquares[gene])

        let rows, sums =
            match shifts with
            | ValueSome shifts ->
                let rows = about shifts spill fit
                rows, Pass.again job products fit rows Outlet.none (Shift.sums size)
            | ValueNone -> spill.Rows fit.ValuesPerSlice, plain

        PcaByCells.require options nameOf sums

        // Without centring scores are not about any mean.
        let rows, ofRows =
            if options.ZeroCenter then rows, sums else spill.Rows fit.ValuesPerSlice, plain

        use scratch = new Scratch(folder)
        let settings = job.Settings

        let columns =
            Transposed.turned
                job.File.Store.Disk
                job.File.X.Path
                rows
                size
                (if shifts.IsSome then Precision.Double else Precision.ofNumeric job.Plan.TypeAfter)
                scratch.Disk
                folder
                settings.Memory
                settings.Cancel
                (Pass.watch job "pca: columns").Tell

        Memory.release fit.Memory
        let columns = Reader.rows scratch.Disk columns fit.ValuesPerSlice

        let pairs =
            Gram.fold (int plain.OfCells)
            |> Pass.again job products fit columns Outlet.none
            |> PcaByCells.pairs (Pass.watch job eigenvectors) options ofRows

        let loadings =
            pairs.Pairs.Values |> Array.map (fun _ -> Array.zeroCreate<float> size)

        Pass.again job "pca: loadings" fit columns (LoadingOutlet.into loadings (PcaByCells.loadings options pairs)) (Fold.always ())

        { Rows = rows
          Components = PcaByCells.components (Pass.watch job "pca: loadings at right angles") options sums pairs loadings
          Warnings = if shifts.IsSome && not options.ZeroCenter then drowned pairs.Pairs.Values else [] }

    /// Computes the components of the cells that stay and writes their scores into the draft.
    let compute (job: Job) transformation (draft: Draft) folder cells table (pca: PcaRecipe) =
        let column, genes = mask job pca table

        let options =
            { Comps = pca.NComps
              ZeroCenter = pca.ZeroCenter }

        let count = Pca.count options cells (int genes.Count)

        if min cells genes.Count > int64 Gram.mostGenes then
            Fault.throw (
                Unsuitable(
                    "pca",
                    $"{genes.Count} genes are chosen and {cells} cells are there, of which one may be at most {Gram.mostGenes}; choose fewer genes, such as the highly variable ones"
                )
            )

        let fit = Plan.gramFit job.File job.Settings job.Plan.Recipe pca cells genes.Count

        use scratch = new Scratch(folder)

        let spill =
            Spill(scratch.Disk, int genes.Count, Precision.ofNumeric job.Plan.TypeAfter)

        let nameOf gene =
            Frame.nameOf job.File.Store job.File.Var (job.Genes.At(genes.At(int64 gene)))

        let found =
            if PcaByCells.isShorter cells (int genes.Count) then
                byCells job transformation options nameOf genes fit spill folder
            else
                byGenes job transformation options nameOf genes fit spill

        let scores = draft.Reserve(Checked.(*) (Checked.(*) cells (int64 count)) 4L)
        let outlet = ScoreOutlet.toPlace draft.Disk scores (Pca.scores found.Components)
        Pass.again job "pca: scores" fit found.Rows outlet (Fold.always ())

        { Members = members job draft pca cells column genes found.Components scores
          Components = found.Components
          Genes = int genes.Count
          Warnings = found.Warnings }
