/// What a report and a look into a file say to people.
namespace SingleSharp.Cli

open System
open System.Collections.Generic
open System.Globalization
open System.Text.Json
open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Summary =
    let private invariant = CultureInfo.InvariantCulture
    let private count (value: int64) = value.ToString("N0", invariant)

    /// N things, whose plural ends in s.
    let private several (number: int64) thing =
        match number with
        | 0L -> $"no {thing}s"
        | 1L -> $"1 {thing}"
        | _ -> $"{count number} {thing}s"

    let private mean (value: float) = value.ToString("N1", invariant)
    let private percent (share: float) = share.ToString("0.0# %", invariant)

    /// As people would write it: 10,000 or 3,142.5.
    let private plain (value: float) = value.ToString("#,0.####", invariant)

    let private size (bytes: int64) =
        if bytes >= (1L <<< 30) then String.Format(invariant, "{0:0.#} GiB", float bytes / 1024.0 ** 3.0)
        elif bytes >= (1L <<< 20) then String.Format(invariant, "{0:0} MiB", float bytes / 1024.0 ** 2.0)
        else String.Format(invariant, "{0:0} KiB", Math.Ceiling(float bytes / 1024.0))

    let private list (names: seq<string>) =
        if Seq.isEmpty names then "none" else String.concat ", " names

    let private values cells genes (stored: int64) =
        match float cells * float genes with
        | 0.0 -> count stored
        | all -> $"{count stored}, {percent (float stored / all)} of the matrix"

    let private geneSets (sets: seq<GeneSetSize>) =
        sets |> Seq.map (fun set -> $"""{set.Name} ({several (int64 set.Genes) "gene"})""") |> list

    let private change before after =
        if before = after then before else $"{before}, now {after}"

    let private steps (report: Report) =
        report.Steps
        |> Seq.map (fun step ->
            if step = "normalize_total" && report.TargetSum.HasValue then
                $"normalize_total to {plain report.TargetSum.Value} counts per cell"
            else
                step)
        |> String.concat ", "

    let private optional name show (value: Nullable<_>) =
        if value.HasValue then [ name, show value.Value ] else []

    /// How many components are named one by one.
    let private enough = 3

    let private components (ratios: IReadOnlyList<float>) =
        let first =
            ratios |> Seq.truncate enough |> Seq.mapi (fun i ratio -> $"PC{i + 1} {percent ratio}") |> String.concat ", "

        let dots = if ratios.Count > enough then ", ..." else ""
        $"""{first}{dots}; {several (int64 ratios.Count) "component"} {if ratios.Count = 1 then "explains" else "explain"} {percent (Seq.sum ratios)} of the variance"""

    /// Cells, or genes, that each limit of the filter dropped.
    let private dropped what (losses: seq<LimitLoss>) =
        [ if not (Seq.isEmpty losses) then
              $"{what} dropped", losses |> Seq.map (fun loss -> $"{count loss.Lost} by {loss.Limit}") |> list ]

    let private written place names =
        if Seq.isEmpty names then [] else [ $"new in {place}", list names ]

    let ofReport (seconds: float) (report: Report) =
        { Title = report.Output
          Lines =
            [ "steps", steps report
              "cells", change (count report.Cells) (count report.CellsKept)
              "genes", change (count (int64 report.Genes)) (count (int64 report.GenesKept))
              yield! dropped "cells" report.Dropped.OfCells
              yield! dropped "genes" report.Dropped.OfGenes
              "stored values", values report.Cells report.Genes report.StoredValues
              report.Matrix, change report.TypeBefore report.TypeAfter
              yield! optional "counts per cell" (mean >> sprintf "%s on average") report.MeanCountsPerCell
              yield! optional "genes per cell" (mean >> sprintf "%s on average") report.MeanGenesPerCell

              if Seq.contains "qc" report.Steps then
                  "gene sets", geneSets report.GeneSets

              if report.ExcludedGenes > 0 then
                  "highly expressed", $"""{several report.ExcludedGenes "gene"} left out of the totals"""

              yield! optional "highly variable" (fun genes -> several (int64 genes) "gene") report.HighlyVariableGenes

              if report.VarianceRatio.Count > 0 then
                  "components", components report.VarianceRatio

              yield! written "obs" report.ObsColumns
              yield! written (if report.Matrix = "raw/X" then "raw/var" else "var") report.VarColumns
              yield! written "layers" report.LayerKeys
              yield! written "obsm" report.ObsmKeys
              yield! written "varm" report.VarmKeys
              yield! written "uns" report.UnsKeys
              "reads of X", string report.Reads
              "time", String.Format(invariant, "{0:0.0} s", seconds) ] }

    let ofConversion (seconds: float) (conversion: Conversion) =
        { Title = conversion.Output
          Lines =
            [ "made of", list conversion.Inputs
              "cells", count conversion.Cells
              "genes", count (int64 conversion.Genes)
              "stored values", values conversion.Cells conversion.Genes conversion.StoredValues
              "X", conversion.Type
              if conversion.Samples.Count > 0 then
                  "samples", conversion.Samples |> Seq.map (fun sample -> $"""{sample.Name} ({several sample.Cells "cell"})""") |> list
              "obs columns", list conversion.ObsColumns
              "var columns", list conversion.VarColumns
              "time", String.Format(invariant, "{0:0.0} s", seconds) ] }

    /// Files that are told one by one.
    let private mostFiles = 20

    let ofSplit (seconds: float) (split: Split) =
        { Title = split.Manifest
          Lines =
            [ "made of", split.Input
              "cells", count split.Cells
              "genes", count (int64 split.Genes)
              for file in Seq.truncate mostFiles split.Files do
                  file.Value, $"""{IO.Path.GetFileName file.Path} ({several file.Cells "cell"})"""
              if split.Files.Count > mostFiles then
                  "and", $"""{several (int64 (split.Files.Count - mostFiles)) "more file"}, which the table lists"""
              if split.CellsWithoutValue > 0L then
                  "without a value", several split.CellsWithoutValue "cell"
              "time", String.Format(invariant, "{0:0.0} s", seconds) ] }

    let private looksLikeCounts (info: Info) =
        // Where X is stored in columns, genes were looked at.
        let examined =
            if info.CellsExamined = 0L then "genes" else several info.CellsExamined "cell"

        if info.Cells = 0L then "there are no cells to tell by"
        elif info.LooksLikeCounts then $"yes, in the first {examined}"
        else $"no, in the first {examined} there are values that are negative, fractional, NaN or infinite"

    let private stored (dataset: StoredDataset) =
        let chunks =
            if dataset.ChunkLength.HasValue then $", chunks of {count dataset.ChunkLength.Value}" else ""

        dataset.Name, $"{dataset.Type}, {dataset.Storage}{chunks}"

    let private writes (plan: Plan) =
        match plan.Values with
        | ValuePlan.Untouched -> "none"
        | _ when plan.Writes = 2 ->
            $"2: {plan.TypeAfter}, of all genes to a temporary file, then of the chosen ones row by row into new datasets"
        | ValuePlan.Overwrite -> $"1: {plan.TypeAfter}, over the old values in the copy"
        | ValuePlan.StoreAnew -> $"1: {plan.TypeAfter}, in a new dataset stored like the old one"
        | _ -> $"1: {plan.TypeAfter}, row by row into new datasets"

    let ofInfo (info: Info) =
        { Title = info.Path
          Lines =
            [ "size", size info.Bytes
              "cells", count info.Cells
              "genes", count (int64 info.Genes)
              "stored values", values info.Cells info.Genes info.StoredValues
              "raw counts?", looksLikeCounts info
              "log-transformed?", (if info.IsLogged then "yes, says uns/log1p" else "no uns/log1p that says so")
              yield! info.Matrix |> Seq.map stored
              "obs columns", list info.ObsColumns
              "var columns", list info.VarColumns
              "also kept", list info.Others ] }

    /// What a recipe would do.
    let ofPlan title (plan: Plan) =
        { Title = title
          Lines =
            [ "steps", list plan.Steps
              "reads of X", string plan.Passes.Count
              for i, pass in Seq.indexed plan.Passes do
                  $"read {i + 1}", $"{pass.Purpose}, with {size pass.Memory}"
              "writes of X", writes plan
              if Seq.contains "qc" plan.Steps then
                  "gene sets", geneSets plan.GeneSets
              if Seq.contains "qc" plan.Steps then
                  "percent_top", plan.PercentTop |> Seq.map string |> list
              "memory", $"{size plan.Memory} besides the runtime" ] }

    let ofExported (exported: Exported) =
        { Title = exported.Output
          Lines =
            [ "element", $"{exported.Element} of {exported.Input}"
              "format", ExportFormat.name exported.Format
              "rows", count exported.Rows
              "columns", count (int64 exported.Columns)
              "size", size exported.Bytes ] }

    let ofPage (page: WrittenPage) =
        { Title = page.Output
          Lines =
            [ "size", size page.Bytes
              "cells", count page.Cells
              if page.CellsDrawn < page.Cells then
                  "cells drawn", count page.CellsDrawn
              "plots", list page.Plots
              "not drawn", list page.Missing ] }

    /// A line for each finding, unless only errors are asked for, and one for all of them.
    let ofVerification isQuiet (verification: Verification) =
        let told =
            [ Severity.Error, "error"; Severity.Warning, "warning"; Severity.Note, "note" ]

        [ for severity, word in told do
              for finding in verification.Findings do
                  if finding.Severity = severity && (severity = Severity.Error || not isQuiet) then
                      $"{word}: {finding.Path}: {finding.Sentence}."
          let counts =
              told |> List.map (fun (severity, word) -> several (int64 (verification.Count severity)) word) |> String.concat ", "

          $"""{verification.Path}: {counts}; {several verification.Objects "object"} and {size verification.Bytes} of values in {several verification.Pieces "piece"} were checked.""" ]

    let private taken (recipe: string) =
        match Recipe.ofJson recipe with
        | Ok recipe -> recipe.Steps |> List.map string
        // It was written by another version, with steps or options that this one does not have.
        | Error _ -> [ "a recipe of another version; see --json" ]

    /// Options as JSON has them.
    let private chosen (options: string) =
        use options = JsonDocument.Parse options
        [ for option in options.RootElement.EnumerateObject() -> $"{option.Name}={option.Value.GetRawText()}" ]

    /// A table for each run.
    let ofHistory (path: string) (runs: PastRun list) =
        [ if runs.IsEmpty then
              { Title = path
                Lines = [ "runs", "none are noted in uns/singlesharp" ] }
          for number, run in List.indexed runs do
              { Title = $"{path}, run {number + 1}"
                Lines =
                  [ "version", $"{run.Version}, bits {run.Bits}"
                    "made of", list run.Inputs
                    for option in chosen run.Conversion do
                        "read with", option
                    for step in taken run.Recipe do
                        "step", step
                    if run.Also.Count > 0 then
                        "own code", $"wrote {list run.Also}" ] } ]
