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

    /// Sets of the filter are for its limits of percentages, unless qc has them as well.
    let private checkUses (recipe: Recipe) (filter: FilterRecipe) =
        let limited = filter.MinPct @ filter.MaxPct |> List.map fst

        let others =
            match recipe.Qc with
            | Some qc -> qc.GeneSets |> List.map _.Name
            | None -> []

        match filter.GeneSets |> List.tryFind (fun set -> not (List.contains set.Name (limited @ others))) with
        | Some set ->
            refuse "--gene-set" $"no limit refers to the set {set.Name}; give one, such as --max-pct {set.Name}=20, or leave the set out"
        | None -> ()

        let isMtUsed =
            List.contains "mt" limited || recipe.Qc |> Option.exists (fun qc -> qc.Mitochondrial = filter.Mitochondrial)

        if filter.Mitochondrial <> Guessed && not isMtUsed then
            refuse "--mt-prefix" "no limit refers to the set mt; give one, such as --max-pct mt=20, or leave the prefix out"

    let private checkSymbols (recipe: Recipe) =
        let usesSets =
            recipe.Qc.IsSome || recipe.Filter |> Option.exists (fun filter -> not (filter.MinPct.IsEmpty && filter.MaxPct.IsEmpty))

        match recipe.GeneSymbols with
        | Some "" -> refuse "--gene-symbols" "it must not be empty"
        | Some _ when not usesSets ->
            refuse "--gene-symbols" "only gene sets of qc and of limits such as --max-pct go by it, and there are none"
        | _ -> ()

    let private checkNormalize normalize =
        match normalize.TargetSum with
        | Counts target when not (target > 0.0 && Double.IsFinite target) -> refuse "--target-sum" "it must be a positive number or median"
        | _ -> ()

        if not (normalize.MaxFraction >= 0.0 && normalize.MaxFraction <= 1.0) then
            refuse "--max-fraction" "it must lie between 0 and 1"

        if normalize.MaxFraction <> Recipe.normalizeTotal.MaxFraction && not normalize.ExcludeHighlyExpressed then
            refuse "--max-fraction" "it has no effect without --exclude-highly-expressed"

    /// An option that differs from what is usual was meant.
    let private checkUnused (hvg: HvgRecipe) =
        let usual = Recipe.hvg

        for option, isSet in
            [ "--min-mean", hvg.MinMean <> usual.MinMean
              "--max-mean", hvg.MaxMean <> usual.MaxMean
              "--min-disp", hvg.MinDisp <> usual.MinDisp
              "--max-disp", hvg.MaxDisp <> usual.MaxDisp
              "--n-bins", hvg.NBins <> usual.NBins
              "--span", hvg.Span <> usual.Span
              "--exact-n", hvg.ExactN ] do
            match Recipe.withoutEffect hvg option with
            | Some why when isSet -> refuse option $"it has no effect, because {why}; leave it out"
            | _ -> ()

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

        checkUnused hvg

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
        Option.iter (checkUses recipe) recipe.Filter
        checkSymbols recipe

        if recipe.AllowLogged && recipe.Log1p.IsNone then
            refuse "--allow-logged" "it has no effect without log1p; leave it out"

        Option.iter checkNormalize recipe.NormalizeTotal

        match recipe.Log1p with
        | Some { Base = Some basis } when not (basis > 0.0 && basis <> 1.0 && Double.IsFinite basis) ->
            refuse "--base" "it must be positive and not 1"
        | _ -> ()

        recipe.Qc |> Option.iter (fun qc -> checkSets qc.GeneSets)
        Option.iter checkHvg recipe.Hvg
        Option.iter checkPca recipe.Pca
