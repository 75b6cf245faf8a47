/// Lists of genes in text files, one gene per line.
namespace SingleSharp.Cli

open System.Collections.Generic
open System.IO
open System.Text
open SingleSharp.Core

[<RequireQualifiedAccess>]
module GeneLists =
    /// How many missing genes are named before it is enough.
    let private enough = 5

    /// A longer line is no name of a gene.
    let private longest = 10_000

    /// Lines one after another, none of which is held before it is known to be short.
    let private lines (file: string) =
        seq {
            use reader = new StreamReader(file)
            let line = StringBuilder()
            let mutable next = reader.Read()

            while next >= 0 do
                match char next with
                | '\n'
                | '\r' ->
                    // Between the two of \r\n there is an empty line, which is no gene.
                    line.ToString()
                    line.Clear() |> ignore
                | letter when line.Length < longest -> line.Append letter |> ignore
                | _ -> Fault.throw (Unreadable(file, $"one of its lines has more than {longest} letters; it must have one gene per line"))

                next <- reader.Read()

            line.ToString()
        }

    /// Bytes of memory that a name takes: text, a place in a list and one in the table of those that were seen.
    let private bytesOf (name: string) = 120L + 2L * int64 name.Length

    let private genesOf memory (file: string) =
        try
            let seen = HashSet<string>()
            let genes = List<string>()
            let mutable bytes = 0L

            for line in lines file do
                let gene = line.Trim()

                if gene <> "" && seen.Add gene then
                    genes.Add gene
                    bytes <- bytes + bytesOf gene

                    if bytes > memory then
                        Fault.throw (OverBudget(bytes, memory))

            List.ofSeq genes
        with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException -> Fault.throw (Missing file)
        | :? System.UnauthorizedAccessException when Directory.Exists file -> Fault.throw (Unreadable(file, "it is a folder"))
        | :? System.UnauthorizedAccessException -> Fault.throw (Unreadable(file, "you have no permission"))
        | :? IOException as trouble -> Fault.throw (Unreadable(file, trouble.Message.TrimEnd '.'))

    let private lacking (known: HashSet<string>) name file genes =
        match genes |> List.filter (fun gene -> not (known.Contains gene)) with
        | [] -> None
        | missing ->
            let first = missing |> List.truncate enough |> String.concat ", "
            let dots = if missing.Length > enough then ", ..." else ""
            Some $"{missing.Length} of the {genes.Length} genes that {file} lists for {name} are not in X: {first}{dots}"

    /// Those of the names that X has.
    let private known memory (input: string) matrix (lists: string list list) =
        let wanted = HashSet(Seq.concat lists)
        let found = HashSet<string>()

        using (Schema.openReadWithin memory matrix input) (fun file ->
            for name in Frame.names file.Store file.Var 0L file.Var.Rows do
                if wanted.Contains name then
                    found.Add name |> ignore)

        found

    /// The gene sets with their lists read, within so much memory, and a warning for each list with genes that X lacks.
    let read memory (input: string) matrix (wanted: WantedSet list) : GeneSet list * string list =
        let lists =
            wanted
            |> List.map (fun set ->
                match set with
                | Ready _ -> []
                | Listed(_, file) -> genesOf memory file)

        let known = lazy (known memory input matrix lists)

        List.zip wanted lists
        |> List.map (fun (set, genes) ->
            match set with
            | Ready set -> set, None
            | Listed(name, file) -> { Name = name; Rule = Names genes }, lacking known.Value name file genes)
        |> List.unzip
        |> fun (sets, warnings) -> sets, List.choose id warnings
