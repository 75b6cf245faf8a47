/// Takes the steps of a plan: judges cells and genes, reads X once for all steps, then gives each step its turn.
namespace SingleSharp.Core.Run

open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Core.Steps

/// What the steps have made of a file, before it is committed.
type internal Taken =
    {
        Findings: Findings
        /// What stays.
        Selection: Selection
        Dropped: Dropped
        /// Columns of obs whose values are at these addresses.
        CellColumns: (OutputColumn * int64) list
        GeneColumns: (OutputColumn * (unit -> float[])) list
        Outcomes: Outcome list
        Values: NewValues
    }

[<RequireQualifiedAccess>]
module internal StepRun =
    /// Columns with one value per cell of the whole file, on their way to room that is reserved for them.
    let private columnSink (editor: FileEditor) (file: AnnDataFile) (columns: CellColumns) =
        let addresses =
            columns.Columns |> List.map (fun column -> editor.Reserve(file.X.Cells * int64 (DType.size column.Type)))

        List.zip columns.Columns addresses, ColumnSink.toPlaces editor.Disk (Array.ofList addresses) columns |> Sink.used SinkUse.InTheEnd

    /// What judging has told so far.
    type private Judged =
        { Job: Job
          Columns: (OutputColumn * int64) list
          Verdict: GeneVerdict option
          Sink: Sink<RowBatch> }

    let private chosen job selection columns verdict =
        { Job = Passes.choosing job selection
          Columns = columns
          Verdict = Some verdict
          Sink = Sink.none }

    /// Judges cells and genes in a read of its own where that is needed, or lets the main pass judge the cells.
    let private judge (plan: RunPlan) (job: Job) editor =
        match plan.Selector with
        | None ->
            { Job = job
              Columns = []
              Verdict = None
              Sink = Sink.none }
        | Some { By = Known known } ->
            chosen
                job
                known.Value.Selection
                []
                { Stay = known.Value.Selection.Genes
                  Columns = []
                  Losses = known.Value.LostGenes }
        | Some({ By = Rules rules } as selector) ->
            let columns, sink = columnSink editor job.File selector.CellColumns

            let judging =
                { job with
                    Scope = Judged rules.Judge
                    Aside = rules.Aside }

            if plan.Has PassKind.Select then
                let cells = RowMask job.File.X.Cells

                let verdict =
                    rules.Genes
                    |> Passes.run judging PassKind.Select (Passes.rows judging PassKind.Select) (Sink.both (RowSelection.into cells) sink)

                chosen job { Cells = cells; Genes = verdict.Stay } columns verdict
            else
                { Job = judging
                  Columns = columns
                  Verdict = None
                  Sink = sink }

    /// Starts each step with what those before it do to values.
    let private start (plan: RunPlan) job =
        let next (before, parts) (step: StepPlan) =
            let part = step.Start job before
            part.Transformation, parts @ [ part ]

        plan.Steps |> List.fold next (Normalize.nothing, [])

    /// Passes that come before the main one judge cells without counting those that they drop.
    let private quietly (plan: RunPlan) (job: Job) =
        match job.Scope, plan.Selector with
        | Judged _, Some { By = Rules rules } ->
            { job with
                Scope = Judged rules.JudgeQuietly
                Aside = Aside.nothing }
        | _ -> job

    /// All folds side by side.
    let private together (folds: Fold<RowBatch, 'r> list) : Fold<RowBatch, 'r list> =
        (folds, Fold.always [])
        ||> List.foldBack (fun one rest -> Fold.both one rest |> Fold.map (fun (struct (answer, answers)) -> answer :: answers))

    let private loss (losses: (string * int64) list) : LimitLoss list =
        [ for limit, lost in losses -> { Limit = limit; Lost = lost } ]

    let private dropped (plan: RunPlan) verdict : Dropped =
        match plan.Selector with
        | None -> { OfCells = []; OfGenes = [] }
        | Some selector ->
            { OfCells =
                match selector.By with
                | Rules rules -> loss (rules.CellLosses())
                | Known known -> loss known.Value.LostCells
              OfGenes =
                match verdict with
                | Some verdict -> loss verdict.Losses
                | None -> [] }

    /// What the filter or subset leaves nothing of, and which conditions do that.
    let emptied (plan: RunPlan) (file: AnnDataFile) (taken: Selection) (dropped: Dropped) =
        let by what all (losses: seq<LimitLoss>) =
            let named =
                losses
                |> Seq.filter (fun loss -> loss.Lost > 0L)
                |> Seq.map (fun loss -> $"{loss.Limit} drops {loss.Lost}")
                |> String.concat ", "

            let because = if named = "" then "" else $": {named} of {all}"

            match plan.Selector with
            | Some { By = Known _ } -> $"subset keeps no {what}{because}"
            | _ -> $"no {what} meets the limits of the filter{because}"

        [ if plan.Selector.IsSome && taken.Cells.Count = 0L then
              by "cell" file.X.Cells dropped.OfCells
          if plan.Selector.IsSome && taken.Genes.Count = 0L then
              by "gene" (int64 file.X.Genes) dropped.OfGenes ]

    /// Genes can be compared only where the filter leaves some of them, and some cells.
    let private requireLeft (plan: RunPlan) (job: Job) selection dropped =
        let comparing =
            plan.Steps |> List.filter _.NeedsSome |> List.map _.Name |> String.concat " and "

        match emptied plan job.File selection dropped with
        | why :: _ when comparing <> "" -> Fault.throw (Unsuitable(comparing, $"{why}; loosen the limits"))
        | _ -> ()

    /// The fold of a step over rows as they were when it was taken, `changes` before they were written.
    let rec private seenEarlier changes (fold: Fold<RowBatch, 'r>) =
        if changes = 0 then
            fold
        else
            seenEarlier (changes - 1) fold |> Fold.premap (fun (rowBatch: RowBatch) -> rowBatch.Earlier)

    /// Reads X for everything that can be done at once.
    let private mainPass (plan: RunPlan) (job: Job) (transformation: Transformation) (parts: MainPart list) sink =
        let also = plan.Recipe.Also |> List.map _.Body.Fold |> together

        let cells =
            match job.Scope with
            | Judged _ -> RowMask job.File.X.Cells
            | Whole -> RowMask.all job.File.X.Cells
            | Chosen selection -> selection.Cells

        let sink =
            match job.Scope with
            | Judged _ -> Sink.both (RowSelection.into cells) sink
            | _ -> sink

        if plan.Has PassKind.Main then
            let rows =
                Passes.rows job PassKind.Main |> Reader.through (fun () -> Normalize.start transformation)

            let struct (findings, struct (ends, _)) =
                parts
                |> List.map (fun part -> seenEarlier (transformation.Then.Length - part.Transformation.Then.Length) part.Fold)
                |> together
                |> fun ofSteps -> Fold.both ofSteps also
                |> Fold.both (Validity.find job.RefusesInvalid)
                |> Passes.run job PassKind.Main rows sink

            struct (findings, Array.ofList ends, cells)
        else
            struct (Validity.nothing, parts |> List.map (fun part -> Fold.run part.Fold Seq.empty) |> Array.ofList, cells)

    /// Gives each step its turn. What a step has summed is let go of once its turn is over.
    let private takeTurns (plan: RunPlan) (job: Job) editor transformation cells (ends: (StepTurn -> Outcome)[]) =
        let rec take number (before: Outcome list) =
            if number = ends.Length then
                before
            else
                let outcome =
                    ends[number]
                        { Job = job
                          Editor = editor
                          Transformation = transformation
                          Cells = cells
                          Before = before
                          Beside = plan.Beside[number] }

                ends[number] <- Unchecked.defaultof<_>
                take (number + 1) (before @ [ outcome ])

        take 0 []

    /// How values leave that have their places beforehand.
    let placing (job: Job) =
        if job.Taker.IsSaved then Saved else AtOnce

    /// Takes all steps, with what they let out, values of X by `placing`, `following` what the read of all of X goes through.
    let take (plan: RunPlan) (job: Job) (editor: FileEditor) placing following : Taken =
        let file = job.File
        let judged = judge plan job editor
        let transformation, parts = start plan (quietly plan judged.Job)

        let cellColumns, cellSink =
            let nameOf = DataFrame.nameOf file.Store file.Obs
            let also = plan.Recipe.Also |> List.map (fun also -> also.Body.Values nameOf)
            columnSink editor file ((parts |> List.map _.CellColumns) @ also |> CellColumns.concat)

        let count =
            match judged.Job.Scope with
            | Chosen selection -> selection.Cells.Count
            | _ -> file.X.Cells

        let values =
            let areOld = not (plan.ChangesValues || plan.Recipe.SumDuplicates)

            OutputStorage.sink
                placing
                editor
                file
                plan.Values
                areOld
                plan.TypeAfter
                count
                judged.Job.Genes.Count
                job.Folder
                job.Settings.Cancel

        use _ = values.Scratch

        let sink =
            [ following; judged.Sink; cellSink ] @ (parts |> List.map _.Sink) @ [ values.Sink |> Sink.used SinkUse.InTheEnd ]
            |> List.reduce Sink.both

        let struct (findings, ends, cells) =
            mainPass plan judged.Job transformation parts sink

        let selection =
            { Cells = cells
              Genes = judged.Job.Genes }

        let dropped = dropped plan judged.Verdict
        requireLeft plan judged.Job selection dropped

        let job =
            if plan.Selector.IsSome then Passes.choosing judged.Job selection else judged.Job

        let outcomes = takeTurns plan job editor transformation cells.Count ends

        { Findings = findings
          Selection = selection
          Dropped = dropped
          CellColumns = judged.Columns @ cellColumns
          GeneColumns =
            [ match judged.Verdict with
              | Some verdict ->
                  for column, values in verdict.Columns do
                      column, values >> GeneSetMasks.valuesAmong selection.Genes
              | None -> ()
              for outcome in outcomes do
                  yield! outcome.GeneColumns ]
          Outcomes = outcomes
          Values = values.Finish() }
