/// What a recipe means for one file: passes, memory, and where the new values go; decided before a value is read.
namespace SingleSharp.Core.Run

open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Core.Subset
open SingleSharp.Core.Steps

/// A plan with all that a run needs to know.
type internal RunPlan =
    {
        Recipe: Recipe
        Steps: StepPlan list
        /// For each step, what is kept beside its passes after the main one.
        Beside: Need list
        Passes: FittedPass list
        Values: ValueStorage
        TypeAfter: DType
        /// Does a step change values?
        ChangesValues: bool
        /// What is told of it.
        Told: Plan
    }

    /// The step that drops cells and genes, if one does.
    member plan.Selector = plan.Steps |> List.tryPick _.Selector

    member plan.Has kind =
        plan.Passes |> List.exists (fun pass -> pass.Kind = kind)

[<RequireQualifiedAccess>]
module internal RunPlan =
    /// Is X stored in another way than is wanted?
    let private isOtherwise (settings: Settings) (file: AnnDataFile) =
        not (file.X.Datasets |> List.forall (NewFilters.areAsWanted settings.Compression))

    /// The way that values take, of this dtype afterwards.
    let private values (settings: Settings) (file: AnnDataFile) (recipe: Recipe) selects changes after =
        let isOtherwise = lazy isOtherwise settings file

        let fits =
            lazy (not isOtherwise.Value && OutputStorage.isOverwritable file (DType.datatype after))

        if selects then
            RowByRow
        elif not changes then
            Untouched
        else
            match file.X.Format with
            | Csr _ when recipe.SumDuplicates || isOtherwise.Value -> RowByRow
            | Csr _ -> if fits.Value then Overwrite else StoreAnew
            | Dense values -> if fits.Value && not values.Layout.IsChunked then Overwrite else RowByRow
            | Csc _ -> RowByRow

    let private valuePlan storage =
        match storage with
        | Untouched -> ValuePlan.Untouched
        | Overwrite -> ValuePlan.Overwrite
        | StoreAnew -> ValuePlan.StoreAnew
        | RowByRow -> ValuePlan.RowByRow

    /// The batches that a step looks at; the folder is for what cannot be read from the file as it is.
    let batches (file: AnnDataFile) (recipe: Recipe) folder =
        recipe.Steps
        |> List.tryPick (fun step -> step.Body.BatchKey)
        |> Option.map (fun column -> Batches.read file column folder)

    let private spread (file: AnnDataFile) (batches: Batches option) =
        match batches with
        | Some batches -> Batches.spread file.X.Cells batches
        | None -> Batches.alone

    /// The steps, each planned with what those before it leave.
    let private steps isSaved (file: AnnDataFile) rows (recipe: Recipe) settings batches =
        let first =
            { File = file
              Rows = rows
              Settings = settings
              Common = Recipe.common recipe
              State =
                { Type = file.X.Type
                  IsLoggedHere = false
                  LogBase = AnnDataFile.logBase file
                  SeenAs = file.X.Type }
              Spread = spread file batches
              IsSaved = isSaved
              Choices = []
              DropsCells = false
              DropsGenes = false }

        let next (context, plans) (step: Step) =
            let plan = step.Body.Plan context

            { context with
                State = plan.State
                Choices = context.Choices @ plan.Choices
                DropsCells = context.DropsCells || plan.Selector |> Option.exists _.DropsCells
                DropsGenes = context.DropsGenes || plan.Selector |> Option.exists _.DropsGenes },
            plan :: plans

        recipe.Steps |> List.fold next (first, []) |> snd |> List.rev

    /// Bytes of the names of genes, with those that were only looked at and are not collected yet.
    let private planning (steps: StepPlan list) =
        let names = steps |> List.map _.Planning |> List.fold max 0L
        names + min names Memory.mostYoung

    let requireSteps (file: AnnDataFile) (recipe: Recipe) =
        for step in recipe.Steps do
            step.Body.Require file (Recipe.common recipe)

    /// What the recipe means for the file.
    let make (way: RunWay) (file: AnnDataFile) (batches: Batches option) (recipe: Recipe) (settings: Settings) =
        Recipe.check recipe

        if recipe.Matrix = MatrixName.Raw && not (Recipe.leavesRaw recipe) then
            Fault.throw (InvalidOption("use_raw", "only qc works on raw as it is; to go on from it, make it X with convert and ⟨use_raw⟩"))

        if recipe.KeepCounts then
            CountsLayer.require file recipe.Matrix recipe.SumDuplicates

        requireSteps file recipe
        let rows = CsrView.Foreseen file.X
        let steps = steps way.IsSaved file rows recipe settings batches
        let changes = steps |> List.exists _.ChangesValues

        let after =
            match List.tryLast steps with
            | Some last -> last.State.Type
            | None -> file.X.Type

        Also.requireFree file steps recipe.Also

        let storage =
            values settings file recipe (steps |> List.exists _.Selector.IsSome) changes after

        let besides = PassPlan.besides way file recipe steps

        let passes =
            PassPlan.ofSteps settings way file rows recipe storage after steps besides |> PassPlan.fitting file rows settings

        let warnings =
            [ yield! steps |> List.collect _.Warnings
              if storage = Untouched && isOtherwise settings file then
                  "⟨compression⟩ changes nothing: no step changes X, and new columns and results are not compressed"
              if changes then
                  for other in AnnDataFile.followers file do
                      $"{other} is a soft link to {file.X.Path} and changes with it" ]
            |> List.distinct
            |> List.map (OptionText.spell settings.Spelling >> Printable.line)

        let told: Plan =
            { Steps = steps |> List.map _.Name
              Passes =
                passes
                |> List.map (fun pass ->
                    { Purpose = pass.Purpose
                      Memory = pass.Fit.Memory })
              Values = valuePlan storage
              Writes = (if storage = Untouched then 0 else 1)
              TypeAfter = DType.name after
              GeneSets = []
              PercentTop = []
              Also = Also.columns recipe.Also |> List.map _.Name
              // Names are held while gene sets are made of them, before anything is read.
              Memory = max (passes |> List.map _.Fit.Memory |> List.max) (planning steps)
              Warnings = warnings }

        { Recipe = recipe
          Steps = steps
          Beside = besides
          Passes = passes
          Values = storage
          TypeAfter = after
          ChangesValues = changes
          Told = (told, steps) ||> List.fold (fun told step -> step.Tell told) }

    /// The step that leaves the genes alone that a run has chosen.
    let narrowing select (narrowing: GeneNarrowing) =
        SubsetStep.knowing
            select
            { SubsetStep.defaults with
                VarQuery = Some narrowing.Column }

    /// The plan alone, for those who only want to know.
    let ofFile (file: AnnDataFile) isThere recipe settings =
        let batches = batches file recipe (Scratch.folder settings (Path.GetTempPath()))
        use _ = Option.toObj batches
        let plan = make PassPlan.alone file batches recipe settings

        // A plan finds the mistakes of a query that a run would find; a file that is only planned has no columns to ask.
        match plan.Selector with
        | Some { By = Known known } when isThere -> known.Force() |> ignore
        | _ -> ()

        plan.Told
