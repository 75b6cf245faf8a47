/// What a recipe means for one file: passes, memory, and where the new values go; decided before a value is read.
namespace SingleSharp.Core

open System.IO

/// What X is read for.
[<RequireQualifiedAccess>]
type Reading =
    /// To judge cells and genes by the limits of the filter.
    | Filter
    /// To find highly expressed genes.
    | HighlyExpressed
    /// For the median total of the cells.
    | Median
    /// For everything that can be done at once, and to write X.
    | Steps
    /// To clip counts at the trend of their variance.
    | Clipped
    /// For the principal components.
    | Components

/// One read of X.
type PlannedPass =
    {
        Reading: Reading
        /// What it is for, in words.
        Purpose: string
        Fit: Fit
    }

    /// Bytes of memory for buffers and states.
    member pass.Memory = pass.Fit.Memory

type Plan =
    {
        Recipe: Recipe
        /// The reads of X, in order.
        Passes: PlannedPass list
        Values: ValuePlan
        /// The type of X afterwards.
        TypeAfter: Numeric
        /// The gene sets of qc and their masks.
        Sets: (string * bool[]) list
        /// The gene sets that limits of the filter refer to.
        FilterSets: (string * bool[]) list
        PercentTop: int list
        /// Batches that genes are judged in; one where there is no batch key.
        Groups: int
        /// The base of the logarithm that X holds or will hold, none for the natural one.
        LogBase: float option
        /// Genes that pca looks at; none where only a run can tell.
        PcaGenes: int option
        /// Bytes of memory for buffers and states: what the most demanding pass needs.
        Memory: int64
        Warnings: string list
    }

    /// Sizes of the gene sets.
    member plan.SetSizes =
        plan.Sets |> List.map (fun (name, mask) -> name, GeneSets.size mask)

