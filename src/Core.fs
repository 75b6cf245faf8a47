/// The F# door: everything that SingleSharp does, one line each.
namespace SingleSharp.Core

open System
open SingleSharp
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Verify
open SingleSharp.Core.Concat
open SingleSharp.Core.Export
open SingleSharp.Core.Run
open SingleSharp.Core.Shards

/// Preprocessing of single-cell count matrices in .h5ad files, out of core, with the same bits everywhere.
///
/// A matrix is cells × genes: csr, csc or dense. Every function streams X from disk in bounded memory and leaves everything that
/// it does not write as it is. An input is an .h5ad file, a 10x .h5 file, a folder with matrix.mtx, or several of these, which are
/// joined. Results are those of scanpy, and they do not depend on the number of workers, the memory allowed, the storage of the
/// file or the machine.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Pipeline =
    /// Expected trouble becomes a value; bugs and cancellation throw.
    let internal guarded work =
        try
            Ok(work ())
        with
        | :? OperationCanceledException -> reraise ()
        | OwnCode.Thrown cause ->
            cause.Throw()
            reraise ()
        | trouble when (Fault.tryFind trouble).IsSome -> Error (Fault.tryFind trouble).Value

    /// The same with settings that make sense.
    let internal within (settings: Settings) work =
        guarded (fun () ->
            settings.Compression |> Option.bind Compression.mistake |> Option.iter Fault.throw
            Scratch.require settings
            work ())

    /// Runs a recipe on an input: one read of X for everything that can be done at once, and one for each thing that cannot; `plan`
    /// counts them.
    let run (recipe: Recipe) (settings: Settings) (input: Input) (output: Output) : Result<Report, Fault> =
        within settings (fun () -> Inputs.run input recipe settings output)

    /// What a recipe means for an input: reads, writes and memory, before anything runs.
    let plan (recipe: Recipe) (settings: Settings) (input: Input) : Result<Plan, Fault> =
        within settings (fun () -> Inputs.plan input recipe settings)

    /// What is in an input, and what a recipe would do to it.
    let info (recipe: Recipe) (settings: Settings) (input: Input) : Result<Info, Fault> =
        within settings (fun () -> Inputs.info input recipe settings)

    /// Makes one .h5ad file of 10x .h5 files, folders with matrix.mtx, and several .h5ad files, rows one after another, or of another
    /// matrix of one file. Duplicate entries are added up where that is wanted, or refused.
    let convert
        (matrix: MatrixName)
        (sumDuplicates: bool)
        (settings: Settings)
        (input: Input)
        (target: string)
        : Result<Conversion, Fault> =
        within settings (fun () ->
            Convert.run
                { Options = input.Convert
                  Matrix = matrix
                  SumDuplicates = sumDuplicates }
                settings
                input.Paths
                target)

    /// Cuts an input into one .h5ad file for each value of a column of obs, with all that adata[adata.obs[column] == value] has, and a
    /// table of the files, manifest.csv, which is written last. A read of X for each file passes over long stretches without cells of
    /// its own. Cells without a value are in none of the files. Files that manifest.csv of an
    /// earlier split lists are replaced one by one, or refused; any other file that is there is refused.
    let split (column: string) (replaces: bool) (settings: Settings) (input: Input) (folder: string) : Result<Split, Fault> =
        within settings (fun () ->
            Split.run
                { Column = column
                  Replaces = replaces
                  Folder = folder }
                input
                settings)

    /// Answers a fold of one's own in one read of a matrix: the same bits for any number of workers and any memory, as long as it steps
    /// row by row, so that cutting a row batch in two changes no state. Duplicate entries are added up where that is wanted, or refused.
    /// What its own code throws arrives as it was thrown.
    let foldOf
        (matrix: MatrixName)
        (sumDuplicates: bool)
        (question: Fold<CsrBatch, 'r>)
        (settings: Settings)
        (input: Input)
        : Result<'r, Fault> =
        within settings (fun () -> Inputs.ask input matrix sumDuplicates settings question)

    /// The same of X, without duplicate entries.
    let fold (question: Fold<CsrBatch, 'r>) (settings: Settings) (input: Input) : Result<'r, Fault> =
        foldOf MatrixName.X false question settings input

    /// The first rows of obs, var, a matrix or an array of a file, as text; nothing else is read.
    let head (request: HeadRequest) (settings: Settings) (path: string) : Result<TableHead, Fault> =
        guarded (fun () -> Head.read request settings path)

    /// A SHA-256 per object over canonical values and attributes, and one for the whole file. Storage does not matter.
    let digest (settings: Settings) (path: string) : Result<Digest, Fault> =
        guarded (fun () -> using (Hdf5File.openReadWithin settings.Memory path) (fun store -> Digest.ofStore store settings.Cancel))

    /// Checks a file through and through: structure, checksums, chunks, and whether the parts of an AnnData fit together.
    /// What is wrong with it is among the findings; a fault is a file that cannot be opened.
    let verify (settings: Settings) (path: string) : Result<Verification, Fault> =
        guarded (fun () -> Verify.ofFile path settings.Memory settings.Cancel)

    /// The runs that a file tells of in uns/singlesharp, the first one first; none where it tells of none.
    let history (settings: Settings) (path: string) : Result<PastRun list, Fault> =
        guarded (fun () -> using (Hdf5File.openReadWithin settings.Memory path) Provenance.history)

    /// Writes a data frame (obs, var, raw/var, obsm/NAME), one column of it (obs/NAME) or an array (obsm/X_pca) of a file as CSV or as an
    /// array of NumPy, some rows at a time. Without columns it is all of them, without a format that of the name of the target.
    let export
        (element: string)
        (columns: string list)
        (format: ExportFormat option)
        (settings: Settings)
        (path: string)
        (target: string)
        : Result<Exported, Fault> =
        match format with
        | Some format -> Ok format
        | None -> ExportFormat.ofFile target
        |> Result.bind (fun format -> guarded (fun () -> Export.file settings element columns format path target))

    /// The same to a stream, which stays open.
    let exportTo
        (element: string)
        (columns: string list)
        (format: ExportFormat)
        (settings: Settings)
        (path: string)
        (target: IO.Stream)
        : Result<Exported, Fault> =
        guarded (fun () -> Export.stream settings element columns format path target)

    /// Refuses a file that cannot be written, or that would take the place of one of the others, such as what a run reads.
    let requireApart (target: string) (others: string list) : Result<unit, Fault> =
        guarded (fun () ->
            AtomicReplace.require target 0L
            AtomicReplace.requireReplaceable target false
            Apart.require target others)

    /// Writes a small file of synthetic blood cells; it holds the same values on every machine.
    let demo (settings: Settings) (path: string) : Result<unit, Fault> =
        guarded (fun () -> Demo.write settings path)

    /// What is wrong with a recipe whatever the data; nothing, usually.
    let check (recipe: Recipe) : Fault list = Recipe.mistakes recipe

    /// All steps with their defaults, in the order in which they are taken.
    let steps = AllSteps.inOrder

    /// The version of this library, such as 0.1.0.
    let version = Contract.Release.version

    /// Versions with the same number compute the same bits.
    let bits = Contract.Release.bits

/// Files that are open for reading: names, columns, matrices and everything else, in pieces.
[<RequireQualifiedAccess>]
module H5ad =
    /// Opens an .h5ad file. What is read later is read within the memory of the settings; trouble with it is a SingleSharpException. Dispose of
    /// the file.
    let openFile (settings: Settings) (path: string) : Result<H5adFile, Fault> =
        try
            Scratch.require settings
            Ok(H5adFile.Open(settings, path))
        with trouble when (Fault.tryFind trouble).IsSome ->
            Error (Fault.tryFind trouble).Value

/// A run whose work is cut into shards, for many machines.
[<Sealed>]
type ShardedRun internal (run: PlannedRun) =
    /// Its stages, tasks, and what they take.
    member _.Plan = run.Told

    /// The plan as a file has it.
    member _.Json = PlanFile.write run

    member internal _.Run = run

/// One run over many machines, with the bits of Pipeline.run: any cut into shards, any order of tasks, any repeats. Each stage has a task for each
/// shard and then a merge, which waits for all of them; the merge of the last stage writes the output. Tasks and merges may be taken again, on any
/// machine that sees the input and the folder of parts, and at the same time.
[<RequireQualifiedAccess>]
module Shard =
    /// Parts in a folder; a minute of patience.
    let parts folder : ShardParts =
        { Folder = folder
          Patience = TimeSpan.FromMinutes 1.0 }

    let private planned shards withFiles recipe settings input output =
        Pipeline.within settings (fun () -> ShardPlanning.plan input recipe settings shards withFiles output |> ShardedRun)

    /// Plans a run of an input to a new file. What cannot be cut into shards is refused here.
    let plan (shards: ShardCount) (recipe: Recipe) (settings: Settings) (input: Input) (output: string) : Result<ShardedRun, Fault> =
        planned shards false recipe settings input output

    /// The same with a further stage, files, in which each task writes a file with its share of the result's cells: result.0000.h5ad and so on,
    /// each valid alone.
    let planFiles (shards: ShardCount) (recipe: Recipe) (settings: Settings) (input: Input) (output: string) : Result<ShardedRun, Fault> =
        planned shards true recipe settings input output

    /// Reads a plan from a file that holds its Json.
    let load (path: string) : Result<ShardedRun, Fault> =
        Pipeline.guarded (fun () -> PlanFile.load path |> ShardedRun)

    /// Takes a task of a stage; false where its part was there already.
    let run (stage: string) (task: int) (parts: ShardParts) (settings: Settings) (sharded: ShardedRun) : Result<bool, Fault> =
        Pipeline.within settings (fun () -> ShardRun.run sharded.Run parts.Folder parts.Patience stage task settings)

    /// Merges the parts of a stage. The merge of the last stage writes the output and gives its report; there is none for others, and none where
    /// that was done already.
    let merge (stage: string) (parts: ShardParts) (settings: Settings) (sharded: ShardedRun) : Result<Report option, Fault> =
        Pipeline.within settings (fun () -> ShardRun.merge sharded.Run parts.Folder parts.Patience stage settings)

    /// How far each stage is.
    let status (parts: ShardParts) (sharded: ShardedRun) : Result<ShardProgress list, Fault> =
        Pipeline.guarded (fun () -> ShardRun.status sharded.Run parts.Folder)
