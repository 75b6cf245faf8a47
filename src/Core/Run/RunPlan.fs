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

/// A pass with how it reads.
type internal FittedPass =
    { Kind: PassKind
      Purpose: string
      Needs: Need list
      Fit: Fit }

/// What a run does otherwise than one that reads a file on one machine.
type internal RunWay =
    {
        /// The output of passes is saved before it leaves, so that dense rows wait for that.
        IsSaved: bool
        /// Rows come from elsewhere than the file, and take N bytes of each worker for that.
        Elsewhere: int64
    }

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
    /// One machine, which reads a file.
    let alone = { IsSaved = false; Elsewhere = 0L }

    /// Are cells and genes judged in a read of their own? Genes have to be, and so have the cells of dense X, whose rows have
    /// their places in the output only once it is known which of them stay.
    let private tryJudgesFirst (matrix: Matrix) (selector: Selector) =
        match selector.By, matrix.Format with
        | Rules rules, _ when selector.DropsGenes -> Some rules
        | Rules rules, Dense _ -> Some rules
        | _ -> None

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

    /// Flags of which cells stay, and how many before each word of them.
    let private flags cells = cells / 4L

    /// What is kept during the main pass: what each step keeps, and what values and columns leave through.
    let private mainNeed (settings: Settings) isSaved (file: AnnDataFile) rows (recipe: Recipe) storage after (steps: StepPlan list) =
        let stored =
            file.X
            |> Matrix.withDatasets (fun dataset -> NewFilters.like settings.Compression dataset.Type (List.ofArray dataset.Dims) dataset)

        let ofSteps = steps |> List.choose _.Main |> List.fold Budget.beside Budget.nothing

        let saved = if isSaved then SinkMemory.savedValues file.X storage after else 0L

        let columns =
            (steps |> List.sumBy _.CellColumnCount) + int64 (Also.columns recipe.Also).Length |> SinkMemory.columns

        { ofSteps with
            Buffer = [ columns; SinkMemory.values rows storage after; saved ] |> List.fold Memory.plus ofSteps.Buffer
            Worker = ofSteps.Worker + SinkMemory.denseRows file.X storage
            PerValue = ofSteps.PerValue + SinkMemory.perValue storage after
            Once =
                [ flags file.X.Cells
                  SinkMemory.chunks stored storage after
                  // One buffer is put together before it is saved.
                  Memory.times 2L saved ]
                |> List.fold Memory.plus ofSteps.Once
            After = max ofSteps.After (SinkMemory.chunksAfter stored storage after) }

    let private selectNeed (steps: StepPlan list) (rules: SelectionRules) =
        { rules.Need with
            Buffer = Memory.plus rules.Need.Buffer (SinkMemory.columns (steps |> List.sumBy _.CellColumnCount)) }

    /// Every read of X tells duplicate entries, or adds them up; rows from elsewhere take N bytes more.
    let private reading (way: RunWay) (file: AnnDataFile) (recipe: Recipe) =
        { Budget.nothing with
            Worker = Memory.plus way.Elsewhere (Passes.duplicates recipe.SumDuplicates file.X) }

    /// For each step, what stands beside its passes after the main one: what reading takes, and what the results of the steps before
    /// take until they are written, which are their columns of var and what later rows are made with.
    let private besides way (file: AnnDataFile) recipe (steps: StepPlan list) =
        let kept (step: StepPlan) =
            { step.Later with
                Once = step.Later.Once + 8L * int64 file.X.Genes * int64 step.GeneColumns.Length }

        (reading way file recipe, steps) ||> List.mapFold (fun before step -> before, Budget.beside before (kept step)) |> fst

    /// The passes that the steps ask for, in order.
    let private passes settings (way: RunWay) (file: AnnDataFile) rows (recipe: Recipe) storage after (steps: StepPlan list) besides =
        let pass kind purpose needs =
            { Kind = kind
              Purpose = purpose
              Needs = needs
              What = "This"
              Advice = "" }

        let beside need (pass: StepPass) =
            { pass with
                Needs = pass.Needs |> List.map (Budget.beside need) }

        let reading = beside (reading way file recipe)
        let inMain = steps |> List.filter _.Main.IsSome

        [ if CscToCsr.isNeeded file.X then
              pass PassKind.Transpose "put rows together" [ Budget.nothing ]
          match steps |> List.tryPick _.Selector |> Option.bind (tryJudgesFirst file.X) with
          | Some rules -> pass PassKind.Select "judge cells and genes" [ selectNeed steps rules ] |> reading
          | None -> ()
          for step in steps do
              yield! step.Before |> List.map reading
          if not (inMain.IsEmpty && recipe.Also.IsEmpty) then
              let names =
                  (inMain |> List.map _.Name) @ (if recipe.Also.IsEmpty then [] else [ "also" ])

              pass PassKind.Main (String.concat " + " names) [ mainNeed settings way.IsSaved file rows recipe storage after inMain ]
              |> reading
          for step, need in List.zip steps besides do
              yield! step.After |> List.map (beside need) ]

    /// Each pass with how it reads; what cannot be met is refused with what the most demanding pass needs.
    let private fitting (file: AnnDataFile) rows (settings: Settings) (passes: StepPass list) =
        let fitted =
            passes
            |> List.map (fun pass ->
                pass,
                if pass.Kind = PassKind.Transpose then
                    Budget.tryAlone settings (CscToCsr.memory settings.Memory file.X)
                else
                    Budget.tryFitEach rows settings pass.Needs)

        match
            fitted
            |> List.choose (fun (pass, fit) ->
                match fit with
                | Error needed -> Some(needed, pass)
                | Ok _ -> None)
        with
        | [] -> ()
        | unmet ->
            let needed, pass = unmet |> List.maxBy fst
            Fault.throw (InsufficientMemory(pass.What, needed, settings.Memory, pass.Advice))

        [ for pass, fit in fitted do
              match fit with
              | Ok fit ->
                  { Kind = pass.Kind
                    Purpose = pass.Purpose
                    Needs = pass.Needs
                    Fit = fit }
              | Error _ -> () ]

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

        let besides = besides way file recipe steps

        let passes =
            passes settings way file rows recipe storage after steps besides |> fitting file rows settings

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
        let plan = make alone file batches recipe settings

        // A plan finds the mistakes of a query that a run would find; a file that is only planned has no columns to ask.
        match plan.Selector with
        | Some { By = Known known } when isThere -> known.Force() |> ignore
        | _ -> ()

        plan.Told
