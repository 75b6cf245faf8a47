/// The commands and options as people type them; their texts are the help.
namespace SingleSharp.Cli

open Argu

/// Every option of the three steps; the commands for single steps take those that concern them.
type PreprocessArguments =
    | [<MainCommand>] Input of FILE: string
    | [<Unique>] Out of FILE: string
    | [<Unique>] In_Place
    | [<Unique>] Mt_Prefix of PREFIX: string
    | Gene_Set of SPEC: string
    | Percent_Top of K: string list
    | [<Unique>] No_Log1p_Columns
    | [<Unique>] Target_Sum of SUM: string
    | [<Unique>] Median of CELLS: string
    | [<Unique>] Exclude_Highly_Expressed
    | [<Unique>] Max_Fraction of F: string
    | [<Unique>] Key_Added of NAME: string
    | [<Unique>] Base of B: string
    | [<Unique>] Allow_Invalid

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Input _ -> "the .h5ad file to read; its X holds raw counts as CSR, cells x genes."
            | Out _ -> "write the result to this file. One that is there is replaced once the new one is complete."
            | In_Place -> "change the input file itself."
            | Mt_Prefix _ ->
                "genes that begin with this are mitochondrial. Default: MT-, or mt- where no gene begins with MT-. An empty string: no mt columns."
            | Gene_Set _ ->
                "a further set of genes for total_counts_NAME and pct_counts_NAME. Repeatable. NAME=prefix:RPS,RPL by prefix; NAME=column:hb by a boolean column of var; NAME=file:genes.txt by a list, one gene per line."
            | Percent_Top _ ->
                "columns pct_counts_in_top_K_genes, as 50,100 or 50 100. Default: those of 50,100,200,500 that X has genes for. none: no such columns."
            | No_Log1p_Columns -> "leave out the log1p_ columns: calculate_qc_metrics(log1p=False)."
            | Target_Sum _ -> "counts per cell after normalization, or median for the median total of the cells. Default: 10000."
            | Median _ ->
                "which cells the median is over: positive (those with counts, the default) or all (as scanpy 1.11 computed it). Implies --target-sum median."
            | Exclude_Highly_Expressed -> "leave genes out of the totals that exceed --max-fraction of some cell's counts."
            | Max_Fraction _ -> "the share of a cell's counts, between 0 and 1, above which a gene is highly expressed. Default: 0.05."
            | Key_Added _ -> "also write each cell's normalization factor to this column of obs."
            | Base _ -> "base of the logarithm: e, 2, 10 or another number. Default: e."
            | Allow_Invalid -> "compute with negative, NaN and infinite values as scanpy does, instead of refusing them."

type QcArguments =
    | [<MainCommand>] Input of FILE: string
    | [<Unique>] Out of FILE: string
    | [<Unique>] In_Place
    | [<Unique>] Mt_Prefix of PREFIX: string
    | Gene_Set of SPEC: string
    | Percent_Top of K: string list
    | [<Unique>] No_Log1p_Columns

    /// The same option of preprocess.
    member this.Widened =
        match this with
        | Input file -> PreprocessArguments.Input file
        | Out file -> PreprocessArguments.Out file
        | In_Place -> PreprocessArguments.In_Place
        | Mt_Prefix prefix -> PreprocessArguments.Mt_Prefix prefix
        | Gene_Set spec -> PreprocessArguments.Gene_Set spec
        | Percent_Top ks -> PreprocessArguments.Percent_Top ks
        | No_Log1p_Columns -> PreprocessArguments.No_Log1p_Columns

    interface IArgParserTemplate with
        member this.Usage = (this.Widened :> IArgParserTemplate).Usage

