/// The time that a run has taken so far, and what is left of it.
namespace SingleSharp.Cli

open System
open System.Diagnostics
open SingleSharp
open SingleSharp.Core

/// How long a run has taken so far.
type Elapsed =
    {
        /// What is done now.
        Stage: TimeSpan
        /// Each pass that has ended.
        Passes: TimeSpan list
    }

[<RequireQualifiedAccess>]
module Elapsed =
    /// What is left of all passes where some share of this one is done: passes to come take as long as those before them on average. Of
    /// what is done behind a pass, nobody knows how long it takes before it has begun.
    let left (progress: Progress) share elapsed =
        let whole = elapsed.Stage.TotalSeconds / max 1e-9 share
        let ofThis = whole * (1.0 - share)

        let toCome =
            if progress.Task.HasValue then
                0.0
            else
                let mean =
                    whole :: List.map (fun (pass: TimeSpan) -> pass.TotalSeconds) elapsed.Passes |> List.average

                float (progress.Passes - progress.Pass) * mean

        // Nobody waits for a thousand days, and TimeSpan ends somewhere.
        TimeSpan.FromSeconds(min 86.4e6 (ofThis + max 0.0 toCome))

    /// Calls `show` with the time that was taken so far; a stage begins where the one before ended.
    let timed (stageOf: Progress -> string) (show: Progress -> Elapsed -> unit) =
        let clock = Stopwatch.StartNew()
        let mutable stage = ""
        let mutable isPass = false
        let mutable began = TimeSpan.Zero
        let mutable last = TimeSpan.Zero
        let mutable passes = []

        fun (progress: Progress) ->
            if stageOf progress <> stage then
                if isPass then
                    passes <- last - began :: passes

                stage <- stageOf progress
                isPass <- not progress.Task.HasValue
                began <- last

            last <- clock.Elapsed

            show
                progress
                { Stage = last - began
                  Passes = passes }
