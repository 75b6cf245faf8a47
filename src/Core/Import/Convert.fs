/// Makes one .h5ad file of 10x files, folders of mtx files and several .h5ad files, out of core.
namespace SingleSharp.Core

open System
open System.IO

/// How inputs are read and joined.
type ConvertRecipe =
    {
        /// Of a 10x .h5 file: only genes of this genome.
        Genome: string option
        /// Of 10x inputs: only features of this type; none means "Gene Expression", "all" means every one.
        FeatureType: string option
        /// Give genes of equal names different ones, as anndata's var_names_make_unique does.
        MakeUnique: bool
        Join: Join
        /// The column of obs that says which input a cell is from, where there are several.
        SampleKey: string
        /// Names of the inputs; empty for those of the files without their endings.
        SampleNames: string list
        /// What stands between the name of a cell and that of its sample; none leaves names of cells as they are.
        IndexUnique: string option
    }

/// What a conversion did.
type Conversion =
    {
        Inputs: string list
        Output: string
        Cells: int64
        Genes: int
        StoredValues: int64
        /// The type of X.
        Type: string
        /// Names of the inputs and how many cells each has; empty where there is only one.
        Samples: (string * int64) list
        ObsColumns: string list
        VarColumns: string list
        Warnings: string list
    }

[<RequireQualifiedAccess>]
module Convert =
    let standard =
        { Genome = None
          FeatureType = None
          MakeUnique = false
          Join = Inner
          SampleKey = "sample"
          SampleNames = []
          IndexUnique = None }

    /// What an input is, told by its content.
    type private Kind =
        | AnnData
        | TenXFile
        | Folder

    let private kindOf path =
        if Directory.Exists path then
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

        if isAnnData inputs then
            Fault.throw (BadOption("convert", $"{inputs.Head} is an .h5ad file already; name several to join them"))

    let private requireChoices recipe kinds =
        if not (List.exists (fun (_, kind) -> kind <> AnnData) kinds) then
            for option, value in [ "--genome", recipe.Genome; "--feature-type", recipe.FeatureType ] do
                if value.IsSome then
                    Fault.throw (BadOption(option, "only inputs of Cell Ranger are chosen from by it, and there is none"))

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

    let private uniquely recipe (intake: Intake) =
        if recipe.MakeUnique then
            { intake with
                Genes = MatrixFolder.unique intake.Genes }
        else
            intake

    /// Genes of one input may have equal names; those of several must be told apart.
    let private requireUnique (intake: Intake) =
        match Joint.tryRepeated intake.Genes with
        | Some gene ->
            Fault.throw (
                Unsupported(
                    intake.Path,
                    "the names of its genes",
                    $"{gene} occurs twice, so genes cannot be matched by name; pass --make-unique, or make names unique with anndata's var_names_make_unique"
                )
            )
        | None -> ()

    let private cellNames recipe (samples: string list) (inputs: Intake list) =
        List.zip samples inputs
        |> Seq.collect (fun (sample, intake) ->
            match recipe.IndexUnique with
            | Some separator when inputs.Length > 1 -> intake.CellNames |> Seq.map (fun name -> name + separator + sample)
            | _ -> intake.CellNames)

    let private sampleField (samples: string list) (inputs: Intake list) =
        let codes =
            inputs |> Seq.indexed |> Seq.collect (fun (code, intake) -> Seq.init (int intake.Cells) (fun _ -> code))

        Field.Categories(Array.ofList samples, false, codes)

    /// A list that does not grow beyond what people read.
    let private some (names: string list) =
        let shown = names |> List.truncate 10 |> String.concat ", "
        if names.Length > 10 then $"{shown} and {names.Length - 10} more" else shown

    let private warnings recipe (inputs: Intake list) genes (cells: seq<string>) leftOut =
        [ match leftOut @ (inputs |> List.collect _.LeftOut) |> List.distinct with
          | [] -> ()
          | names -> $"left out, because they cannot be taken over: {some names}"
          match Joint.tryRepeated (genes: string[]) with
          | Some gene -> $"names of genes are not unique, as {gene}; --make-unique gives each a name of its own"
          | None -> ()
          if inputs.Length > 1 then
              match Joint.tryRepeated cells with
              | Some cell when recipe.IndexUnique.IsNone ->
                  $"names of cells repeat, as {cell}; --index-unique - puts the sample behind each"
              | Some cell -> $"names of cells repeat, as {cell}"
              | None -> ()

              if inputs |> List.exists (fun intake -> List.exists (fun (name, _) -> name = recipe.SampleKey) intake.Obs) then
                  $"obs/{recipe.SampleKey} of the inputs is replaced by the sample; --sample-key gives it another name" ]

    /// The type of X: that of all inputs, or what their types have in common. Truth values count as numbers.
    let private typeOf (inputs: Intake list) =
        inputs
        |> List.map (fun intake -> if intake.Type = Numeric.Bool then Numeric.UInt8 else intake.Type)
        |> List.reduce (fun left right -> Promotion.common left right |> Option.defaultValue Numeric.Float64)

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
        with BlockFailed(_, _, SecondValue(cell, column)) ->
            let gene =
                match intake.Places[column] with
                | -1 -> $"at column {column}"
                | place -> intake.Genes[place]

            Fault.throw (StoredTwice(intake.Path, Seq.item (int cell) intake.CellNames, gene))

    let private write recipe (settings: Settings) samples firstPass (inputs: Intake list) (target: string) =
        requireOther inputs target
        let inputs = inputs |> List.map (uniquely recipe)
        let isJoined = inputs.Length > 1

        if isJoined then
            List.iter requireUnique inputs

        let genes =
            if isJoined then Joint.genes recipe.Join (inputs |> List.map _.Genes) else inputs.Head.Genes

        let obs, oddObs =
            if isJoined then inputs |> List.map _.Obs |> Joint.obs else inputs.Head.Obs, []

        let var, oddVar =
            if isJoined then
                inputs |> List.map (fun intake -> intake.Genes, intake.Var) |> Joint.var genes
            else
                inputs.Head.Var, []

        let obs =
            if isJoined then
                (obs |> List.filter (fun (name, _) -> name <> recipe.SampleKey)) @ [ recipe.SampleKey, sampleField samples inputs ]
            else
                obs

        let oddObs = oddObs |> List.except [ $"obs/{recipe.SampleKey}" ]
        let names = cellNames recipe samples inputs
        let warnings = warnings recipe inputs genes names (oddObs @ oddVar)
        warnings |> List.iter settings.Warn

        /// Where each stored column of an input goes.
        let places (intake: Intake) =
            if isJoined then
                let joined = Joint.places genes intake.Genes
                intake.Places |> Array.map (fun place -> if place < 0 then place else joined[place])
            else
                intake.Places

        let cells = inputs |> List.sumBy _.Cells
        let most = inputs |> List.sumBy _.Stored
        let numeric = typeOf inputs
        Publish.require target (Checked.(*) most (int64 (Numeric.size numeric + 4)) + 64L * (cells + int64 genes.Length))

        let fill outlet =
            inputs
            |> List.mapi (fun i intake -> rowsOf settings (firstPass + i) (firstPass + inputs.Length - 1) intake (places intake) outlet)
            |> List.sum

        let found =
            Publish.replace target 0L (fun disk ->
                let found =
                    Fresh.write
                        disk
                        numeric
                        cells
                        most
                        { CellNames = names
                          Obs = obs
                          GeneNames = genes
                          Var = var }
                        fill

                match inputs |> List.tryFind (fun intake -> intake.IsChanged()) with
                | Some intake -> Fault.throw (InputChanged intake.Path)
                | None -> found)

        { Inputs = inputs |> List.map _.Path
          Output = target
          Cells = cells
          Genes = genes.Length
          StoredValues = found
          Type = Numeric.name numeric
          Samples = if isJoined then List.zip samples (inputs |> List.map _.Cells) else []
          ObsColumns = List.map fst obs
          VarColumns = List.map fst var
          Warnings = warnings }

    /// Makes one file of all inputs, rows one after another. Throws a FaultException for expected trouble and
    /// OperationCanceledException when cancelled; then the target is as it was.
    let run (recipe: ConvertRecipe) (settings: Settings) (inputs: string list) (target: string) =
        check recipe inputs
        let samples = if inputs.Length > 1 then samples recipe inputs else []
        let scratchFolder = Path.GetDirectoryName(Publish.resolve target)

        if not (Directory.Exists scratchFolder) then
            Fault.throw (CannotWrite(target, "its folder does not exist"))

        let choice: TenXChoice =
            { Genome = recipe.Genome
              FeatureType = recipe.FeatureType }

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
                    | AnnData -> FromH5ad.openRead input scratchFolder settings
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

        withAll opens [] (fun intakes -> write recipe settings samples (folders.Length + 1) intakes target)
