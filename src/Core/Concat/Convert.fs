/// Makes one .h5ad file of 10x files, folders of mtx files and several .h5ad files, out of core.
namespace SingleSharp.Core.Concat

open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs

[<RequireQualifiedAccess>]
module internal Convert =
    /// What an input is, told by its content.
    type private Kind =
        | AnnData
        | TenXFile
        | Folder

    let private kindOf path =
        match MatrixFolder.tryFolder path with
        | Some folder ->
            MatrixFolder.filesOf folder |> ignore
            Folder
        | None ->
            try
                using (Hdf5File.openRead path) (fun store -> if TenX.isTenX store then TenXFile else AnnData)
            with FaultException _ ->
                // Whoever opens it in earnest says what is wrong with it.
                AnnData

    /// The files that an input consists of.
    let filesOf input =
        match MatrixFolder.tryFolder input with
        | Some folder ->
            let struct (matrix, genes, cells) = MatrixFolder.filesOf folder
            [ matrix; genes; cells ]
        | None -> [ input ]

    /// Is it one .h5ad file, which needs no conversion?
    let isAnnData inputs =
        match inputs with
        | [ one ] -> kindOf one = AnnData
        | _ -> false

    let private samples (request: ConvertRequest) (inputs: string list) =
        let names =
            if request.Options.SampleNames.IsEmpty then
                SampleNames.ofInputs inputs
            else
                request.Options.SampleNames

        if names.Length <> inputs.Length then
            Fault.throw (
                InvalidOption(
                    "sample_names",
                    $"""{Plural.say names.Length "name does" "names do"} not fit {Plural.things inputs.Length "input"}"""
                )
            )

        match Concat.tryRepeated names with
        | Some name -> Fault.throw (InvalidOption("sample_names", $"two inputs are called {name}; give each a name of its own"))
        | None -> names

    /// Refuses options that fit no inputs, before any is read.
    let check (request: ConvertRequest) (inputs: string list) =
        if inputs.IsEmpty then
            Fault.throw (InvalidStep("convert", "there is no input"))

        if
            request.Options.SampleKey = "_index"
            || Links.along request.Options.SampleKey <> [ request.Options.SampleKey ]
            || request.Options.SampleKey.Contains '\000'
        then
            Fault.throw (InvalidOption("sample_key", $"a column cannot be called \"{request.Options.SampleKey}\""))

        if isAnnData inputs && request.Matrix = MatrixName.X then
            Fault.throw (
                InvalidStep(
                    "convert",
                    $"{inputs.Head} is an .h5ad file already; name several to join them, or say ⟨layer⟩ or ⟨use_raw⟩ to make another matrix X"
                )
            )

    let private requireChoices (request: ConvertRequest) kinds =
        if not (List.exists (fun (_, kind) -> kind <> AnnData) kinds) then
            for option, value in
                [ "genome", request.Options.Genome
                  "feature_type", request.Options.FeatureType ] do
                if value.IsSome then
                    Fault.throw (InvalidOption(option, "only inputs of Cell Ranger are chosen from by it, and there is none"))

        match request.Matrix, kinds |> List.tryFind (fun (_, kind) -> kind <> AnnData) with
        | (MatrixName.Layer _ | MatrixName.Raw), Some(input, _) ->
            Fault.throw (InvalidOption("⟨layer⟩ or ⟨use_raw⟩", $"{input} is no .h5ad file and has one matrix only"))
        | _ -> ()

    let private requireOther (inputs: CountInput list) (target: string) =
        for input in inputs do
            if input.Files |> List.exists (AtomicReplace.leadToOne target) then
                Fault.throw (CannotWrite(target, "it belongs to the input itself; name another file"))

    /// Opens all inputs, works with them, and closes them in every case.
    let rec private withAll opens (opened: CountInput list) work =
        match opens with
        | [] -> work (List.rev opened)
        | first :: rest -> using (first ()) (fun input -> withAll rest (TextChecks.require input :: opened) work)

    /// Names of genes are held as they are, as bytes to sort them by, in tables to find them by, and once more as they are written.
    let private namesHeld = 7L

    /// Refuses more names of genes than fit the memory allowed while inputs are put together.
    let private requireNames (held: NameMemory) (inputs: CountInput list) =
        let names =
            inputs |> List.sumBy (fun input -> input.Genes |> Array.sumBy DataFrame.nameBytes)

        // They are held once already.
        held.Borrow((namesHeld - 1L) * names)

    /// Refuses what cannot be written there in the end.
    let private requireRoom (settings: Settings) (combination: ConcatPlan) target =
        let cells = combination.Inputs |> List.sumBy _.Cells
        let storedIn (inputs: CountInput list) = inputs |> List.sumBy _.Stored

        /// Nobody knows how small they become where they are compressed.
        let isPlain =
            settings.Compression.IsNone || settings.Compression = Some Compression.None

        let matrixBytes numeric (inputs: CountInput list) =
            if isPlain then Checked.(*) (storedIn inputs) (int64 (DType.size numeric + sizeof<int>)) else 0L

        let layerBytes =
            combination.Layers |> List.sumBy (fun (_, numeric, layers) -> matrixBytes numeric (List.choose id layers))

        let gridBytes =
            combination.Annotations.Obsm
            |> List.sumBy (fun (_, grid) -> Checked.(*) cells (int64 grid.Width * int64 (DType.size grid.Type)))

        // A name takes some 64 bytes.
        AtomicReplace.require
            target
            (matrixBytes combination.Type combination.Inputs
             + layerBytes
             + gridBytes
             + 64L * (cells + combination.Annotations.GeneNames.LongLength))

    /// Opens all inputs and works with what they make together, while N bytes are held for names. What has to be put together
    /// before it can be read waits in the folder; to put it together may take N bytes of room.
    let gather
        (request: ConvertRequest)
        (settings: Settings)
        room
        (inputs: string list)
        scratchFolder
        (work: ConcatPlan -> NameMemory -> 'r)
        =
        let samples = samples request inputs

        let choice: TenXChoice =
            { Genome = request.Options.Genome
              FeatureType = request.Options.FeatureType
              SumDuplicates = request.SumDuplicates }

        let kinds = inputs |> List.map (fun input -> input, kindOf input)
        requireChoices request kinds
        let held = NameMemory settings.Memory

        let opens =
            kinds
            |> List.map (fun (input, kind) ->
                fun () ->
                    settings.Cancel.ThrowIfCancellationRequested()

                    match kind with
                    | AnnData -> H5adInput.openRead request.Matrix request.SumDuplicates input scratchFolder settings room held
                    | TenXFile -> TenX.openRead settings input choice held
                    | Folder -> MatrixFolder.openRead settings room scratchFolder input choice held)

        withAll opens [] (fun opened ->
            requireNames held opened

            let combination =
                ConcatPlan.make request.Options held (max 1L ((settings.Memory - held.Bytes) / 4L)) samples opened

            // Warnings are told by each door in its own spelling, as faults are.
            let spelled =
                { combination with
                    Warnings = lazy (combination.Warnings.Value |> List.map (OptionText.spell settings.Spelling)) }

            work spelled held)

    /// Does what has to be done before rows can be read, and returns the number of the first pass behind it.
    let private prepare (settings: Settings) (combination: ConcatPlan) =
        let opened = combination.Inputs
        let preparations = opened |> List.choose _.Prepare

        preparations
        |> List.iteri (fun i prepare ->
            prepare (fun cellsDone cells ->
                settings.Progress
                    { Pass = 1 + i
                      Passes = preparations.Length + opened.Length * (1 + combination.Layers.Length)
                      CellsDone = cellsDone
                      Cells = cells
                      Bytes = 0L
                      Task = System.Nullable() }))

        preparations.Length + 1

    let private convert (request: ConvertRequest) (settings: Settings) inputs target replace : Conversion =
        check request inputs

        ConversionCheck.requireUses
            false
            { Paths = inputs
              Convert = request.Options }

        AtomicReplace.require target 0L
        AtomicReplace.requireReplaceable target false

        let scratchFolder =
            Scratch.folder settings (Path.GetDirectoryName(AtomicReplace.resolve target))

        gather request settings settings.Memory inputs scratchFolder (fun combination all ->
            let held = all.Bytes
            let opened = combination.Inputs
            requireOther opened target
            combination.Warnings.Value |> List.iter settings.Warn
            // What does not fit into memory is refused before anything is read.
            for matrix in List.collect CountInput.matrices opened do
                matrix.Fit settings held |> ignore

            requireRoom settings combination target
            let firstPass = prepare settings combination
            let stored = ConcatRows.write settings held firstPass combination replace
            let cells = opened |> List.map _.Cells

            { Inputs = opened |> List.map _.Path
              Output = target
              Cells = List.sum cells
              Genes = combination.Annotations.GeneNames.Length
              StoredValues = stored
              Type = DType.name combination.Type
              Samples =
                if opened.Length > 1 then
                    [ for name, cells in List.zip (samples request inputs) cells -> { Name = name; Cells = cells } ]
                else
                    []
              ObsColumns = List.map fst combination.Annotations.Obs
              VarColumns = List.map fst combination.Annotations.Var
              Warnings = combination.Warnings.Value })

    /// Makes one file of all inputs, rows one after another, for those to read who may read all inputs, or for its owner alone.
    /// Throws a FaultException for expected trouble and OperationCanceledException when cancelled; then the target is as it was.
    let runFor isPrivate (request: ConvertRequest) (settings: Settings) (inputs: string list) (target: string) =
        convert request settings inputs target (fun files write ->
            AtomicReplace.replaceFor (if isPrivate then OwnerOnly else WhoReads files) target 0L write)

    /// The same for everybody who may read all inputs.
    let run request settings inputs target =
        runFor false request settings inputs target
