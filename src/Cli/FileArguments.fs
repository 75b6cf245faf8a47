/// The files that a command line names: what is read, how several are joined, and where the result goes.
namespace SingleSharp.Cli

open SingleSharp.Core

[<RequireQualifiedAccess>]
module FileArguments =
    let file words =
        match words |> List.map Values.word |> Validated.all with
        | Error mistakes -> Error mistakes
        | Ok [ file ] -> Values.name "FILE" file
        | Ok [] -> Validated.mistake "which FILE? Name an HDF5 file."
        | Ok several ->
            let list = several |> List.map (fun word -> $"'{word}'") |> String.concat " and "
            Validated.mistake $"one FILE at a time, not {list}."

    let private paths words =
        match words |> List.map Values.word |> Validated.all with
        | Ok [] -> Validated.mistake "which FILE? Name an .h5ad file, a 10x .h5 file or a folder with matrix.mtx."
        | Ok several -> several |> List.map (Values.name "FILE") |> Validated.all
        | Error mistakes -> Error mistakes

    /// What is about several inputs, where there is one.
    let private requireSeveral args files : Validated<unit> =
        match files, ParsedArgs.among [ "--join"; "--sample-key"; "--sample-names"; "--index-unique" ] args with
        | [ _ ], (_ :: _ as options) ->
            List.distinct options
            |> List.map (fun option -> $"{option} has no effect: it is about several FILEs, and there is one; leave it out.")
            |> Error
        | _ -> Ok()

    let input args files : Validated<Input> =
        check {
            let! paths = paths files
            and! _ = requireSeveral args files
            and! genome = args |> ParsedArgs.optional Argument.Genome Values.name
            and! featureType = args |> ParsedArgs.optional Argument.Feature_Type Values.name
            and! join = args |> ParsedArgs.orElse Input.convert.Join Argument.Join Values.join

            and! key =
                args |> ParsedArgs.orElse Input.convert.SampleKey Argument.Sample_Key Values.key

            and! names =
                args |> ParsedArgs.values Argument.Sample_Names |> List.map (Values.names "--sample-names") |> Validated.all

            return
                { Paths = paths
                  Convert =
                    { Genome = genome
                      FeatureType = featureType
                      MakeUnique = ParsedArgs.has Argument.Make_Unique args
                      Join = join
                      SampleKey = key
                      SampleNames = List.concat names
                      IndexUnique = ParsedArgs.tryValue Argument.Index_Unique args } }
        }

    let output args =
        match ParsedArgs.tryValue Argument.Out args, ParsedArgs.has Argument.In_Place args with
        | Some file, false -> Values.name "--out" file |> Result.map NewFile
        | None, true -> Ok InPlace
        | None, false -> Validated.mistake "where should the result go? Say --out FILE or --in-place."
        | Some _, true -> Validated.mistake "--out and --in-place exclude each other; say one of them."

    let requireNewFile files output =
        match paths files, output with
        | Ok(_ :: _ :: _), Ok InPlace -> Validated.mistake "several FILEs cannot be changed in place; say --out FILE."
        | _ -> output
