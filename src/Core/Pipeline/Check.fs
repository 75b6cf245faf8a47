/// Refuses options that fit no data at all, before a file is looked at.
namespace SingleSharp.Core

open System

[<RequireQualifiedAccess>]
module Check =
    let private refuse option why = Fault.throw (BadOption(option, why))

    let private checkSets (sets: GeneSet list) =
        let names = sets |> List.map _.Name

        if List.distinct names <> names then
            refuse "--gene-set" "two sets have the same name"

    let private checkFilter (filter: FilterRecipe) =
        let limits =
            [ "--min-counts", filter.MinCounts
              "--max-counts", filter.MaxCounts
              "--min-genes", Option.map float filter.MinGenes
              "--max-genes", Option.map float filter.MaxGenes
              "--min-cells", Option.map float filter.MinCells
              "--max-cells", Option.map float filter.MaxCells
              "--gene-min-counts", filter.GeneMinCounts
              "--gene-max-counts", filter.GeneMaxCounts ]

        let percents =
            [ for name, percent in filter.MinPct -> "--min-pct", name, percent
              for name, percent in filter.MaxPct -> "--max-pct", name, percent ]

        if percents.IsEmpty && limits |> List.forall (snd >> Option.isNone) then
            refuse "filter" "give at least one limit, such as --min-genes 200"

        for option, limit in limits do
            if limit |> Option.exists Double.IsNaN then
                refuse option "it must be a number"

        for option, name, percent in percents do
            if not (percent >= 0.0 && percent <= 100.0) then
                refuse option $"the percentage for {name} must lie between 0 and 100"

        checkSets filter.GeneSets

    let private checkNormalize normalize =
        match normalize.TargetSum with
        | Counts target when not (target > 0.0 && Double.IsFinite target) -> refuse "--target-sum" "it must be a positive number or median"
        | _ -> ()

        if not (normalize.MaxFraction >= 0.0 && normalize.MaxFraction <= 1.0) then
            refuse "--max-fraction" "it must lie between 0 and 1"

    let private checkHvg (hvg: HvgRecipe) =
        if hvg.NTopGenes |> Option.exists (fun n -> n < 1) then
            refuse "--n-top-genes" "it must be at least 1"

        if hvg.NBins < 1 then
            refuse "--n-bins" "it must be at least 1"

        if not (hvg.Span > 0.0 && hvg.Span <= 1.0) then
            refuse "--span" "it must lie between 0 and 1"

        for option, limit in
            [ "--min-mean", hvg.MinMean
              "--max-mean", hvg.MaxMean
              "--min-disp", hvg.MinDisp
              "--max-disp", hvg.MaxDisp ] do
            if Double.IsNaN limit then
                refuse option "it must be a number"

        if hvg.ExactN && hvg.NTopGenes.IsNone && not (Recipe.fitsTrend hvg) then
            refuse "--exact-n" "it needs --n-top-genes"

    let private checkPca pca =
        if pca.NComps |> Option.exists (fun n -> n < 1) then
            refuse "--n-comps" "it must be at least 1"

        match pca.KeyAdded with
        | Some name when name = "" || name.Contains '/' || name.Contains '\000' -> refuse "--key-added" $"nothing can be called \"{name}\""
        | _ -> ()

    /// Refuses options that fit no data at all.
    let recipe recipe =
        if (Recipe.steps recipe).IsEmpty then
            refuse "the recipe" "it has no steps"

        Option.iter checkFilter recipe.Filter
        Option.iter checkNormalize recipe.NormalizeTotal

        match recipe.Log1p with
        | Some { Base = Some basis } when not (basis > 0.0 && basis <> 1.0 && Double.IsFinite basis) ->
            refuse "--base" "it must be positive and not 1"
        | _ -> ()

        recipe.Qc |> Option.iter (fun qc -> checkSets qc.GeneSets)
        Option.iter checkHvg recipe.Hvg
        Option.iter checkPca recipe.Pca
