/// Which features of a 10x input are wanted.
namespace SingleSharp.Core.Inputs

open SingleSharp.Core

/// Which part of a 10x input is wanted.
type internal TenXChoice =
    {
        /// None: the only one of Cell Ranger 2, all of Cell Ranger 3.
        Genome: string option
        /// Features of this type; "all" for every one.
        FeatureType: string option
        /// Add up what a cell has of one gene where it is stored more than once.
        SumDuplicates: bool
    }

[<RequireQualifiedAccess>]
module internal TenXChoice =
    /// What scanpy keeps unless told otherwise.
    let usualType = "Gene Expression"

    let listed (names: seq<string>) =
        names |> Seq.filter ((<>) "") |> Seq.distinct |> Seq.sort |> String.concat ", "

    /// Which of these features are of the type that is wanted.
    let ofType (choice: TenXChoice) (types: string[]) =
        match choice.FeatureType with
        | Some "all" -> Array.create types.Length true
        | asked ->
            let wanted = defaultArg asked usualType

            if types.Length > 0 && not (Array.contains wanted types) then
                Fault.throw (InvalidOption("feature_type", $"there is no feature of type {wanted}; say one of {listed types}, or all"))

            types |> Array.map ((=) wanted)

    /// Types where a file has none: every feature is a gene.
    let requireNoType (choice: TenXChoice) path =
        match choice.FeatureType with
        | None
        | Some "all" -> ()
        | Some wanted when wanted = usualType -> ()
        | Some wanted ->
            Fault.throw (InvalidOption("feature_type", $"{path} does not say of what type its features are, so {wanted} is not among them"))
