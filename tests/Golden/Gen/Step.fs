/// The steps that scanpy took, as their JSON describes them, and the recipes that mean the same.
module internal SingleSharp.Golden.Step

open System.IO
open System.Text.Json
open SingleSharp.Core

type Step =
    {
        Name: string
        /// scanpy's function.
        Op: string
        Args: (string * JsonElement) list
        /// The step whose result this one starts from, or input.
        From: string
        /// Genes with this prefix are mitochondrial, where var has no column mt.
        Prefix: string option
        Expect: string
        /// Members of the start that must stay as they are.
        Unchanged: string list
        /// What scanpy left behind.
        Facts: (string * JsonElement) list
        /// The whole entry.
        Json: JsonElement
    }

/// The name of the column for each cell's factor in the expected files.
let factor = "norm_factor"

let private tryFind (name: string) (json: JsonElement) =
    match json.TryGetProperty name with
    | true, value -> Some value
    | _ -> None

let private text name json =
    tryFind name json |> Option.map _.GetString() |> Option.defaultValue ""

let private members name json =
    match tryFind name json with
    | Some value -> value.EnumerateObject() |> Seq.map (fun member' -> member'.Name, member'.Value) |> List.ofSeq
    | None -> []

/// The strings of a JSON array.
let strings (json: JsonElement) =
    json.EnumerateArray() |> Seq.map _.GetString() |> List.ofSeq

let private ofJson from (json: JsonElement) =
    { Name = text "name" json + text "step" json
      Op = text "op" json
      Args = members "args" json
      From = from
      Prefix = tryFind "mt_prefix" json |> Option.map _.GetString() |> Option.filter (isNull >> not)
      Expect = text "expect" json
      Unchanged = tryFind "unchanged" json |> Option.map strings |> Option.defaultValue []
      Facts = members "facts" json
      Json = json }

let private parse path =
    JsonDocument.Parse(File.ReadAllText path).RootElement

/// The steps of a case of edge/.
let ofCase folder =
    [ for json in (parse (Path.Combine(folder, "params.json"))).GetProperty("steps").EnumerateArray() do
          ofJson (text "from" json) json ]

/// A step over a real data set.
let ofFile path =
    let json = parse path
    ofJson (text "after" (json.GetProperty "input")) json

let fact name step =
    step.Facts |> List.tryPick (fun (key, value) -> if key = name then Some value else None)

let private arg name step =
    step.Args |> List.tryPick (fun (key, value) -> if key = name then Some value else None)

/// An argument that nobody reads would make a test of something else.
let private requireKnown known step =
    for name, _ in step.Args do
        if not (List.contains name known) then
            failwith $"{step.Name}: the argument {name} is not known to these tests"

let private qc step =
    requireKnown [ "qc_vars"; "percent_top"; "log1p" ] step

    { Qc.defaults with
        PercentTop =
            match arg "percent_top" step with
            | None -> PercentTop.Exactly [ 50; 100; 200; 500 ]
            | Some json when json.ValueKind = JsonValueKind.Null -> PercentTop.Exactly []
            | Some json -> PercentTop.Exactly(json.EnumerateArray() |> Seq.map _.GetInt32() |> List.ofSeq)
        Log1p = arg "log1p" step |> Option.map _.GetBoolean() |> Option.defaultValue true }

let private normalize step =
    requireKnown [ "target_sum"; "exclude_highly_expressed"; "max_fraction"; "layer" ] step

    { NormalizeTotal.defaults with
        TargetSum =
            match arg "target_sum" step with
            // scanpy 1.11.5, which made the results, took the median over all cells.
            | None -> TargetSum.MedianOfAll
            | Some json when json.ValueKind = JsonValueKind.Null -> TargetSum.MedianOfAll
            | Some json -> TargetSum.Counts(json.GetDouble())
        ExcludeHighlyExpressed = arg "exclude_highly_expressed" step |> Option.exists _.GetBoolean()
        MaxFraction = arg "max_fraction" step |> Option.map _.GetDouble() |> Option.defaultValue NormalizeTotal.defaults.MaxFraction
        KeyAdded = Some factor }

/// The options of log1p that mean the same.
let log1pOptions step : Log1pOptions =
    requireKnown [ "base" ] step

    { Log1p.defaults with
        Base = arg "base" step |> Option.map _.GetDouble() }

let private float' name step =
    arg name step |> Option.map _.GetDouble()

let private int' name step =
    arg name step |> Option.map _.GetInt32()

let private count name step =
    arg name step |> Option.map _.GetInt64()

let private filterCells step =
    requireKnown [ "min_counts"; "max_counts"; "min_genes"; "max_genes" ] step

    { Filter.defaults with
        MinCounts = float' "min_counts" step
        MaxCounts = float' "max_counts" step
        MinGenes = count "min_genes" step
        MaxGenes = count "max_genes" step }

let private filterGenes step =
    requireKnown [ "min_counts"; "max_counts"; "min_cells"; "max_cells" ] step

    { Filter.defaults with
        GeneMinCounts = float' "min_counts" step
        GeneMaxCounts = float' "max_counts" step
        MinCells = count "min_cells" step
        MaxCells = count "max_cells" step }

let private flavor step =
    match arg "flavor" step |> Option.map _.GetString() with
    | None
    | Some "seurat" -> HvgFlavor.Seurat
    | Some "cell_ranger" -> HvgFlavor.CellRanger
    | Some "seurat_v3" -> HvgFlavor.SeuratV3
    | Some "seurat_v3_paper" -> HvgFlavor.SeuratV3Paper
    | Some other -> failwith $"{step.Name}: the flavor {other} is not known to these tests"

let private hvg step =
    requireKnown
        [ "flavor"
          "n_top_genes"
          "min_mean"
          "max_mean"
          "min_disp"
          "max_disp"
          "n_bins"
          "span"
          "batch_key"
          "layer" ]
        step

    let usual = Hvg.defaults

    { usual with
        Flavor = flavor step
        NTopGenes = int' "n_top_genes" step
        MinMean = float' "min_mean" step |> Option.defaultValue usual.MinMean
        MaxMean = float' "max_mean" step |> Option.defaultValue usual.MaxMean
        MinDisp = float' "min_disp" step |> Option.defaultValue usual.MinDisp
        MaxDisp = float' "max_disp" step |> Option.defaultValue usual.MaxDisp
        NBins = int' "n_bins" step |> Option.defaultValue usual.NBins
        Span = float' "span" step |> Option.defaultValue usual.Span
        BatchKey = arg "batch_key" step |> Option.map _.GetString() }

let private pca step =
    requireKnown [ "n_comps"; "mask_var"; "zero_center" ] step

    { Pca.defaults with
        NComps = int' "n_comps" step
        MaskVar =
            match arg "mask_var" step with
            | None -> MaskVar.HighlyVariable
            | Some json when json.ValueKind = JsonValueKind.Null -> MaskVar.AllGenes
            | Some json -> MaskVar.Column(json.GetString())
        ZeroCenter = arg "zero_center" step |> Option.map _.GetBoolean() |> Option.defaultValue true }

/// The gene sets that qc counts.
let private withSets step recipe =
    let sets = arg "qc_vars" step |> Option.map strings |> Option.defaultValue []

    match step.Prefix with
    | Some prefix ->
        { recipe with
            Mitochondrial = Mitochondrial.Prefix prefix }
    | None ->
        { recipe with
            // A set of this name takes the place of the usual one.
            Mitochondrial = if List.contains "mt" sets then Mitochondrial.Auto else Mitochondrial.None
            GeneSets = sets |> List.map (fun name -> GeneSet.FromColumn(name, name)) }

/// The column of obs that says which batch a cell belongs to.
let batchKey step =
    arg "batch_key" step |> Option.map _.GetString()

/// The layer that a step looks at instead of X.
let private layer step =
    arg "layer" step |> Option.map _.GetString()

/// The path of the matrix that a step looks at.
let matrix step =
    match layer step with
    | Some layer -> $"layers/{layer}"
    | None -> "X"

/// The recipe that means the same.
let recipe step =
    let nothing =
        { Recipe.ofSteps [] with
            Matrix = layer step |> Option.map MatrixName.Layer |> Option.defaultValue MatrixName.X }

    match step.Op with
    | "filter_cells" -> nothing |> Recipe.add (Filter.step (filterCells step))
    | "filter_genes" -> nothing |> Recipe.add (Filter.step (filterGenes step))
    | "calculate_qc_metrics" -> nothing |> Recipe.add (Qc.step (qc step)) |> withSets step
    | "normalize_total" -> nothing |> Recipe.add (NormalizeTotal.step (normalize step))
    | "log1p" -> nothing |> Recipe.add (Log1p.step (log1pOptions step))
    | "highly_variable_genes" -> nothing |> Recipe.add (Hvg.step (hvg step))
    | "pca" -> nothing |> Recipe.add (Pca.step (pca step))
    | other -> failwith $"{other} is not known to these tests"

/// Several steps in one.
let fuse (recipes: Recipe list) =
    let qc =
        recipes |> List.tryFind (fun recipe -> (Recipe.tryFind "qc" recipe).IsSome) |> Option.defaultValue (Recipe.ofSteps [])

    { qc with
        Matrix = recipes.Head.Matrix
        SumDuplicates = recipes |> List.exists _.SumDuplicates
        AllowInvalid = recipes |> List.exists _.AllowInvalid
        GeneSymbols = recipes |> List.tryPick _.GeneSymbols
        Steps = [] }
    |> List.foldBack Recipe.add (recipes |> List.collect _.Steps)
