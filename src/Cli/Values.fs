/// The values of options: from their spelling to what they mean, or to a sentence that says what is wrong.
namespace SingleSharp.Cli

open System
open System.Globalization
open SingleSharp.Core

/// A gene set as asked for; a list of genes is read later, when the work begins.
type WantedSet =
    | Ready of GeneSet
    | Listed of name: string * file: string

    member set.Name =
        match set with
        | Ready set -> set.Name
        | Listed(name, _) -> name

[<RequireQualifiedAccess>]
module Values =
    let private invariant = CultureInfo.InvariantCulture

    let private tryFloat (text: string) =
        match text, Double.TryParse(text, NumberStyles.Float, invariant) with
        | "inf", _ -> Some infinity
        | "-inf", _ -> Some -infinity
        | _, (true, number) -> Some number
        | _ -> None

    let private tryWhole (text: string) =
        match Int32.TryParse(text, NumberStyles.None, invariant) with
        | true, number when number > 0 -> Some number
        | _ -> None

    let private options = Argument.forms |> List.map _.Spelling

    /// Whatever begins with a dash and is no option of the command lands where a file is expected.
    let word (text: string) =
        if text.StartsWith '-' then
            Checked.mistake $"there is no option {text}{Nearest.hint options text}"
        else
            Ok text

    let name option text =
        if text = "" then Checked.mistake $"{option} must not be empty." else word text

    /// A name in obsm, varm and uns.
    let key what (text: string) =
        if text.Contains '/' then
            Checked.mistake $"{what} must not have a slash, as '{text}' has."
        else
            name what text

    let join option (text: string) =
        match text.ToLowerInvariant() with
        | "inner" -> Ok Inner
        | "outer" -> Ok Outer
        | _ -> Checked.mistake $"{option} must be inner or outer, not '{text}'."

    /// Names with commas between them.
    let names (text: string) =
        let names = text.Split ',' |> List.ofArray |> List.map _.Trim()

        if List.contains "" names then
            Checked.mistake $"--sample-names must be names as a,b,c, not '{text}'."
        else
            Ok names

    let number option (text: string) =
        match tryFloat text with
        | Some number -> Ok number
        | None -> Checked.mistake $"{option} must be a number, not '{text}'."

    let whole option text =
        match tryWhole text with
        | Some count -> Ok count
        | None -> Checked.mistake $"{option} must be a whole number from 1 up, not '{text}'."

    /// A number of genes or cells that may be none.
    let limit option (text: string) =
        match Int64.TryParse(text, NumberStyles.None, invariant) with
        | true, number -> Ok number
        | _ -> Checked.mistake $"{option} must be a whole number from 0 up, not '{text}'."

    /// 512M, 2G, 1.5G or plain bytes; K, M and G are powers of 1024.
    let memory option (text: string) =
        let digits, unit =
            match Char.ToUpperInvariant(if text = "" then ' ' else text[text.Length - 1]) with
            | 'K' -> text[.. text.Length - 2], 1024.0
            | 'M' -> text[.. text.Length - 2], 1024.0 ** 2.0
            | 'G' -> text[.. text.Length - 2], 1024.0 ** 3.0
            | _ -> text, 1.0

        match tryFloat digits with
        | Some size when size * unit >= 1.0 && size * unit < float Int64.MaxValue -> Ok(int64 (size * unit))
        | _ -> Checked.mistake $"{option} must be a size such as 512M or 2G, not '{text}'."

    let basis option (text: string) =
        if text = "e" then Ok None else number option text |> Result.map Some

    let mitochondrial prefix =
        if prefix = "" then NotCounted else StartingWith prefix

    /// NAME=P
    let percent option (spec: string) =
        let wrong =
            Checked.mistake $"{option} '{spec}' must look like mt=20: a gene set and a percentage."

        match spec.Split('=', 2) with
        | [| name; share |] when name <> "" -> tryFloat share |> Option.map (fun share -> Ok(name, share)) |> Option.defaultValue wrong
        | _ -> wrong

    /// The value that a word stands for, with underscores or dashes.
    let private oneOf (choices: (string * 'a) list) (option: string) (text: string) : Checked<'a> =
        let names = choices |> List.map fst

        match choices |> List.tryFind (fun (name, _) -> name = text.Replace('-', '_')) with
        | Some(_, value) -> Ok value
        | None -> Checked.mistake $"""{option} must be one of {String.concat ", " names}, not '{text}'{Nearest.hint names text}"""

    let flavor =
        oneOf
            [ "seurat", HvgFlavor.Seurat
              "cell_ranger", HvgFlavor.CellRanger
              "seurat_v3", HvgFlavor.SeuratV3
              "seurat_v3_paper", HvgFlavor.SeuratV3Paper ]

    let maskVar option text =
        if text = "none" then Ok AllGenes else name option text |> Result.map MaskColumn

    let private pieces (text: string) =
        text.Split([| ','; ' ' |], StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

    /// Could this be a value of --percent-top rather than the name of a file?
    let isTop text =
        text = "none" || pieces text |> List.forall (fun piece -> (tryWhole piece).IsSome)

    let percentTop (texts: string list) =
        match texts |> List.collect pieces with
        | [] -> Checked.mistake "--percent-top must be followed by numbers such as 50,100, or by none."
        | [ "none" ] -> Ok(Exactly [])
        | all ->
            all
            |> List.map (fun piece ->
                match tryWhole piece with
                | Some k -> Ok k
                | None -> Checked.mistake $"--percent-top must be whole numbers from 1 up, or none alone; '{piece}' is not.")
            |> Checked.all
            |> Result.map (List.distinct >> Exactly)

    /// The steps that --skip names.
    let steps text =
        let every =
            { Recipe.full with
                Filter = Some Recipe.filter }
            |> Recipe.steps

        match pieces text with
        | [] -> Checked.mistake "--skip must be followed by a step such as qc."
        | words -> words |> List.map (oneOf (List.zip every every) "--skip") |> Checked.all

    let targetSum (sum: string option) (median: string option) =
        match sum, median with
        | None, None -> Ok Recipe.normalizeTotal.TargetSum
        | Some "median", None
        | (None | Some "median"), Some "positive" -> Ok MedianOfPositive
        | (None | Some "median"), Some "all" -> Ok MedianOfAll
        | (None | Some "median"), Some other -> Checked.mistake $"--median must be positive or all, not '{other}'."
        | Some sum, Some _ -> Checked.mistake $"--median goes with --target-sum median, not with --target-sum {sum}."
        | Some sum, None ->
            match tryFloat sum with
            | Some counts -> Ok(Counts counts)
            | None -> Checked.mistake $"--target-sum must be a number or median, not '{sum}'."

    /// NAME=prefix:P1,P2 or NAME=column:C or NAME=file:F
    let geneSet (spec: string) =
        let wrong why =
            Checked.mistake
                $"--gene-set '{spec}' {why}; it must look like ribo=prefix:RPS,RPL or hb=column:is_hb or stress=file:stress_genes.txt."

        match spec.Split('=', 2) with
        | [| name; rule |] when name.Trim() <> "" ->
            match rule.Split(':', 2) with
            | [| "prefix"; prefixes |] ->
                let prefixes = prefixes.Split ',' |> List.ofArray

                if List.contains "" prefixes then
                    wrong "has an empty prefix"
                else
                    Ok(Ready { Name = name; Rule = Prefix prefixes })
            | [| "column"; column |] when column <> "" -> Ok(Ready { Name = name; Rule = Column column })
            | [| "file"; file |] when file <> "" -> Ok(Listed(name, file))
            | [| ("column" | "file") as kind; _ |] -> wrong $"names no {kind}"
            | _ -> wrong "has no rule"
        | [| _; _ |] -> wrong "has no name"
        | _ -> wrong "has no ="
