/// Lists of genes in text files, one gene per line.
namespace SingleSharp.Cli

open System.Collections.Generic
open SingleSharp.Core

[<RequireQualifiedAccess>]
module GeneLists =
    /// How many missing genes are named before it is enough.
    let private enough = 5

    /// Bytes of memory that a name takes: text, a place in a list and one in the table of those that were seen.
    let private bytesOf (name: string) = 120L + 2L * int64 name.Length

    let private genesOf memory (file: string) =
        use lines = new Lines(file)
        let seen = HashSet<string>()
        let genes = List<string>()
        let mutable bytes = 0L

        while lines.Next() do
            let gene = lines.Text.Trim()

            if gene <> "" && seen.Add gene then
                genes.Add gene
                bytes <- bytes + bytesOf gene

                if bytes > memory then
                    Fault.throw (OverBudget(bytes, memory))

        List.ofSeq genes

    let private lacking (known: HashSet<string>) name file genes =
        match genes |> List.filter (fun gene -> not (known.Contains gene)) with
        | [] -> None
        | missing ->
            let first = missing |> List.truncate enough |> String.concat ", "
            let dots = if missing.Length > enough then ", ..." else ""

            Some
                $"""{Counted.say missing.Length "gene" "genes"} of the {genes.Length} that {file} lists for {name} {if missing.Length = 1 then "is" else "are"} not in X: {first}{dots}"""

    /// The gene sets with their lists read, within so much memory, and a warning for each list with genes that X lacks, whose names
    /// are asked for then.
    let read memory (names: unit -> string[]) (wanted: WantedSet list) : GeneSet list * string list =
        let lists =
            wanted
            |> List.map (fun set ->
                match set with
                | Ready _ -> []
                | Listed(_, file) -> genesOf memory file)

        let known =
            lazy
                (let listed = HashSet(Seq.concat lists)
                 HashSet(names () |> Seq.filter listed.Contains))

        List.zip wanted lists
        |> List.map (fun (set, genes) ->
            match set with
            | Ready set -> set, None
            | Listed(name, file) -> { Name = name; Rule = Names genes }, lacking known.Value name file genes)
        |> List.unzip
        |> fun (sets, warnings) -> sets, List.choose id warnings
