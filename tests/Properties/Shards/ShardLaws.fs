/// A run over shards leaves the bytes of a run at once, whatever becomes of its tasks on the way.
module internal SingleSharp.Properties.ShardLaws

open System
open System.IO
open System.Threading
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Shards
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenStudies
open SingleSharp.Properties.GenShards

/// What occurred in the cases that were tried.
let mutable private severalShards = 0
let mutable private dropped = 0
let mutable private emptyShards = 0
let mutable private repaired = 0
let mutable private counted = 0
let mutable private uncounted = 0
let mutable private together = 0

let private count (counter: byref<int>) =
    Interlocked.Increment &counter |> ignore

/// The run cannot go on: what one of its programs says.
exception Stopped of Fault

/// A part is missing or damaged, so that an engine would take all tasks once more.
exception Again

let need result =
    match result with
    | Ok value -> value
    | Error(NotYet _) -> raise Again
    | Error fault -> raise (Stopped fault)

/// The bytes that a run at once leaves of an output, which is gone again.
let atOnce recipe input output =
    Pipeline.run recipe Settings.standard input (NewFile output) |> need |> ignore
    let bytes = File.ReadAllBytes output
    File.Delete output
    bytes

/// A folder of parts for which nobody waits.
let partsIn folder =
    { Folder = folder
      Patience = TimeSpan.Zero }

/// The outputs that tasks write together, beside the place of the output.
let unfinished (output: string) =
    Directory.GetFiles(Path.GetDirectoryName output, $"{Path.GetFileName output}.*.unfinished")

/// A merge has claimed the unfinished output, written some of a superblock and behind the end, as merges do, and was killed.
let private claim (path: string) =
    using (File.OpenWrite path) (fun file ->
        file.SetLength(file.Length + 100L)
        file.Write(ReadOnlySpan(Array.create 40 7uy)))

    File.Move(path, $"{path}.{Guid.NewGuid():N}.merging")

/// Loses the unfinished output or what a killed merge has made of it, or loses, cuts off or changes one of the files of parts.
let private damage (random: Random) folder output =
    match random.Next 8 with
    | 0 -> unfinished output |> Array.iter File.Delete
    | 1 -> unfinished output |> Array.iter claim
    | _ -> ()

    let files =
        Directory.GetFiles folder |> Array.filter (fun path -> not (path.EndsWith ".h5ad")) |> Array.sort

    if files.Length > 0 then
        let path = files[random.Next files.Length]
        let bytes = File.ReadAllBytes path

        match random.Next 3 with
        | _ when bytes.Length = 0 -> File.Delete path
        | 0 -> File.Delete path
        | 1 -> File.WriteAllBytes(path, bytes[.. random.Next bytes.Length - 1])
        | _ ->
            let place = random.Next bytes.Length
            bytes[place] <- bytes[place] ^^^ byte (random.Next(1, 256))
            File.WriteAllBytes(path, bytes)

let private shuffled (random: Random) items =
    items |> List.sortBy (fun _ -> random.Next())

/// Takes all tasks and merges once, in some order, some of them twice.
let private engine (random: Random) mayDamage parts settings (run: ShardedRun) =
    let task stage number () =
        Shard.run stage number parts settings run |> need |> ignore

    let mutable report = None

    for stage in run.Plan.Stages do
        for number in shuffled random [ for number in 0 .. stage.Tasks - 1 -> number ] do
            match random.Next 8 with
            | 0 ->
                // Two machines at once.
                try
                    Array.Parallel.iter (fun take -> take ()) [| task stage.Name number; task stage.Name number |]
                with :? AggregateException as several ->
                    raise several.InnerExceptions[0]
            | _ -> task stage.Name number ()

            if random.Next 6 = 0 then
                Expect.isFalse (Shard.run stage.Name number parts settings run |> need) "it was done"

            if mayDamage && random.Next 6 = 0 then
                damage random parts.Folder run.Plan.Out

        if unfinished run.Plan.Out |> Array.exists (fun path -> FileInfo(path).Length > int64 WholePages.page) then
            count &together

        let merged = Shard.merge stage.Name parts settings run |> need

        if merged.IsSome then
            report <- merged

        if mayDamage && random.Next 6 = 0 then
            damage random parts.Folder run.Plan.Out
        elif random.Next 4 = 0 then
            Expect.isNone (Shard.merge stage.Name parts settings run |> need) "it was merged"

    report

