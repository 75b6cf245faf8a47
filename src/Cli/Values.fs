/// The values of options: from their spelling to what they mean, or to a sentence that says what is wrong.
namespace SingleSharp.Cli

open System
open System.Globalization
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Values =
    let private invariant = CultureInfo.InvariantCulture

    /// Whatever begins with a dash and is no option of the command lands where a file is expected.
    let word (text: string) =
        if text.StartsWith '-' then
            Validated.mistake $"there is no option {text}{DidYouMean.hint StepArguments.known.Value (text.Replace('_', '-'))}"
        else
            Ok text

    let name option text =
        if text = "" then Validated.mistake $"{option} must not be empty." else word text

    /// What something in the file is called: any text.
    let inFile option text : Validated<string> =
        if text = "" then Validated.mistake $"{option} must not be empty." else Ok text

    /// A column whose name has no slash.
    let key option (text: string) =
        if text.Contains '/' then
            Validated.mistake $"{option} must not have a slash, as '{text}' has."
        else
            name option text

    let join option (text: string) =
        match text.ToLowerInvariant() with
        | "inner" -> Ok Join.Inner
        | "outer" -> Ok Join.Outer
        | _ -> Validated.mistake $"{option} must be inner or outer, not '{text}'."

    /// Names with commas between them.
    let names option (text: string) =
        let names = text.Split ',' |> List.ofArray |> List.map _.Trim()

        if List.contains "" names then
            Validated.mistake $"{option} must be names as a,b,c, not '{text}'."
        else
            Ok names

    /// An integer from 1 up.
    let positive option (text: string) =
        match Int32.TryParse(text, NumberStyles.None, invariant) with
        | true, number when number > 0 -> Ok number
        | _ -> Validated.mistake $"{option} must be an integer from 1 up, not '{text}'."

    /// 512M, 2G, 1.5G or plain bytes; K, M and G are powers of 1024.
    let memory option (text: string) =
        let digits, unit =
            match Char.ToUpperInvariant(if text = "" then ' ' else text[text.Length - 1]) with
            | 'K' -> text[.. text.Length - 2], 1024.0
            | 'M' -> text[.. text.Length - 2], 1024.0 ** 2.0
            | 'G' -> text[.. text.Length - 2], 1024.0 ** 3.0
            | _ -> text, 1.0

        match Double.TryParse(digits, NumberStyles.Float, invariant) with
        | true, size when size * unit >= 1.0 && size * unit < float Int64.MaxValue -> Ok(int64 (size * unit))
        | _ -> Validated.mistake $"{option} must be a size such as 512M or 2G, not '{text}'."

    /// gzip, zstd, lzf or none, some with a level.
    let compression option (text: string) =
        match Compression.ofText text with
        | Ok compression -> Ok compression
        | Error(InvalidOption(_, why)) -> Validated.mistake $"{option}: {why}."
        | Error fault -> Validated.mistake (Fault.sentence fault)

    /// Names of steps, of those that are known.
    let steps option (known: string list) (text: string) =
        let one (word: string) =
            match known |> List.tryFind (fun name -> name = word.Replace('-', '_')) with
            | Some name -> Ok name
            | None -> Validated.mistake $"""{option} must be one of {String.concat ", " known}, not '{word}'{DidYouMean.hint known word}"""

        match text.Split([| ','; ' ' |], StringSplitOptions.RemoveEmptyEntries) |> List.ofArray with
        | [] -> Validated.mistake $"{option} must be followed by a step such as {List.head known}."
        | words -> words |> List.map one |> Validated.all

    let mitochondrial prefix =
        if prefix = "" then Mitochondrial.None else Mitochondrial.Prefix prefix

    /// NAME=prefix:P1,P2 or NAME=column:C or NAME=file:F
    let geneSet (spec: string) =
        let wrong why =
            Validated.mistake
                $"--gene-set '{spec}' {why}; it must look like ribo=prefix:RPS,RPL or hb=column:is_hb or stress=file:stress_genes.txt."

        match spec.Split('=', 2) with
        | [| name; rule |] when name.Trim() <> "" ->
            match rule.Split(':', 2) with
            | [| "prefix"; prefixes |] ->
                let prefixes = prefixes.Split ','

                if Array.contains "" prefixes then
                    wrong "has an empty prefix"
                else
                    Ok(GeneSet.WithPrefix(name, prefixes))
            | [| "column"; column |] when column <> "" -> Ok(GeneSet.FromColumn(name, column))
            | [| "file"; file |] when file <> "" -> Ok(GeneSet.ListedIn(name, file))
            | [| ("column" | "file") as kind; _ |] -> wrong $"names no {kind}"
            | _ -> wrong "has no rule"
        | [| _; _ |] -> wrong "has no name"
        | _ -> wrong "has no ="
