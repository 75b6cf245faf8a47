/// The tool, killed at many instants of a run: its target is the old file or the new one, and its input is untouched.
module internal SingleSharp.Golden.KillGolden

open System
open System.Diagnostics
open System.IO
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample


let private start arguments =
    let child =
        Process.Start(Child.prepare "dotnet" (tool :: "--quiet" :: "--workers" :: "1" :: arguments) [])

    // What it prints is of no interest, but must not block it.
    child.OutputDataReceived.Add ignore
    child.ErrorDataReceived.Add ignore
    child.BeginOutputReadLine()
    child.BeginErrorReadLine()
    child

/// h5py, which says what it sees in one file after the other.
[<Sealed>]
type private Witness() =
    let child =
        Process.Start(Child.prepare "/usr/bin/python3" [ here "scripts/crash.py"; "paths" ] [ "PYTHONWARNINGS", "ignore" ])

    member _.Sees(path: string) =
        child.StandardInput.WriteLine path
        child.StandardInput.Flush()
        child.StandardOutput.ReadLine()

    interface IDisposable with
        member _.Dispose() =
            child.StandardInput.Close()
            child.WaitForExit()
            child.Dispose()

/// When to kill.
type private Moment =
    /// After a share of the time that a whole run takes.
    | After of share: float
    /// As soon as what is written has so many bytes of those that it has in the end.
    | Written of share: float
    /// As soon as the target is another file than it was, or has another length.
    | Published

/// What a run writes to until it is done: the temporary file beside the target, or the target itself.
let private writtenBytes (folder: string) (target: string) isAppending before =
    if isAppending then
        FileInfo(target).Length - before
    else
        DirectoryInfo(folder).EnumerateFiles ".singlesharp-*.tmp"
        |> Seq.map (fun file -> if file.Exists then file.Length + 1L else 0L)
        |> Seq.fold max 0L

let private killAt (sandbox: Sandbox) arguments target isAppending (span: TimeSpan) (growth: int64) moment =
    let before = FileInfo(target: string)
    let length, age = before.Length, before.LastWriteTimeUtc
    let clock = Stopwatch.StartNew()
    use child = start arguments

    let isReached () =
        match moment with
        | After share -> clock.Elapsed >= share * span
        | Written share -> writtenBytes sandbox.Folder target isAppending length > int64 (share * float growth)
        | Published ->
            let now = FileInfo target
            now.Exists && (now.Length <> length || not isAppending && now.LastWriteTimeUtc <> age)

    // Whoever watches takes a core from the others. Until then there is nothing to see:
    let quiet =
        match moment with
        | After share -> share * span
        | Written _ -> TimeSpan.Zero
        | Published -> 0.5 * span

    child.WaitForExit quiet |> ignore

    // Sleeping would miss what lasts for moments only.
    while not child.HasExited && not (isReached ()) do
        Thread.SpinWait 2000

    let isKilled = not child.HasExited
    child.Kill()
    child.WaitForExit()
    isKilled

/// Times that are spread over a run, and what happens around its end.
let private moments seed =
    let random = Random(seed: int)

    [ for i in 0..9 do
          After((float i + random.NextDouble()) / 10.0)
      for share in [ 0.0; 0.3; 0.9; 0.99 ] do
          Written share
      for _ in 1..4 do
          Published ]

let private copy (source: string) (target: string) = File.Copy(source, target, true)

let private temporaries (sandbox: Sandbox) =
    Directory.GetFiles(sandbox.Folder, ".singlesharp-*.tmp")

/// How many runs were killed before they ended, how many of them after the new content was there, and how many left a
/// temporary file.
let private killEach (sandbox: Sandbox) (witness: Witness) name seed (pristine: string) command place =
    let input = sandbox.File "input.h5ad"
    let target = if place = "--in-place" then input else sandbox.File "output.h5ad"
    let older = sandbox.File "older.h5ad"
    let isAppending = place = "--in-place" && command = "qc"

    let arguments =
        command :: input :: (if place = "--in-place" then [ place ] else [ place; target ])

    let prepare () =
        if not (File.Exists input && FileInfo(input).Length = FileInfo(pristine).Length) || place = "--in-place" then
            copy pristine input

        if target <> input then
            copy older target

    // Somebody's older result is replaced, or the input itself.
    File.WriteAllBytes(older, File.ReadAllBytes sample)
    prepare ()
    let old = witness.Sees target
    let inputBefore = witness.Sees input
    let before = FileInfo(target).Length
    let clock = Stopwatch.StartNew()
    use whole = start arguments
    whole.WaitForExit()
    let span = clock.Elapsed
    Expect.equal whole.ExitCode 0 $"{name} runs"
    let fresh = witness.Sees target
    let growth = FileInfo(target).Length - (if isAppending then before else 0L)
    Expect.isTrue (old.Length = 64 && fresh.Length = 64 && old <> fresh) $"{name}: before {old}, after {fresh}"

    let outcomes =
        [ for moment in moments seed do
              prepare ()
              let isKilled = killAt sandbox arguments target isAppending span growth moment
              let seen = witness.Sees target

              if seen <> old && seen <> fresh then
                  failtest $"{name}, killed at {moment}: h5py sees {seen}"

              if target <> input then
                  Expect.equal (witness.Sees input) inputBefore $"{name}, killed at {moment}: the input"

              // On a slow machine the next run may tidy up what this one left.
              isKilled, seen = fresh, (temporaries sandbox).Length > 0 ]

    let count chosen =
        outcomes |> List.filter chosen |> List.length

    let killed = count (fun (isKilled, _, _) -> isKilled)
    Expect.isGreaterThan killed 10 $"{name}: runs that were killed in time"
    File.Delete older
    killed, count (fun (isKilled, isFresh, _) -> isKilled && isFresh), count (fun (_, _, isLeft) -> isLeft)

