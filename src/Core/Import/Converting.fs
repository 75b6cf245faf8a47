/// Makes one .h5ad file of 10x files, folders of mtx files and several .h5ad files, out of core.
namespace SingleSharp.Core

open System.IO

[<RequireQualifiedAccess>]
module Converting =
    /// What an input is, told by its content.
    type private Kind =
        | AnnData
        | TenXFile
        | Folder

    let private kindOf path =
        if Directory.Exists path then
            MatrixFolder.filesOf path |> ignore
            Folder
        else
            try
                using (Store.openRead path) (fun store -> if TenX.isTenX store then TenXFile else AnnData)
            with FaultException _ ->
                // Whoever opens it in earnest says what is wrong with it.
                AnnData

    /// Is it one .h5ad file, which needs no conversion?
    let isAnnData inputs =
        match inputs with
        | [ one ] -> kindOf one = AnnData
        | _ -> false

    let private nameOf (input: string) =
        let full = Path.TrimEndingDirectorySeparator(Path.GetFullPath input)
        if Directory.Exists full then Path.GetFileName full else Path.GetFileNameWithoutExtension full

    let private samples recipe (inputs: string list) =
        let names =
            if recipe.SampleNames.IsEmpty then List.map nameOf inputs else recipe.SampleNames

        if names.Length <> inputs.Length then
            Fault.throw (BadOption("--sample-names", $"{names.Length} names do not fit {inputs.Length} inputs"))

        match Joint.tryRepeated names with
        | Some name -> Fault.throw (BadOption("--sample-names", $"two inputs are called {name}; give each a name of its own"))
        | None -> names

    let private check recipe (inputs: string list) =
        if inputs.IsEmpty then
            Fault.throw (BadOption("convert", "there is no input"))

        if recipe.SampleKey = "" || recipe.SampleKey = "_index" || recipe.SampleKey.IndexOfAny [| '/'; '\000' |] >= 0 then
            Fault.throw (BadOption("--sample-key", $"a column cannot be called \"{recipe.SampleKey}\""))

        if isAnnData inputs && recipe.Matrix = MatrixName.X then
            Fault.throw (
                BadOption(
                    "convert",
                    $"{inputs.Head} is an .h5ad file already; name several to join them, or say --layer or --use-raw to make another matrix X"
                )
            )

    let private requireChoices recipe kinds =
        if not (List.exists (fun (_, kind) -> kind <> AnnData) kinds) then
            for option, value in [ "--genome", recipe.Genome; "--feature-type", recipe.FeatureType ] do
                if value.IsSome then
                    Fault.throw (BadOption(option, "only inputs of Cell Ranger are chosen from by it, and there is none"))

        match recipe.Matrix, kinds |> List.tryFind (fun (_, kind) -> kind <> AnnData) with
        | (MatrixName.Layer _ | MatrixName.Raw), Some(input, _) ->
            Fault.throw (BadOption("--layer or --use-raw", $"{input} is no .h5ad file and has one matrix only"))
        | _ -> ()

    let private requireOther (inputs: Intake list) (target: string) =
        let resolved = Publish.resolve target

        for intake in inputs do
            if intake.Files |> List.exists (fun file -> Publish.resolve file = resolved) then
                Fault.throw (CannotWrite(target, "it belongs to the input itself; name another file"))

    /// Opens all inputs, works with them, and closes them in every case.
    let rec private withAll opens (opened: Intake list) work =
        match opens with
        | [] -> work (List.rev opened)
        | first :: rest -> using (first ()) (fun intake -> withAll rest (intake :: opened) work)

    /// How many values come.
    let private stored: Fold<Slice, int64> =
        Fold.ofSteps
            { Fresh = fun () -> 0L
              Step = fun sum slice -> sum + int64 slice.Count
              Merge = (+)
              Finish = id }

    let private rowsOf (settings: Settings) pass passes (intake: Intake) places outlet =
        let fit, rows = intake.Open settings

        let schedule =
            { Workers = settings.Workers
              Window = fit.Window
              Cancel = settings.Cancel
              RowsDone =
                fun rows ->
                    settings.Progress
                        { Pass = pass
                          Passes = passes
                          CellsDone = rows
                          Cells = intake.Cells
                          Bytes = intake.Stored * 8L } }

        try
            Blocks.run schedule (Intake.moved places rows) outlet stored
        with BlockFailed(_, _, (SecondValue(cell, column) | SumTooLarge(cell, column) as cause)) ->
            let cell = Seq.item (int cell) intake.CellNames

            let gene =
                match intake.Places[column] with
                | -1 -> $"at column {column}"
                | place -> intake.Genes[place]

            Fault.throw (
                match cause with
                | SecondValue _ -> StoredTwice(intake.Path, cell, gene)
                | _ -> BadOption("--sum-duplicates", $"the values of cell {cell}, gene {gene} add up to more than X of {intake.Path} holds")
            )

    let private write (settings: Settings) firstPass (combination: Combination) target =
        let inputs = combination.Inputs
        let annotations = combination.Annotations
        let cells = inputs |> List.sumBy _.Cells
        let most = inputs |> List.sumBy _.Stored
        let valueBytes = int64 (Numeric.size combination.Type + sizeof<int>)
        // A name takes some 64 bytes.
        Publish.require target (Checked.(*) most valueBytes + 64L * (cells + annotations.GeneNames.LongLength))

        let fill outlet =
            List.zip inputs combination.Places
            |> List.mapi (fun i (intake, places) -> rowsOf settings (firstPass + i) (firstPass + inputs.Length - 1) intake places outlet)
            |> List.sum

        Publish.replace target 0L (fun disk ->
            let stored = Fresh.write disk combination.Type cells most annotations fill

            match inputs |> List.tryFind (fun intake -> intake.IsChanged()) with
            | Some intake -> Fault.throw (InputChanged intake.Path)
            | None -> stored)

    let private convert recipe (settings: Settings) samples firstPass (inputs: Intake list) target =
        requireOther inputs target
        let combination = Combine.make recipe samples inputs
        let warnings = combination.Warnings |> List.map Shown.line
        warnings |> List.iter settings.Warn
        let stored = write settings firstPass combination target
        let cells = inputs |> List.map _.Cells

        { Inputs = inputs |> List.map _.Path
          Output = target
          Cells = List.sum cells
          Genes = combination.Annotations.GeneNames.Length
          StoredValues = stored
          Type = Numeric.name combination.Type
          Samples = if inputs.Length > 1 then List.zip samples cells else []
          ObsColumns = List.map fst combination.Annotations.Obs
          VarColumns = List.map fst combination.Annotations.Var
          Warnings = warnings }

    /// Makes one file of all inputs, rows one after another. Throws a FaultException for expected trouble and
    /// OperationCanceledException when cancelled; then the target is as it was.
    let run (recipe: ConvertRecipe) (settings: Settings) (inputs: string list) (target: string) =
        check recipe inputs
        Conversion.requireUses false recipe inputs
        let samples = samples recipe inputs
        let scratchFolder = Path.GetDirectoryName(Publish.resolve target)

        if not (Directory.Exists scratchFolder) then
            Fault.throw (CannotWrite(target, "its folder does not exist"))

        let choice: TenXChoice =
            { Genome = recipe.Genome
              FeatureType = recipe.FeatureType
              SumDuplicates = recipe.SumDuplicates }

        let kinds = inputs |> List.map (fun input -> input, kindOf input)

        requireChoices recipe kinds

        // Folders are read twice: the text once, the sorted entries once.
        let folders = kinds |> List.filter (fun (_, kind) -> kind = Folder)
        let passes = folders.Length + inputs.Length

        let opens =
            kinds
            |> List.map (fun (input, kind) ->
                fun () ->
                    settings.Cancel.ThrowIfCancellationRequested()

                    match kind with
                    | AnnData -> FromH5ad.openRead recipe.Matrix recipe.SumDuplicates input scratchFolder settings
                    | TenXFile -> TenX.openRead input choice
                    | Folder ->
                        let pass = 1 + (folders |> List.findIndex (fun (folder, _) -> folder = input))

                        MatrixFolder.openRead settings scratchFolder input choice (fun cellsDone cells ->
                            settings.Progress
                                { Pass = pass
                                  Passes = passes
                                  CellsDone = cellsDone
                                  Cells = cells
                                  Bytes = 0L }))

        withAll opens [] (fun intakes -> convert recipe settings samples (folders.Length + 1) intakes target)
