/// What becomes of every file of strangers and of every edge case: docs/compatibility.md.
module internal SingleSharp.Golden.Compatibility

open System.IO
open System.Text.Json
open SingleSharp.Core
open SingleSharp.Golden.Jobs
open SingleSharp.Golden.Conformance
open SingleSharp.Golden.Shared

/// A file and the name that it has in the table.
type Entry =
    {
        Name: string
        Path: string
        /// Is it something else, of which an .h5ad file is made first?
        IsConverted: bool
    }

/// What a recipe came to, and the options that it took.
type private Attempt =
    | Written of ConformanceJob * options: string list
    | Refused of Fault
    /// Anything else is a bug.
    | Crashed of exn

type Outcome =
    /// Everything was computed.
    | Processed
    /// The same, of the .h5ad file that was made of it.
    | Converted
    /// X could be transformed, but no columns could be added.
    | ValuesOnly
    | NotProcessed

/// A row of the table.
type Row =
    {
        Entry: Entry
        /// What it is, as h5py sees it.
        What: string
        Outcome: Outcome
        /// What it was compared with, or the sentence that refuses it.
        Note: string
    }

let private wild =
    lazy
        [ for name in list "data/wild" "*.h5ad" ->
              { Name = name
                Path = require $"data/wild/{name}"
                IsConverted = false } ]

let private edge =
    [ for case in EdgeFiles.cases ->
          { Name = case
            Path = here $"edge/{case}/input.h5ad"
            IsConverted = false } ]

let private tenx =
    lazy
        [ for name in
              [ "1K_pbmc_citeseq.h5"
                "heart_1k_v2__filtered_gene_bc_matrices_h5.h5"
                "scanpy_10x_1.2.0_chr21"
                "scanpy_10x_3.0.0" ] ->
              { Name = name
                Path = require $"data/tenx/{name}"
                IsConverted = true } ]

let private recipes =
    [ "qc", (Recipe.ofSteps [ Qc.step Qc.defaults ])
      // Some files are logged already, and say so.
      "preprocess",
      (Recipe.standard
       |> Recipe.add (
           Log1p.step
               { Log1p.defaults with
                   AllowLogged = true }
       )) ]

/// What is left where no columns can be added.
let private values =
    "values",
    (Recipe.standard
     |> Recipe.without "qc"
     |> Recipe.add (
         Log1p.step
             { Log1p.defaults with
                 AllowLogged = true }
     ))

/// Runs a recipe, and again with the option that a refusal asks for.
let rec private attempt (sandbox: Sandbox) entry options (name, recipe: Recipe) =
    let output = sandbox.File $"{entry.Name}.{name}.h5ad"

    try
        match Pipeline.run recipe Settings.standard (Input.file entry.Path) (NewFile output) with
        | Ok report -> Written(job $"{entry.Name}, {name}" entry.Path output recipe report, List.rev options)
        | Error _ when File.Exists output -> failwith "a refusal leaves an output behind"
        | Error(InvalidValue _) when not recipe.AllowInvalid ->
            attempt sandbox entry ("--allow-invalid" :: options) (name, { recipe with AllowInvalid = true })
        | Error(DuplicateEntry _) when not recipe.SumDuplicates ->
            attempt sandbox entry ("--sum-duplicates" :: options) (name, { recipe with SumDuplicates = true })
        | Error fault -> Refused fault
    with trouble ->
        Crashed trouble

let private attempts sandbox entry =
    let usual = recipes |> List.map (attempt sandbox entry [])
    let isRefused = usual |> List.exists (fun attempt -> attempt.IsRefused)
    if isRefused then usual @ [ attempt sandbox entry [] values ] else usual

/// The .h5ad file of an entry, and what became of it.
let private tried (sandbox: Sandbox) entry =
    let file = sandbox.File $"{entry.Name}.converted.h5ad"

    if not entry.IsConverted then
        entry.Path, attempts sandbox entry
    else
        try
            match Pipeline.convert MatrixName.X false Settings.standard (Input.files [ entry.Path ]) file with
            | Ok _ -> file, attempts sandbox { entry with Path = file }
            | Error fault -> entry.Path, [ Refused fault ]
        with trouble ->
            entry.Path, [ Crashed trouble ]

/// The sentence, with the file's name instead of its path.
let private sentence entry fault =
    (Fault.sentence fault).Replace(entry.Path, entry.Name)

let private options attempts =
    attempts
    |> List.collect (function
        | Written(_, options) -> options
        | _ -> [])
    |> List.distinct

let private faults attempts =
    attempts
    |> List.choose (function
        | Refused fault -> Some fault
        | _ -> None)

let private outcome entry (attempts: Attempt list) =
    match attempts |> List.map (fun attempt -> attempt.IsWritten) with
    | [ _; _ ] when entry.IsConverted -> Converted
    | [ _; _ ] -> Processed
    | [ _; _; true ] -> ValuesOnly
    | _ -> NotProcessed

