/// The options of commands that are not those of a step, as people type them; their texts are the help.
namespace SingleSharp.Cli

open System.Reflection
open Argu
open Microsoft.FSharp.Reflection
open SingleSharp.Core

/// What an option is about. A command takes whole groups of options.
[<RequireQualifiedAccess>]
type OptionGroup =
    | Input
    | Sources
    | Split
    | Shards
    | Folder
    | Head
    | NewFile
    | Clobber
    | Output
    | Trial
    | Report
    | Page
    | Format
    | Columns
    | Matrix
    | GeneSets
    | Note
    | Recipes
    | Steps
    | Values
    | Counts
    | Compression
    | Scratch
    | General
    | Front

/// The options that are not those of a step; each text is a line of the help pages.
[<RequireQualifiedAccess; DisableHelpFlags>]
type Argument =
    | [<MainCommand>] File of FILE: string
    | [<Unique>] Genome of NAME: string
    | [<Unique>] Feature_Type of TYPE: string
    | [<Unique>] Make_Unique
    | [<Unique>] Join of GENES: string
    | [<Unique>] Sample_Key of COLUMN: string
    | Sample_Names of NAMES: string
    | [<Unique>] Index_Unique of SEP: string
    | [<Unique>] Out of FILE: string
    | [<Unique>] In_Place
    | [<Unique>] No_Clobber
    | [<Unique>] Dry_Run
    | [<Unique>] Report of PAGE: string
    | [<Unique>] Digest
    | [<Unique>] To of FORMAT: string
    | Columns of NAMES: string
    | [<Unique>] No_Provenance
    | [<Unique>] By of COLUMN: string
    | [<Unique>] Out_Dir of DIR: string
    | [<Unique>] Shards of N: string
    | [<Unique>] Cells_Per_Shard of N: string
    | [<Unique>] Per_Shard
    | [<Unique>] Parts of DIR: string
    | [<Unique>] Engine of NAME: string
    | [<Unique>] Wait of SECONDS: string
    | [<Unique>] Rows of N: string
    | [<Unique>] Mt_Prefix of PREFIX: string
    | Gene_Set of SPEC: string
    | [<Unique>] Gene_Symbols of COLUMN: string
    | [<Unique>] Recipe of JSON: string
    | [<Unique>] Save_Recipe of JSON: string
    | Skip of STEPS: string
    | With of STEPS: string
    | [<Unique>] Layer of NAME: string
    | [<Unique>] Use_Raw
    | [<Unique>] Sum_Duplicates
    | [<Unique>] Allow_Invalid
    | [<Unique>] Keep_Counts
    | [<Unique>] Compression of FORM: string
    | [<Unique>] Scratch of DIR: string
    | [<Unique>] Workers of N: string
    | [<Unique>] Memory of SIZE: string
    | [<Unique>] Json
    | [<Unique>] Progress of FORM: string
    | [<Unique>] Quiet
    | [<Unique>] Log of FILE: string
    | [<Unique>] Version

    member this.Group =
        match this with
        | File _ -> OptionGroup.Input
        | Genome _
        | Feature_Type _
        | Make_Unique
        | Join _
        | Sample_Key _
        | Sample_Names _
        | Index_Unique _ -> OptionGroup.Sources
        | By _ -> OptionGroup.Split
        | Out_Dir _ -> OptionGroup.Folder
        | Shards _
        | Cells_Per_Shard _
        | Per_Shard
        | Parts _
        | Engine _
        | Wait _ -> OptionGroup.Shards
        | Rows _ -> OptionGroup.Head
        | Out _ -> OptionGroup.NewFile
        | No_Clobber -> OptionGroup.Clobber
        | In_Place -> OptionGroup.Output
        | Dry_Run -> OptionGroup.Trial
        | Report _ -> OptionGroup.Report
        | Digest -> OptionGroup.Page
        | To _ -> OptionGroup.Format
        | Columns _ -> OptionGroup.Columns
        | Mt_Prefix _
        | Gene_Set _
        | Gene_Symbols _ -> OptionGroup.GeneSets
        | Recipe _
        | Save_Recipe _ -> OptionGroup.Recipes
        | No_Provenance -> OptionGroup.Note
        | Skip _
        | With _ -> OptionGroup.Steps
        | Layer _
        | Use_Raw
        | Sum_Duplicates -> OptionGroup.Matrix
        | Allow_Invalid -> OptionGroup.Values
        | Keep_Counts -> OptionGroup.Counts
        | Compression _ -> OptionGroup.Compression
        | Scratch _ -> OptionGroup.Scratch
        | Workers _
        | Memory _
        | Json
        | Progress _
        | Quiet
        | Log _ -> OptionGroup.General
        | Version -> OptionGroup.Front

    /// The words that a value is one of; none where it may be another.
    member this.Choices =
        match this with
        | Join _ -> [ "inner"; "outer" ]
        | Progress _ -> [ "json" ]
        | To _ -> ExportFormat.names
        | Engine _ -> ShardScripts.engines
        | _ -> []

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | File _ -> "the file to read: .h5ad, a 10x .h5 file, or a folder with matrix.mtx. Several are joined."
            | Genome _ -> "of a 10x .h5 file, genes of this genome. Default: all; a file of Cell Ranger 2 with several must be told which."
            | Feature_Type _ ->
                "of 10x inputs, features of this type, such as 'Antibody Capture'; all for every one. Default: Gene Expression."
            | Make_Unique ->
                "give genes of equal names in 10x and joined inputs different ones: anndata's var_names_make_unique. Folders with matrix.mtx have them so already."
            | Join _ ->
                "of several FILEs, the genes that all of them have (inner, the default) or that any has (outer). Their cells follow one another."
            | Sample_Key _ -> "the column of obs that says which FILE a cell is from. Default: sample."
            | Sample_Names _ ->
                "what that column calls the FILEs, as a,b,c. Default: their names without ending, or those of the folders that tell files of one name apart."
            | Index_Unique _ -> "put this and the name of the sample behind the name of each cell."
            | Out _ ->
                "write the result to this file, also as -o or --output. One that is there is replaced as a whole, once the new one is complete."
            | In_Place -> "change the input file itself."
            | No_Clobber -> "refuse to replace a file that is there."
            | Dry_Run -> "write nothing: print the plan of this run, as plan does."
            | Report _ -> "also write a page with plots of the result to this file: HTML that needs nothing else."
            | Digest -> "tell the SHA-256 of the file on the page, which reads all of it once more."
            | To _ -> "the format: csv, parquet or npy (one array of NumPy). Default: that of the name of the output; csv for stdout."
            | Columns _ ->
                "only these columns of a data frame, as a,b,c or by giving it again, in this order; of head, also genes of a matrix. Default: all; of head, as many as the line holds, with --json 100."
            | No_Provenance -> "do not note in uns/singlesharp what was done: version, inputs and recipe."
            | By _ ->
                "the column of obs whose values the files are for: categories, texts, integers or booleans, 1,000 different values at most."
            | Out_Dir _ -> "the folder for the two files. Default: singlesharp-demo."
            | Shards _ -> "of plan: cut the work into N shards; no more than X has blocks of 4,096 cells."
            | Cells_Per_Shard _ -> "of plan: as many shards as it takes for none to have more cells than this, about."
            | Per_Shard ->
                "of plan: also write a file for each shard with its share of the cells of the result, as result.0000.h5ad, each valid alone; one more stage."
            | Parts _ ->
                "of run, merge and status: the folder for parts, which all machines see. Default: that of the plan, its name with .parts for .json."
            | Engine _ -> "of script: the workflow engine to write a script for: slurm, snakemake, nextflow, dask or k8s."
            | Wait _ ->
                "of run and merge: how long to wait for parts that another machine may just have written, before they count as missing. Default: 60."
            | Rows _ -> "how many rows, at most 10,000. Default: 5."
            | Mt_Prefix _ ->
                "genes that begin with this are mitochondrial, the gene set mt. Default: MT-, or mt- where no gene begins with MT-. An empty string: no such set."
            | Gene_Set _ ->
                "a further set of genes. Repeatable. NAME=prefix:RPS,RPL by prefix; NAME=column:hb by a boolean column of var; NAME=file:genes.txt by a list, one gene per line. qc writes total_counts_NAME and pct_counts_NAME."
            | Gene_Symbols _ ->
                "the column of var that gene sets by prefix and by list go by, as feature_name where genes are called by Ensembl identifiers. Default: the names of the genes."
            | Recipe _ ->
                "take the steps and options of this file, which --save-recipe or toJson wrote. Options given beside it count instead of its own; an option of another step adds the step."
            | Save_Recipe _ -> "write the steps with all of their options to this file, for --recipe."
            | Skip _ -> "leave steps out; several as qc,log1p or by giving --skip again. Options of a step that is left out are mistakes."
            | With _ -> "also take these optional steps; an option of such a step asks for it as well."
            | Layer _ -> "read this layer instead of X, and write it where values change."
            | Use_Raw ->
                "read raw/X and raw/var instead of X and var. qc alone leaves all in its place; other steps make a new file whose X comes from raw."
            | Sum_Duplicates -> "add up what a cell has of one gene where it is stored more than once, instead of refusing it."
            | Allow_Invalid -> "compute with negative, NaN and infinite values as scanpy does, instead of refusing them."
            | Keep_Counts -> "copy X, as it is before the steps, to layers/counts, without the cells and genes that a filter drops."
            | Compression _ ->
                "how X, layers and whatever else is stored anew are compressed: gzip, zstd, lzf or none, with a level as gzip:9. New columns and results are never compressed. For zstd h5py needs hdf5plugin. Default: as in the input; converted inputs are not compressed."
            | Scratch _ ->
                "the folder for scratch files, which are gone afterwards. Default: what the environment variable SINGLESHARP_SCRATCH says, or that of the result."
            | Workers _ -> "threads that read and compute; no result depends on it. Default: as many as processors, memory and cells allow."
            | Memory _ ->
                "memory for buffers, as 512M or 2G; no result depends on it. Default: a quarter of what the machine or the container has, between 256M and 4G."
            | Json -> "print the result, or why there is none, as JSON."
            | Progress _ -> "json: progress and warnings for programs, one JSON object a line on stderr."
            | Quiet -> "no progress, no warnings; of digest, the whole file's hash only."
            | Log _ ->
                "append what happens to this file, a line each with the time (UTC): version and command, passes, warnings, the result or why there is none."
            | Version -> "print the version, also as -V."