[<RequireQualifiedAccess>]
module Plan =
    /// What a page holds at most: a block of columns, and encoded chunks that wait for their turn.
    let private usualPage = 6L * 1024L * 1024L

    /// A page of new chunks also has one that is being built and the two buffers of its codec.
    let private pageOf (matrix: Matrix) values after =
        match values, matrix.Data.Layout with
        | StoreAnew, Chunked(shape, _, _, _) -> usualPage + 3L * shape[0] * int64 (Numeric.size after)
        | _ -> usualPage

    /// For which k the share of the top k genes is told, among so many genes, and those that are left out.
    let percentTop genes (recipe: QcRecipe) =
        match recipe.PercentTop with
        | Fitting -> [ 50; 100; 200; 500 ] |> List.partition (fun k -> k <= genes)
        | Exactly ks ->
            match ks |> List.tryFind (fun k -> k < 1 || k > genes) with
            | Some k -> Fault.throw (BadOption("--percent-top", $"positions outside range of features: {k} is not between 1 and {genes}"))
            | None -> List.sort (List.distinct ks), []

    let private typeAfter (matrix: Matrix) recipe =
        let normalized =
            if recipe.NormalizeTotal.IsSome then
                Precision.numeric (Precision.afterNormalize matrix.Type)
            else
                matrix.Type

        if recipe.Log1p.IsSome then Precision.numeric (Precision.afterLog1p normalized) else normalized

    let private values (file: H5adFile) recipe after =
        if recipe.Filter.IsSome then
            OnlyKept
        elif not (Recipe.changesValues recipe) then
            Untouched
        elif file.X.Group.Header.LinkCount = 1 && Place.canOverwrite file.Store.Disk file.X.Data (Numeric.datatype after) then
            Overwrite
        else
            StoreAnew

    let private readings (recipe: Recipe) =
        [ if Recipe.filtersGenes recipe then
              Reading.Filter
          match recipe.NormalizeTotal with
          | Some normalize ->
              if normalize.ExcludeHighlyExpressed then
                  Reading.HighlyExpressed

              match normalize.TargetSum with
              | Counts _ -> ()
              | MedianOfPositive
              | MedianOfAll -> Reading.Median
          | None -> ()
          if Recipe.steps recipe <> [ "pca" ] then
              Reading.Steps
          if Option.exists Recipe.fitsTrend recipe.Hvg then
              Reading.Clipped
          if recipe.Pca.IsSome then
              Reading.Components ]

    let private purpose recipe reading =
        match reading with
        | Reading.Filter -> "judge cells and genes"
        | Reading.HighlyExpressed -> "find highly expressed genes"
        | Reading.Median -> "median total"
        | Reading.Steps -> Recipe.steps recipe |> List.except [ "pca" ] |> String.concat " + "
        | Reading.Clipped -> "hvg: counts clipped at their trend"
        | Reading.Components -> "pca"

    /// Bytes of the sums that a block keeps per gene.
    let private tallied = 16L

    /// Bytes of the sums and flags that a block keeps per gene and batch.
    let private moments = 17L

    /// The Gram matrix of so many genes, one half of it; and what the components need besides once it is complete.
    let private gramNeed (genes: int) =
        let half = Checked.(*) (int64 genes) (int64 genes + 1L) / 2L * 8L

        { State = half + int64 genes * 8L
          Page = usualPage
          Once = half }

    let private need (file: H5adFile) recipe values after groups pcaGenes reading =
        let genes = int64 file.X.Genes

        match reading with
        | Reading.Filter ->
            { Budget.nothing with
                State = genes * tallied
                Page = usualPage }
        | Reading.HighlyExpressed -> { Budget.nothing with State = genes }
        | Reading.Median -> { Budget.nothing with Page = usualPage }
        | Reading.Steps ->
            let moments =
                if recipe.Hvg.IsSome then Checked.(*) (int64 (groups + 1) * moments) genes else 0L

            { Budget.nothing with
                State = genes * tallied + moments
                Page = pageOf file.X values after }
        | Reading.Clipped ->
            { Budget.nothing with
                State = Checked.(*) (int64 (groups + 1) * moments) genes }
        | Reading.Components -> gramNeed (Option.defaultValue 0 pcaGenes)

    /// How many genes pca will look at, where that is known.
    let private pcaGenes (file: H5adFile) (recipe: Recipe) =
        let atMost n = min n file.X.Genes

        match recipe.Pca with
        | None -> None
        | Some pca ->
            match pca.MaskVar, recipe.Hvg with
            | AllGenes, _ -> Some file.X.Genes
            | (HighlyVariable | MaskColumn "highly_variable"), Some hvg ->
                match hvg.NTopGenes with
                | Some n when hvg.ExactN || hvg.BatchKey.IsSome || Recipe.fitsTrend hvg -> Some(atMost n)
                // Genes that are tied at the cut-off are all chosen.
                | Some n -> Some(atMost (n + n / 50 + 16))
                | None when Recipe.fitsTrend hvg -> Some(atMost 2000)
                | None -> None
            | HighlyVariable, None ->
                if List.contains "highly_variable" file.Var.Columns then
                    Some(GeneSets.size (Frame.booleans file.Store file.Var "--mask-var" "highly_variable"))
                else
                    Some file.X.Genes
            | MaskColumn column, _ -> Some(GeneSets.size (Frame.booleans file.Store file.Var "--mask-var" column))

    let private warnings (file: H5adFile) (recipe: Recipe) sets pcaGenes =
        [ match recipe.Qc |> Option.map (percentTop file.X.Genes) with
          | Some(_, (_ :: _ as dropped)) ->
              let list = dropped |> List.map string |> String.concat ", "
              $"the share of the top {list} genes is left out, because X has {file.X.Genes}"
          | _ -> ()
          for name, mask in sets do
              if GeneSets.size mask = 0 then
                  $"the gene set {name} is empty"
          if recipe.Log1p.IsSome && Schema.isLogged file then
              "X seems to be already log-transformed (uns/log1p is there); it is transformed again"
          match recipe.Hvg with
          | Some hvg when recipe.Log1p.IsNone && Recipe.fitsTrend hvg = Schema.isLogged file ->
              if Recipe.fitsTrend hvg then
                  "X seems to be log-transformed (uns/log1p is there), but this flavor expects raw counts"
              else
                  "X does not seem to be log-transformed (there is no uns/log1p), which this flavor expects"
          | _ -> ()
          if recipe.Pca.IsSome && Option.isNone pcaGenes then
              "how much memory pca takes depends on how many genes pass the limits; --n-top-genes bounds it" ]

    /// Each pass with the way in which it reads; what cannot be met is refused with what the most demanding pass needs.
    let private fitting (settings: Settings) pcaGenes passes =
        let unmet =
            passes
            |> List.choose (function
                | reading, Error needed -> Some(needed, reading)
                | _, Ok _ -> None)

        if not unmet.IsEmpty then
            Fault.throw (
                match List.max unmet, pcaGenes with
                | (needed, Reading.Components), Some genes -> GramOverBudget(int64 genes, needed, settings.Memory)
                | (needed, _), _ -> OverBudget(needed, settings.Memory)
            )

        passes
        |> List.choose (function
            | reading, Ok fit -> Some(reading, fit)
            | _, Error _ -> None)

    /// How the pass for the components reads, once it is known how many genes it looks at.
    let gramFit (file: H5adFile) (settings: Settings) genes =
        match gramNeed (int genes) |> Budget.tryFit file.X settings with
        | Ok fit -> fit
        | Error needed -> Fault.throw (GramOverBudget(genes, needed, settings.Memory))

    /// Limits of percentages must refer to gene sets that there are.
    let private requireSets (recipe: Recipe) (sets: (string * bool[]) list) =
        match recipe.Filter with
        | Some filter ->
            for option, limits in [ "--min-pct", filter.MinPct; "--max-pct", filter.MaxPct ] do
                for name, _ in limits do
                    if not (List.exists (fun (known, _) -> known = name) sets) then
                        Fault.throw (
                            BadOption(
                                option,
                                if name = "mt" then
                                    "no gene begins with MT- or mt-; say how mitochondrial genes begin with --mt-prefix"
                                else
                                    $"there is no gene set called {name}; define it with --gene-set"
                            )
                        )
        | None -> ()

    /// The batches that genes are judged in; the folder is for what cannot be read from the file as it is.
    let batches (file: H5adFile) (recipe: Recipe) folder =
        match recipe.Hvg with
        | Some { BatchKey = Some column } -> Some(Batches.read file column folder)
        | _ -> None

    let private groups (batches: Batches option) =
        match batches with
        | Some batches -> batches.Names.Length
        | None -> 1

    let make (file: H5adFile) (batches: Batches option) recipe settings =
        Check.recipe recipe
        let after = typeAfter file.X recipe
        let values = values file recipe after
        let pcaGenes = pcaGenes file recipe
        let groups = groups batches
        let genes = Kept.all (int64 file.X.Genes)

        let passes =
            readings recipe
            |> List.map (fun reading -> reading, need file recipe values after groups pcaGenes reading |> Budget.tryFit file.X settings)
            |> fitting settings pcaGenes
            |> List.map (fun (reading, fit) ->
                { Reading = reading
                  Purpose = purpose recipe reading
                  Fit = fit })

        let sets =
            recipe.Qc |> Option.map (fun qc -> GeneSets.masks file genes qc.Mitochondrial qc.GeneSets) |> Option.defaultValue []

        let filterSets =
            recipe.Filter
            |> Option.map (fun filter -> GeneSets.masks file genes filter.Mitochondrial filter.GeneSets)
            |> Option.defaultValue []

        requireSets recipe filterSets

        { Recipe = recipe
          Passes = passes
          Values = values
          TypeAfter = after
          Sets = sets
          FilterSets = filterSets
          PercentTop = recipe.Qc |> Option.map (percentTop file.X.Genes >> fst) |> Option.defaultValue []
          Groups = groups
          LogBase =
            match recipe.Log1p with
            | Some log1p -> log1p.Base
            | None -> Schema.logBase file
          PcaGenes = pcaGenes
          Memory = passes |> List.map _.Memory |> List.max
          Warnings = warnings file recipe sets pcaGenes }

    /// The plan alone, for those who only want to know.
    let ofFile (file: H5adFile) recipe settings =
        let batches = batches file recipe (Path.GetTempPath())
        use _ = Option.toObj batches
        make file batches recipe settings
