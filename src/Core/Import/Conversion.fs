/// What is asked of a conversion, and what it reports.
namespace SingleSharp.Core

/// How inputs are read and joined.
type ConvertRecipe =
    {
        /// Of a 10x .h5 file: only genes of this genome.
        Genome: string option
        /// Of 10x inputs: only features of this type; none means "Gene Expression", "all" means every one.
        FeatureType: string option
        /// Give genes of equal names different ones, as anndata's var_names_make_unique does.
        MakeUnique: bool
        Join: Join
        /// The column of obs that says which input a cell is from, where there are several.
        SampleKey: string
        /// Names of the inputs; empty for those of the files without their endings.
        SampleNames: string list
        /// What stands between the name of a cell and that of its sample; none leaves names of cells as they are.
        IndexUnique: string option
        /// Of .h5ad inputs: the matrix that becomes X.
        Matrix: MatrixName
        /// Add up what a cell has of one gene where it is stored more than once, instead of refusing it.
        SumDuplicates: bool
    }

/// What a conversion did.
type Conversion =
    {
        Inputs: string list
        Output: string
        Cells: int64
        Genes: int
        StoredValues: int64
        /// The type of X.
        Type: string
        /// Names of the inputs and how many cells each has; empty where there is only one.
        Samples: (string * int64) list
        ObsColumns: string list
        VarColumns: string list
        Warnings: string list
    }

[<RequireQualifiedAccess>]
module Conversion =
    /// Whatever of the usual kind there is in one input; genes that all of several inputs share.
    let standard =
        { Genome = None
          FeatureType = None
          MakeUnique = false
          Join = Inner
          SampleKey = "sample"
          SampleNames = []
          IndexUnique = None
          Matrix = MatrixName.X
          SumDuplicates = false }

    /// Refuses what was asked and says nothing about these inputs; `isAnnData` tells whether they are one .h5ad file.
    let requireUses isAnnData (recipe: ConvertRecipe) (inputs: string list) =
        let refuse option why = Fault.throw (BadOption(option, why))

        match inputs with
        | [ one ] ->
            let several =
                [ "--join", recipe.Join <> standard.Join
                  "--sample-key", recipe.SampleKey <> standard.SampleKey
                  "--sample-names", not recipe.SampleNames.IsEmpty
                  "--index-unique", recipe.IndexUnique.IsSome ]

            let tenX =
                [ "--genome", recipe.Genome.IsSome
                  "--feature-type", recipe.FeatureType.IsSome
                  "--make-unique", recipe.MakeUnique ]

            for option, isSaid in several do
                if isSaid then
                    refuse option $"it is about several inputs, and {one} is the only one; leave it out"

            if isAnnData then
                for option, isSaid in tenX do
                    if isSaid then
                        refuse option $"{one} is one .h5ad file, of which everything is taken as it is; leave it out"
        | _ -> ()
