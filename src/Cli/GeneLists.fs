/// Lists of genes in text files, one gene per line.
namespace SingleSharp.Cli

open System.IO
open SingleSharp.Core

[<RequireQualifiedAccess>]
module GeneLists =
    /// How many missing genes are named before it is enough.
    let private enough = 5

    let private genesOf (file: string) =
        try
            File.ReadAllLines file |> List.ofArray |> List.map _.Trim() |> List.filter (fun line -> line <> "") |> List.distinct
        with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException -> Fault.throw (Missing file)
        | :? System.UnauthorizedAccessException when Directory.Exists file -> Fault.throw (Unreadable(file, "it is a folder"))
        | :? System.UnauthorizedAccessException -> Fault.throw (Unreadable(file, "you have no permission"))
        | :? IOException as trouble -> Fault.throw (Unreadable(file, trouble.Message.TrimEnd '.'))

    let private lacking (known: Set<string>) name file genes =
        match genes |> List.filter (fun gene -> not (known.Contains gene)) with
        | [] -> None
        | missing ->
            let first = missing |> List.truncate enough |> String.concat ", "
            let dots = if missing.Length > enough then ", ..." else ""
            Some $"{missing.Length} of the {genes.Length} genes that {file} lists for {name} are not in X: {first}{dots}"

    /// The gene sets with their lists read, and a warning for each list with genes that X lacks.
    let read (input: string) matrix symbols (wanted: WantedSet list) : GeneSet list * string list =
        let known =
            lazy (using (Schema.openReadAs matrix input) (fun file -> Symbols.names file symbols |> Set.ofArray))

        wanted
        |> List.map (fun set ->
            match set with
            | Ready set -> set, None
            | Listed(name, file) ->
                let genes = genesOf file
                { Name = name; Rule = Names genes }, lacking known.Value name file genes)
        |> List.unzip
        |> fun (sets, warnings) -> sets, List.choose id warnings
