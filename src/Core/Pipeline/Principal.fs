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

    /// Loadings as genes × components, zero for the genes that were not looked at.
    let private loadings (job: Job) (genes: Kept) (components: Components) =
        let count = components.Count
        let padded: float[] = Array.zeroCreate (Checked.(*) (int job.Genes.Count) count)

        for gene in 0 .. int genes.Count - 1 do
            Array.Copy(components.Loadings, gene * count, padded, int (genes.At(int64 gene)) * count, count)

        Element.Numbers(Numeric.Float64, [ job.Genes.Count; int64 count ], padded)

    let private members (job: Job) (pca: PcaRecipe) cells (column: string option) genes (components: Components) scores =
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
          "varm", [ key "PCs", loadings job genes components ]
          "uns",
          [ key "pca",
            Element.Dict
                [ "params", Element.Dict parameters
                  "variance", Element.Numbers(Numeric.Float64, [ count ], components.Variances)
                  "variance_ratio", Element.Numbers(Numeric.Float64, [ count ], components.Ratios) ] ] ]

    /// Computes the components of the cells that stay and writes their scores into the draft.
    let compute (job: Job) transformation (draft: Draft) folder cells table (pca: PcaRecipe) =
        let column, genes = mask job pca table

        let options =
            { Comps = pca.NComps
              ZeroCenter = pca.ZeroCenter }

        let count = Pca.count options cells (int genes.Count)
        let fit = Plan.gramFit job.File job.Settings pca genes.Count
        use scratch = new Scratch(folder)

        let spill =
            Spill(scratch.Disk, int genes.Count, Precision.ofNumeric job.Plan.TypeAfter)

        let gram = Pass.gram job transformation genes fit spill.Outlet

        let nameOf gene =
            Frame.nameOf job.File.Store job.File.Var (job.Genes.At(genes.At(int64 gene)))

        let components = Pca.components options nameOf gram
        let scores = draft.Reserve(Checked.(*) (Checked.(*) cells (int64 count)) 4L)
        Pass.project job fit (spill.Rows fit.ValuesPerSlice) (ScoreOutlet.toPlace draft.Disk scores (Pca.scores components))

        { Members = members job pca cells column genes components scores
          Components = components
          Genes = int genes.Count }
