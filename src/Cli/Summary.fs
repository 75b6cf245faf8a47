/// What a report and a look into a file say to people.
namespace SingleSharp.Cli

open System
open System.Globalization
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Summary =
    let private invariant = CultureInfo.InvariantCulture
    let private count (value: int64) = value.ToString("N0", invariant)
    let private mean (value: float) = value.ToString("N1", invariant)
    let private percent (share: float) = share.ToString("0.0# %", invariant)

    /// As people would write it: 10,000 or 3,142.5.
    let private plain (value: float) = value.ToString("#,0.####", invariant)

    let private size (bytes: int64) =
        if bytes >= (1L <<< 30) then String.Format(invariant, "{0:0.#} GiB", float bytes / 1024.0 ** 3.0)
        elif bytes >= (1L <<< 20) then String.Format(invariant, "{0:0} MiB", float bytes / 1024.0 ** 2.0)
        else String.Format(invariant, "{0:0} KiB", Math.Ceiling(float bytes / 1024.0))

    let private list (names: string list) =
        if names.IsEmpty then "none" else String.concat ", " names

    let private values cells genes (stored: int64) =
        match float cells * float genes with
        | 0.0 -> count stored
        | all -> $"{count stored}, {percent (float stored / all)} of the matrix"

    let private geneSets (sets: (string * int) list) =
        sets |> List.map (fun (name, genes) -> $"{name} ({count (int64 genes)} genes)") |> list

    let private change before after =
        if before = after then before else $"{before}, now {after}"

    let private steps (report: Report) =
        report.Steps
        |> List.map (fun step ->
            match step, report.TargetSum with
            | "normalize_total", Some target -> $"normalize_total to {plain target} counts per cell"
            | step, _ -> step)
        |> String.concat ", "

    let private optional name show value =
        value |> Option.map (fun value -> name, show value) |> Option.toList

    let ofReport (seconds: float) (report: Report) =
        { Title = report.Output
          Lines =
            [ "steps", steps report
              "cells", count report.Cells
              "genes", count (int64 report.Genes)
              "stored values", values report.Cells report.Genes report.StoredValues
              "X", change report.TypeBefore report.TypeAfter
              yield! optional "counts per cell" (mean >> sprintf "%s on average") report.MeanCountsPerCell
              yield! optional "genes per cell" (mean >> sprintf "%s on average") report.MeanGenesPerCell

              if List.contains "qc" report.Steps then
                  "gene sets", geneSets report.GeneSets

              if report.ExcludedGenes > 0 then
                  "highly expressed", $"{count (int64 report.ExcludedGenes)} genes left out of the totals"

              if not report.ObsColumns.IsEmpty then
                  "new in obs", list report.ObsColumns

              if not report.VarColumns.IsEmpty then
                  "new in var", list report.VarColumns

              "reads of X", string report.Reads
              "time", String.Format(invariant, "{0:0.0} s", seconds) ] }

    let private looksLikeCounts (info: Info) =
        if info.CellsExamined = 0L then
            "there are no cells to tell by"
        elif info.LooksLikeCounts then
            $"yes, in the first {count info.CellsExamined} cells"
        else
            $"no, the first {count info.CellsExamined} cells hold values that are negative, fractional, NaN or infinite"

    let private stored (dataset: Stored) =
        let chunks =
            match dataset.ChunkLength with
            | Some length -> $", chunks of {count length}"
            | None -> ""

        dataset.Name, $"{dataset.Type}, {dataset.Storage}{chunks}"

    let private destination (plan: Plan) =
        match plan.Values with
        | Untouched -> "is not written"
        | Overwrite -> $"{Numeric.name plan.TypeAfter}, over the old values in the copy"
        | StoreAnew -> $"{Numeric.name plan.TypeAfter}, in a new dataset stored like the old one"

    let ofInfo (info: Info) =
        { Title = info.Path
          Lines =
            [ "size", size info.Bytes
              "cells", count info.Cells
              "genes", count (int64 info.Genes)
              "stored values", values info.Cells info.Genes info.StoredValues
              "raw counts?", looksLikeCounts info
              "log-transformed?", (if info.IsLogged then "yes, says uns/log1p" else "no uns/log1p that says so")
              yield! info.Matrix |> List.map stored
              "obs columns", list info.ObsColumns
              "var columns", list info.VarColumns
              "also kept", list info.Others ] }

    let ofPlan (plan: Plan) =
        let passes =
            plan.Passes |> List.mapi (fun i purpose -> $"{i + 1}: {purpose}") |> String.concat ", "

        { Title = "What singlesharp preprocess would do"
          Lines =
            [ "reads of X", passes
              "X", destination plan
              "gene sets", geneSets plan.SetSizes
              "percent_top", plan.PercentTop |> List.map string |> list
              "memory", $"{size plan.Memory} besides the runtime" ] }
