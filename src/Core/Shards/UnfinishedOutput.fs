/// The output of a run over shards, which tasks write together before anybody knows all of it. It lies beside the place of the output, under a
/// name that no other attempt at the run has; which one it is says a file in the folder of parts. A merge takes it under a name of its own.
namespace SingleSharp.Core.Shards

open System
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

    /// Names of this plan's files begin so.
    let beginning = lazy $"{Path.GetFileName target.Value}.{plan.Id[..7]}."

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

    let filesOf (folder: string) pattern =
        reading folder (fun () -> if Directory.Exists folder then Directory.GetFiles(folder, pattern) else [||])

    /// The highest number, and the name that its file has, if that is one.
    let newest () =
        let numbers =
            filesOf folder "output.*.begun"
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
    let claimed name =
        filesOf (Path.GetDirectoryName target.Value) $"{name}.*{merging}" |> Array.sort |> Array.tryHead

    let tryPath name =
        if not (isName name) then None
        elif File.Exists(beside name) then Some(beside name)
        else claimed name

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
                AtomicReplace.syncFolder (Path.GetDirectoryName target.Value))

            isMade <- AtomicReplace.publishNew (pointer number) name
        finally
            if not isMade then
                TempFile.remove (beside name)

        isMade

    let rec find bytes patience cancel =
        let struct (number, name) = newest ()

        match tryPathSoon patience cancel name with
        | Some path -> struct (name, path)
        | None ->
            make (number + 1) bytes |> ignore
            find bytes patience cancel

    let copyTo (copy: string) (other: string) cancel =
        let source =
            reading other (fun () -> File.OpenHandle(other, FileMode.Open, FileAccess.Read, FileShare.ReadWrite ||| FileShare.Delete))

        use source = new RandomAccessFile(other, source, 0L)
        AtomicReplace.require plan.Out source.Length

        use target =
            new RandomAccessFile(plan.Out, writing (fun () -> TempFile.create copy FileShare.ReadWrite FileOptions.None), 0L)

        CopyRanges.copy source target source.Length [] cancel

    /// Is this the file that tasks write now, and there?
    member _.IsThere name =
        let struct (_, now) = newest ()
        now = name && (tryPath name).IsSome

    /// The file for a task, which is made if there is none: its name and its path. There has to be room for N bytes then.
    member _.Find(bytes, patience, cancel) = find bytes patience cancel

    /// Takes the file of a name for the merge that asks, and gives its path: nobody else will write to it but tasks that are late. Where a
    /// merge before has not come to its end, it may still be at work, so this one takes a copy.
    member _.Claim(name, cancel: CancellationToken) =
        let mine = beside $"{name}.{Guid.NewGuid():N}{merging}"

        let isMoved =
            try
                File.Move(beside name, mine, false)
                true
            with :? FileNotFoundException ->
                false

        if not isMoved then
            match claimed name with
            | Some other ->
                let copy = mine + copying
                copyTo copy other cancel
                writing (fun () -> File.Move(copy, mine))
            | None -> Fault.throw (NotYet(folder, $"{name} is gone; another merge may have completed it"))

        AtomicReplace.syncFolder (Path.GetDirectoryName mine)
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
            for path in filesOf (Path.GetDirectoryName target.Value) $"{beginning.Value}*{kind}" do
                TempFile.remove path
