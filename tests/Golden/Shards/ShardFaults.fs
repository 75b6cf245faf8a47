/// What goes wrong on the way of a run over shards: it is named, and run again, and the result is the same.
module internal SingleSharp.Golden.ShardFaults

open System
open System.Diagnostics
open System.IO
open System.Threading
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Answers
open SingleSharp.Golden.Shared
open SingleSharp.Golden.ShardRuns

/// Ends with this code, in one sentence that says all this.
let private told code (parts: string list) (outcome: Child.Outcome) =
    Expect.equal outcome.ExitCode code outcome.Errors
    Expect.equal (outcome.Errors.Trim().Split '\n').Length 1 $"one sentence: {outcome.Errors}"

    for part in parts do
        Expect.stringContains outcome.Errors part "the sentence"

let private take planned stage tasks =
    for task in tasks do
        Expect.isTrue (here' planned (stage, Some task)) $"{stage} {task} is new"

/// Merges by the tool, without patience.
let private merge planned stage =
    tool [ "merge"; planned.File; stage; "--wait"; "0" ]

let private change place (path: string) =
    let bytes = File.ReadAllBytes path
    bytes[place bytes.Length] <- bytes[place bytes.Length] ^^^ 1uy
    File.WriteAllBytes(path, bytes)

let private parts =
    test "parts of another plan or task, cut off, damaged or missing" {
        use sandbox = new Sandbox()
        let planned = planned sandbox "run" 3 small.Value
        // The same folder was used for another plan.
        let other =
            { ShardRuns.planned sandbox "other" 4 small.Value with
                Parts = planned.Parts }

        Expect.notEqual other.Run.Plan.Id planned.Run.Plan.Id "another plan"
        take other "main" [ 0..2 ]
        take planned "main" [ 1 ]
        File.Copy(partOf planned "main" 1, partOf planned "main" 2, true)

        merge planned "main"
        |> told
            75
            [ "main.0000.part belongs to another plan"
              "main.0002.part belongs to another task"
              planned.Parts ]

        take planned "main" [ 0; 2 ]
        Expect.isFalse (here' planned ("main", Some 1)) "this one is there"
        let bytes = File.ReadAllBytes(partOf planned "main" 0)
        File.WriteAllBytes(partOf planned "main" 0, bytes[.. bytes.Length / 2])
        File.Delete(partOf planned "main" 1)
        File.WriteAllText(partOf planned "main" 2, "no part at all")

        let outcome = tool [ "merge"; planned.File; "main"; "--wait"; "0"; "--json" ]

        told
            75
            [ "main.0000.part is cut off"
              "main.0001.part is missing"
              "main.0002.part is cut off" ]
            outcome

        Expect.equal (ProtocolGolden.errorOf outcome) ("not_yet", Some planned.Parts, None) "the document"
        take planned "main" [ 0..2 ]

        // A byte in the middle is seen when it is read, and when the task is asked for.
        change (fun length -> length / 2) (partOf planned "main" 1)
        merge planned "main" |> told 75 [ "main.0001.part is damaged" ]
        take planned "main" [ 1 ]
        Expect.equal (merge planned "main").ExitCode 0 "merged"

        // What a merge made is checked like parts are.
        let merged = Path.Combine(planned.Parts, "main.merged")
        change (fun length -> length / 2) merged
        tool [ "run"; planned.File; "pca"; "0"; "--wait"; "0" ] |> told 75 [ "main.merged is damaged" ]
        Expect.equal (merge planned "main").ExitCode 0 "merged again"
        File.Delete merged
        tool [ "run"; planned.File; "pca"; "0"; "--wait"; "0" ] |> told 75 [ "main.merged, which the merge of main makes" ]
        finish planned

        // The output is made of parts of all stages, and of what tasks have written to it.
        File.Delete planned.Out
        merge planned "scores" |> told 75 [ "main.0000.part has its values in an unfinished output that is gone" ]
        take planned "main" [ 0..2 ]
        change (fun length -> length / 2) (partOf planned "main" 2)
        merge planned "scores" |> told 75 [ "main.0002.part is damaged" ]
        Expect.isFalse (File.Exists planned.Out) "no output of that"
        take planned "main" [ 2 ]
        Expect.equal (merge planned "scores").ExitCode 0 "written"
        isWanted planned
        Expect.isEmpty (Directory.GetFiles(planned.Parts, "*.tmp")) "nothing temporary is left"
    }

let private changed =
    test "another input, another plan, and no such stage or task" {
        use sandbox = new Sandbox()
        let input = sandbox.Copy(small.Value, "input.h5ad")
        let planned = planned sandbox "run" 3 input
        let task = tool << fun words -> "run" :: planned.File :: words
        task [ "nowhere"; "0" ] |> told 1 [ "the plan has no stage nowhere; its stages are main, pca, scores" ]
        task [ "main"; "3" ] |> told 1 [ "main has the tasks 0 to 2" ]

        // Nobody is to try a plan again that cannot be.
        tool [ "plan"; input; "--out"; input; "--shards"; "2" ] |> told 1 [ "it is the input itself" ]

        // A copy is the same input.
        File.SetLastWriteTimeUtc(input, DateTime.UtcNow.AddMinutes 1.0)
        take planned "main" [ 0 ]
        change (fun length -> length - 3) input
        File.SetLastWriteTimeUtc(input, DateTime.UtcNow.AddMinutes 2.0)
        task [ "main"; "1" ] |> told 1 [ input; "no longer the file that the plan was made for" ]
        File.Delete input
        task [ "main"; "1" ] |> told 75 [ input; "not there on this machine" ]

        let text = File.ReadAllText planned.File
        File.WriteAllText(planned.File, text.Replace("\"n_comps\": 3", "\"n_comps\": 4"))
        Expect.notEqual (File.ReadAllText planned.File) text "it was changed"
        task [ "main"; "1" ] |> told 1 [ planned.File; "was changed after it had been made" ]
    }

/// Runs commands of a shell where a file system of so many KiB is mounted over a folder; skipped where that is not allowed.
let private mounted (folder: string) kibibytes (commands: string) =
    if not (File.Exists "/usr/bin/unshare") then
        skiptest "skipped: no unshare"

    let attempt script =
        Child.run
            "/usr/bin/unshare"
            [ "-rm"
              "/bin/sh"
              "-c"
              $"mount -t tmpfs -o size={kibibytes}k none '{folder}' && {script}" ]
            []
            ""

    if (attempt "true").ExitCode <> 0 then
        skiptest "skipped: nothing can be mounted here"

    attempt commands

let private fullDisk =
    test "a full disk, for parts and for scratch files" {
        use sandbox = new Sandbox()
        let planned = planned sandbox "run" 3 small.Value
        let disk = Directory.CreateDirectory(sandbox.File "disk").FullName
        let command = $"dotnet {Child.tool} shard run {planned.File} --quiet"

        let outcome =
            mounted disk 64 $"{{ {command} main 1 --parts {disk}; code=$?; ls -A {disk}; exit $code; }}"

        told 75 [ disk; "No space left" ] outcome
        Expect.equal (outcome.Output.Trim()) "output.0.begun" "nothing else is left"

        for stage in [ "main"; "pca" ] do
            take planned stage [ 0..2 ]
            here' planned (stage, None) |> ignore

        let outcome =
            mounted disk 64 $"{{ {command} scores 0 --parts {planned.Parts} --scratch {disk}; code=$?; ls -A {disk}; exit $code; }}"

        told 75 [ disk; "No space left" ] outcome
        Expect.equal outcome.Output "" "nothing is left"
        Expect.isFalse (File.Exists(partOf planned "scores" 0)) "no part"

        let outcome =
            tool [ "run"; planned.File; "scores"; "0"; "--scratch"; sandbox.Folder ]

        Expect.equal outcome.ExitCode 0 outcome.Errors
        finish planned
        isWanted planned
    }

let private start arguments =
    Process.Start(Child.prepare "dotnet" (Child.tool :: "shard" :: arguments) [])

let private together =
    test "a task twice at once" {
        use sandbox = new Sandbox()
        let planned = planned sandbox "run" 3 small.Value

        let twice work =
            let children =
                [ for _ in 1..2 -> start (wordsOf planned work @ [ "--quiet"; "--workers"; "1" ]) ]

            for child in children do
                let errors = child.StandardError.ReadToEnd()
                child.WaitForExit()
                Expect.equal child.ExitCode 0 errors
                child.Dispose()

        twice ("main", Some 1)
        take planned "main" [ 0; 2 ]
        twice ("main", None)
        take planned "pca" [ 0..2 ]
        here' planned ("pca", None) |> ignore
        take planned "scores" [ 0..2 ]
        twice ("scores", None)
        isWanted planned
        Expect.isEmpty (Directory.GetFiles(planned.Parts, "*.tmp")) "nothing temporary is left"
    }

let private terminated =
    test "SIGTERM" {
        if not (OperatingSystem.IsLinux()) then
            skiptest "skipped: signals of Unix"

        use sandbox = new Sandbox()
        let input = sandbox.File "input.h5ad"
        NewFile.write input (Gzipped 1000) (Made.counts 90000 30)
        let planned = planned sandbox "run" 1 input

        use child =
            start (wordsOf planned ("main", Some 0) @ [ "--progress"; "json"; "--json"; "--workers"; "1" ])

        let said = child.StandardOutput.ReadToEndAsync()
        Expect.isNotNull (child.StandardError.ReadLine()) "the first line of progress"
        Expect.isFalse child.HasExited "it is in the middle"
        Expect.isNonEmpty (Directory.GetFiles planned.Parts) "a part that is being written"
        let clock = Stopwatch.StartNew()
        SignalGolden.send (child.Id, 15) |> ignore
        let errors = child.StandardError.ReadToEnd()
        child.WaitForExit()
        Expect.equal child.ExitCode 143 errors
        Expect.isLessThan clock.Elapsed.TotalSeconds 10.0 "seconds"
        Expect.equal ((json said.Result).GetProperty("error").GetProperty("kind").GetString()) "cancelled" "the document"
        Expect.equal (Directory.GetFiles planned.Parts |> Array.map Path.GetFileName) [| "output.0.begun" |] "no part is left behind"
        let unfinished = sandbox.Names |> List.filter _.EndsWith(".unfinished")
        Expect.equal unfinished.Length 1 "the output that other tasks go on with"
        Expect.equal (Set.ofList sandbox.Names - Set.ofList unfinished) (Set [ "input.h5ad"; "run.json"; "run.parts" ]) "nothing elsewhere"

        // Nor does anybody wait on for parts that do not come.
        use waiting =
            start (wordsOf planned ("main", None) @ [ "--quiet"; "--wait"; "600" ])

        while not (waiting.HasExited) && Process.GetProcessById(waiting.Id).TotalProcessorTime < TimeSpan.FromSeconds 0.15 do
            Thread.Sleep 20

        Thread.Sleep 500
        let clock = Stopwatch.StartNew()
        SignalGolden.send (waiting.Id, 15) |> ignore
        waiting.WaitForExit()
        Expect.equal waiting.ExitCode 143 (waiting.StandardError.ReadToEnd())
        Expect.isLessThan clock.Elapsed.TotalSeconds 10.0 "seconds"
    }

let all =
    testSequenced (testList "Shards: faults" [ parts; changed; fullDisk; together; terminated ])
