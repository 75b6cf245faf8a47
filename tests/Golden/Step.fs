/// The steps that scanpy took, as their JSON describes them, and the recipes that mean the same.
module SingleSharp.Golden.Step

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
    let sets = arg "qc_vars" step |> Option.map strings |> Option.defaultValue []

    { Recipe.qc with
        Mitochondrial =
            match step.Prefix with
            | Some prefix -> StartingWith prefix
            | None -> NotCounted
        GeneSets =
            if step.Prefix.IsSome then
                []
            else
                sets |> List.map (fun name -> { Name = name; Rule = Column name })
        PercentTop =
            match arg "percent_top" step with
            | None -> Exactly [ 50; 100; 200; 500 ]
            | Some json when json.ValueKind = JsonValueKind.Null -> Exactly []
            | Some json -> Exactly(json.EnumerateArray() |> Seq.map _.GetInt32() |> List.ofSeq)
        Log1p = arg "log1p" step |> Option.map _.GetBoolean() |> Option.defaultValue true }

let private normalize step =
    requireKnown [ "target_sum"; "exclude_highly_expressed"; "max_fraction" ] step

    { Recipe.normalizeTotal with
        TargetSum =
            match arg "target_sum" step with
            // scanpy 1.11.5, which made the results, took the median over all cells.
            | None -> MedianOfAll
            | Some json when json.ValueKind = JsonValueKind.Null -> MedianOfAll
            | Some json -> Counts(json.GetDouble())
        ExcludeHighlyExpressed = arg "exclude_highly_expressed" step |> Option.exists _.GetBoolean()
        MaxFraction = arg "max_fraction" step |> Option.map _.GetDouble() |> Option.defaultValue Recipe.normalizeTotal.MaxFraction
        KeyAdded = Some factor }

let private log1p step : Log1pRecipe =
    requireKnown [ "base" ] step

    { Base = arg "base" step |> Option.map _.GetDouble() }

/// Why this version has no recipe for a step.
let unsupported step =
    match step.Op with
    | "calculate_qc_metrics"
    | "normalize_total"
    | "log1p" -> if (arg "layer" step).IsSome then Some "layers are not supported yet" else None
    | other -> Some $"{other} is not supported yet"

/// The recipe of a step that is supported.
let recipe step =
    match step.Op with
    | "calculate_qc_metrics" ->
        { Recipe.nothing with
            Qc = Some(qc step) }
    | "normalize_total" ->
        { Recipe.nothing with
            NormalizeTotal = Some(normalize step) }
    | "log1p" ->
        { Recipe.nothing with
            Log1p = Some(log1p step) }
    | other -> failwith $"{other} is not supported yet"

/// Several steps in one.
let fuse recipes =
    let first choose = List.tryPick choose recipes

    { Recipe.nothing with
        Qc = first _.Qc
        NormalizeTotal = first _.NormalizeTotal
        Log1p = first _.Log1p
        AllowInvalid = recipes |> List.exists _.AllowInvalid }
