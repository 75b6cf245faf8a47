/// Tasks and merges, killed at many instants: what they leave is no part, and the run goes on to the same result.
module internal SingleSharp.Golden.ShardKills

open System
open System.Diagnostics
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Answers
open SingleSharp.Golden.Shared
open SingleSharp.Golden.ShardRuns

let private start planned work =
    let child =
        Process.Start(Child.prepare "dotnet" (Child.tool :: "shard" :: wordsOf planned work @ [ "--quiet"; "--workers"; "1" ]) [])

    // What it prints is of no interest, but must not block it.
    child.OutputDataReceived.Add ignore
    child.ErrorDataReceived.Add ignore
    child.BeginOutputReadLine()
    child.BeginErrorReadLine()
    child

/// When to kill.
type private Moment =
    /// After a share of the time that a task takes.
    | After of share: float
    /// As soon as something is written.
    | Writing
    /// As soon as something has taken its name.
    | Named

let private names (planned: Planned) =
    let ofFolder folder =
        if Directory.Exists folder then Directory.GetFiles folder else [||]

    Set.ofArray (Array.append (ofFolder planned.Parts) (ofFolder (Path.GetDirectoryName planned.Out)))

let private isTemporary (path: string) = path.EndsWith ".tmp"

/// Was it killed before it ended?
let private killAt planned work (span: TimeSpan) moment =
    let before = names planned
    let clock = Stopwatch.StartNew()
    use child = start planned work

    let isReached () =
        match moment with
        | After share -> clock.Elapsed >= share * span
        | Writing -> names planned - before |> Set.exists isTemporary
        | Named -> names planned - before |> Set.exists (isTemporary >> not)

    while not child.HasExited && not (isReached ()) do
        Thread.Sleep 1

    let isKilled = not child.HasExited
    child.Kill()
    child.WaitForExit()
    isKilled

let private kills =
    test "twenty kills" {
        use sandbox = new Sandbox()
        let planned = planned sandbox "run" 3 small.Value
        let random = Random 5
        let clock = Stopwatch.StartNew()

        let first = start planned ("main", Some 0)
        first.WaitForExit()
        Expect.equal first.ExitCode 0 "a task"
        let span = clock.Elapsed
        let mutable killed = 0

        // What is next is tried again and again, until it is through or killed twice; then it is done here.
        for number in 0..19 do
            let progress =
                need (
                    Shard.status
                        { Folder = planned.Parts
                          Patience = TimeSpan.Zero }
                        planned.Run
                )

            let left =
                [ match progress |> List.tryFind (fun stage -> not stage.IsMerged) with
                  | Some stage when stage.Missing.Count > 0 -> yield! [ for missing in stage.Missing -> stage.Stage, Some missing.Key ]
                  | Some stage -> yield stage.Stage, None
                  | None -> () ]

            match left with
            | [] ->
                // It is through already; the next kill meets another run.
                isWanted planned
                Directory.Delete(planned.Parts, true)
                File.Delete planned.Out
            | left ->
                let work = left[random.Next left.Length]

                let moment =
                    match number % 4 with
                    | 0 -> Writing
                    | 1 -> Named
                    | _ -> After(0.4 + 0.6 * random.NextDouble())

                if killAt planned work span moment then
                    killed <- killed + 1

                if number % 2 = 1 then
                    here' planned work |> ignore

        printfn $"shard kills: {killed} of 20 tasks and merges were killed before they ended"
        Expect.isGreaterThanOrEqual killed 10 "kills in time"
        Expect.equal (tool [ "status"; planned.File ]).ExitCode 0 "status"
        finish planned
        isWanted planned
    }

let all = testSequenced (testList "Shards: kills" [ kills ])
