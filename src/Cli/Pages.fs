/// Pages with plots. Whatever belongs to them is loaded by these functions alone, so that other commands start without it.
namespace SingleSharp.Cli

open System.Diagnostics
open System.Runtime.CompilerServices
open SingleSharp
open SingleSharp.Core
open SingleSharp.Reporting

/// What is told of a page.
type WrittenPage =
    { Output: string
      Bytes: int64
      Cells: int64
      CellsDrawn: int64
      Plots: string list
      Missing: string list }

/// How long each stage of a run took.
[<Sealed>]
type Stages() =
    let clock = Stopwatch.StartNew()
    let mutable ended = []
    let mutable name = "opening"
    let mutable began = 0.0

    let next other =
        let now = clock.Elapsed.TotalSeconds
        ended <- (name, now - began) :: ended
        name <- other
        began <- now

    /// A stage begins with the first progress of it.
    member _.Tell(progress: Progress) =
        let stage =
            if progress.Task.HasValue then
                progress.Task.Value.Name
            else
                $"reading X ({progress.Pass} of {progress.Passes})"

        if stage <> name then
            next stage

    /// All stages, and the whole time.
    member _.End() =
        next ""
        List.rev (("all", clock.Elapsed.TotalSeconds) :: ended)

[<RequireQualifiedAccess>]
module Pages =
    let private told (written: WrittenReport) =
        { Output = written.Output
          Bytes = written.Bytes
          Cells = written.Cells
          CellsDrawn = written.CellsDrawn
          Plots = written.Plots
          Missing = written.Missing }

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let ofFile withDigest settings path page =
        Report.write
            { Report.defaults with
                WithDigest = withDigest }
            settings
            path
            page
        |> Result.map told

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let ofRun withDigest settings command (input: Input) recipe plan seconds (report: SingleSharp.Report) page =
        Report.write
            { Run =
                Some
                    { Command = command
                      Inputs = input.Paths
                      Recipe = recipe
                      Plan = plan
                      Report = report
                      Seconds = seconds }
              WithDigest = withDigest }
            settings
            report.Output
            page
        |> Result.map told
