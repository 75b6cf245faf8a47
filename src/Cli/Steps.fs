/// The options of each step, as its part of a recipe.
namespace SingleSharp.Cli

open Argu
open SingleSharp.Core

/// What a command line says.
type Spoken = ParseResults<Argument>

[<RequireQualifiedAccess>]
module Steps =
    let geneSets (spoken: Spoken) =
        let mtPrefix = spoken.TryGetResult Argument.Mt_Prefix

        let distinct (sets: WantedSet list) =
            match sets |> List.countBy _.Name |> List.tryFind (fun (_, count) -> count > 1) with
            | Some(name, _) -> Checked.mistake $"--gene-set: two sets are called {name}."
            | None when Option.isSome mtPrefix && mtPrefix <> Some "" && sets |> List.exists (fun set -> set.Name = "mt") ->
                Checked.mistake "--mt-prefix and --gene-set mt=... both make the set mt; say one of them."
            | None -> Ok sets

        spoken.GetResults Argument.Gene_Set |> List.map Values.geneSet |> Checked.all |> Result.bind distinct

    let private mitochondrial (spoken: Spoken) =
        spoken.TryGetResult Argument.Mt_Prefix |> Option.map Values.mitochondrial |> Option.defaultValue Guessed

    /// Percentages of gene sets that there are.
    let private percents (spoken: Spoken) option specs =
        let named =
            spoken.GetResults Argument.Gene_Set |> List.map (fun spec -> spec.Split('=')[0])

        let known = if mitochondrial spoken = NotCounted then named else "mt" :: named

        let check (name, share) =
            if List.contains name known then
                Ok(name, share)
            else
                Checked.mistake
                    $"{option} {name}: there is no gene set {name}; make it with --gene-set {name}=prefix:..., or by a column or file."

        specs |> List.map (Values.percent option >> Result.bind check) |> Checked.all

    let filter (spoken: Spoken) (usual: FilterRecipe) : Checked<FilterRecipe> =
        check {
            let! minCounts =
                spoken.TryGetResult Argument.Min_Counts |> Checked.optional (Values.number "--min-counts")

            and! maxCounts =
                spoken.TryGetResult Argument.Max_Counts |> Checked.optional (Values.number "--max-counts")

            and! minGenes =
                spoken.TryGetResult Argument.Min_Genes |> Checked.optional (Values.limit "--min-genes")

            and! maxGenes =
                spoken.TryGetResult Argument.Max_Genes |> Checked.optional (Values.limit "--max-genes")

            and! minPct = spoken.GetResults Argument.Min_Pct |> percents spoken "--min-pct"
            and! maxPct = spoken.GetResults Argument.Max_Pct |> percents spoken "--max-pct"

            and! minCells =
                spoken.TryGetResult Argument.Min_Cells |> Checked.optional (Values.limit "--min-cells")

            and! maxCells =
                spoken.TryGetResult Argument.Max_Cells |> Checked.optional (Values.limit "--max-cells")

            and! geneMinCounts =
                spoken.TryGetResult Argument.Gene_Min_Counts |> Checked.optional (Values.number "--gene-min-counts")

            and! geneMaxCounts =
                spoken.TryGetResult Argument.Gene_Max_Counts |> Checked.optional (Values.number "--gene-max-counts")

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
        let percentTop =
            match spoken.GetResults Argument.Percent_Top with
            | [] -> Ok usual.PercentTop
            | words -> Values.percentTop (List.concat words)

        percentTop
        |> Result.map (fun percentTop ->
            { usual with
                Mitochondrial = mitochondrial spoken
                PercentTop = percentTop
                Log1p = not (spoken.Contains Argument.No_Log1p_Columns) })

    let normalizeTotal (spoken: Spoken) (usual: NormalizeRecipe) : Checked<NormalizeRecipe> =
        let excludes = spoken.Contains Argument.Exclude_Highly_Expressed

        let maxFraction text =
            if excludes then
                Values.number "--max-fraction" text
            else
                Checked.mistake "--max-fraction goes with --exclude-highly-expressed."

        check {
            let! targetSum =
                Values.targetSum (spoken.TryGetResult Argument.Target_Sum) (spoken.TryGetResult Argument.Median)

            and! maxFraction =
                spoken.TryGetResult Argument.Max_Fraction |> Checked.orElse usual.MaxFraction maxFraction

            and! keyAdded =
                spoken.TryGetResult Argument.Key_Added |> Checked.optional (Values.name "--key-added")

            return
                { TargetSum = targetSum
                  ExcludeHighlyExpressed = excludes
                  MaxFraction = maxFraction
                  KeyAdded = keyAdded }
        }

    let log1p (spoken: Spoken) (usual: Log1pRecipe) : Checked<Log1pRecipe> =
        spoken.TryGetResult Argument.Base
        |> Checked.orElse usual.Base Values.basis
        |> Result.map (fun basis -> { Base = basis })

    let private limits = [ "--min-mean"; "--max-mean"; "--min-disp"; "--max-disp" ]

    /// Those of some options that are said.
    let private said (spoken: Spoken) options =
        spoken.GetAllResults() |> List.map Argument.spelling |> List.filter (fun option -> List.contains option options)

    /// Limits take the place of a usual number of genes.
    let hvg (spoken: Spoken) (usual: HvgRecipe) : Checked<HvgRecipe> =
        let usualTop = if (said spoken limits).IsEmpty then usual.NTopGenes else None

        check {
            let! flavor =
                spoken.TryGetResult Argument.Flavor |> Checked.orElse usual.Flavor Values.flavor

            and! top =
                spoken.TryGetResult Argument.N_Top_Genes |> Checked.orElse usualTop (Values.whole "--n-top-genes" >> Result.map Some)

            and! minMean =
                spoken.TryGetResult Argument.Min_Mean |> Checked.orElse usual.MinMean (Values.number "--min-mean")

            and! maxMean =
                spoken.TryGetResult Argument.Max_Mean |> Checked.orElse usual.MaxMean (Values.number "--max-mean")

            and! minDisp =
                spoken.TryGetResult Argument.Min_Disp |> Checked.orElse usual.MinDisp (Values.number "--min-disp")

            and! maxDisp =
                spoken.TryGetResult Argument.Max_Disp |> Checked.orElse usual.MaxDisp (Values.number "--max-disp")

            and! bins =
                spoken.TryGetResult Argument.N_Bins |> Checked.orElse usual.NBins (Values.whole "--n-bins")

            and! span =
                spoken.TryGetResult Argument.Span |> Checked.orElse usual.Span (Values.number "--span")

            and! batchKey =
                spoken.TryGetResult Argument.Batch_Key |> Checked.optional (Values.name "--batch-key")

            return
                { Flavor = flavor
                  NTopGenes = top
                  MinMean = minMean
                  MaxMean = maxMean
                  MinDisp = minDisp
                  MaxDisp = maxDisp
                  NBins = bins
                  Span = span
                  BatchKey = batchKey
                  ExactN = spoken.Contains Argument.Exact_N }
        }

    let pca (spoken: Spoken) (usual: PcaRecipe) : Checked<PcaRecipe> =
        check {
            let! comps =
                spoken.TryGetResult Argument.N_Comps |> Checked.optional (Values.whole "--n-comps")

            and! mask =
                spoken.TryGetResult Argument.Mask_Var |> Checked.orElse usual.MaskVar Values.maskVar

            and! key =
                spoken.TryGetResult Argument.Pca_Key |> Checked.optional (Values.name "the key of pca")

            return
                { NComps = comps
                  MaskVar = mask
                  ZeroCenter = not (spoken.Contains Argument.No_Zero_Center)
                  KeyAdded = key }
        }

    /// Options that the flavor, or another option, makes pointless; scanpy says so of limits beside n_top_genes.
    let remarks (spoken: Spoken) (recipe: Recipe) =
        match recipe.Hvg with
        | None -> []
        | Some hvg ->
            [ if Recipe.fitsTrend hvg then
                  limits, "seurat_v3 and seurat_v3_paper choose --n-top-genes"
              elif hvg.NTopGenes.IsSome then
                  limits, "--n-top-genes says how many to choose"
              if hvg.Flavor <> HvgFlavor.Seurat then
                  [ "--n-bins" ], "only the flavor seurat has bins to choose"
              if not (Recipe.fitsTrend hvg) then
                  [ "--span" ], "only seurat_v3 and seurat_v3_paper fit a trend" ]
            |> List.choose (fun (options, why) ->
                match said spoken options with
                | [] -> None
                | [ one ] -> Some $"{one} is ignored: {why}"
                | several -> Some $"""{String.concat " and " several} are ignored: {why}""")
