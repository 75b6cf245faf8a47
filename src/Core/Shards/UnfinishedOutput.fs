/// The output of a run over shards, which tasks write together before anybody knows all of it. It lies beside the place of the output, under a
/// name that no other attempt at the run has; which one it is says a file in the folder of parts.
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
    let ending = ".unfinished"

    /// Names of this plan's files begin so.
    let beginning =
        lazy $"{Path.GetFileName(AtomicReplace.resolve plan.Out)}.{plan.Id[..7]}."

    /// Says which file it is.
    let pointer = Path.Combine(folder, "output.begun")

    let pointerName: PartName =
        { Plan = Convert.FromHexString plan.Id
          Stage = "output"
          Task = 0
          Tasks = 1 }

    let beside (name: string) =
        Path.Combine(Path.GetDirectoryName(AtomicReplace.resolve plan.Out), name)

    let tryName () =
        let mutable found = ValueNone

        try
            PartFile.known pointer pointerName (fun reader -> found <- ValueSome(reader.ReadString()))
        with PartTrouble _ ->
            ()

        found

    let isThere name = File.Exists(beside name)

    /// Another machine may see a new file late.
    let isSoonThere (patience: TimeSpan) (cancel: CancellationToken) name =
        let until = DateTime.UtcNow + patience

        while not (isThere name) && DateTime.UtcNow < until do
            cancel.WaitHandle.WaitOne 500 |> ignore
            cancel.ThrowIfCancellationRequested()

        isThere name

    let make bytes =
        AtomicReplace.require plan.Out bytes
        let name = $"{beginning.Value}{Guid.NewGuid():N}{ending}"
        let path = beside name

        try
            using (TempFile.create path FileShare.ReadWrite FileOptions.None) ignore
        with Fault.WriteTrouble trouble ->
            Fault.throw (Fault.ofWrite plan.Out trouble)

        AtomicReplace.syncFolder (Path.GetDirectoryName path)
        name

    /// The name of the file, which is made if there is none. Of several machines that make one, all take the same in the end.
    let rec find bytes patience cancel =
        match tryName () with
        | ValueSome name when isSoonThere patience cancel name -> name
        | _ ->
            let isWrong = File.Exists pointer
            let name = make bytes

            let isMine =
                PartFile.writeNew isWrong pointer pointerName (fun file -> file.Known(fun writer -> writer.Write name))
                && tryName () = ValueSome name

            if isMine then
                name
            else
                TempFile.remove (beside name)
                find bytes patience cancel

    /// The file of this name, if that is the one that tasks write now.
    member _.TryPath name =
        if tryName () = ValueSome name && isThere name then Some(beside name) else None

    /// Opens the file for a task; there has to be room for N bytes where none is there yet.
    member _.Open(origin, bytes, patience, cancel) =
        let name = find bytes patience cancel

        try
            let handle =
                File.OpenHandle(beside name, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite ||| FileShare.Delete)

            struct (name, new RandomAccessFile(plan.Out, handle, origin))
        with Fault.WriteTrouble trouble ->
            Fault.throw (Fault.ofWrite plan.Out trouble)

    /// Removes what attempts have left that lost their parts.
    member _.Tidy() =
        try
            for path in Directory.GetFiles(Path.GetDirectoryName(AtomicReplace.resolve plan.Out), $"{beginning.Value}*{ending}") do
                TempFile.remove path
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()
