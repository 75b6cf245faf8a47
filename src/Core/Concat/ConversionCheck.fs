/// What is asked of a conversion, and what of it says nothing about its inputs.
namespace SingleSharp.Core.Concat

open SingleSharp.Core

/// How inputs are read and joined, and the matrix that becomes X.
type internal ConvertRequest =
    {
        Options: ConvertOptions
        /// Of .h5ad inputs.
        Matrix: MatrixName
        /// Add up what a cell has of one gene where it is stored more than once, instead of refusing it.
        SumDuplicates: bool
    }

[<RequireQualifiedAccess>]
module internal ConversionCheck =
    /// Refuses options that say nothing about these inputs; `isAnnData` tells whether they are one .h5ad file.
    let requireUses isAnnData (input: Input) =
        let options = input.Convert

        let refuse option why =
            Fault.throw (InvalidOption(option, why))

        match input.Paths with
        | [ one ] ->
            let several =
                [ "join", options.Join <> Input.convert.Join
                  "sample_key", options.SampleKey <> Input.convert.SampleKey
                  "sample_names", not options.SampleNames.IsEmpty
                  "index_unique", options.IndexUnique.IsSome ]

            let tenX =
                [ "genome", options.Genome.IsSome
                  "feature_type", options.FeatureType.IsSome
                  "make_unique", options.MakeUnique ]

            for option, isGiven in several do
                if isGiven then
                    refuse option $"it is about several inputs, and {one} is the only one; leave it out"

            if isAnnData then
                for option, isGiven in tenX do
                    if isGiven then
                        refuse option $"{one} is one .h5ad file, of which everything is taken as it is; leave it out"
        | _ -> ()
