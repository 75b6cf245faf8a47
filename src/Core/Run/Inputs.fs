/// Lets everything that works on an .h5ad file work on other inputs too: through a temporary file that is gone afterwards.
namespace SingleSharp.Core.Run

open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Inputs
open SingleSharp.Core.Concat
open SingleSharp.Core.Steps

[<RequireQualifiedAccess>]
module internal Inputs =
    /// How inputs are called in a report.
    let shown (inputs: string list) = String.concat ", " inputs

    let private requireNewFile inputs output =
        match output with
        | NewFile target -> target
        | InPlace when Convert.isAnnData inputs ->
            Fault.throw (InvalidOption("use_raw", "only qc works on raw in place; anything else makes a new file of it, so say ⟨out=FILE⟩"))
        | InPlace -> Fault.throw (InvalidOption("in_place", $"{shown inputs} is not one .h5ad file that could be changed; say ⟨out=FILE⟩"))

    /// Is the input a file that needs no conversion? Steps that change values or genes and start from raw, which has genes of its
    /// own, need one.
    let isTakenAsItIs (input: Input) (recipe: Recipe) =
        let startsFromRaw = recipe.Matrix = MatrixName.Raw && not (Recipe.leavesRaw recipe)

        let isAnnData = Convert.isAnnData input.Paths
        ConversionCheck.requireUses isAnnData input
        isAnnData && not startsFromRaw

    /// What is asked of the conversion, and of what comes out of it.
    let apart (input: Input) (recipe: Recipe) : ConvertRequest * Recipe =
        { Options = input.Convert
          Matrix = recipe.Matrix
          SumDuplicates = recipe.SumDuplicates },
        { recipe with
            Matrix = MatrixName.X
            SumDuplicates = false }

    /// What a step must not be taken on is refused now: a file that is made of several no longer says what its inputs say.
    let requireSteps (recipe: Recipe) (settings: Settings) (inputs: string list) =
        if recipe.Matrix = MatrixName.X then
            for path in inputs do
                if Convert.isAnnData [ path ] then
                    using (AnnDataFile.openReadWithin settings.Memory MatrixName.X path) (fun file -> RunPlan.requireSteps file recipe)

    /// Gives `work` an .h5ad file with what the inputs hold, the recipe as it applies to this file, and the warnings of converting.
    /// A single .h5ad file is given as it is, unless steps that change values or genes are to start from its raw, which has genes of
    /// its own. Anything else is converted to a temporary file beside the output, or among the temporary files of this machine where
    /// there is none; it is removed whatever happens.
    let asFile (input: Input) (recipe: Recipe) (settings: Settings) (output: Output option) (work: string -> Recipe -> string list -> 'r) =
        let inputs = input.Paths

        if isTakenAsItIs input recipe then
            work inputs.Head recipe []
        else
            requireSteps recipe settings inputs
            let conversion, recipe = apart input recipe
            let target = output |> Option.map (requireNewFile inputs)

            // What cannot be written in the end is not worth converting for.
            target
            |> Option.iter (fun target ->
                AtomicReplace.require target 0L
                AtomicReplace.requireReplaceable target false)

            let folder =
                Scratch.folder
                    settings
                    (match target with
                     | Some target -> Path.GetDirectoryName(AtomicReplace.resolve target)
                     | None -> Path.GetTempPath())

            /// A folder of somebody's own choice may be one of all users, as that of temporary files is.
            let isPrivate = target.IsNone || settings.Scratch.IsSome

            let temporary = TempFile.pathIn (AtomicReplace.resolve folder)

            try
                let shownTarget =
                    settings.Scratch |> Option.orElse target |> Option.defaultValue temporary

                Temporary.telling temporary (shown inputs) shownTarget (fun () ->
                    // Beside the output, it is for the readers of that; among the temporary files of all users, for nobody else.
                    let converted = Convert.runFor isPrivate conversion settings inputs temporary

                    // Held for as long as it is needed, so that no other run takes it for left behind.
                    use _ =
                        Hdf5File.openHandle temporary FileAccess.Read (FileShare.Read ||| FileShare.Delete)

                    work temporary recipe (List.ofSeq converted.Warnings))
            finally
                TempFile.remove temporary

    /// Runs a recipe on what the inputs hold.
    let run (input: Input) recipe (settings: Settings) output =
        recipe.Also |> List.iter _.Body.Begin()
        Recipe.check recipe

        match output with
        | NewFile target -> Apart.require target (Recipe.files recipe)
        | InPlace -> ()

        let asked =
            { Input = input
              Files = List.collect Convert.filesOf input.Paths
              Recipe = recipe }

        let report =
            asFile input recipe settings (Some output) (fun file recipe warnings ->
                let report = Narrow.run asked recipe settings file output

                { report with
                    Input = shown input.Paths
                    Warnings = warnings @ List.ofSeq report.Warnings })

        recipe.Also |> List.iter _.Body.Succeed()
        report

    /// What would be converted, without a copy of it: `look` gets the planned file, the recipe as it applies to it, what the
    /// inputs make together, and the memory that converting needs. Unless it has to be exact, values of genes that are not taken
    /// count as well.
    let foreseen (input: Input) (recipe: Recipe) (settings: Settings) isExact look =
        let conversion, recipe = apart input recipe

        Convert.check conversion input.Paths

        Convert.gather
            conversion
            settings
            settings.Memory
            input.Paths
            (Scratch.folder settings (Path.GetTempPath()))
            (fun combination all ->
                let held = all.Bytes

                let memory =
                    combination.Inputs
                    |> List.collect CountInput.matrices
                    |> List.map (fun matrix -> (matrix.Fit settings held).Memory)
                    |> List.fold max all.Most

                let looked =
                    if isExact then Some(ConcatRows.look settings held combination) else None

                let stored =
                    match looked with
                    | Some looked -> looked |> List.sumBy _.Values
                    | None -> combination.Inputs |> List.sumBy _.Stored

                let batchKey = recipe.Steps |> List.tryPick _.Body.BatchKey
                let mask = recipe.Steps |> List.tryPick _.Body.MaskObs

                use file =
                    SketchedObs.Looked(batchKey, mask) |> PlannedFile.make settings.Compression (shown input.Paths) all combination stored

                look file recipe combination looked memory)

    let private beside memory (plan: Plan) =
        { plan with
            Memory = max memory plan.Memory }

    /// What a recipe means for what the inputs hold, which are read where they lie.
    let plan (input: Input) (recipe: Recipe) (settings: Settings) =
        let planned file isThere recipe warnings =
            let plan = Narrow.plan file isThere recipe settings
            plan.Warnings |> Seq.iter settings.Warn

            { plan with
                Warnings = warnings @ List.ofSeq plan.Warnings }

        if isTakenAsItIs input recipe then
            using (AnnDataFile.openReadWithin settings.Memory recipe.Matrix input.Paths.Head) (fun file -> planned file true recipe [])
        else
            requireSteps recipe settings input.Paths

            foreseen input recipe settings false (fun file recipe combination _ memory ->
                combination.Warnings.Value |> List.iter settings.Warn
                planned file false recipe combination.Warnings.Value |> beside memory)

    /// What the inputs hold and what a recipe would do to it; they are read where they lie.
    let info (input: Input) (recipe: Recipe) (settings: Settings) =
        let inputs = input.Paths

        if isTakenAsItIs input recipe then
            using (AnnDataFile.openReadWithin settings.Memory recipe.Matrix inputs.Head) (fun file ->
                { Info.ofFile file recipe settings with
                    Path = inputs.Head })
        else
            foreseen input recipe settings true (fun file recipe combination looked memory ->
                let looked = Option.get looked

                let info =
                    Info.ofExamined file recipe settings (looked |> List.forall _.AreCounts) (looked |> List.sumBy _.CellsExamined)

                /// Of several inputs, each dataset with the input that it is in.
                let named (input: CountInput) (stored: StoredDataset) =
                    if inputs.Length = 1 then
                        stored
                    else
                        { stored with
                            Name = $"{input.Path}: {stored.Name}" }

                { info with
                    Path = shown inputs
                    Bytes = combination.Inputs |> List.collect _.Files |> List.sumBy (fun file -> FileInfo(file).Length)
                    Matrix =
                        List.zip combination.Inputs looked |> List.collect (fun (input, looked) -> List.map (named input) looked.Matrix)
                    Others = [ for name, _, _ in combination.Layers -> $"layers/{name}" ]
                    Plan =
                        { beside memory info.Plan with
                            Warnings = combination.Warnings.Value @ List.ofSeq info.Plan.Warnings } })

    /// Answers a fold of somebody's own over a matrix of an input.
    let ask (input: Input) matrix sumDuplicates (settings: Settings) question =
        let ofFile path (recipe: Recipe) =
            using (AnnDataFile.openReadWithin settings.Memory recipe.Matrix path) (fun file ->
                Passes.ask file recipe.SumDuplicates settings (CsrBatch.folding question))

        let recipe =
            { Recipe.ofSteps [] with
                Matrix = matrix
                SumDuplicates = sumDuplicates }

        let isAnnData = Convert.isAnnData input.Paths
        ConversionCheck.requireUses isAnnData input

        if isAnnData then
            ofFile input.Paths.Head recipe
        else
            asFile input recipe settings None (fun path recipe _ -> ofFile path recipe)
