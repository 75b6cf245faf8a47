/// The commands: what each is called, takes and does, and what it says about itself. Those of steps are made from the list of steps.
namespace SingleSharp.Cli

open SingleSharp
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
        /// The options that it takes beside those of its steps.
        Groups: OptionGroup list
        /// The steps that it takes, with the options that they have unless others are given.
        Steps: Step list
        /// The command lines that end its page.
        Examples: string list
    }

    /// Does it take several steps?
    member command.IsPipeline = command.Steps.Length > 1

[<RequireQualifiedAccess>]
module CommandList =
    /// The commands after whose steps there is much to see.
    let private reported = [ "qc"; "preprocess"; "pipeline" ]

    let private taking name line about steps examples =
        let usesSets = steps |> List.exists (fun (step: Step) -> step.Info.UsesGeneSets)
        let refuses = steps |> List.exists (fun (step: Step) -> step.Info.RefusesInvalid)

        { Name = name
          Line = line
          About = about
          Syntax = "FILE... (--out FILE | --in-place) [options]"
          Groups =
            [ if steps.Length > 1 then
                  OptionGroup.Steps
              OptionGroup.Recipes
              if usesSets then
                  OptionGroup.GeneSets
              if refuses then
                  OptionGroup.Values
              if steps.Length > 1 then
                  OptionGroup.Counts
              OptionGroup.Input
              OptionGroup.NewFile
              OptionGroup.Clobber
              OptionGroup.Output
              OptionGroup.Trial
              OptionGroup.Note
              OptionGroup.Matrix
              OptionGroup.Compression
              OptionGroup.Scratch
              if List.contains name reported then
                  OptionGroup.Report
                  OptionGroup.Page
              OptionGroup.General
              OptionGroup.Sources ]
          Steps = steps
          Examples = examples }

    let private looking name line about examples =
        { Name = name
          Line = line
          About = about
          Syntax = "FILE... [options]"
          Groups = [ OptionGroup.Input; OptionGroup.General; OptionGroup.Sources ]
          Steps = []
          Examples = examples }

    let private demo =
        { Name = "demo"
          Line = "write a small synthetic file and preprocess it."
          About =
            "Writes a small file of synthetic blood cells, preprocesses it and says what to try next. The file holds the same values on every machine."
          Syntax = "[--out-dir DIR]"
          Groups = [ OptionGroup.Folder; OptionGroup.General ]
          Steps = []
          Examples = [ "singlesharp demo"; "singlesharp demo --out-dir first" ] }

    let private info =
        looking
            "info"
            "what is in a file, and what preprocess would do with it."
            "Says what is in a file, whether its X looks like raw counts, and what singlesharp preprocess would do with it. Nothing is written."
            [ "singlesharp info counts.h5ad"
              "singlesharp info filtered_feature_bc_matrix.h5 --json" ]

    let private ofStep (step: Step) =
        taking
            step.Name
            step.Info.Line
            (OptionText.spell StepArguments.inSentences step.Info.About)
            [ step ]
            (step.Info.Examples |> Seq.map (OptionText.spell StepArguments.inSentences) |> List.ofSeq)

    /// The steps of a recipe with its options, and optional ones at their places.
    let private withOptional (recipe: Recipe) isTaken =
        Pipeline.steps
        |> List.choose (fun step ->
            match Recipe.tryFind step.Name recipe with
            | Some own -> Some own
            | None when step.Info.IsOptional && isTaken step -> Some step
            | None -> None)

    let private preprocess =
        taking
            "preprocess"
            "qc, normalize_total and log1p in one read of X."
            "Computes QC metrics, then normalize_total, then log1p, with one read and one write of X; a median target, --exclude-highly-expressed and a limit for genes take one more read each. Where a limit is given, cells and genes are filtered first; a query of their columns chooses some before that. Everything else in the file is kept as it is."
            (withOptional Recipe.standard (fun step -> List.contains step.Name [ "subset"; "filter" ]))
            [ "singlesharp preprocess counts.h5ad --out normalized.h5ad"
              "singlesharp preprocess counts.h5ad --in-place --min-genes 200" ]

    let private pipeline =
        taking
            "pipeline"
            "qc, normalize_total, log1p, hvg and pca in two reads of X."
            "Computes QC metrics, normalize_total, log1p, highly variable genes and their principal components, with two reads and one write of X; singlesharp plan counts them for other options. Where a limit is given, cells and genes are filtered first; a query of their columns chooses some before that. To go on with a file that has some of the steps behind it, leave them out with --skip."
            (withOptional Recipe.full (fun _ -> true))
            [ "singlesharp pipeline counts.h5ad --out components.h5ad --max-pct mt=20"
              "singlesharp pipeline logged.h5ad --in-place --skip qc,normalize_total,log1p" ]

    let plan =
        { looking
              "plan"
              "what a command would do: reads and writes of X, and memory."
              "Says what a command would do with a file, before anything runs: how often X is read and what for, how it is written, and the memory that this takes. The command is pipeline unless another is named; put plan before the command and keep its options. Nothing is written."
              [ "singlesharp plan counts.h5ad --max-pct mt=20"
                "singlesharp plan hvg logged.h5ad --n-top-genes 2000" ] with
            Syntax = "[COMMAND] FILE... [options of the command]" }

    let shard =
        let whole = pipeline

        { whole with
            Name = "shard"
            Line = "pipeline over many machines, with the same bits."
            About =
                "Takes pipeline over many machines. shard plan prints a plan: stages, each with a task for each shard and then a merge. Whatever starts programs on machines runs the tasks of a stage, in any order, and then its merge; the merge of the last stage writes the output, with the bits that pipeline gives. Tasks and merges look first whether their part is there, so that they can be taken again, also twice at once. shard status tells what is missing, shard script prints a script for an engine. The exit code is 0 where a task is done, now or before, and 75 where it may succeed later or elsewhere: a full disk, an error of reading, parts that are not there yet."
            Syntax =
                "plan FILE... --out FILE --shards N [options] > PLAN\n       singlesharp shard run PLAN STAGE [TASK] | merge PLAN STAGE | status PLAN\n       singlesharp shard script PLAN --engine NAME"
            Groups =
                OptionGroup.Shards
                :: (whole.Groups
                    |> List.filter (fun group ->
                        not (
                            List.contains
                                group
                                [ OptionGroup.Output
                                  OptionGroup.Clobber
                                  OptionGroup.Trial
                                  OptionGroup.Report
                                  OptionGroup.Page ]
                        )))
            Examples =
                [ "singlesharp shard plan counts.h5ad --out pca.h5ad --shards 8 > plan.json"
                  "singlesharp shard script plan.json --engine slurm > submit.sh" ] }

    let private convert =
        { Name = "convert"
          Line = "make an .h5ad file of 10x output, or one of several files."
          About =
            "Makes an .h5ad file of a 10x .h5 file of Cell Ranger 2 or later, of a folder with matrix.mtx and the names beside it, or of several such inputs and .h5ad files, whose cells follow one another. With --layer or --use-raw, another matrix of an .h5ad file becomes X. X streams to compressed sparse rows, as scanpy's read_10x_h5 and read_10x_mtx and anndata's concat would hold it. Every other command takes such inputs too, and forgets the .h5ad file afterwards."
          Syntax = "FILE... --out FILE [options]"
          Groups =
            [ OptionGroup.Sources
              OptionGroup.Input
              OptionGroup.NewFile
              OptionGroup.Clobber
              OptionGroup.Output
              OptionGroup.Matrix
              OptionGroup.Compression
              OptionGroup.Scratch
              OptionGroup.General ]
          Steps = []
          Examples =
            [ "singlesharp convert raw_feature_bc_matrix --out counts.h5ad"
              "singlesharp convert healthy.h5ad diseased.h5 --out both.h5ad --join outer" ] }

    let private split =
        { Name = "split"
          Line = "one .h5ad file for each value of a column of obs."
          About =
            "Writes a file for each value that cells have in a column of obs, such as sample, and manifest.csv, a table of value, file and cells. Each file is what subset makes of the cells of its value: all elements, categories that none of them has dropped. Cells without a value are in none of them, which is told. Files are called after their values, with _ for what file systems do not take. Each is there once it is complete, and the table is written last. Only files of an earlier split, which manifest.csv in that folder lists, are replaced. For each file X is read once, without long stretches where no cell has its value."
          Syntax = "FILE... --by COLUMN --out-dir DIR [options]"
          Groups =
            [ OptionGroup.Split
              OptionGroup.Input
              OptionGroup.Folder
              OptionGroup.Clobber
              OptionGroup.Note
              OptionGroup.Compression
              OptionGroup.Scratch
              OptionGroup.General
              OptionGroup.Sources ]
          Steps = []
          Examples =
            [ "singlesharp split counts.h5ad --by sample --out-dir samples"
              "singlesharp split annotated.h5ad --by cell_type --out-dir types --no-clobber" ] }

    let private head =
        { looking
              "head"
              "the first rows of obs, var or X as a table."
              "Prints the first rows of obs, var and X of an .h5ad file as tables, or of the PARTS that are named: obs, var, X, layers/NAME, raw/X, raw/var, obsm/NAME, varm/NAME. No other rows are read. Columns that the line does not hold are left out, and told."
              [ "singlesharp head counts.h5ad"
                "singlesharp head counts.h5ad X --rows 3 --columns CD3D,LYZ" ] with
            Syntax = "FILE [PART...] [options]"
            Groups =
                [ OptionGroup.Input
                  OptionGroup.Head
                  OptionGroup.Columns
                  OptionGroup.General ] }

    let private digest =
        { looking
              "digest"
              "SHA-256 of every object's values and of the whole file."
              "Prints a SHA-256 for every object in the file and, last, one for the whole file. It covers values and attributes, not how they are stored, so that two people can compare results."
              [ "singlesharp digest result.h5ad"; "singlesharp digest result.h5ad --quiet" ] with
            Syntax = "FILE [options]"
            Groups = [ OptionGroup.Input; OptionGroup.General ] }

    let private report =
        { looking
              "report"
              "a page with plots of what a file holds."
              "Writes one HTML page that needs nothing else, no network either: distributions of counts, genes and mitochondrial shares, the knee, the most expressed genes, mean and dispersion, variance of components and their scores, as far as the columns are there; what is missing is told with what would make it. At most 60,000 cells are drawn, every k-th. The page of a file has the same bytes each time. With --report, qc, preprocess and pipeline write the page of their result, which also tells of limits, plan and time."
              [ "singlesharp report components.h5ad --out report.html"
                "singlesharp report components.h5ad --out report.html --digest" ] with
            Syntax = "FILE --out PAGE [options]"
            Groups =
                [ OptionGroup.Input
                  OptionGroup.NewFile
                  OptionGroup.Clobber
                  OptionGroup.Page
                  OptionGroup.General ] }

    let private export =
        { looking
              "export"
              "obs, var, a column or an array of obsm as CSV, Parquet or .npy."
              "Writes what a file holds beside its matrices in a format that other programs read: a data frame (obs, var, raw/var, obsm/NAME), one column of it (obs/NAME), or an array (obsm/NAME, varm/NAME). CSV is what to_csv of pandas writes, with the names of the rows first; .csv.gz is compressed. Parquet keeps types and categories. .npy holds one array of numbers. Rows come some at a time, so that memory does not grow with their number."
              [ "singlesharp export result.h5ad obs --out obs.csv"
                "singlesharp export result.h5ad obsm/X_pca --out pca.npy"
                "singlesharp export result.h5ad obs --columns leiden --out - | head" ] with
            Syntax = "FILE ELEMENT --out FILE [options]"
            Groups =
                [ OptionGroup.Input
                  OptionGroup.NewFile
                  OptionGroup.Clobber
                  OptionGroup.Format
                  OptionGroup.Columns
                  OptionGroup.General ] }

    let private verify =
        { looking
              "verify"
              "check a file: structure, checksums, chunks, encodings."
              "Checks the structure of an .h5ad file, its checksums, every chunk, whether X, layers, raw, obs, var and the rest fit together, and whether anndata knows how each part is encoded, and says what it found. The exit code is 1 where there is an error. Nothing is written."
              [ "singlesharp verify result.h5ad"; "singlesharp verify result.h5ad --json" ] with
            Syntax = "FILE [options]"
            Groups = [ OptionGroup.Input; OptionGroup.General ] }

    let private history =
        { looking
              "history"
              "which runs of singlesharp made a file."
              "Prints the runs that a file tells of in uns/singlesharp: the version, the names of the inputs and the recipe of each. A recipe can be taken again with --recipe. Nothing is written."
              [ "singlesharp history result.h5ad"; "singlesharp history result.h5ad --json" ] with
            Syntax = "FILE [options]"
            Groups = [ OptionGroup.Input; OptionGroup.General ] }

    let private help =
        { Name = "help"
          Line = "the page of a command, as COMMAND --help."
          About = "Displays the page of a command, or the list of all commands. COMMAND --help does the same."
          Syntax = "[COMMAND]"
          Groups = []
          Steps = []
          Examples = [ "singlesharp help"; "singlesharp help pipeline" ] }

    let private completion =
        { Name = "completion"
          Line = "a script with which a shell completes words."
          About =
            "Prints a script with which a shell completes commands, options, their values and files. SHELL is bash, zsh, fish or powershell; the first lines of the script say where it goes."
          Syntax = "SHELL"
          Groups = []
          Steps = []
          Examples =
            [ "source <(singlesharp completion bash)"
              "singlesharp completion fish > ~/.config/fish/completions/singlesharp.fish" ] }

    let private man =
        { Name = "man"
          Line = "the manual, for man."
          About = "Prints the manual as man reads it: all pages of --help as one."
          Syntax = ""
          Groups = []
          Steps = []
          Examples = [ "singlesharp man > singlesharp.1"; "man ./singlesharp.1" ] }

    let private version =
        { Name = "version"
          Line = "the version, as --version and -V."
          About = "Prints the version, as --version and -V do."
          Syntax = ""
          Groups = []
          Steps = []
          Examples = [ "singlesharp version" ] }

    let all =
        [ demo
          info
          head
          verify
          plan
          convert
          yield! Pipeline.steps |> List.map ofStep
          preprocess
          pipeline
          shard
          split
          report
          export
          history
          digest
          help
          completion
          man
          version ]
