/// The options of the three steps, as a recipe.
namespace SingleSharp.Cli

open Argu
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Recipes =
    let private geneSets mtPrefix specs =
        let distinct (sets: WantedSet list) =
            match sets |> List.countBy _.Name |> List.tryFind (fun (_, count) -> count > 1) with
            | Some(name, _) -> Checked.mistake $"--gene-set: two sets are called {name}."
            | None when Option.isSome mtPrefix && mtPrefix <> Some "" && sets |> List.exists (fun set -> set.Name = "mt") ->
                Checked.mistake "--mt-prefix and --gene-set mt=... both make the set mt; say one of them."
            | None -> Ok sets

        specs |> List.map Values.geneSet |> Checked.all |> Result.bind distinct

    let private qc (spoken: ParseResults<PreprocessArguments>) : Checked<QcRecipe * WantedSet list> =
        let mtPrefix = spoken.TryGetResult PreprocessArguments.Mt_Prefix

        check {
            let! geneSets = geneSets mtPrefix (spoken.GetResults PreprocessArguments.Gene_Set)

            and! percentTop =
                match spoken.GetResults PreprocessArguments.Percent_Top with
                | [] -> Ok Recipe.qc.PercentTop
                | words -> Values.percentTop (List.concat words)

            return
                { Mitochondrial = mtPrefix |> Option.map Values.mitochondrial |> Option.defaultValue Recipe.qc.Mitochondrial
                  GeneSets = []
                  PercentTop = percentTop
                  Log1p = not (spoken.Contains PreprocessArguments.No_Log1p_Columns) },
                geneSets
        }

    let private normalizeTotal (spoken: ParseResults<PreprocessArguments>) : Checked<NormalizeRecipe> =
        let excludes = spoken.Contains PreprocessArguments.Exclude_Highly_Expressed

        let maxFraction text =
            if excludes then
                Values.number "--max-fraction" text
            else
                Checked.mistake "--max-fraction goes with --exclude-highly-expressed."

        check {
            let! targetSum =
                Values.targetSum (spoken.TryGetResult PreprocessArguments.Target_Sum) (spoken.TryGetResult PreprocessArguments.Median)

            and! maxFraction =
                spoken.TryGetResult PreprocessArguments.Max_Fraction |> Checked.optional maxFraction

            and! keyAdded =
                spoken.TryGetResult PreprocessArguments.Key_Added |> Checked.optional (Values.name "--key-added")

            return
                { TargetSum = targetSum
                  ExcludeHighlyExpressed = excludes
                  MaxFraction = maxFraction |> Option.defaultValue Recipe.normalizeTotal.MaxFraction
                  KeyAdded = keyAdded }
        }

    let private log1p (spoken: ParseResults<PreprocessArguments>) : Checked<Log1pRecipe> =
        check {
            let! basis =
                spoken.TryGetResult PreprocessArguments.Base |> Checked.optional Values.basis

            return { Base = basis |> Option.defaultValue Recipe.log1p.Base }
        }

    /// What the core refuses whatever the data is a mistake of the command line.
    let private accepted (recipe: Recipe) =
        try
            Check.recipe recipe
            Ok recipe
        with FaultException fault ->
            Checked.mistake (Fault.sentence fault)

    /// The recipe without its gene sets, and the gene sets, some of which are lists yet to be read.
    /// `steps` takes from all steps those that the command stands for.
    let ofOptions (steps: Recipe -> Recipe) (spoken: ParseResults<PreprocessArguments>) : Checked<Recipe * WantedSet list> =
        check {
            let! qc, geneSets = qc spoken
            and! normalizeTotal = normalizeTotal spoken
            and! log1p = log1p spoken

            return
                steps
                    { Recipe.nothing with
                        Qc = Some qc
                        NormalizeTotal = Some normalizeTotal
                        Log1p = Some log1p
                        AllowInvalid = spoken.Contains PreprocessArguments.Allow_Invalid },
                geneSets
        }
        |> Result.bind (fun (recipe, geneSets) -> accepted recipe |> Result.map (fun recipe -> recipe, geneSets))
