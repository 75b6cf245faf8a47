/// The output of a run over shards, which tasks write together before anybody knows all of it. It lies beside the place of the output, under a
/// name that no other attempt at the run has; which one it is says a file in the folder of parts. A merge takes it under a name of its own.
namespace SingleSharp.Core.Shards

open System
open System.Collections.Generic
open System.IO
open System.Threading
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

[<Sealed>]
type internal UnfinishedOutput(folder: string, plan: ShardPlan) =
    let target = lazy AtomicReplace.resolve plan.Out
    let ending, merging, copying = ".unfinished", ".merging", ".copying"

    /// Names of this plan's files begin so. A name has 255 bytes at most on most file systems, and a copy of a claimed file takes 102 more.
    let beginning =
        lazy
            (let name = Path.GetFileName target.Value

             let shown =
                 if Text.Encoding.UTF8.GetByteCount name <= 140 then name else "singlesharp"

             $"{shown}.{plan.Id[..7]}.")

    let beside (name: string) =
        Path.Combine(Path.GetDirectoryName target.Value, name)

    /// The file that says which attempt it is: the one of the highest number counts, and none is ever replaced, so that machines that look at
    /// once find the same.
    let pointer (number: int) =
        Path.Combine(folder, $"output.{number}.begun")

    let reading path (work: unit -> 'r) =
        try
            work ()
        with
        | :? IOException as trouble -> Fault.throw (Unreadable(path, Fault.reason trouble))
        | :? UnauthorizedAccessException -> Fault.throw (Unreadable(path, "you may not read it"))

    /// Paths are no patterns, so they are compared here.
    let filesOf (folder: string) (first: string) (last: string) =
        reading folder (fun () ->
            if Directory.Exists folder then
                [| for path in Directory.EnumerateFiles folder do
                       let name = Path.GetFileName path

                       if name.StartsWith(first, StringComparison.Ordinal) && name.EndsWith(last, StringComparison.Ordinal) then
                           path |]
            else
                [||])

    let besideAll first last =
        filesOf (Path.GetDirectoryName target.Value) first last

    /// The highest number, and the name that its file has, if that is one.
    let newest () =
        let numbers =
            filesOf folder "output." ".begun"
            |> Array.choose (fun path ->
                match Int32.TryParse((Path.GetFileName path).Split('.')[1]) with
                | true, number -> Some number
                | _ -> None)

        if numbers.Length = 0 then
            struct (-1, "")
        else
            let number = Array.max numbers
            struct (number, reading (pointer number) (fun () -> File.ReadAllText(pointer number)))

    let isName (name: string) =
        name.StartsWith(beginning.Value, StringComparison.Ordinal)
        && name.EndsWith(ending, StringComparison.Ordinal)
        && name.Length = beginning.Value.Length + 32 + ending.Length
        && name.AsSpan(beginning.Value.Length, 32).ContainsAnyExcept("0123456789abcdef") |> not

    /// What merges that have not come to their end have made of the file.
    let claimed (name: string) =
        besideAll (name + ".") merging |> Array.sort

    let tryPath name =
        let own = beside name

        if not (isName name) then
            None
        elif File.Exists own then
            Some own
        else
            match claimed name |> Array.tryHead with
            | Some path -> Some path
            // A merge may have given it back just now.
            | None -> if File.Exists own then Some own else None

    /// Another machine may see a new file late.
    let tryPathSoon (patience: TimeSpan) (cancel: CancellationToken) name =
        let until = DateTime.UtcNow + patience
        let mutable path = tryPath name

        while path.IsNone && isName name && DateTime.UtcNow < until do
            cancel.WaitHandle.WaitOne 500 |> ignore
            cancel.ThrowIfCancellationRequested()
            path <- tryPath name

        path

    let writing (work: unit -> 'r) =
        try
            work ()
        with Fault.WriteTrouble trouble ->
            Fault.throw (Fault.ofWrite plan.Out trouble)

    /// Makes a file and a pointer to it of the next number; false where another machine was first.
    let make number bytes =
        AtomicReplace.require plan.Out bytes
        let name = $"{beginning.Value}{Guid.NewGuid():N}{ending}"
        let mutable isMade = false

        try
            writing (fun () ->
                using (TempFile.create (beside name) FileShare.ReadWrite FileOptions.None) ignore
                FolderSync.flush (Path.GetDirectoryName target.Value))

            // Where an answer was lost on its way, the name is there although it is said to be somebody else's.
            isMade <- NewName.publish (pointer number) name || reading (pointer number) (fun () -> File.ReadAllText(pointer number)) = name
        finally
            if not isMade then
                TempFile.remove (beside name)

        isMade

    let rec find bytes patience cancel =
        let struct (number, name) = newest ()

        match tryPathSoon patience cancel name with
        | Some path -> struct (name, path)
        | None ->
            if not (make (number + 1) bytes) then
                cancel.WaitHandle.WaitOne 50 |> ignore
                cancel.ThrowIfCancellationRequested()

            find bytes patience cancel

    let copyTo (copy: string) (other: string) cancel =
        let source =
            reading other (fun () -> File.OpenHandle(other, FileMode.Open, FileAccess.Read, FileShare.ReadWrite ||| FileShare.Delete))

        use source = new RandomAccessFile(other, source, 0L)
        AtomicReplace.require plan.Out source.Length

        use target =
            new RandomAccessFile(plan.Out, writing (fun () -> TempFile.create copy FileShare.None FileOptions.None), 0L)

        CopyRanges.copy source target source.Length [] cancel
        // Whoever finds it under its name takes it for whole.
        target.Sync()

    /// Removes files of merges that were killed, as far as that can be told: nobody holds them, and nobody has written to them lately.
    let removeDead (paths: string[]) =
        let youngest = DateTime.UtcNow - TimeSpan.FromMinutes 5.0

        for path in paths do
            if File.GetLastWriteTimeUtc path < youngest && not (TempFile.isHeld path) then
                TempFile.remove path

    /// A copy of what a merge has made that has not come to its end, and may be at work still.
    let copied name mine cancel =
        removeDead (besideAll (name + ".") copying)

        match claimed name with
        | [||] -> Fault.throw (CannotWrite(plan.Out, $"{name} is gone; another merge may have completed it"))
        | others ->
            let copy = mine + copying

            try
                copyTo copy others[0] cancel
                writing (fun () -> File.Move(copy, mine))
            with _ ->
                TempFile.remove copy
                reraise ()

            removeDead others

    /// What is there of names now: each is looked for once.
    let looking () =
        let known = Dictionary<string, bool>()
        let now = lazy newest ()

        fun name ->
            let struct (_, current) = now.Value

            match known.TryGetValue name with
            | true, isThere -> isThere
            | _ ->
                let isThere = current = name && (tryPath name).IsSome
                known[name] <- isThere
                isThere

    /// Tells of names whether that is the file that tasks write now, and there; each is looked for once.
    member _.Looking() = looking ()

    member _.IsThere name = looking () name

    /// The file for a task, which is made if there is none: its name and its path. There has to be room for N bytes then.
    member _.Find(bytes, patience, cancel) = find bytes patience cancel

    /// Takes the file of a name for the merge that asks, and gives its path: nobody else will write to it but tasks that are late. Where a
    /// merge before has not come to its end, it may still be at work, so this one takes a copy.
    member _.Claim(name, cancel: CancellationToken) =
        let mine = beside $"{name}.{Guid.NewGuid():N}{merging}"

        let isMoved =
            writing (fun () ->
                try
                    File.Move(beside name, mine, false)
                    true
                with :? FileNotFoundException ->
                    // Where an answer was lost on its way, it has moved all the same.
                    File.Exists mine)

        if not isMoved then
            copied name mine cancel

        FolderSync.flush (Path.GetDirectoryName mine)
        mine

    /// Gives back what was claimed, as far as it was completed.
    member _.GiveBack(name, claimed: string) =
        try
            File.Move(claimed, beside name, false)
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    /// Has a merge claimed this file, and not given it the name of the output?
    member _.IsClaimed(claimed: string) = File.Exists(beside claimed)

    /// Removes what attempts have left.
    member _.Tidy() =
        for kind in [ ending; merging; copying ] do
            for path in besideAll beginning.Value kind do
                TempFile.remove path