let private note entry opens attempts =
    let compared =
        if opens then "the reference; anndata" else "the reference; h5py (anndata does not open the input)"

    let options = options attempts |> String.concat " "

    match outcome entry attempts with
    | Converted -> $"what h5py and SciPy read; {compared}"
    | Processed when options = "" -> compared
    | Processed -> $"with {options}: {compared}"
    | ValuesOnly ->
        let columns = sentence entry (List.head (faults attempts))
        $"normalize and log1p {options}".TrimEnd() + $": {compared}. Columns are refused: {columns}"
    | NotProcessed -> sentence entry (List.last (faults attempts))

/// The libraries that took part, all rows of these files, and whatever is wrong with an output.
let private judged entries =
    use sandbox = new Sandbox()
    let tried = [ for entry in entries -> entry, tried sandbox entry ]
    let attempts = [ for entry, (_, attempts) in tried -> entry, attempts ]

    let jobs =
        [ for _, attempts in attempts do
              for attempt in attempts do
                  match attempt with
                  | Written(job, _) -> job
                  | _ -> () ]

    let manifest =
        {| files = [| for entry in entries -> entry.Path |]
           conversions =
            [| for entry, (file, _) in tried do
                   if file <> entry.Path then
                       {| input = entry.Path; output = file |} |]
           jobs = Array.ofList jobs |}

    let answer =
        JsonDocument.Parse(Child.script "compatibility.py" [] (JsonSerializer.Serialize manifest)).RootElement

    let ofJob (job: ConformanceJob) =
        answer.GetProperty("jobs").GetProperty(job.name)

    let opens attempts =
        attempts
        |> List.exists (function
            | Written(job, _) -> (ofJob job).GetProperty("opens").GetBoolean()
            | _ -> false)

    let rows =
        [ for entry, attempts in attempts do
              if not (attempts |> List.exists (fun attempt -> attempt.IsCrashed)) then
                  { Entry = entry
                    What = answer.GetProperty("files").GetProperty(entry.Path).GetString()
                    Outcome = outcome entry attempts
                    Note = note entry (opens attempts) attempts } ]

    let problems =
        [ for entry, attempts in attempts do
              for attempt in attempts do
                  match attempt with
                  | Crashed trouble -> yield $"{entry.Name} crashes: {trouble}"
                  | _ -> ()
          for problem in answer.GetProperty("conversions").EnumerateArray() do
              yield problem.GetString()
          for job in jobs do
              for problem in (ofJob job).GetProperty("problems").EnumerateArray() do
                  yield $"{job.name}: {problem.GetString()}" ]

    answer.GetProperty("readers").GetString(), rows, problems

let private words outcome =
    match outcome with
    | Processed -> "processed"
    | Converted -> "converted, processed"
    | ValuesOnly -> "values only"
    | NotProcessed -> "refused"

let private cell (text: string) =
    text.Replace("|", "\\|").Replace("\n", " ")

let private table title rows =
    [ $"## {title}"
      ""
      "| file | what it is | result | compared with, or the sentence |"
      "|---|---|---|---|"
      for row in rows do
          $"| {row.Entry.Name} | {cell row.What} | {words row.Outcome} | {cell row.Note} |"
      "" ]

let private total title rows =
    let of' outcome =
        rows |> List.filter (fun row -> row.Outcome = outcome) |> List.length

    $"| {title} | {of' Processed + of' Converted} | {of' ValuesOnly} | {of' NotProcessed} | {rows.Length} |"

let private head readers =
    [ "# Which files work"
      ""
      "Generated by the golden tests (`tests/Golden/AnnData/Compatibility.fs`), which fail when this is no longer what happens."
      ""
      "Each file is given to `qc --out` and to `preprocess --out` (qc, normalize_total, log1p). *processed*: both wrote an output. *values only*: columns could not"
      "be added, so `normalize` and `log1p` were run alone. *refused*: nothing was written, and the sentence is what was said, with the file's name for its path."
      "Options in the last column are those that the refusal without them asks for."
      ""
      "What was written is compared with a reference in NumPy and float64, which follows the description of scanpy's functions: total_counts, n_genes_by_counts,"
      "n_cells_by_counts, mean_counts, pct_dropout_by_counts and the logarithms of them to 1e-6, normalized X exactly and its logarithm to two units in the last"
      "place. Every object that is not written must be as it was: links, types, shapes, values, attributes, storage, read with h5py. Where anndata opens the"
      $"input, it must open the output and see what h5py sees. {readers} took part."
      "" ]

/// The document, and whatever is wrong with an output.
let document () =
    let sections =
        [ "Files of other tools", wild.Value
          "Edge cases", edge
          "Cell Ranger", tenx.Value ]

    let entries = sections |> List.collect snd
    let readers, rows, problems = judged entries

    let sections =
        [ for title, entries in sections -> title, rows |> List.filter (fun row -> List.contains row.Entry entries) ]

    let lines =
        [ yield! head readers
          for title, rows in sections do
              yield! table title rows
          "## Totals"
          ""
          "| files | processed | values only | refused | all |"
          "|---|---|---|---|---|"
          for title, rows in sections do
              total title rows
          total "all" rows ]

    String.concat "\n" lines + "\n", problems
