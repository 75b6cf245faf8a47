/// The doors of this library: a page of a file, for F# and for C#.
namespace SingleSharp.Reporting

open System
open System.Globalization
open System.IO
open System.Text
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading

/// What a page tells beside its plots.
type ReportOptions =
    {
        /// The run that made the file, if one did just now.
        Run: FinishedRun option
        /// Does it tell the digest of the file? That reads all of it.
        WithDigest: bool
    }

/// What was written.
type WrittenReport =
    {
        Input: string
        Output: string
        /// The length of the page.
        Bytes: int64
        Cells: int64
        /// How many of the cells are drawn.
        CellsDrawn: int64
        /// The titles of the plots, and of those whose columns are absent.
        Plots: string list
        Missing: string list
    }

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Report =
    /// Of a file as it is, without its digest.
    let defaults = { Run = None; WithDigest = false }

    /// Runs of which a page tells.
    let private mostRuns = 10

    let private invariant = CultureInfo.InvariantCulture
    let private count (value: int64) = value.ToString("N0", invariant)

    let private mebibytes (bytes: int64) =
        String.Format(invariant, "{0:N1} MiB", float bytes / 1048576.0)

    let private inFile (file: AnnDataFile) =
        { Heading = "What is in the file"
          Rows =
            [ "cells", count file.X.Cells
              "genes", count (int64 file.X.Genes)
              "stored values", count file.X.Stored
              "size", mebibytes file.Store.Disk.Device.Length
              for dataset in file.X.Datasets |> List.map Examine.stored do
                  dataset.Name, $"{dataset.Type}, {count dataset.Count} values, {dataset.Storage}"
              "obs", Shortened.list file.Obs.Columns
              "var", Shortened.list file.Var.Columns
              for group, members in Stored.others file do
                  group, Shortened.list members ] }

    /// The name of a file or folder, without where it is.
    let private nameOf (path: string) =
        Path.GetFileName(Path.TrimEndingDirectorySeparator path)

    let private ofRun (run: FinishedRun) =
        let report = run.Report

        [ { Heading = "The run"
            Rows =
              [ "command", run.Command
                "input", run.Inputs |> Seq.map nameOf |> Shortened.list
                "cells", $"{count report.Cells}, of which {count report.CellsKept} stay"
                "genes", $"{count (int64 report.Genes)}, of which {count (int64 report.GenesKept)} stay"
                for step in run.Recipe.Steps do
                    $"step {step.Name}", (if step.Given.IsEmpty then "as usual" else string step)
                for loss in report.Dropped.OfCells do
                    $"lost by {loss.Limit}", $"{count loss.Lost} cells"
                for loss in report.Dropped.OfGenes do
                    $"lost by {loss.Limit}", $"{count loss.Lost} genes"
                for warning in report.Warnings do
                    "warning", warning ] }
          { Heading = "Plan and time"
            Rows =
              [ for at, pass in Seq.indexed run.Plan.Passes do
                    $"read {at + 1} of X", $"{pass.Purpose}; {mebibytes pass.Memory} of memory"
                "memory planned", mebibytes run.Plan.Memory
                for name, seconds in run.Seconds do
                    name, String.Format(invariant, "{0:0.00} s", seconds) ] } ]

    /// The runs that the file tells of in uns/singlesharp.
    let private provenance (settings: Settings) path =
        let ofRun number (run: PastRun) =
            { Heading = $"Noted in the file: run {number + 1}"
              Rows =
                [ "version", $"{run.Version}, bits {run.Bits}"
                  "made of", Shortened.list run.Inputs
                  if run.Conversion <> "{}" then
                      "read with", run.Conversion
                  match Recipe.ofJson run.Recipe with
                  | Ok recipe ->
                      for step in recipe.Steps do
                          $"step {step.Name}", (if step.Given.IsEmpty then "as usual" else string step)
                  | Error _ -> "recipe", run.Recipe
                  if run.Also.Count > 0 then
                      "written by own code", Shortened.list run.Also ] }

        match Pipeline.history settings path with
        | Ok runs -> runs |> List.truncate mostRuns |> List.mapi ofRun
        | Error _ -> []

    let private digest (settings: Settings) path =
        let digest =
            using (Hdf5File.openReadWithin settings.Memory path) (fun store -> Verify.Digest.ofStore store settings.Cancel)

        { Heading = "Digest"
          Rows = [ "SHA-256 of all values and attributes", digest.Whole ] }

    let private content options settings (file: AnnDataFile) =
        let sections, columns, sample = Gather.sections file options.Run

        { Title = Path.GetFileName file.Path
          Subtitle = $"{count file.X.Cells} cells × {count (int64 file.X.Genes)} genes. Made by SingleSharp {Pipeline.version}."
          Before =
            [ match options.Run with
              | Some run -> yield! ofRun run |> List.truncate 1
              | None -> () ]
          Sections = sections
          Columns = columns
          After =
            [ inFile file
              match options.Run with
              | Some run -> yield! ofRun run |> List.skip 1
              | None -> ()
              yield! provenance settings file.Path
              if options.WithDigest then
                  digest settings file.Path ] },
        sample

    let private written options (settings: Settings) path (target: string) =
        AtomicReplace.require target 0L
        AtomicReplace.requireReplaceable target false
        use file = AnnDataFile.openReadWithin settings.Memory MatrixName.X path
        AtomicReplace.requireOther file.Store target
        let content, sample = content options settings file
        let bytes = Encoding.UTF8.GetBytes(Page.html content)

        AtomicReplace.replaceFor (WhoReads [ path ]) target 0L (fun disk -> disk.Write(0L, ReadOnlySpan bytes))

        let titles isWanted =
            content.Sections |> List.choose isWanted

        { Input = path
          Output = target
          Bytes = bytes.LongLength
          Cells = file.X.Cells
          CellsDrawn = sample.Count
          Plots =
            titles (fun section ->
                match section with
                | Section.Drawn figure -> Some figure.Title
                | Section.Missing _ -> None)
          Missing =
            titles (fun section ->
                match section with
                | Section.Missing(title, _) -> Some title
                | Section.Drawn _ -> None) }

    /// Writes the page of an .h5ad file: one HTML file that needs nothing else. Whatever a plot would need that the file does not
    /// have is told on the page.
    let write (options: ReportOptions) (settings: Settings) (path: string) (target: string) : Result<WrittenReport, Fault> =
        try
            Ok(written options settings path target)
        with trouble when (Fault.tryFind trouble).IsSome ->
            Error (Fault.tryFind trouble).Value

/// A page cannot be written; the message says why.
[<Sealed>]
type HtmlReportException(fault: Fault) =
    inherit Exception(Fault.sentence fault)
    member _.Kind = Fault.kind fault

/// The same for C#.
[<AbstractClass; Sealed>]
type HtmlReport =
    /// Writes the page of an .h5ad file to a new file, or throws an HtmlReportException. The digest reads all of the file.
    static member Write(path: string, target: string, withDigest: bool) : WrittenReport =
        ArgumentNullException.ThrowIfNull path
        ArgumentNullException.ThrowIfNull target

        match
            Report.write
                { Report.defaults with
                    WithDigest = withDigest }
                Settings.standard
                path
                target
        with
        | Ok written -> written
        | Error fault -> raise (HtmlReportException fault)