let private kills =
    test "killed" {
        Child.requirePython ()
        use sandbox = new Sandbox()
        use witness = new Witness()
        let pristine = sandbox.File "pristine.h5ad"
        NewFile.write pristine Unchunked (Made.counts 30000 1200)

        let outcomes =
            [ killEach sandbox witness "preprocess over an existing file" 1 pristine "preprocess" "--out"
              killEach sandbox witness "preprocess in place" 2 pristine "preprocess" "--in-place"
              killEach sandbox witness "qc in place" 3 pristine "qc" "--in-place" ]

        let total = outcomes |> List.sumBy (fun (killed, _, _) -> killed)
        let published = outcomes |> List.sumBy (fun (_, published, _) -> published)

        printfn
            $"crash kills: {total} runs over {FileInfo(pristine).Length >>> 20} MiB killed before they ended, {published} of them after the new content had taken its place; each target old or new"

        // Every kill may have left a file beside its target. The next run waits until nobody can be at work on it.
        Expect.exists outcomes (fun (_, _, left) -> left > 0) "kills leave something"

        for path in temporaries sandbox do
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes -5.0)


        match Pipeline.run Recipe.standard Settings.standard (Input.file sample) (NewFile(sandbox.File "next.h5ad")) with
        | Ok _ -> Expect.isEmpty (temporaries sandbox) "the next run tidies up"
        | Error fault -> failtest (Fault.sentence fault)
    }

let private trace = "/usr/bin/strace"

/// The calls that a run makes on files of a folder, in order: their names, and the paths and texts that they are about.
let private calls (sandbox: Sandbox) arguments =
    if not (File.Exists trace) then
        skiptest $"skipped: no {trace}"

    let log = sandbox.File "calls.txt"

    let outcome =
        Child.run
            trace
            ([ "-f"
               "-y"
               "-o"
               log
               "-e"
               "trace=pwrite64,write,copy_file_range,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,unlink"
               "dotnet"
               tool ]
             @ arguments)
            []
            ""

    Expect.equal outcome.ExitCode 0 outcome.Errors
    let lines = File.ReadAllLines log
    File.Delete log

    [ for line in lines do
          // What it prints may name the folder too.
          if line.Contains $"<{sandbox.Folder}" || line.Contains $"\"{sandbox.Folder}" && not (line.Contains "write") then
              let call = line[line.IndexOf ' ' ..].Trim()
              call[.. call.IndexOf '(' - 1], call ]

let private isWrite (name, _) =
    List.contains name [ "pwrite64"; "write"; "copy_file_range"; "ftruncate"; "fallocate" ]

let private isSync (name, _) = name = "fsync" || name = "fdatasync"
let private isRename (name: string, _) = name.StartsWith "rename"

/// The calls that a published file needs: nothing is written after its last flush, which comes before the one rename, and the
/// folder is flushed after it.
let private publishes arguments =
    use sandbox = new Sandbox()
    sandbox.Copy(sample, "input.h5ad") |> ignore
    let made = calls sandbox (arguments sandbox)
    let temporary (_, call: string) = call.Contains ".singlesharp-"
    let rename = made |> List.findIndex isRename
    let before, after = List.splitAt rename made
    Expect.equal (made |> List.filter isRename |> List.length) 1 "one rename"
    Expect.isTrue (temporary made[rename]) "the temporary file gets the name"
    Expect.isTrue (before |> List.filter temporary |> List.last |> isSync) "its last call before is a flush"
    Expect.isTrue (before |> List.exists (fun call -> temporary call && isWrite call)) "it was written before"
    Expect.isEmpty (after |> List.filter isWrite) "nothing is written afterwards"
    Expect.exists after (fun (name, call) -> name = "fsync" && call.Contains $"<{sandbox.Folder}>") "the folder is flushed afterwards"

    Expect.isEmpty
        (made
         |> List.filter (fun call -> (isWrite call || isSync call) && not (temporary call))
         |> List.filter (snd >> _.Contains(".h5ad")))
        "no other file is written to"

let private order =
    [ test "to a new file: write, flush, rename, flush the folder" {
          publishes (fun sandbox -> [ "preprocess"; sandbox.File "input.h5ad"; "--out"; sandbox.File "output.h5ad" ])
      }
      test "values in place: the same" { publishes (fun sandbox -> [ "preprocess"; sandbox.File "input.h5ad"; "--in-place" ]) }
      test "columns in place: append, flush, the superblock, flush" {
          use sandbox = new Sandbox()
          let path = sandbox.Copy(sample, "input.h5ad")
          let length = FileInfo(path).Length
          let made = calls sandbox [ "qc"; path; "--in-place" ]

          let offset (call: string) =
              Int64.Parse(call.Split(", ") |> Array.last |> _.Split(')') |> Array.head)

          // What waits in a scratch file, which has no name any more, is nobody's.
          let onFile (_, call: string) = not (call.Contains ".singlesharp-")

          match List.rev (List.filter (fun call -> onFile call && (isWrite call || isSync call)) made) with
          | last :: superblock :: first :: appended ->
              Expect.isTrue (isSync last && isSync first) "flushes before and after"
              Expect.equal (fst superblock, offset (snd superblock)) ("pwrite64", 0L) "the superblock"

              for name, call in appended do
                  Expect.isGreaterThanOrEqual (if name = "pwrite64" then offset call else length) length $"behind the old end: {call}"
          | other -> failtest $"{other}"

          Expect.isEmpty (List.filter isRename made) "no rename"
      } ]

/// One run at a time; what runs beside it has files of its own.
let all =
    testSequencedGroup "kills" <| testList "Kills" [ kills; testList "system calls" order ]
