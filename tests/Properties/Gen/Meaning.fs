/// What a whole run must leave behind: obs, var and X of a recipe, written plainly.
module internal SingleSharp.Properties.Meaning

open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Properties.GenRuns
open SingleSharp.Properties.InMemory

/// A column as it must be found.
type Held =
    { Name: string
      Type: DType
      Values: float list }

let private held name kind values =
    { Name = name
      Type = kind
      Values = List.map (stored kind) values }

/// A column and, where wanted, the log1p of what it holds.
let private withLog wanted name kind values =
    [ held name kind values
      if wanted then
          held ("log1p_" + name) (logType kind) (values |> List.map (stored kind >> Elementary.log1p)) ]

let private obs numeric tops logs (sets: (string * bool[]) list) (rows: (int * float) list list) =
    let total = totalType numeric
    let totals = List.map sum rows
    let most = List.fold max 0 tops

    let percentage part whole =
        if total = DType.Float32 then
            float (float32 part / float32 whole * 100.0f)
        else
            part / whole * 100.0

    let detected row =
        row |> List.filter (fun (_, value) -> value <> 0.0) |> List.length |> float

    [ yield! withLog logs "n_genes_by_counts" DType.Int32 (List.map detected rows)
      yield! withLog logs "total_counts" total totals
      for k in tops do
          held
              $"pct_counts_in_top_{k}_genes"
              DType.Float64
              (List.map2 (fun row whole -> stored total (topSum most k row) / stored total whole * 100.0) rows totals)
      for name, mask in sets do
          let parts = rows |> List.map (List.filter (fun (gene, _) -> mask[gene]) >> sum)
          yield! withLog logs $"total_counts_{name}" total parts
          held $"pct_counts_{name}" (logType total) (List.map2 percentage parts totals) ]

let private var numeric logs genes (rows: (int * float) list list) =
    let add (cells, sums) (cells', sums') =
        Array.map2 (+) cells cells', Array.map2 (+) sums sums'

    let cells, sums =
        match rows |> List.chunkBySize 4096 |> List.map (tallies genes) with
        | [] -> tallies genes []
        | blocks -> List.reduce add blocks

    let n = float rows.Length
    let cells = cells |> List.ofArray |> List.map float
    let sums = List.ofArray sums

    [ held "n_cells_by_counts" DType.Int64 cells
      yield! withLog logs "mean_counts" DType.Float64 (sums |> List.map (fun sum -> sum / n))
      held "pct_dropout_by_counts" DType.Float64 (cells |> List.map (fun cells -> (1.0 - cells / n) * 100.0))
      yield! withLog logs "total_counts" (totalType numeric) sums ]

/// The mean of the two in the middle, in the matrix's type; NaN where there is none or one of them is.
let private median numeric numbers =
    let sorted = List.sort numbers
    let middle = sorted.Length / 2

    if sorted.IsEmpty || List.exists System.Double.IsNaN numbers then nan
    elif sorted.Length % 2 = 1 then sorted[middle]
    else stored numeric (stored numeric (sorted[middle - 1] + sorted[middle]) / 2.0)

/// What normalize_total does to a matrix.
type Scaled =
    { Target: float
      ExcludedGenes: int
      Factors: float list
      Rows: (int * float) list list }

let private scale numeric genes (options: NormalizeTotalOptions) (rows: (int * float) list list) =
    let kind = scaledType numeric

    let rows =
        rows |> List.map (List.map (fun (gene, value) -> gene, stored kind value))

    let excluded: bool[] = Array.zeroCreate genes

    if options.ExcludeHighlyExpressed then
        for row in rows do
            for gene, value in row do
                if value > options.MaxFraction * stored kind (sum row) then
                    excluded[gene] <- true

    let totals =
        rows |> List.map (List.filter (fun (gene, _) -> not excluded[gene]) >> sum >> stored kind)

    let target =
        match options.TargetSum with
        | TargetSum.Counts target -> target
        | TargetSum.MedianOfPositive -> median kind (totals |> List.filter (fun total -> total > 0.0))
        | TargetSum.MedianOfAll -> median kind totals

    let factors = totals |> List.map (fun total -> quotient kind total target)

    let divisors =
        factors |> List.map (fun factor -> if factor = 0.0 then 1.0 else factor)

    { Target = target
      ExcludedGenes = excluded |> Array.filter id |> Array.length
      Factors = factors
      Rows = List.map2 (fun divisor -> List.map (fun (gene, value) -> gene, quotient kind value divisor)) divisors rows }

let private logarithm numeric basis value =
    let kind = logType numeric
    let natural = stored kind (Elementary.log1p value)

    match basis with
    | None -> natural
    | Some basis -> quotient kind natural (stored kind (Elementary.log basis))

