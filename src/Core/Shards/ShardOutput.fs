/// The outputs of a run over shards: shares that tasks write, the merge that completes them, and whether they are still what was written.
namespace SingleSharp.Core.Shards

open System
open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Run

[<RequireQualifiedAccess>]
module internal ShardOutput =
    /// Notes a file as it was written: how long it is, and pieces of it. Its time says less, since machines that were cut off may still write to
    /// the output what it has already. `claimed` is a name that it has until it has its own; none where it has that.
    let note (claimed: string) (struct (length: int64, pieces: string)) (file: PartFile.Writer) =
        file.Value(fun writer ->
            writer.Write length
            writer.Write pieces
            writer.Write claimed)

    /// Is a file there as a part has noted it?
    let isUnchanged (folder: PartFolder) (path: string) part name =
        let mutable noted = ValueNone

        try
            PartFile.values part name (fun reader ->
                let length = reader.ReadInt64()
                let pieces = reader.ReadString()
                noted <- ValueSome(struct (struct (length, pieces), reader.ReadString())))
        with PartTrouble _ ->
            ()

        match noted with
        | ValueSome(struct (stamp, claimed)) ->
            (claimed = "" || not (folder.Output.IsClaimed claimed)) && InputFiles.tryStamp path = ValueSome stamp
        | ValueNone -> false

    /// Lets a task write its share of the output while it makes its part. What it has written is on the device before the part is there. A task
    /// that is late, because another one has taken its place, stops where the output is no longer as it was begun, or the input has changed.
    let share (folder: PartFolder) (settings: Settings) patience task tasks (part: PartFile.Writer) (work: OutputShare -> unit) =
        let mutable opened: RandomAccessFile option = None
        let mutable agree = ignore
        let mutable isStill = fun () -> true

        let openFor (file: AnnDataFile) =
            let struct (name, path) =
                folder.Output.Find(file.Store.Superblock.EndOfFile, patience, settings.Cancel)

            let isChanged = FileWatch.onContent file.Store

            agree <-
                fun () ->
                    if isChanged () then
                        Fault.throw (InputChanged file.Path)

                    if not (File.Exists path) then
                        Fault.throw (CannotWrite(path, "it is gone; another machine may have taken this task"))

            let handle =
                try
                    File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite ||| FileShare.Delete)
                with Fault.WriteTrouble trouble ->
                    Fault.throw (Fault.ofWrite path trouble)

            let disk =
                new RandomAccessFile(path, new WatchedDevice(new FileDevice(handle), (fun () -> agree ())), file.Store.Disk.Origin)

            opened <- Some disk
            isStill <- fun () -> folder.Output.IsThere name
            part.Output name
            disk

        try
            work
                { Open = openFor
                  Agree = fun () -> agree ()
                  Task = task
                  Tasks = tasks }

            opened |> Option.iter _.Sync()
            agree ()

            if not (isStill ()) then
                Fault.throw (NotYet(folder.Path, "another unfinished output has taken the place of the one that this task has written to"))
        finally
            opened |> Option.iter (fun disk -> (disk :> IDisposable).Dispose())

    /// Gives `work` the output that tasks of a stage have begun, if they have, and notes what was written. Where another merge may have made
    /// the same of it, whichever comes last leaves the same bytes.
    let write (folder: PartFolder) sharing stage (out: string) (settings: Settings) (work: BegunOutput option -> 'r) =
        let noting claimed stamp =
            PartFile.write (folder.Merged stage) (folder.NameOf(stage, -1)) (note claimed stamp)

        match folder.OutputOf sharing with
        | Some name ->
            let result =
                work (
                    Some
                        { Claim = fun () -> folder.Output.Claim(name, settings.Cancel)
                          Complete =
                            fun path disk ->
                                // Before it has its name, since its parts are nothing without it.
                                noting (Path.GetFileName path) (struct (disk.Device.Length, InputFiles.piecesOf disk.Device))
                          GiveBack = fun path -> folder.Output.GiveBack(name, path) }
                )

            folder.Output.Tidy()
            result
        | None ->
            let result = work None

            match InputFiles.tryStamp out with
            | ValueSome stamp -> noting "" stamp
            | ValueNone -> Fault.throw (Unreadable(out, "it is gone"))

            result
