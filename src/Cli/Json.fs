/// The results as JSON for programs; names and types of fields do not change between versions, new ones may come.
namespace SingleSharp.Cli

open System
open System.Text.Json
open SingleSharp
open SingleSharp.Core
open SingleSharp.Cli.JsonFields

[<RequireQualifiedAccess>]
module Json =
    /// Of every command that did not come to its end.
    let ofError (error: CommandError) =
        print (fun json ->
            object' json "error" (fun () ->
                text json "kind" error.Kind
                text json "message" error.Message
                optional json "path" error.Path
                optional json "option" error.Option
                optional json "output" error.Output))

    /// Of every command that writes a file. A field that its steps do not compute is null.
    let ofReport command isInPlace (page: string option) (seconds: float) (report: Report) =
        print (fun json ->
            text json "command" command
            text json "input" report.Input
            text json "output" report.Output
            json.WriteBoolean("in_place", isInPlace)

            match page with
            | Some page -> text json "report" page
            | None -> json.WriteNull "report"

            strings json "steps" report.Steps
            text json "matrix" report.Matrix
            json.WriteNumber("n_obs", report.Cells)
            json.WriteNumber("n_vars", report.Genes)
            json.WriteNumber("nnz", report.StoredValues)
            json.WriteNumber("n_obs_after", report.CellsKept)
            json.WriteNumber("n_vars_after", report.GenesKept)
            losses json "obs_dropped" report.Dropped.OfCells
            losses json "vars_dropped" report.Dropped.OfGenes
            json.WriteNumber("reads_of_x", report.Reads)
            text json "dtype_before" report.TypeBefore
            text json "dtype_after" report.TypeAfter
            number json "target_sum" (Option.ofNullable report.TargetSum)
            json.WriteNumber("highly_expressed_genes", report.ExcludedGenes)
            geneSets json report.GeneSets
            strings json "obs_columns" report.ObsColumns
            strings json "var_columns" report.VarColumns
            strings json "layer_keys" report.LayerKeys
            strings json "obsm_keys" report.ObsmKeys
            strings json "varm_keys" report.VarmKeys
            strings json "uns_keys" report.UnsKeys
            whole json "highly_variable_genes" report.HighlyVariableGenes
            numbers json "variance_ratio" report.VarianceRatio
            number json "mean_counts_per_cell" (Option.ofNullable report.MeanCountsPerCell)
            number json "mean_genes_per_cell" (Option.ofNullable report.MeanGenesPerCell)
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
                conversion.Samples |> Seq.iter (fun sample -> json.WriteNumber(Escaped.whole sample.Name, sample.Cells)))

            strings json "obs_columns" conversion.ObsColumns
            strings json "var_columns" conversion.VarColumns
            strings json "warnings" conversion.Warnings
            number json "seconds" (Some(Math.Round(seconds, 3))))

    let ofSplit (seconds: float) (split: Split) =
        print (fun json ->
            json.WriteString("command", "split")
            text json "input" split.Input
            text json "by" split.Column
            text json "manifest" split.Manifest
            json.WriteNumber("n_obs", split.Cells)
            json.WriteNumber("n_vars", split.Genes)
            json.WriteStartArray "files"

            for file in split.Files do
                json.WriteStartObject()
                text json "value" file.Value
                text json "path" file.Path
                json.WriteNumber("n_obs", file.Cells)
                json.WriteEndObject()

            json.WriteEndArray()
            json.WriteNumber("n_obs_without_value", split.CellsWithoutValue)
            strings json "warnings" split.Warnings
            number json "seconds" (Some(Math.Round(seconds, 3))))

    let ofHeads path (heads: TableHead list) =
        print (fun json ->
            text json "path" path
            json.WriteStartArray "tables"

            for head in heads do
                json.WriteStartObject()
                text json "part" head.Part
                json.WriteNumber("n_rows", head.Rows)
                json.WriteNumber("n_columns", head.Columns)
                strings json "index" head.RowNames
                strings json "columns" head.ColumnNames
                strings json "dtypes" head.Types
                json.WriteStartArray "rows"

                for row in head.Cells do
                    json.WriteStartArray()
                    row |> Seq.iter (fun (cell: string) -> json.WriteStringValue(Escaped.whole cell))
                    json.WriteEndArray()

                json.WriteEndArray()
                json.WriteEndObject()

            json.WriteEndArray())

    let private stored (json: Utf8JsonWriter) (dataset: StoredDataset) =
        json.WriteStartObject()
        text json "name" dataset.Name
        text json "dtype" dataset.Type
        json.WriteNumber("length", dataset.Count)
        text json "storage" dataset.Storage

        if dataset.ChunkLength.HasValue then
            json.WriteNumber("chunk_length", dataset.ChunkLength.Value)
        else
            json.WriteNull "chunk_length"

        json.WriteEndObject()

    let private passes (json: Utf8JsonWriter) (passes: seq<PlannedPass>) =
        strings json "passes" (passes |> Seq.map _.Purpose)
        json.WriteStartArray "pass_memory_bytes"
        passes |> Seq.iter (fun pass -> json.WriteNumberValue pass.Memory)
        json.WriteEndArray()

    let private plan (json: Utf8JsonWriter) (plan: Plan) =
        json.WriteNumber("reads_of_x", plan.Passes.Count)
        passes json plan.Passes
        json.WriteNumber("writes_of_x", plan.Writes)

        json.WriteString(
            "x",
            match plan.Values with
            | ValuePlan.Untouched -> "untouched"
            | ValuePlan.Overwrite -> "same_place"
            | ValuePlan.StoreAnew -> "new_dataset"
            | _ -> "row_by_row"
        )

        json.WriteString("dtype_after", plan.TypeAfter)
        geneSets json plan.GeneSets
        json.WriteStartArray "percent_top"
        plan.PercentTop |> Seq.iter json.WriteNumberValue
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
            info.Matrix |> Seq.iter (stored json)
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
            strings json "steps" planned.Steps
            plan json planned)

    /// Recipes are objects, as --recipe takes them from a file.
    let ofHistory path (runs: PastRun list) =
        print (fun json ->
            text json "path" path
            json.WriteStartArray "runs"

            for run in runs do
                json.WriteStartObject()
                text json "version" run.Version
                json.WriteNumber("bits", run.Bits)
                strings json "inputs" run.Inputs
                json.WritePropertyName "recipe"
                using (JsonDocument.Parse run.Recipe) (fun recipe -> recipe.RootElement.WriteTo json)
                json.WritePropertyName "conversion"
                using (JsonDocument.Parse run.Conversion) (fun conversion -> conversion.RootElement.WriteTo json)
                strings json "also" run.Also
                json.WriteEndObject()

            json.WriteEndArray())

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

    let ofExported (exported: Exported) =
        print (fun json ->
            json.WriteString("command", "export")
            text json "input" exported.Input
            text json "element" exported.Element
            text json "output" exported.Output
            json.WriteString("format", ExportFormat.name exported.Format)
            json.WriteNumber("n_rows", exported.Rows)
            json.WriteNumber("n_columns", exported.Columns)
            json.WriteNumber("bytes", exported.Bytes))

    let ofPage (path: string) (page: WrittenPage) =
        print (fun json ->
            json.WriteString("command", "report")
            text json "input" path
            text json "output" page.Output
            json.WriteNumber("bytes", page.Bytes)
            json.WriteNumber("n_obs", page.Cells)
            json.WriteNumber("n_obs_drawn", page.CellsDrawn)
            strings json "plots" page.Plots
            strings json "not_drawn" page.Missing)

    let ofDigest (digest: Digest) =
        print (fun json ->
            object' json "objects" (fun () -> digest.Elements |> Seq.iter (fun element -> text json element.Path element.Sha256))
            text json "sha256" digest.Whole)
