/// The passes of a run over the rows of X, what each of them needs, and how it reads.
namespace SingleSharp.Core.Run

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
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

[<RequireQualifiedAccess>]
module internal PassPlan =
    /// One machine, which reads a file.
    let alone = { IsSaved = false; Elsewhere = 0L }

    /// Are cells and genes judged in a read of their own? Genes have to be, and so have the cells of dense X, whose rows have
    /// their places in the output only once it is known which of them stay.
    let private tryJudgesFirst (matrix: Matrix) (selector: Selector) =
        match selector.By, matrix.Format with
        | Rules rules, _ when selector.DropsGenes -> Some rules
        | Rules rules, Dense _ -> Some rules
        | _ -> None

    /// Flags of which cells stay, and how many before each word of them.
    let private flags cells = cells / 4L

    /// What is kept during the main pass: what each step keeps, and what values and columns leave through.
    let private mainNeed (settings: Settings) isSaved (file: AnnDataFile) rows (recipe: Recipe) storage after (steps: StepPlan list) =
        let stored =
            file.X
            |> Matrix.withDatasets (fun dataset -> NewFilters.like settings.Compression dataset.Type (List.ofArray dataset.Dims) dataset)

        let wanted = steps |> List.choose _.Main |> List.fold Budget.beside Budget.nothing

        let saved = if isSaved then SinkMemory.savedValues file.X storage after else 0L

        let columns =
            (steps |> List.sumBy _.CellColumnCount) + int64 (Also.columns recipe.Also).Length |> SinkMemory.columns

        { wanted with
            Buffer = [ columns; SinkMemory.values rows storage after; saved ] |> List.fold Memory.plus wanted.Buffer
            Worker = wanted.Worker + SinkMemory.denseRows file.X storage
            PerValue = wanted.PerValue + SinkMemory.perValue storage after
            Once =
                [ flags file.X.Cells
                  SinkMemory.chunks stored storage after
                  // One buffer is put together before it is saved.
                  Memory.times 2L saved ]
                |> List.fold Memory.plus wanted.Once
            After = max wanted.After (SinkMemory.chunksAfter stored storage after) }

    let private selectNeed (steps: StepPlan list) (rules: SelectionRules) =
        { rules.Need with
            Buffer = Memory.plus rules.Need.Buffer (SinkMemory.columns (steps |> List.sumBy _.CellColumnCount)) }

    /// Every read of X tells duplicate entries, or adds them up; rows from elsewhere take N bytes more.
    let private reading (way: RunWay) (file: AnnDataFile) (recipe: Recipe) =
        { Budget.nothing with
            Worker = Memory.plus way.Elsewhere (Passes.duplicates recipe.SumDuplicates file.X) }

    /// For each step, what stands beside its passes after the main one: what reading takes, and what the results of the steps before
    /// take until they are written, which are their columns of var and what later rows are made with.
    let besides way (file: AnnDataFile) recipe (steps: StepPlan list) =
        let kept (step: StepPlan) =
            { step.Later with
                Once = step.Later.Once + 8L * int64 file.X.Genes * int64 step.GeneColumns.Length }

        (reading way file recipe, steps) ||> List.mapFold (fun before step -> before, Budget.beside before (kept step)) |> fst

    /// The passes that the steps ask for, in order.
    let ofSteps settings (way: RunWay) (file: AnnDataFile) rows (recipe: Recipe) storage after (steps: StepPlan list) besides =
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
    let fitting (file: AnnDataFile) rows (settings: Settings) (passes: StepPass list) =
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
