/// The commands: what each is called, takes and does, and what it says about itself.
namespace SingleSharp.Cli

open SingleSharp.Core

type Command =
    {
        Name: string
        /// One line of the front page.
        Line: string
        /// How its own page begins.
        About: string
        /// What follows its name.
        Syntax: string
        /// The options that it takes.
        Chapters: Chapter list
        /// The steps that it takes, as they are without options. A filter without a limit is none.
        Steps: Recipe
    }

[<RequireQualifiedAccess>]
module Command =
    let private step steps chapters name line about =
        { Name = name
          Line = line
          About = about
          Syntax = "FILE... (--out FILE | --in-place) [options]"
          Chapters =
            [ Chapter.Input
              Chapter.Sources
              Chapter.Output
              Chapter.Matrix
              yield! chapters
              Chapter.General ]
          Steps = steps }

    let private look name line about =
        { Name = name
          Line = line
          About = about
          Syntax = "FILE... [options]"
          Chapters = [ Chapter.Input; Chapter.Sources; Chapter.General ]
          Steps = Recipe.nothing }

    let private demo =
        { Name = "demo"
          Line = "write a small synthetic file and preprocess it."
          About =
            "Writes a small file of synthetic blood cells, preprocesses it and says what to try next. The file holds the same values on every machine."
          Syntax = "[--out-dir DIR]"
          Chapters = [ Chapter.Folder; Chapter.General ]
          Steps = Recipe.nothing }

    let private info =
        look
            "info"
            "what is in a file, and what preprocess would do with it."
            "Says what is in a file, whether its X looks like raw counts, and what singlesharp preprocess would do with it. Nothing is written."

    let private filter =
        step
            { Recipe.nothing with
                Filter = Some Recipe.filter }
            [ Chapter.Filter; Chapter.GeneSets ]
            "filter"
            "keep the cells and genes within limits."
            "Keeps the cells and genes that meet every limit, as scanpy's filter_cells followed by filter_genes: a subset of X, layers, obs, var, obsm, varm, obsp, varp, and of raw by cells."

    let private qc =
        step
            { Recipe.nothing with
                Qc = Some Recipe.qc }
            [ Chapter.GeneSets; Chapter.Qc ]
            "qc"
            "QC metrics into obs and var; X does not change."
            "Computes scanpy's calculate_qc_metrics: total counts, genes per cell, shares of mitochondrial and other genes, and so on, as columns of obs and var. X does not change."

    let private normalizeTotal =
        step
            { Recipe.nothing with
                NormalizeTotal = Some Recipe.normalizeTotal }
            [ Chapter.NormalizeTotal; Chapter.Values ]
            "normalize_total"
            "scale every cell to the same total."
            "Scales every cell to the same total, as scanpy's normalize_total. Whole numbers become float32."

    let private log1p =
        step
            { Recipe.nothing with
                Log1p = Some Recipe.log1p }
            [ Chapter.Log1p; Chapter.Values ]
            "log1p"
            "take ln(1 + x) of X."
            "Takes ln(1 + x) of every value of X, as scanpy's log1p, and notes it in uns/log1p. Whole numbers become float64, as they do there."

    let private hvg =
        step
            { Recipe.nothing with
                Hvg = Some Recipe.hvg }
            [ Chapter.Hvg ]
            "hvg"
            "choose highly variable genes; X does not change."
            "Chooses highly variable genes, as scanpy's highly_variable_genes: columns of var, and uns/hvg. X does not change; it must be logged already, or hold raw counts for seurat_v3 and seurat_v3_paper."

    let private pca =
        step
            { Recipe.nothing with
                Pca = Some Recipe.pca }
            [ Chapter.Pca ]
            "pca"
            "exact principal components of the chosen genes; X does not change."
            "Computes the exact principal components of the highly variable genes, as scanpy's pca with svd_solver='covariance_eigh': obsm/X_pca, varm/PCs and uns/pca. X does not change; it should be logged already."

    let private preprocess =
        step
            { Recipe.standard with
                Filter = Some Recipe.filter }
            [ Chapter.Filter
              Chapter.GeneSets
              Chapter.Qc
              Chapter.NormalizeTotal
              Chapter.Log1p
              Chapter.Values ]
            "preprocess"
            "qc, normalize_total and log1p in one read of X."
            "Computes QC metrics, then normalize_total, then log1p, with one read and one write of X; a median target, --exclude-highly-expressed and a limit for genes take one more read each. Where a limit is given, cells and genes are filtered first. Everything else in the file is kept as it is."

    let private pipeline =
        step
            { Recipe.full with
                Filter = Some Recipe.filter }
            [ Chapter.Filter
              Chapter.GeneSets
              Chapter.Qc
              Chapter.NormalizeTotal
              Chapter.Log1p
              Chapter.Hvg
              Chapter.Pca
              Chapter.Steps
              Chapter.Values ]
            "pipeline"
            "qc, normalize_total, log1p, hvg and pca in two reads of X."
            "Computes QC metrics, normalize_total, log1p, highly variable genes and their principal components, with two reads and one write of X; singlesharp plan counts them for other options. Where a limit is given, cells and genes are filtered first. To go on with a file that has some of the steps behind it, leave them out with --skip."

    let plan =
        { look
              "plan"
              "what a command would do: reads and writes of X, and memory."
              "Says what a command would do with a file, before anything runs: how often X is read and what for, how it is written, and the memory that this takes. The command is pipeline unless another is named; put plan before the command and keep its options. Nothing is written." with
            Syntax = "[COMMAND] FILE... [options of the command]" }

    let private convert =
        { Name = "convert"
          Line = "make an .h5ad file of 10x output, or one of several files."
          About =
            "Makes an .h5ad file of a 10x .h5 file of Cell Ranger 2 or later, of a folder with matrix.mtx and the names beside it, or of several such inputs and .h5ad files, whose cells follow one another. With --layer or --use-raw, another matrix of an .h5ad file becomes X. X streams to compressed sparse rows, as scanpy's read_10x_h5 and read_10x_mtx and anndata's concat would hold it. Every other command takes such inputs too, and forgets the .h5ad file afterwards."
          Syntax = "FILE... --out FILE [options]"
          Chapters =
            [ Chapter.Input
              Chapter.Sources
              Chapter.Output
              Chapter.Matrix
              Chapter.General ]
          Steps = Recipe.nothing }

    let private digest =
        { look
              "digest"
              "SHA-256 of every object's values and of the whole file."
              "Prints a SHA-256 for every object in the file and, last, one for the whole file. It covers values and attributes, not how they are stored, so that two people can compare results." with
            Syntax = "FILE [options]"
            Chapters = [ Chapter.Input; Chapter.General ] }

    let private verify =
        { look
              "verify"
              "check a file through and through."
              "Checks the structure of an .h5ad file, its checksums, every chunk, whether X, layers, raw, obs, var and the rest fit together, and whether anndata knows how each part is encoded, and says what it found. The exit code is 1 where there is an error. Nothing is written." with
            Syntax = "FILE [options]"
            Chapters = [ Chapter.Input; Chapter.General ] }

    let all =
        [ demo
          info
          verify
          plan
          convert
          filter
          qc
          normalizeTotal
          log1p
          hvg
          pca
          preprocess
          pipeline
          digest ]

    let private names = all |> List.map _.Name

    /// Does it take steps, rather than look at a file?
    let runs command =
        not (Recipe.steps command.Steps).IsEmpty

    /// "a, b and c"
    let enumerated (names: string list) =
        match List.rev names with
        | []
        | [ _ ] -> String.concat "" names
        | last :: others -> (others |> List.rev |> String.concat ", ") + " and " + last

    /// The command of a name, with underscores or dashes.
    let tryFind (name: string) =
        all |> List.tryFind (fun command -> command.Name = name.Replace('-', '_'))

    /// What scanpy calls some of them.
    let private translations =
        [ "calculate_qc_metrics", "qc"
          "filter_cells", "filter"
          "filter_genes", "filter"
          "highly_variable_genes", "hvg" ]

    /// Is it the name of a command, here or in scanpy, rather than of a file?
    let isName (name: string) =
        (tryFind name).IsSome || translations |> List.exists (fun (other, _) -> other = name.Replace('-', '_'))

    let find (name: string) : Checked<Command> =
        match tryFind name, List.tryFind (fun (other, _) -> other = name.Replace('-', '_')) translations with
        | Some command, _ -> Ok command
        | None, Some(_, ours) -> Checked.mistake $"scanpy's {name} is called {ours} here."
        | None, None -> Checked.mistake $"there is no command {name}{Nearest.hint names name} The commands are {enumerated names}."

    /// Where there is only pca, its key needs no surname.
    let spelling command form =
        match command.Name, form.Spelling with
        | "pca", "--pca-key" -> "--key-added"
        | _, usual -> usual

    /// What its page says of an option.
    let usage command form =
        match command.Name, form.Chapter with
        | ("digest" | "verify"), Chapter.Input -> "the file to read: one HDF5 file, such as an .h5ad file."
        | _ -> form.Usage

    let meant command argument =
        match argument with
        | Argument.Key_Added name when command.Name = "pca" -> Argument.Pca_Key name
        | _ -> argument

    /// The commands that take an option.
    let taking (argument: Argument) =
        all |> List.filter (fun command -> List.contains argument.Chapter command.Chapters) |> List.map _.Name
