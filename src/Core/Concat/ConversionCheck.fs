/// What is asked of a conversion, and what of it says nothing about its inputs.
namespace SingleSharp.Core.Concat

open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract

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
    /// Options about several inputs that differ from their defaults.
    let private aboutSeveral (options: ConvertOptions) =
        [ match options.Join with
          | Join.Outer -> "join", JsonValue.Text "outer"
          | _ -> ()
          if options.SampleKey <> Input.convert.SampleKey then
              "sample_key", JsonValue.Text options.SampleKey
          if not options.SampleNames.IsEmpty then
              "sample_names", JsonValue.List(options.SampleNames |> List.map JsonValue.Text)
          match options.IndexUnique with
          | Some between -> "index_unique", JsonValue.Text between
          | None -> () ]

    /// The same of those about inputs of Cell Ranger.
    let private aboutTenX (options: ConvertOptions) =
        [ match options.Genome with
          | Some genome -> "genome", JsonValue.Text genome
          | None -> ()
          match options.FeatureType with
          | Some features -> "feature_type", JsonValue.Text features
          | None -> ()
          if options.MakeUnique then
              "make_unique", JsonValue.Flag true ]

    /// All options that differ from their defaults.
    let given options =
        aboutTenX options @ aboutSeveral options

    /// Refuses options that say nothing about these inputs; `isAnnData` tells whether they are one .h5ad file.
    let requireUses isAnnData (input: Input) =
        let options = input.Convert

        let refuse option why =
            Fault.throw (InvalidOption(option, why))

        match input.Paths with
        | [ one ] ->
            for option, _ in aboutSeveral options do
                refuse option $"it is about several inputs, and {one} is the only one; leave it out"

            if isAnnData then
                for option, _ in aboutTenX options do
                    refuse option $"{one} is one .h5ad file, of which everything is taken as it is; leave it out"
        | _ -> ()