/// A kind of option: its spelling, what stands for its values, and its help.
type OptionForm =
    { Spelling: string
      Values: string
      Choices: string list
      Group: OptionGroup
      Usage: string }

[<RequireQualifiedAccess>]
module Argument =
    let private spell (case: UnionCaseInfo) =
        "--" + case.Name.ToLowerInvariant().Replace('_', '-')

    let private placeholder (field: PropertyInfo) = $" <{field.Name}>"

    let private form (case: UnionCaseInfo) =
        let fields = case.GetFields()
        // Neither group nor help looks at values.
        let bare = FSharpValue.MakeUnion(case, Array.create fields.Length null) :?> Argument

        { Spelling = spell case
          Values = fields |> Array.map placeholder |> String.concat ""
          Choices = bare.Choices
          Group = bare.Group
          Usage = (bare :> IArgParserTemplate).Usage }

    // What takes reflection is made when it is first asked for: not for every start of the program.
    let private made =
        lazy (FSharpType.GetUnionCases typeof<Argument> |> Array.map form |> List.ofArray)

    let forms () = made.Value

    let spelling (argument: Argument) =
        spell (fst (FSharpValue.GetUnionFields(argument, typeof<Argument>)))

    let private argu =
        // Argu's own check of the cases is a test.
        lazy (ArgumentParser.Create<Argument>(programName = "singlesharp", usageStringCharacterWidth = 80, checkStructure = false))

    let parse (words: string list) =
        (argu.Value.ParseCommandLine(Array.ofList words)).GetAllResults()
