/// Options in sentences: written with scanpy's names, spelled by each door in its own way.
namespace SingleSharp.Core

open System.Text.RegularExpressions

/// How a door spells an option: from scanpy's name, such as n_top_genes, and the value that a sentence gives it, or an empty text.
type OptionSpelling = delegate of name: string * value: string -> string

/// Sentences hold an option between angle brackets: ⟨n_top_genes⟩, or ⟨zero_center=False⟩ with a value.
[<RequireQualifiedAccess>]
module OptionText =
    let private marked =
        Regex("⟨([a-z][a-z0-9_]*)(?:=([^⟩]*))?⟩", RegexOptions.CultureInvariant)

    /// As scanpy and F# spell it.
    let plain =
        OptionSpelling(fun name value -> if value = "" then name else $"{name}={value}")

    /// A sentence with its options spelled.
    let spell (spelling: OptionSpelling) (sentence: string) =
        if sentence.Contains '⟨' then
            marked.Replace(sentence, (fun found -> spelling.Invoke(found.Groups[1].Value, found.Groups[2].Value)))
        else
            sentence
