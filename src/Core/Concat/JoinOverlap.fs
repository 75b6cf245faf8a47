/// How much of several inputs a join keeps, and what may be the reason where it is little.
namespace SingleSharp.Core.Concat

open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs

[<RequireQualifiedAccess>]
module internal JoinOverlap =
    /// A join that keeps less than this share of the genes of the smallest input is worth a warning.
    let private least = 0.5

    /// How many of the genes would be shared if they were called like this.
    let private sharedAs (name: string -> string) (inputs: CountInput list) =
        inputs
        |> List.map (fun input -> input.Genes |> Seq.map name |> HashSet)
        |> List.reduce (fun left right ->
            left.IntersectWith right
            left)
        |> _.Count

    /// Versions at the end of identifiers: ENSG00000198888.2 is ENSG00000198888.
    let private unversioned (name: string) =
        match name.IndexOf '.' with
        | at when at > 0 && Symbols.isEnsembl name -> name[.. at - 1]
        | _ -> name

    let private reason kept (inputs: CountInput list) =
        let ensembl, others =
            inputs |> List.partition (fun input -> Symbols.areEnsembl input.Genes)

        let explains number = number > 2 * kept

        let empty = inputs |> List.filter (fun input -> input.Genes.Length = 0)

        if not empty.IsEmpty then
            $"{empty.Head.Path} has none"
        elif not ensembl.IsEmpty && not others.IsEmpty then
            $"the genes of {ensembl.Head.Path} are called by Ensembl identifiers and those of {others.Head.Path} are not"
        elif explains (sharedAs unversioned inputs) then
            "names differ in the versions behind Ensembl identifiers"
        elif explains (sharedAs (fun name -> name.ToUpperInvariant()) inputs) then
            "names differ in upper and lower case, as those of human and mouse do"
        else
            "they may be of different species or annotations"

    /// A warning where an inner join keeps few of the genes.
    let warnings join kept (inputs: CountInput list) =
        let smallest = inputs |> List.map _.Genes.Length |> List.min

        if join = Join.Inner && (kept = 0 || float kept < least * float smallest) then
            let numbers =
                inputs |> List.map (fun input -> $"{input.Genes.Length} of {input.Path}") |> String.concat ", "

            [ $"""only {Plural.say kept "gene is" "genes are"} in all inputs ({numbers}): {reason kept inputs}; ⟨join=outer⟩ keeps all genes""" ]
        else
            []