/// Which genes are in which set, by name.
let private sets (study: Study) (wanted: Wanted) =
    let startsWith (prefix: string) (name: string) =
        name.Length >= prefix.Length && name[.. prefix.Length - 1] = prefix

    let isSomewhere prefix =
        study.GeneNames |> List.exists (startsWith prefix)

    let mitochondrial =
        match wanted.Mitochondrial with
        | _ when wanted.GeneSets |> List.exists (fun set -> set.Name = "mt") -> []
        | Mitochondrial.Prefix prefix -> [ prefix ]
        | Mitochondrial.Auto when isSomewhere "MT-" -> [ "MT-" ]
        | Mitochondrial.Auto when isSomewhere "mt-" -> [ "mt-" ]
        | _ -> []

    let mask rule =
        match rule with
        | GeneRule.Prefixes prefixes ->
            study.GeneNames |> List.map (fun name -> prefixes |> List.exists (fun prefix -> startsWith prefix name))
        | GeneRule.Column _ -> study.Flags
        | GeneRule.Names names -> study.GeneNames |> List.map (fun name -> List.contains name names)
        | GeneRule.ListedIn path -> failwith $"{path} is not among what is generated"

    [ for prefix in mitochondrial -> "mt", Array.ofList (mask (GeneRule.Prefixes [ prefix ]))
      for set in wanted.GeneSets -> set.Name, Array.ofList (mask set.Rule) ]

/// What a run must leave behind.
type Meaning =
    { Obs: Held list
      Var: Held list
      Type: DType
      Rows: (int * float) list list
      Scaled: Scaled option }

/// The fault that a recipe ends in on these data; its sentence is told for values only.
let private fault path (study: Study) (wanted: Wanted) tops scaled =
    let invalid =
        study.Matrix.Rows
        |> List.indexed
        |> List.tryPick (fun (cell, row) ->
            row
            |> List.tryFind (fun (_, value) -> not (value >= 0.0 && System.Double.IsFinite value))
            |> Option.map (fun (gene, value) -> InvalidValue(path, $"cell{cell}", study.GeneNames[gene], value)))

    let isUsable target =
        let target = stored (scaledType study.Type) target
        target > 0.0 && System.Double.IsFinite target

    let target =
        match scaled with
        | Some scaled when not (isUsable scaled.Target) -> Some(InvalidOption("target_sum", ""))
        | _ -> None

    // A target that is given needs no read of X; what else does finds invalid values first.
    let isGiven =
        match wanted.NormalizeTotal with
        | Some { TargetSum = TargetSum.Counts _
                 ExcludeHighlyExpressed = excludes } -> not excludes
        | _ -> false

    if wanted.Mitochondrial.IsPrefix && wanted.GeneSets |> List.exists (fun set -> set.Name = "mt") then
        Some(InvalidOption("mt_prefix", ""))
    elif tops |> List.exists (fun k -> k < 1 || k > study.Matrix.Genes) then
        Some(InvalidOption("percent_top", ""))
    elif wanted.AllowInvalid || not (Wanted.changesValues wanted) then
        None
    else
        List.tryPick id (if isGiven then [ target; invalid ] else [ invalid; target ])

/// A whole run of what is wanted.
let run path (study: Study) (wanted: Wanted) : Result<Meaning, Fault> =
    let rows = study.Matrix.Rows
    let genes = study.Matrix.Genes

    let tops =
        match wanted.Qc with
        | Some { PercentTop = PercentTop.Exactly ks } -> ks |> List.distinct |> List.sort
        | Some { PercentTop = PercentTop.Auto } -> [ 50; 100; 200; 500 ] |> List.filter (fun k -> k <= genes)
        | None -> []

    let scaled =
        wanted.NormalizeTotal |> Option.map (fun options -> scale study.Type genes options rows)

    let between = if scaled.IsSome then scaledType study.Type else study.Type

    let scaledRows =
        match scaled with
        | Some scaled -> scaled.Rows
        | None -> rows

    match fault path study wanted tops scaled with
    | Some fault -> Error fault
    | None ->
        Ok
            { Obs =
                [ match wanted.Qc with
                  | Some qc -> yield! obs study.Type tops qc.Log1p (sets study wanted) rows
                  | None -> ()
                  match wanted.NormalizeTotal, scaled with
                  | Some { KeyAdded = Some name }, Some scaled -> held name (scaledType study.Type) scaled.Factors
                  | _ -> () ]
              Var =
                match wanted.Qc with
                | Some qc -> var study.Type qc.Log1p genes rows
                | None -> []
              Type = if wanted.Log1p.IsSome then logType between else between
              Rows =
                match wanted.Log1p with
                | Some { Base = basis } -> scaledRows |> List.map (List.map (fun (gene, value) -> gene, logarithm between basis value))
                | None -> scaledRows
              Scaled = scaled }