type NormalizeTotalArguments =
    | [<MainCommand>] Input of FILE: string
    | [<Unique>] Out of FILE: string
    | [<Unique>] In_Place
    | [<Unique>] Target_Sum of SUM: string
    | [<Unique>] Median of CELLS: string
    | [<Unique>] Exclude_Highly_Expressed
    | [<Unique>] Max_Fraction of F: string
    | [<Unique>] Key_Added of NAME: string
    | [<Unique>] Allow_Invalid

    /// The same option of preprocess.
    member this.Widened =
        match this with
        | Input file -> PreprocessArguments.Input file
        | Out file -> PreprocessArguments.Out file
        | In_Place -> PreprocessArguments.In_Place
        | Target_Sum sum -> PreprocessArguments.Target_Sum sum
        | Median cells -> PreprocessArguments.Median cells
        | Exclude_Highly_Expressed -> PreprocessArguments.Exclude_Highly_Expressed
        | Max_Fraction fraction -> PreprocessArguments.Max_Fraction fraction
        | Key_Added name -> PreprocessArguments.Key_Added name
        | Allow_Invalid -> PreprocessArguments.Allow_Invalid

    interface IArgParserTemplate with
        member this.Usage = (this.Widened :> IArgParserTemplate).Usage

type Log1pArguments =
    | [<MainCommand>] Input of FILE: string
    | [<Unique>] Out of FILE: string
    | [<Unique>] In_Place
    | [<Unique>] Base of B: string
    | [<Unique>] Allow_Invalid

    /// The same option of preprocess.
    member this.Widened =
        match this with
        | Input file -> PreprocessArguments.Input file
        | Out file -> PreprocessArguments.Out file
        | In_Place -> PreprocessArguments.In_Place
        | Base basis -> PreprocessArguments.Base basis
        | Allow_Invalid -> PreprocessArguments.Allow_Invalid

    interface IArgParserTemplate with
        member this.Usage = (this.Widened :> IArgParserTemplate).Usage

/// For the commands that only look at a file.
type LookArguments =
    | [<MainCommand>] Input of FILE: string

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Input _ -> "the .h5ad file to look at."

type DemoArguments =
    | [<Unique>] Out_Dir of DIR: string

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Out_Dir _ -> "the folder for the two files. Default: singlesharp-demo."

[<HelpFlags("--help", "-h")>]
type Arguments =
    | [<CliPrefix(CliPrefix.None)>] Demo of ParseResults<DemoArguments>
    | [<CliPrefix(CliPrefix.None)>] Info of ParseResults<LookArguments>
    | [<CliPrefix(CliPrefix.None)>] Qc of ParseResults<QcArguments>
    | [<CliPrefix(CliPrefix.None); CustomCommandLine("normalize_total"); AltCommandLine("normalize-total")>] Normalize_Total of
        ParseResults<NormalizeTotalArguments>
    | [<CliPrefix(CliPrefix.None)>] Log1p of ParseResults<Log1pArguments>
    | [<CliPrefix(CliPrefix.None)>] Preprocess of ParseResults<PreprocessArguments>
    | [<CliPrefix(CliPrefix.None)>] Digest of ParseResults<LookArguments>
    | [<Unique; Inherit>] Workers of N: string
    | [<Unique; Inherit>] Memory of SIZE: string
    | [<Unique; Inherit>] Json
    | [<Unique; Inherit>] Quiet
    | [<Unique>] Version

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Demo _ -> "write a small synthetic file and preprocess it."
            | Info _ -> "what is in a file, and what preprocess would do with it."
            | Qc _ -> "QC metrics into obs and var; X does not change."
            | Normalize_Total _ -> "scale every cell to the same total."
            | Log1p _ -> "take ln(1 + x) of X."
            | Preprocess _ -> "qc, normalize_total and log1p in one read of X."
            | Digest _ -> "SHA-256 of every object's values and of the whole file."
            | Workers _ -> "threads that read and compute; no result depends on it. Default: all processors."
            | Memory _ -> "memory for buffers, as 512M or 2G; no result depends on it. Default: 1G."
            | Json -> "print the result as JSON."
            | Quiet -> "no progress, no warnings; of digest, the whole file's hash only."
            | Version -> "print the version."
