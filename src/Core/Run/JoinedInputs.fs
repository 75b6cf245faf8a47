/// Several inputs as one file that nobody has written: a sketch of it, and rows that are read where they lie.
namespace SingleSharp.Core.Run

open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Core.Inputs
open SingleSharp.Core.Concat
open SingleSharp.Core.Steps

type internal JoinedInputs =
    {
        /// Everything but values of X.
        File: AnnDataFile
        /// The recipe as it applies to the file.
        Recipe: Recipe
        /// What is left of the memory allowed beside what is held of the inputs.
        Settings: Settings
        /// What is held, where all chunks lie, and the most that it takes to put the rows of an input together.
        Memory: int64
        /// Inputs whose rows have to be put together.
        Together: string list
        /// What each worker takes to read them.
        Worker: int64
        /// What it takes to write them to one file; only the last merge does.
        Converting: Lazy<int64>
        Warnings: Lazy<string list>
        /// Is it known where values begin before any is read?
        AreStartsKnown: bool
        /// The rows; the argument has the first value of each block, if that was counted.
        Rows: int64[] voption -> CsrView
        /// An input that somebody has changed since it was opened.
        Changed: unit -> string option
    }

[<RequireQualifiedAccess>]
module internal JoinedInputs =
    /// Rows are put together while a pass holds its states, so they may take this share of the memory, or what they need.
    let private shareOfRows = 4L

    /// Does the recipe ask for more of the cells than their batches and a mask? A query may ask for any column, and for names.
    let private asksForAll (recipe: Recipe) =
        recipe.Steps
        |> List.exists (fun step ->
            step.Name = "subset" && step.Body.Json |> List.exists (fun (name, _) -> name = "obs_query" || name = "obs"))

    /// What does not fit is told with all that is needed, and all that is allowed.
    let private within (memory: int64) work =
        try
            work ()
        with FaultException(InsufficientMemory(what, needed, allowed, advice)) ->
            Fault.throw (InsufficientMemory(what, Memory.plus needed memory, allowed + memory, advice))

    /// Gives `work` what the inputs make together; no row is read before it asks for one. What has to be put together before it can be read
    /// waits in the folder.
    let read (input: Input) (recipe: Recipe) (settings: Settings) folder (work: JoinedInputs -> 'r) =
        let conversion, recipe = Inputs.apart input recipe
        Convert.check conversion input.Paths

        Convert.gather conversion settings (settings.Memory / shareOfRows) input.Paths folder (fun combination held ->
            let stored = combination.Inputs |> List.sumBy _.Stored

            let sketched =
                if asksForAll recipe then
                    SketchedObs.All folder
                else
                    SketchedObs.Looked(recipe.Steps |> List.tryPick _.Body.BatchKey, recipe.Steps |> List.tryPick _.Body.MaskObs)

            use file =
                PlannedFile.make settings.Compression (Inputs.shown input.Paths) held combination stored sketched

            let inputs = combination.Inputs

            let most (bytes: CountInput -> int64) =
                inputs |> List.map bytes |> List.fold max 0L

            let memory =
                (Memory.plus held.Bytes (most _.Together), inputs)
                ||> List.fold (fun all input -> Memory.plus all input.Tables)
                |> max held.Most

            if memory > settings.Memory then
                Fault.throw (Fault.memory memory settings.Memory)

            let known = JoinedRows.tryStarts combination

            let rows counted =
                let starts =
                    match counted, known with
                    | ValueSome starts, _ -> ValueStarts.OfBlocks starts
                    | ValueNone, Some starts -> ValueStarts.OfInputs starts
                    | ValueNone, None -> ValueStarts.Unasked

                CsrView.From(
                    file,
                    { Rows =
                        min CountInput.valuesTogether >> JoinedRows.source combination starts settings.Cancel.ThrowIfCancellationRequested
                      Worker = most _.Worker
                      CellName = CountInput.nameAt combination.Annotations.CellNames }
                )

            let converting =
                lazy
                    (inputs
                     |> List.collect CountInput.matrices
                     |> List.map (fun matrix -> (matrix.Fit settings held.Bytes).Memory)
                     |> List.fold max held.Most)

            let joined =
                { File = file
                  Recipe = recipe
                  Settings =
                    { settings with
                        Memory = settings.Memory - memory }
                  Memory = memory
                  Converting = converting
                  Together =
                    [ for input in inputs do
                          if input.Together > 0L then
                              input.Path ]
                  Worker = most _.Worker
                  Warnings = combination.Warnings
                  AreStartsKnown = known.IsSome
                  Rows = rows
                  Changed = fun () -> inputs |> List.tryFind (fun input -> input.IsChanged()) |> Option.map _.Path }

            within memory (fun () -> work joined))

    /// Must values be counted before the main pass? Where values go to places of their own beforehand, these must be known.
    let mustCount (joined: JoinedInputs) (values: ValueStorage) =
        not joined.AreStartsKnown && (values = Overwrite || values = StoreAnew)

    /// What counting is called as a stage of a run over shards.
    let stage = "count"

    /// How values are counted.
    let fit (joined: JoinedInputs) =
        Budget.fit
            joined.File.X
            joined.Settings
            { Budget.nothing with
                Worker = joined.Worker }

    /// The first value of each block.
    let count (taker: Taker) (joined: JoinedInputs) =
        let fit = fit joined
        let rows = (joined.Rows ValueNone).Rows fit.ValuesPerBatch

        let schedule =
            Passes.schedule joined.Settings fit rows.Rows (Matrix.bytes joined.File.X) 1 1

        taker.Take(stage, schedule, rows, Sink.none, JoinedRows.starts, Aside.nothing)
