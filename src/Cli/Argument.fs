/// Every option of every command as people type it; their texts are the help.
namespace SingleSharp.Cli

open System.Reflection
open Argu
open Microsoft.FSharp.Reflection

/// What an option is about. A command takes whole chapters of options.
[<RequireQualifiedAccess>]
type Chapter =
    | Input
    | Sources
    | Folder
    | Output
    | Matrix
    | Filter
    | GeneSets
    | Qc
    | NormalizeTotal
    | Log1p
    | Hvg
    | Pca
    | Steps
    | Values
    | General
    | Front

[<RequireQualifiedAccess; DisableHelpFlags>]
type Argument =
    | [<MainCommand>] Word of FILE: string
    | [<Unique>] Genome of NAME: string
    | [<Unique>] Feature_Type of TYPE: string
    | [<Unique>] Make_Unique
    | [<Unique>] Join of GENES: string
    | [<Unique>] Sample_Key of COLUMN: string
    | Sample_Names of NAMES: string
    | [<Unique>] Index_Unique of SEP: string
    | [<Unique>] Out of FILE: string
    | [<Unique>] In_Place
    | [<Unique>] Out_Dir of DIR: string
    | [<Unique>] Min_Genes of N: string
    | [<Unique>] Max_Genes of N: string
    | [<Unique>] Min_Counts of N: string
    | [<Unique>] Max_Counts of N: string
    | Min_Pct of LIMIT: string
    | Max_Pct of LIMIT: string
    | [<Unique>] Min_Cells of N: string
    | [<Unique>] Max_Cells of N: string
    | [<Unique>] Gene_Min_Counts of N: string
    | [<Unique>] Gene_Max_Counts of N: string
    | [<Unique>] Mt_Prefix of PREFIX: string
    | Gene_Set of SPEC: string
    | [<Unique>] Gene_Symbols of COLUMN: string
    | Percent_Top of K: string list
    | [<Unique>] No_Log1p_Columns
    | [<Unique>] Target_Sum of SUM: string
    | [<Unique>] Median of CELLS: string
    | [<Unique>] Exclude_Highly_Expressed
    | [<Unique>] Max_Fraction of F: string
    | [<Unique>] Key_Added of NAME: string
    | [<Unique>] Base of B: string
    | [<Unique>] Allow_Logged
    | [<Unique>] Flavor of FLAVOR: string
    | [<Unique>] N_Top_Genes of N: string
    | [<Unique>] Min_Mean of M: string
    | [<Unique>] Max_Mean of M: string
    | [<Unique>] Min_Disp of D: string
    | [<Unique>] Max_Disp of D: string
    | [<Unique>] N_Bins of N: string
    | [<Unique>] Span of SHARE: string
    | [<Unique>] Batch_Key of COLUMN: string
    | [<Unique>] Exact_N
    | [<Unique>] N_Comps of N: string
    | [<Unique>] Mask_Var of COLUMN: string
    | [<Unique>] No_Zero_Center
    | [<Unique>] Pca_Key of NAME: string
    | Skip of STEPS: string
    | [<Unique>] Layer of NAME: string
    | [<Unique>] Use_Raw
    | [<Unique>] Sum_Duplicates
    | [<Unique>] Allow_Invalid
    | [<Unique>] Workers of N: string
    | [<Unique>] Memory of SIZE: string
    | [<Unique>] Json
    | [<Unique>] Quiet
    | [<Unique>] Version

    member this.Chapter =
        match this with
        | Word _ -> Chapter.Input
        | Genome _
        | Feature_Type _
        | Make_Unique
        | Join _
        | Sample_Key _
        | Sample_Names _
        | Index_Unique _ -> Chapter.Sources
        | Out_Dir _ -> Chapter.Folder
        | Out _
        | In_Place -> Chapter.Output
        | Min_Genes _
        | Max_Genes _
        | Min_Counts _
        | Max_Counts _
        | Min_Pct _
        | Max_Pct _
        | Min_Cells _
        | Max_Cells _
        | Gene_Min_Counts _
        | Gene_Max_Counts _ -> Chapter.Filter
        | Mt_Prefix _
        | Gene_Set _
        | Gene_Symbols _ -> Chapter.GeneSets
        | Percent_Top _
        | No_Log1p_Columns -> Chapter.Qc
        | Target_Sum _
        | Median _
        | Exclude_Highly_Expressed
        | Max_Fraction _
        | Key_Added _ -> Chapter.NormalizeTotal
        | Base _
        | Allow_Logged -> Chapter.Log1p
        | Flavor _
        | N_Top_Genes _
        | Min_Mean _
        | Max_Mean _
        | Min_Disp _
        | Max_Disp _
        | N_Bins _
        | Span _
        | Batch_Key _
        | Exact_N -> Chapter.Hvg
        | N_Comps _
        | Mask_Var _
        | No_Zero_Center
        | Pca_Key _ -> Chapter.Pca
        | Skip _ -> Chapter.Steps
        | Layer _
        | Use_Raw
        | Sum_Duplicates -> Chapter.Matrix
        | Allow_Invalid -> Chapter.Values
        | Workers _
        | Memory _
        | Json
        | Quiet -> Chapter.General
        | Version -> Chapter.Front

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Word _ -> "the file to read: .h5ad, a 10x .h5 file, or a folder with matrix.mtx. Several are joined."
            | Genome _ -> "of a 10x .h5 file, genes of this genome. Default: all; a file of Cell Ranger 2 with several must be told which."
            | Feature_Type _ ->
                "of 10x inputs, features of this type, such as 'Antibody Capture'; all for every one. Default: Gene Expression."
            | Make_Unique ->
                "give genes of equal names in 10x and joined inputs different ones: anndata's var_names_make_unique. Folders with matrix.mtx have them so already."
            | Join _ ->
                "of several FILEs, the genes that all of them have (inner, the default) or that any has (outer). Their cells follow one another."
            | Sample_Key _ -> "the column of obs that says which FILE a cell is from. Default: sample."
            | Sample_Names _ -> "what that column calls the FILEs, as a,b,c. Default: their names without ending."
            | Index_Unique _ -> "put this and the name of the sample behind the name of each cell."
            | Out _ -> "write the result to this file. One that is there is replaced once the new one is complete."
            | In_Place -> "change the input file itself."
            | Out_Dir _ -> "the folder for the two files. Default: singlesharp-demo."
            | Min_Genes _ -> "keep cells with at least so many genes; every limit is inclusive."
            | Max_Genes _ -> "keep cells with at most so many genes."
            | Min_Counts _ -> "keep cells with at least so many counts."
            | Max_Counts _ -> "keep cells with at most so many counts."
            | Min_Pct _ -> "NAME=P: keep cells with at least P percent of their counts in the gene set NAME. Repeatable."
            | Max_Pct _ -> "NAME=P, such as mt=20: keep cells with at most P percent of their counts in the gene set NAME. Repeatable."
            | Min_Cells _ -> "keep genes found in at least so many cells, of those that are kept."
            | Max_Cells _ -> "keep genes found in at most so many of them."
            | Gene_Min_Counts _ -> "keep genes with at least so many counts in them."
            | Gene_Max_Counts _ -> "keep genes with at most so many counts in them."
            | Mt_Prefix _ ->
                "genes that begin with this are mitochondrial, the gene set mt. Default: MT-, or mt- where no gene begins with MT-. An empty string: no such set."
            | Gene_Set _ ->
                "a further set of genes. Repeatable. NAME=prefix:RPS,RPL by prefix; NAME=column:hb by a boolean column of var; NAME=file:genes.txt by a list, one gene per line. qc writes total_counts_NAME and pct_counts_NAME."
            | Gene_Symbols _ ->
                "the column of var that gene sets by prefix and by list go by, as feature_name where genes are called by Ensembl identifiers. Default: the names of the genes."
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
            | Allow_Logged -> "take the logarithm although uns/log1p says that X is logged already, as scanpy does, instead of refusing it."
            | Flavor _ -> "seurat (default) or cell_ranger, for logged X; seurat_v3 or seurat_v3_paper, for raw counts."
            | N_Top_Genes _ ->
                "choose so many genes, in place of limits of mean and dispersion. Default: by the limits; seurat_v3 and seurat_v3_paper, and pipeline where no limit is given: 2000."
            | Min_Mean _ -> "choose genes with a mean above this. Default: 0.0125."
            | Max_Mean _ -> "choose genes with a mean below this. Default: 3."
            | Min_Disp _ -> "choose genes with a normalized dispersion above this. Default: 0.5."
            | Max_Disp _ -> "choose genes with a normalized dispersion below this. Default: inf."
            | N_Bins _ -> "bins of the mean in which dispersions are compared, of seurat. Default: 20."
            | Span _ -> "the share of the genes that each local fit of the trend looks at, of seurat_v3. Default: 0.3."
            | Batch_Key _ -> "a column of obs: judge genes within each batch, then together."
            | Exact_N -> "break ties at the cut-off by position, where scanpy keeps all of them."
            | N_Comps _ -> "how many components. Default: 50, or one fewer than there are cells or genes."
            | Mask_Var _ ->
                "a boolean column of var: the genes to look at; none for all of them. Default: highly_variable where there is such a column, otherwise all."
            | No_Zero_Center -> "leave the means in: pca(zero_center=False), but exact."
            | Pca_Key _ -> "the name in obsm, varm and uns. Default: X_pca, PCs and pca."
            | Skip _ ->
                "leave steps out: filter, qc, normalize_total, log1p, hvg, pca; several as qc,log1p or by saying --skip again. Options of a step that is left out are mistakes."
            | Layer _ -> "read this layer instead of X, and write it where values change."
            | Use_Raw ->
                "read raw/X and raw/var instead of X and var. qc alone leaves all in its place; other steps make a new file whose X comes from raw."
            | Sum_Duplicates -> "add up what a cell has of one gene where it is stored more than once, instead of refusing it."
            | Allow_Invalid -> "compute with negative, NaN and infinite values as scanpy does, instead of refusing them."
            | Workers _ -> "threads that read and compute; no result depends on it. Default: as many as processors, memory and cells allow."
            | Memory _ ->
                "memory for buffers, as 512M or 2G; no result depends on it. Default: a quarter of what the machine or the container has, between 256M and 4G."
            | Json -> "print the result as JSON."
            | Quiet -> "no progress, no warnings; of digest, the whole file's hash only."
            | Version -> "print the version."

/// A kind of option: its spelling, what stands for its values, and its help.
type Form =
    { Spelling: string
      Values: string
      Chapter: Chapter
      Usage: string }

[<RequireQualifiedAccess>]
module Argument =
    let private spell (case: UnionCaseInfo) =
        "--" + case.Name.ToLowerInvariant().Replace('_', '-')

    let private placeholder (field: PropertyInfo) =
        if field.PropertyType = typeof<string> then $" <{field.Name}>" else $" <{field.Name}>..."

    let private form (case: UnionCaseInfo) =
        let fields = case.GetFields()
        // Neither chapter nor help looks at values.
        let bare = FSharpValue.MakeUnion(case, Array.create fields.Length null) :?> Argument

        { Spelling = spell case
          Values = fields |> Array.map placeholder |> String.concat ""
          Chapter = bare.Chapter
          Usage = (bare :> IArgParserTemplate).Usage }

    let forms =
        FSharpType.GetUnionCases typeof<Argument> |> Array.map form |> List.ofArray

    let spelling (argument: Argument) =
        spell (fst (FSharpValue.GetUnionFields(argument, typeof<Argument>)))

    let parser = ArgumentParser.Create<Argument>(programName = "singlesharp")
