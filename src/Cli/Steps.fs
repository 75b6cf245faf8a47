/// The options of each step, as its part of a recipe.
namespace SingleSharp.Cli

open SingleSharp.Core

[<RequireQualifiedAccess>]
module Steps =
    let geneSets (spoken: Spoken) =
        let mtPrefix = spoken |> Spoken.tryValue Argument.Mt_Prefix

        let distinct (sets: WantedSet list) =
            match sets |> List.countBy _.Name |> List.tryFind (fun (_, count) -> count > 1) with
            | Some(name, _) -> Checked.mistake $"--gene-set: two sets are called {name}."
            | None when Option.isSome mtPrefix && sets |> List.exists (fun set -> set.Name = "mt") ->
                Checked.mistake "--mt-prefix and --gene-set mt=... both make the set mt; say one of them."
            | None -> Ok sets

        spoken |> Spoken.values Argument.Gene_Set |> List.map Values.geneSet |> Checked.all |> Result.bind distinct

    let private mitochondrial (spoken: Spoken) =
        spoken |> Spoken.tryValue Argument.Mt_Prefix |> Option.map Values.mitochondrial |> Option.defaultValue Guessed

    /// Percentages of gene sets that there are.
    let private percents (option: string -> Argument) (spoken: Spoken) =
        let name = Argument.spelling (option "")

        let named =
            spoken |> Spoken.values Argument.Gene_Set |> List.map (fun spec -> spec.Split('=')[0])

        let known = if mitochondrial spoken = NotCounted then named else "mt" :: named

        let ofKnown (set, share) =
            if List.contains set known then
                Ok(set, share)
            else
                Checked.mistake
                    $"{name} {set}: there is no gene set {set}; make it with --gene-set {set}=prefix:..., or by a column or file."

        spoken |> Spoken.values option |> List.map (Values.percent name >> Result.bind ofKnown) |> Checked.all

    let filter (spoken: Spoken) (usual: FilterRecipe) : Checked<FilterRecipe> =
        check {
            let! minCounts = spoken |> Spoken.optional Argument.Min_Counts Values.number
            and! maxCounts = spoken |> Spoken.optional Argument.Max_Counts Values.number
            and! minGenes = spoken |> Spoken.optional Argument.Min_Genes Values.limit
            and! maxGenes = spoken |> Spoken.optional Argument.Max_Genes Values.limit
            and! minPct = spoken |> percents Argument.Min_Pct
            and! maxPct = spoken |> percents Argument.Max_Pct
            and! minCells = spoken |> Spoken.optional Argument.Min_Cells Values.limit
            and! maxCells = spoken |> Spoken.optional Argument.Max_Cells Values.limit
            and! geneMinCounts = spoken |> Spoken.optional Argument.Gene_Min_Counts Values.number
            and! geneMaxCounts = spoken |> Spoken.optional Argument.Gene_Max_Counts Values.number

            return
                { usual with
                    MinCounts = minCounts
                    MaxCounts = maxCounts
                    MinGenes = minGenes
                    MaxGenes = maxGenes
                    MinPct = minPct
                    MaxPct = maxPct
                    MinCells = minCells
                    MaxCells = maxCells
                    GeneMinCounts = geneMinCounts
                    GeneMaxCounts = geneMaxCounts
                    Mitochondrial = mitochondrial spoken }
        }

    let qc (spoken: Spoken) (usual: QcRecipe) : Checked<QcRecipe> =
        let tops =
            spoken
            |> List.choose (fun argument ->
                match argument with
                | Argument.Percent_Top words -> Some words
                | _ -> None)

        let percentTop =
            if tops.IsEmpty then Ok usual.PercentTop else Values.percentTop (List.concat tops)

        percentTop
        |> Result.map (fun percentTop ->
            { usual with
                Mitochondrial = mitochondrial spoken
                PercentTop = percentTop
                Log1p = not (List.contains Argument.No_Log1p_Columns spoken) })

    let normalizeTotal (spoken: Spoken) (usual: NormalizeRecipe) : Checked<NormalizeRecipe> =
        let excludes = List.contains Argument.Exclude_Highly_Expressed spoken

        let maxFraction option text =
            if excludes then
                Values.number option text
            else
                Checked.mistake $"{option} goes with --exclude-highly-expressed."

        check {
            let! targetSum =
                Values.targetSum (Spoken.tryValue Argument.Target_Sum spoken) (Spoken.tryValue Argument.Median spoken)

            and! maxFraction =
                spoken |> Spoken.orElse usual.MaxFraction Argument.Max_Fraction maxFraction

            and! keyAdded = spoken |> Spoken.optional Argument.Key_Added Values.name

            return
                { TargetSum = targetSum
                  ExcludeHighlyExpressed = excludes
                  MaxFraction = maxFraction
                  KeyAdded = keyAdded }
        }

    let log1p (spoken: Spoken) (usual: Log1pRecipe) : Checked<Log1pRecipe> =
        spoken |> Spoken.orElse usual.Base Argument.Base Values.basis |> Result.map (fun basis -> { Base = basis })

    let private limits = [ "--min-mean"; "--max-mean"; "--min-disp"; "--max-disp" ]

    /// Limits take the place of a usual number of genes.
    let hvg (spoken: Spoken) (usual: HvgRecipe) : Checked<HvgRecipe> =
        let usualTop =
            if (Spoken.among limits spoken).IsEmpty then usual.NTopGenes else None

        check {
            let! flavor = spoken |> Spoken.orElse usual.Flavor Argument.Flavor Values.flavor
            and! top = spoken |> Spoken.optional Argument.N_Top_Genes Values.whole
            and! minMean = spoken |> Spoken.orElse usual.MinMean Argument.Min_Mean Values.number
            and! maxMean = spoken |> Spoken.orElse usual.MaxMean Argument.Max_Mean Values.number
            and! minDisp = spoken |> Spoken.orElse usual.MinDisp Argument.Min_Disp Values.number
            and! maxDisp = spoken |> Spoken.orElse usual.MaxDisp Argument.Max_Disp Values.number
            and! bins = spoken |> Spoken.orElse usual.NBins Argument.N_Bins Values.whole
            and! span = spoken |> Spoken.orElse usual.Span Argument.Span Values.number
            and! batchKey = spoken |> Spoken.optional Argument.Batch_Key Values.name

            return
                { Flavor = flavor
                  NTopGenes = top |> Option.orElse usualTop
                  MinMean = minMean
                  MaxMean = maxMean
                  MinDisp = minDisp
                  MaxDisp = maxDisp
                  NBins = bins
                  Span = span
                  BatchKey = batchKey
                  ExactN = List.contains Argument.Exact_N spoken }
        }

    let pca (spoken: Spoken) (usual: PcaRecipe) : Checked<PcaRecipe> =
        check {
            let! comps = spoken |> Spoken.optional Argument.N_Comps Values.whole
            and! mask = spoken |> Spoken.orElse usual.MaskVar Argument.Mask_Var Values.maskVar

            and! key =
                spoken |> Spoken.optional Argument.Pca_Key (fun _ -> Values.key "the key of pca")

            return
                { NComps = comps
                  MaskVar = mask
                  ZeroCenter = not (List.contains Argument.No_Zero_Center spoken)
                  KeyAdded = key }
        }
