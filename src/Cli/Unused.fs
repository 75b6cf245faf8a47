/// Options that say nothing beside the others of a command line: each is a mistake, with the reason.
namespace SingleSharp.Cli

open SingleSharp.Core

[<RequireQualifiedAccess>]
module Unused =
    let private mistake option why =
        $"{option} has no effect: {why}; leave it out."

    let private stepOf chapter =
        match chapter with
        | Chapter.Filter -> Some "filter"
        | Chapter.Qc -> Some "qc"
        | Chapter.NormalizeTotal -> Some "normalize_total"
        | Chapter.Log1p -> Some "log1p"
        | Chapter.Hvg -> Some "hvg"
        | Chapter.Pca -> Some "pca"
        | _ -> None

    /// Options of steps that are left out.
    let private ofSkipped (spoken: Spoken) skipped =
        [ for argument in spoken do
              match stepOf argument.Chapter with
              | Some step when List.contains step skipped ->
                  mistake (Argument.spelling argument) $"it belongs to {step}, which --skip leaves out"
              | _ -> ()
          if List.contains "filter" skipped && not (spoken |> List.exists (fun argument -> argument.Chapter = Chapter.Filter)) then
              mistake "--skip filter" "cells and genes are only filtered where a limit is given" ]

    /// The names of the sets that limits of percentages refer to.
    let private limited (spoken: Spoken) =
        (Spoken.values Argument.Min_Pct spoken) @ (Spoken.values Argument.Max_Pct spoken)
        |> List.map (fun spec -> spec.Split('=')[0])

    /// Gene sets that neither qc nor a limit looks at, and symbols that no set goes by.
    let private ofSets (spoken: Spoken) (recipe: Recipe) (sets: WantedSet list) =
        let limited = if recipe.Filter.IsSome then limited spoken else []

        let isUsed name =
            recipe.Qc.IsSome || List.contains name limited

        let prefix = Spoken.tryValue Argument.Mt_Prefix spoken
        let hasOwnMt = sets |> List.exists (fun set -> set.Name = "mt")

        let goesByNames =
            sets
            |> List.exists (fun set ->
                isUsed set.Name
                && match set with
                   | Ready { Rule = Column _ } -> false
                   | _ -> true)
            || (isUsed "mt" && not hasOwnMt && prefix <> Some "")

        [ for set in sets do
              if not (isUsed set.Name) then
                  mistake $"--gene-set {set.Name}" $"only qc and limits such as --max-pct {set.Name}=20 look at it, and there are none"
          if prefix.IsSome && not (isUsed "mt") then
              mistake "--mt-prefix" "only qc and limits such as --max-pct mt=20 look at it, and there are none"
          if (Spoken.tryValue Argument.Gene_Symbols spoken).IsSome && not goesByNames then
              mistake "--gene-symbols" "no gene set is made of names of genes" ]

    let private ofHvg (spoken: Spoken) (recipe: Recipe) =
        match recipe.Hvg with
        | None -> []
        | Some hvg ->
            [ for argument in spoken do
                  let option = Argument.spelling argument

                  match Recipe.withoutEffect hvg option with
                  | Some why -> mistake option why
                  | None -> () ]

    let private ofValues (spoken: Spoken) (recipe: Recipe) =
        [ if List.contains Argument.Allow_Invalid spoken && not (Recipe.changesValues recipe) then
              mistake "--allow-invalid" "only normalize_total and log1p refuse such values" ]

    /// What steps make of the options: the recipe is the one that they result in.
    let ofSteps (spoken: Spoken) skipped recipe sets : Checked<unit> =
        ofSkipped spoken skipped @ ofSets spoken recipe sets @ ofHvg spoken recipe @ ofValues spoken recipe
        |> List.distinct
        |> function
            | [] -> Ok()
            | mistakes -> Error mistakes

    let private aboutSeveral =
        [ "--join"; "--sample-key"; "--sample-names"; "--index-unique" ]

    /// What is about several inputs, where there is one.
    let ofInputs (spoken: Spoken) (files: string list) : Checked<unit> =
        match files with
        | [ _ ] ->
            match Spoken.among aboutSeveral spoken |> List.distinct with
            | [] -> Ok()
            | options -> options |> List.map (fun option -> mistake option "it is about several FILEs, and there is one") |> Error
        | _ -> Ok()

    /// What is about a run, where a command only looks at a file.
    let ofManner command (spoken: Spoken) : Checked<unit> =
        let isSaid option =
            not (Spoken.among [ option ] spoken).IsEmpty

        [ if List.contains command [ "digest"; "verify" ] then
              if isSaid "--workers" then
                  mistake "--workers" $"{command} reads with one thread" ]
        |> function
            | [] -> Ok()
            | mistakes -> Error mistakes
