/// The results as JSON for programs; names and types of fields do not change between versions, new ones may come.
namespace SingleSharp.Cli

open System
open System.IO
open System.Text.Encodings.Web
open System.Text.Json
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Json =
    let private options =
        JsonWriterOptions(Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping)

    /// Writes one object to stdout in UTF-8, whatever the terminal's own encoding.
    let private print (fields: Utf8JsonWriter -> unit) =
        use out = Console.OpenStandardOutput()

        using (new Utf8JsonWriter(out, options)) (fun json ->
            json.WriteStartObject()
            fields json
            json.WriteEndObject())

        out.WriteByte(byte '\n')

    /// JSON escapes what steers a terminal by itself; it cannot hold half a surrogate pair.
    let private text (json: Utf8JsonWriter) (name: string) (value: string) =
        json.WriteString(Shown.whole name, Shown.whole value)

    let private object' (json: Utf8JsonWriter) (name: string) fields =
        json.WriteStartObject name
        fields ()
        json.WriteEndObject()

    let private strings (json: Utf8JsonWriter) (name: string) (values: string list) =
        json.WriteStartArray name
        values |> List.iter (fun (value: string) -> json.WriteStringValue(Shown.whole value))
        json.WriteEndArray()

    /// JSON has no NaN and no infinity; they are null, as is what was not computed.
    let private value (json: Utf8JsonWriter) (value: float option) =
        match value with
        | Some value when Double.IsFinite value -> json.WriteNumberValue value
        | _ -> json.WriteNullValue()

    let private number (json: Utf8JsonWriter) (name: string) number =
        json.WritePropertyName name
        value json number

    let private numbers (json: Utf8JsonWriter) (name: string) (numbers: float list) =
        json.WriteStartArray name
        numbers |> List.iter (Some >> value json)
        json.WriteEndArray()

    /// A number that may be missing.
    let private whole (json: Utf8JsonWriter) (name: string) (value: int option) =
        match value with
        | Some value -> json.WriteNumber(name, value)
        | None -> json.WriteNull name

    let private counts json name (counts: (string * int64) list) =
        object' json name (fun () -> counts |> List.iter (fun (name, count) -> json.WriteNumber(name, count)))

    let private geneSets json (sets: (string * int) list) =
        object' json "gene_sets" (fun () -> sets |> List.iter (fun (name, genes) -> json.WriteNumber(Shown.whole name, genes)))

    /// Of every command that writes a file. A field that its steps do not compute is null.
    let ofReport command isInPlace (seconds: float) (keys: Keys) (report: Report) =
        print (fun json ->
            text json "command" command
            text json "input" report.Input
            text json "output" report.Output
            json.WriteBoolean("in_place", isInPlace)
            strings json "steps" report.Steps
            text json "matrix" report.Matrix
            json.WriteNumber("n_obs", report.Cells)
            json.WriteNumber("n_vars", report.Genes)
            json.WriteNumber("nnz", report.StoredValues)
            json.WriteNumber("n_obs_after", report.CellsKept)
            json.WriteNumber("n_vars_after", report.GenesKept)
            counts json "obs_dropped" report.Dropped.OfCells
            counts json "vars_dropped" report.Dropped.OfGenes
            json.WriteNumber("reads_of_x", report.Reads)
            text json "dtype_before" report.TypeBefore
            text json "dtype_after" report.TypeAfter
            number json "target_sum" report.TargetSum
            json.WriteNumber("highly_expressed_genes", report.ExcludedGenes)
            geneSets json report.GeneSets
            strings json "obs_columns" report.ObsColumns
            strings json "var_columns" report.VarColumns
            strings json "obsm_keys" keys.Obsm
            strings json "varm_keys" keys.Varm
            strings json "uns_keys" keys.Uns
            whole json "highly_variable_genes" report.HighlyVariableGenes
            numbers json "variance_ratio" report.VarianceRatio
            number json "mean_counts_per_cell" report.MeanCountsPerCell
            number json "mean_genes_per_cell" report.MeanGenesPerCell
            json.WriteNumber("empty_cells", report.Findings.EmptyCells)
            json.WriteNumber("fractional_values", report.Findings.Fractional)
            json.WriteNumber("negative_values", report.Findings.Negative)
            json.WriteNumber("not_finite_values", report.Findings.NotFinite)
            strings json "warnings" report.Warnings
            number json "seconds" (Some(Math.Round(seconds, 3))))

    let ofConversion (seconds: float) (conversion: Conversion) =
        print (fun json ->
            json.WriteString("command", "convert")
            strings json "inputs" conversion.Inputs
            text json "output" conversion.Output
            json.WriteNumber("n_obs", conversion.Cells)
            json.WriteNumber("n_vars", conversion.Genes)
            json.WriteNumber("nnz", conversion.StoredValues)
            text json "dtype" conversion.Type

            object' json "samples" (fun () ->
                conversion.Samples |> List.iter (fun (name, cells) -> json.WriteNumber(Shown.whole name, cells)))

            strings json "obs_columns" conversion.ObsColumns
            strings json "var_columns" conversion.VarColumns
            strings json "warnings" conversion.Warnings
            number json "seconds" (Some(Math.Round(seconds, 3))))

    let private stored (json: Utf8JsonWriter) (dataset: Stored) =
        json.WriteStartObject()
        text json "name" dataset.Name
        text json "dtype" dataset.Type
        json.WriteNumber("length", dataset.Count)
        text json "storage" dataset.Storage

        match dataset.ChunkLength with
        | Some length -> json.WriteNumber("chunk_length", length)
        | None -> json.WriteNull "chunk_length"

        json.WriteEndObject()

    let private passes (json: Utf8JsonWriter) (passes: PlannedPass list) =
        strings json "passes" (passes |> List.map _.Purpose)
        json.WriteStartArray "pass_memory_bytes"
        passes |> List.iter (fun pass -> json.WriteNumberValue pass.Memory)
        json.WriteEndArray()

    let private plan (json: Utf8JsonWriter) (plan: Plan) =
        json.WriteNumber("reads_of_x", plan.Passes.Length)
        passes json plan.Passes
        json.WriteNumber("writes_of_x", (if plan.Values = Untouched then 0 else 1))

        json.WriteString(
            "x",
            match plan.Values with
            | Untouched -> "untouched"
            | Overwrite -> "same_place"
            | StoreAnew -> "new_dataset"
            | RowByRow -> "row_by_row"
        )

        json.WriteString("dtype_after", Numeric.name plan.TypeAfter)
        geneSets json plan.SetSizes
        json.WriteStartArray "percent_top"
        plan.PercentTop |> List.iter json.WriteNumberValue
        json.WriteEndArray()
        json.WriteNumber("memory_bytes", plan.Memory)
        strings json "warnings" plan.Warnings

    let ofInfo (info: Info) =
        print (fun json ->
            text json "path" info.Path
            json.WriteNumber("bytes", info.Bytes)
            json.WriteNumber("n_obs", info.Cells)
            json.WriteNumber("n_vars", info.Genes)
            json.WriteNumber("nnz", info.StoredValues)
            number json "density" (Some(float info.StoredValues / (float info.Cells * float info.Genes)))
            text json "encoding" info.Encoding
            json.WriteStartArray "matrix"
            info.Matrix |> List.iter (stored json)
            json.WriteEndArray()
            json.WriteBoolean("looks_like_counts", info.LooksLikeCounts)
            json.WriteNumber("cells_examined", info.CellsExamined)
            json.WriteBoolean("is_logged", info.IsLogged)
            strings json "obs_columns" info.ObsColumns
            strings json "var_columns" info.VarColumns
            strings json "others" info.Others
            object' json "preprocess" (fun () -> plan json info.Plan))

    let ofPlan command path (planned: Plan) =
        print (fun json ->
            text json "command" command
            text json "path" path
            strings json "steps" (Recipe.steps planned.Recipe)
            plan json planned)

    let ofVerification (verification: Verification) =
        print (fun json ->
            text json "path" verification.Path
            json.WriteBoolean("is_sound", verification.IsSound)
            json.WriteNumber("objects_checked", verification.Objects)
            json.WriteNumber("pieces_checked", verification.Pieces)
            json.WriteNumber("bytes_checked", verification.Bytes)
            json.WriteStartArray "findings"

            for finding in verification.Findings do
                json.WriteStartObject()
                json.WriteString("severity", (string finding.Severity).ToLowerInvariant())
                text json "path" finding.Path
                text json "finding" finding.Sentence
                json.WriteEndObject()

            json.WriteEndArray())

    let ofDigest (digest: Digest) =
        print (fun json ->
            object' json "objects" (fun () -> digest.Elements |> List.iter (fun element -> text json element.Path element.Sha256))
            text json "sha256" digest.Whole)
