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
        /// What is left of the memory allowed beside the reading of inputs.
        Settings: Settings
        /// What reading inputs takes of it.
        Memory: int64
        Warnings: Lazy<string list>
        /// Is it known where values begin before any is read?
        AreStartsKnown: bool
        /// The rows; the argument has the first value of each block, if that was counted.
        Rows: int64[] voption -> CsrView
        IsChanged: unit -> bool
    }

[<RequireQualifiedAccess>]
module internal JoinedInputs =
    /// What names take that are held, and what reading the most demanding input takes. It is content with a quarter of the memory where
    /// that is possible, since the rest is for what is done with the rows.
    let private memory (settings: Settings) (held: NameMemory) (combination: ConcatPlan) =
        let quarter =
            { settings with
                Memory = held.Bytes + (settings.Memory - held.Bytes) / 4L }

        let fitOf (input: CountInput) =
            try
                input.Fit quarter held.Bytes
            with FaultException(InsufficientMemory(_, needed, _, _)) ->
                input.Fit
                    { settings with
                        Memory = min settings.Memory needed }
                    held.Bytes

        combination.Inputs |> List.map (fun input -> (fitOf input).Memory) |> List.fold max held.Most

    /// Does the recipe ask for more of the cells than their batches and a mask? A query may ask for any column, and for names.
    let private asksForAll (recipe: Recipe) =
        recipe.Steps |> List.exists (fun step -> step.Name = "subset")

    /// Gives `work` what the inputs make together; no row is read before it asks for one. What has to be put together before it can be read
    /// waits in the folder.
    let read (input: Input) (recipe: Recipe) (settings: Settings) folder (work: JoinedInputs -> 'r) =
        let conversion, recipe = Inputs.apart input recipe

        Convert.gather conversion settings input.Paths folder (fun combination held ->
            let stored = combination.Inputs |> List.sumBy _.Stored

            let sketched =
                if asksForAll recipe then
                    SketchedObs.All folder
                else
                    SketchedObs.Looked(recipe.Steps |> List.tryPick _.Body.BatchKey, recipe.Steps |> List.tryPick _.Body.MaskObs)

            use file =
                PlannedFile.make settings.Compression (Inputs.shown input.Paths) held combination stored sketched

            let memory = memory settings held combination
            let known = JoinedRows.tryStarts combination

            let rows counted =
                let starts =
                    match counted, known with
                    | ValueSome starts, _ -> ValueStarts.OfBlocks starts
                    | ValueNone, Some starts -> ValueStarts.OfInputs starts
                    | ValueNone, None -> ValueStarts.Unasked

                CsrView.From(
                    file,
                    { Rows = JoinedRows.source combination starts settings.Cancel.ThrowIfCancellationRequested
                      CellName = fun cell -> combination.Annotations.CellNames |> Seq.item (int cell) }
                )

            work
                { File = file
                  Recipe = recipe
                  Settings =
                    { settings with
                        Memory = settings.Memory - memory }
                  Memory = memory
                  Warnings = combination.Warnings
                  AreStartsKnown = known.IsSome
                  Rows = rows
                  IsChanged = fun () -> combination.Inputs |> List.exists (fun input -> input.IsChanged()) })

    /// Must values be counted before the main pass? Where values go to places of their own beforehand, these must be known.
    let mustCount (joined: JoinedInputs) (values: ValueStorage) =
        not joined.AreStartsKnown && (values = Overwrite || values = StoreAnew)

    /// What counting is called as a stage of a run over shards.
    let stage = "count"

    /// How values are counted.
    let fit (joined: JoinedInputs) =
        Budget.fit joined.File.X joined.Settings Budget.nothing

    /// The first value of each block.
    let count (taker: Taker) (joined: JoinedInputs) =
        let fit = fit joined
        let rows = (joined.Rows ValueNone).Rows fit.ValuesPerBatch

        let schedule =
            Passes.schedule joined.Settings fit rows.Rows (Matrix.bytes joined.File.X) 1 1

        taker.Take(stage, schedule, rows, Sink.none, JoinedRows.starts, Aside.nothing)
