/// What a recipe means for one file: passes, memory, and where the new values go; decided before a value is read.
namespace SingleSharp.Core

open System.Globalization
open System.IO

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
        let fits = lazy Place.isOverwritable file (Numeric.datatype after)

        if recipe.Filter.IsSome then
            RowByRow
        elif not (Recipe.changesValues recipe) then
            Untouched
        else
            match file.X.Form with
            | Rows _ when recipe.SumDuplicates -> RowByRow
            | Rows _ -> if fits.Value then Overwrite else StoreAnew
            | Dense values -> if fits.Value && not values.Layout.IsChunked then Overwrite else RowByRow
            | Columns _ -> RowByRow

    /// How many genes pca will look at, at most, where that is known.
    let private pcaGenes (file: H5adFile) (recipe: Recipe) =
        let atMost n = min n file.X.Genes

        /// Of what the file says a filter may leave less.
        let ofFile count =
            if Recipe.filtersGenes recipe then None else Some count

        let inColumn column =
            Frame.booleans file.Store file.Var "--mask-var" column |> GeneSets.size |> ofFile

        match recipe.Pca with
        | None -> None
        | Some pca ->
            match pca.MaskVar, recipe.Hvg with
            | AllGenes, _ -> ofFile file.X.Genes
            | (HighlyVariable | MaskColumn "highly_variable"), Some hvg ->
                match hvg.NTopGenes with
                | Some n when hvg.ExactN || hvg.BatchKey.IsSome || Recipe.fitsTrend hvg -> Some(atMost n)
                // Genes that are tied at the cut-off are all chosen.
                | Some n -> Some(atMost (atMost n + atMost n / 50 + 16))
                | None when Recipe.fitsTrend hvg -> Some(atMost 2000)
                | None -> None
            | HighlyVariable, None ->
                if List.contains "highly_variable" file.Var.Columns then
                    inColumn "highly_variable"
                else
                    ofFile file.X.Genes
            | MaskColumn "highly_variable_intersection", Some { BatchKey = Some _ } -> None
            | MaskColumn column, _ -> inColumn column

    /// Is X itself, rather than a layer or raw, said to be logged?
    let private isLoggedX (file: H5adFile) (recipe: Recipe) =
        recipe.Matrix = MatrixName.X && Schema.isLogged file

    /// A hint where sets of genes stay empty because genes are not called by their symbols.
    let private unnamed file (recipe: Recipe) sets filterSets =
        let mitochondrial =
            [ recipe.Qc |> Option.map _.Mitochondrial
              recipe.Filter
              |> Option.filter (fun filter -> not (filter.MinPct.IsEmpty && filter.MaxPct.IsEmpty))
              |> Option.map _.Mitochondrial ]
            |> List.choose id

        let all = sets @ filterSets

        let isLacking =
            all |> List.exists (fun (_, mask) -> GeneSets.size mask = 0)
            || (List.contains Guessed mitochondrial && all |> List.forall (fun (name, _) -> name <> "mt"))

        if isLacking then Symbols.hint file recipe.GeneSymbols |> Option.toList else []

    let private warnings (file: H5adFile) (recipe: Recipe) sets filterSets pcaGenes =
        [ yield! unnamed file recipe sets filterSets
          match recipe.Qc |> Option.map (percentTop file.X.Genes) with
          | Some(_, (_ :: _ as dropped)) ->
              let list = dropped |> List.map string |> String.concat ", "
              $"the share of the top {list} genes is left out, because {file.X.Path} has {file.X.Genes}"
          | _ -> ()
          for name, mask in sets do
              if GeneSets.size mask = 0 then
                  $"the gene set {name} is empty"
          match recipe.Filter with
          | Some filter ->
              for name, mask in filterSets do
                  if GeneSets.size mask = 0 && List.exists (fun (limited, _) -> limited = name) (filter.MinPct @ filter.MaxPct) then
                      $"the gene set {name}, which a limit refers to, is empty"

              for option, limits in [ "--min-pct", filter.MinPct; "--max-pct", filter.MaxPct ] do
                  for name, percent in limits do
                      if percent > 0.0 && percent < 1.0 then
                          let number = percent.ToString("R", CultureInfo.InvariantCulture)
                          let meant = (100.0 * percent).ToString("0.####", CultureInfo.InvariantCulture)

                          $"{option} {name}={number} means {number} percent; a share of {number} is {name}={meant}"
          | None -> ()
          if Recipe.changesValues recipe then
              for other in Schema.followers file do
                  $"{other} is a soft link to {file.X.Path} and changes with it"
          if recipe.Log1p.IsSome && Schema.isLogged file then
              if recipe.Matrix = MatrixName.X then
                  $"{file.X.Path} is already log-transformed (uns/log1p is there); it is transformed again, which needs --allow-logged"
              else
                  $"{file.X.Path} may be log-transformed already (uns/log1p is there, which tells of X); it is transformed now"
          if recipe.NormalizeTotal.IsSome && isLoggedX file recipe then
              $"{file.X.Path} seems to be log-transformed (uns/log1p is there), but normalize_total expects counts"
          match recipe.Hvg with
          | Some hvg when recipe.Log1p.IsNone && Recipe.fitsTrend hvg = Schema.isLogged file ->
              if Recipe.fitsTrend hvg then
                  $"{file.X.Path} seems to be log-transformed (uns/log1p is there), but this flavor expects raw counts"
              else
                  $"{file.X.Path} does not seem to be log-transformed (there is no uns/log1p), which this flavor expects"
          | _ -> ()
          if recipe.Pca.IsSome && Option.isNone pcaGenes then
              let bound = if recipe.Hvg.IsSome then "; --n-top-genes bounds it" else ""

              $"how much memory pca takes depends on how many genes pass the limits{bound}" ]

    /// How pca would look at fewer genes, by options that are there where these steps are.
    let private fewer (recipe: Recipe) =
        if recipe.Hvg.IsSome then
            "--n-top-genes"
        else
            "--mask-var, such as highly_variable, which hvg writes"

    /// Each pass with the way in which it reads; what cannot be met is refused with what the most demanding pass needs.
    let private fitting (settings: Settings) recipe pcaGenes passes =
        let unmet =
            passes
            |> List.choose (function
                | reading, Error needed -> Some(needed, reading)
                | _, Ok _ -> None)

        if not unmet.IsEmpty then
            Fault.throw (
                match List.max unmet, pcaGenes with
                | (needed, Reading.Components), Some genes -> GramOverBudget(int64 genes, needed, settings.Memory, fewer recipe)
                | (needed, _), _ -> OverBudget(needed, settings.Memory)
            )

        passes
        |> List.choose (function
            | reading, Ok fit -> Some(reading, fit)
            | _, Error _ -> None)

    /// How the pass for the components reads, once it is known how many genes it looks at.
    let gramFit (file: H5adFile) (settings: Settings) recipe pca cells genes =
        let rows = RowMatrix.Foreseen file.X

        match Reading.gramNeeds rows pca cells (int genes) |> Budget.tryFitEach rows settings with
        | Ok fit -> fit
        | Error needed -> Fault.throw (GramOverBudget(genes, needed, settings.Memory, fewer recipe))

    /// What is logged is not logged again by mistake.
    let requireUnlogged (file: H5adFile) (recipe: Recipe) =
        if recipe.Log1p.IsSome && isLoggedX file recipe && not recipe.AllowLogged then
            Fault.throw (
                Unsuitable(
                    "log1p",
                    $"{file.X.Path} is already log-transformed, as uns/log1p says; leave the step out, of pipeline with --skip log1p, or pass --allow-logged to take the logarithm again, as scanpy does"
                )
            )

    /// Limits of percentages must refer to gene sets that there are.
    let private requireSets file (recipe: Recipe) (sets: (string * bool[]) list) =
        match recipe.Filter with
        | Some filter ->
            for option, limits in [ "--min-pct", filter.MinPct; "--max-pct", filter.MaxPct ] do
                for name, _ in limits do
                    if not (List.exists (fun (known, _) -> known = name) sets) then
                        Fault.throw (
                            BadOption(
                                option,
                                if name = "mt" then
                                    match Symbols.hint file recipe.GeneSymbols with
                                    | Some hint -> $"no gene begins with MT- or mt-: {hint}"
                                    | None -> "no gene begins with MT- or mt-; say how mitochondrial genes begin with --mt-prefix"
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

    let private spread (file: H5adFile) (batches: Batches option) =
        match batches with
        | Some batches -> Batches.spread file.X.Cells batches
        | None -> Batches.alone

    /// Bytes of the names of genes, with those that were only looked at and are not collected yet.
    let private namesMemory file =
        let names = Schema.geneNameBytes file
        names + min names Memory.mostYoung

    let make (file: H5adFile) (batches: Batches option) recipe settings =
        Check.recipe recipe

        if recipe.Matrix = MatrixName.Raw && Recipe.steps recipe <> [ "qc" ] then
            Fault.throw (BadOption("--use-raw", "only qc works on raw as it is; to go on from it, make it X with convert --use-raw"))

        requireUnlogged file recipe
        let after = typeAfter file.X recipe
        let values = values file recipe after
        let pcaGenes = pcaGenes file recipe
        let spread = spread file batches
        let genes = Kept.all (int64 file.X.Genes)
        let rows = RowMatrix.Foreseen file.X

        let passes =
            Reading.ofRecipe file.X recipe
            |> List.map (fun reading ->
                reading,
                if reading = Reading.Transpose then
                    Budget.tryAlone settings (Transposed.memory settings.Memory file.X)
                else
                    Reading.needs file rows recipe values after spread pcaGenes reading |> Budget.tryFitEach rows settings)
            |> fitting settings recipe pcaGenes
            |> List.map (fun (reading, fit) ->
                { Reading = reading
                  Purpose = Reading.purpose recipe reading
                  Fit = fit })

        let sets =
            recipe.Qc
            |> Option.map (fun qc -> GeneSets.masks file recipe.GeneSymbols genes qc.Mitochondrial qc.GeneSets)
            |> Option.defaultValue []

        let filterSets =
            recipe.Filter
            |> Option.map (fun filter -> GeneSets.masks file recipe.GeneSymbols genes filter.Mitochondrial filter.GeneSets)
            |> Option.defaultValue []

        requireSets file recipe filterSets

        // Too many components for the data are refused now, as far as these are known.
        match recipe.Pca, pcaGenes with
        | Some pca, Some genes ->
            Pca.count
                { Comps = pca.NComps
                  ZeroCenter = pca.ZeroCenter }
                file.X.Cells
                genes
            |> ignore
        | _ -> ()

        { Recipe = recipe
          Passes = passes
          Values = values
          TypeAfter = after
          Sets = sets
          FilterSets = filterSets
          PercentTop = recipe.Qc |> Option.map (percentTop file.X.Genes >> fst) |> Option.defaultValue []
          Groups = spread.Batches
          LogBase =
            match recipe.Log1p with
            | Some log1p -> log1p.Base
            | None -> Schema.logBase file
          PcaGenes = pcaGenes
          // Names are held while gene sets are made of them, before anything is read.
          Memory = max (passes |> List.map _.Memory |> List.max) (if recipe.Qc.IsSome || recipe.Filter.IsSome then namesMemory file else 0L)
          Warnings = warnings file recipe sets filterSets pcaGenes |> List.map Shown.line }

    /// The plan alone, for those who only want to know.
    let ofFile (file: H5adFile) recipe settings =
        let batches = batches file recipe (Path.GetTempPath())
        use _ = Option.toObj batches
        make file batches recipe settings