/// The run as an engine takes it that begins anew whenever something is missing.
let inShards (random: Random) mayDamage shards recipe settings input output folder =
    let parts = partsIn folder

    let rec rounds number run =
        try
            engine random (mayDamage && number < 3) parts settings run
        with Again when number < 8 ->
            count &repaired
            rounds (number + 1) run

    try
        // Files of shards are made of the result, which they leave as it is.
        let withFiles = random.Next 6 = 0
        let plan = if withFiles then Shard.planFiles else Shard.plan
        let run = plan (Shards shards) recipe settings input output |> need
        // Every task would read the plan from its file.
        let path = folder + ".json"
        File.WriteAllText(path, run.Json)
        let run = Shard.load path |> need

        if run.Plan.Shards > 1 then
            count &severalShards

        let report = rounds 0 run

        if withFiles then
            for task in 0 .. run.Plan.Shards - 1 do
                Expect.isTrue (File.Exists(ShardFiles.path output task)) $"the file of shard {task}"

        if not mayDamage then
            for stage in Shard.status parts run |> need do
                Expect.equal (stage.Finished, stage.Missing.Count, stage.IsMerged) (stage.Tasks, 0, true) stage.Stage

        Ok(run.Plan, report)
    with Stopped fault ->
        Error fault

/// Does a fault name the cell where a task stopped first? Another one may have stopped in another order.
let private isOfSomeCell fault =
    match fault with
    | InvalidValue _
    | DuplicateEntry _ -> true
    | _ -> false

let isAsAtOnce tell (case: ShardCase) =
    inFolder (fun path ->
        write (path "in.h5ad") case.Study

        let input =
            match case.Second with
            | None -> Input.file (path "in.h5ad")
            | Some second ->
                write
                    (path "more.h5ad")
                    { case.Study with
                        Seed = case.Study.Seed + 1
                        Cells = second.Cells
                        Genes = second.Genes
                        Form = second.Form
                        Type = second.Type }

                { Paths = [ path "in.h5ad"; path "more.h5ad" ]
                  Convert =
                    { Input.convert with
                        Join = second.Join
                        SampleNames = [ "x"; "y" ]
                        IndexUnique = Some "-" } }

        let settings =
            { Settings.standard with
                Workers = case.Workers
                Compression = case.Compression
                Provenance = case.Notes }

        let output = path "out.h5ad"
        let atOnce = Pipeline.run case.Recipe settings input (NewFile output)
        let wanted = if atOnce.IsOk then File.ReadAllBytes output else [||]
        File.Delete output
        let random = Random case.Course

        let found =
            inShards random (case.Course % 2 = 0) case.Shards case.Recipe settings input output (path "parts")

        match atOnce, found with
        | Ok report, Ok(plan, _) ->
            tell (Ok())

            if plan.Stages |> Seq.exists (fun stage -> stage.Name = "count") then
                count &counted
            elif case.Second.IsSome then
                count &uncounted

            if report.CellsKept < report.Cells then
                count &dropped

            if Blocks.count report.CellsKept < int64 plan.Shards then
                count &emptyShards

            Expect.isEmpty (unfinished output) "nothing is left beside the output"
            File.ReadAllBytes(output).AsSpan().SequenceEqual(ReadOnlySpan wanted) || failtest "other bytes"
        | Error one, Error other ->
            tell (Error(Fault.kind one))

            Fault.kind one = Fault.kind other && (isOfSomeCell one || one = other)
            || failtest $"at once: {Fault.sentence one}\nin shards: {Fault.sentence other}"
        | Ok _, Error fault -> failtest $"only in shards: {Fault.sentence fault}"
        | Error fault, Ok _ -> failtest $"only at once: {Fault.sentence fault}")

let law =
    Law.holdsWithResults 40 15 "shards" (fun tell () -> Prop.forAll anything (isAsAtOnce tell))

let lawTogether =
    Law.holdsWithResults 15 5 "shards that write one output together" (fun tell () -> Prop.forAll GenShards.together (isAsAtOnce tell))

/// A law about what hardly ever occurs says little.
let occurred =
    test "shards, drops, empty shards and repairs were among them" {
        printfn
            $"shards: {severalShards} runs over several, {dropped} dropped cells, {emptyShards} had empty shards, {repaired} were begun anew, \
              {counted} counted the values of inputs, {uncounted} knew them, {together} stages found an output that tasks had written to"

        Expect.isGreaterThanOrEqual severalShards 8 "runs over several shards"
        Expect.isGreaterThanOrEqual dropped 2 "runs that dropped cells"
        Expect.isGreaterThanOrEqual emptyShards 1 "runs with tasks of no block"
        Expect.isGreaterThanOrEqual repaired 3 "runs that were begun anew for a part"
        Expect.isGreaterThanOrEqual counted 1 "runs whose inputs were counted"
        Expect.isGreaterThanOrEqual uncounted 2 "runs of inputs that need not be counted"
        Expect.isGreaterThanOrEqual together 8 "stages after tasks that wrote to the output"
    }
