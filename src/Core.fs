/// The F# door: everything that SingleSharp does, one line each.
namespace SingleSharp.Core

open System
open System.Reflection

/// Preprocessing of single-cell count matrices in .h5ad files, out of core, with the same bits everywhere.
///
/// A matrix is cells × genes, stored as compressed sparse rows. Values are raw counts. Every function streams X from disk
/// in bounded memory and leaves everything that it does not write as it is. A 10x .h5 file or a folder with matrix.mtx can
/// stand wherever an .h5ad file is read; convert makes a file of it. Results are those of scanpy, and they do not
/// depend on the number of workers, the memory allowed, the storage of the file or the machine.
[<RequireQualifiedAccess>]
module Pipeline =
    /// Expected trouble becomes a value; bugs and cancellation throw.
    let private guarded work =
        try
            Ok(work ())
        with
        | :? OperationCanceledException -> reraise ()
        | trouble when (Fault.tryFind trouble).IsSome -> Error (Fault.tryFind trouble).Value

    /// Works with a file that is open for reading; a 10x input is converted first, to a file that nobody else may read.
    let private opened (recipe: Recipe) settings path work =
        guarded (fun () ->
            Inputs.asFile Conversion.standard recipe settings [ path ] None (fun file recipe _ ->
                using (Schema.openReadWithin settings.Memory recipe.Matrix file) (work recipe)))

    /// Runs a recipe on a file: one read of X for everything, one more for each of exclude_highly_expressed and a median target.
    let run (recipe: Recipe) (settings: Settings) (input: string) (output: Output) : Result<Report, Fault> =
        guarded (fun () -> Inputs.run Conversion.standard recipe settings [ input ] output)

    /// calculate_qc_metrics: columns of obs and var with scanpy's names, order and types. X does not change.
    let qc options =
        run
            { Recipe.nothing with
                Qc = Some options }

    /// normalize_total: every cell divided by total / target_sum. Whole numbers become float32.
    let normalizeTotal options =
        run
            { Recipe.nothing with
                NormalizeTotal = Some options }

    /// log1p: ln(1 + x), or to another base; noted in uns/log1p. Whole numbers become float64.
    let log1p options =
        run
            { Recipe.nothing with
                Log1p = Some options }

    /// filter_cells and filter_genes: a subset of the whole AnnData.
    let filter limits =
        run
            { Recipe.nothing with
                Filter = Some limits }

    /// highly_variable_genes: columns of var and uns/hvg. X does not change; it must be logged already, but raw for seurat_v3.
    let hvg options =
        run
            { Recipe.nothing with
                Hvg = Some options }

    /// Exact principal components of the chosen genes: obsm/X_pca (cells × components, float32), varm/PCs and uns/pca.
    let pca options =
        run
            { Recipe.nothing with
                Pca = Some options }

    /// Makes one .h5ad file of 10x .h5 files, folders with matrix.mtx, and several .h5ad files, rows one after another.
    let convert (conversion: ConvertRecipe) (settings: Settings) (inputs: string list) (target: string) : Result<Conversion, Fault> =
        guarded (fun () -> Converting.run conversion settings inputs target)

    /// What a recipe means for a file: reads, writes and memory, before anything runs.
    let plan (recipe: Recipe) (settings: Settings) (path: string) : Result<Plan, Fault> =
        guarded (fun () -> Inputs.plan Conversion.standard recipe settings [ path ] (fun _ recipe -> recipe, []))

    /// QC metrics, normalize_total and log1p in one read and one write.
    let preprocess settings input output =
        run Recipe.standard settings input output

    /// Answers a question of one's own in one read of X: the same bits for any number of workers and any memory, as long as
    /// the question steps row by row, so that cutting a slice in two changes no state.
    /// What the question's own code throws arrives as it was thrown.
    let fold (question: Fold<Slice, 'r>) (settings: Settings) (path: string) : Result<'r, Fault> =
        opened Recipe.nothing settings path (fun _ file -> Pass.ask file settings question)

    /// What is in a file, and what a recipe would do to it.
    let info (recipe: Recipe) (settings: Settings) (path: string) : Result<Info, Fault> =
        guarded (fun () -> Inputs.info Conversion.standard recipe settings [ path ])

    /// A SHA-256 per object over canonical values and attributes, and one for the whole file. Storage does not matter.
    let digest (settings: Settings) (path: string) : Result<Digest, Fault> =
        guarded (fun () -> using (Store.openReadWithin settings.Memory path) (fun store -> Digest.ofStore store settings.Cancel))

    /// Checks a file through and through: structure, checksums, chunks, and whether the parts of an AnnData fit together.
    /// What is wrong with it is among the findings; a fault is a file that cannot be opened.
    let verify (settings: Settings) (path: string) : Result<Verification, Fault> =
        guarded (fun () -> Verify.ofFile path settings.Memory settings.Cancel)

    /// The version of this library.
    let version = Assembly.GetExecutingAssembly().GetName().Version.ToString 3
