/// Laws of what a crash or a full disk leaves of a file that is added to.
module internal SingleSharp.Properties.CrashLaws

open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing
open SingleSharp.Core.Run
open SingleSharp.Properties.Gen
open SingleSharp.Properties.Recording

let private recipe = Recipe.ofSteps [ Qc.step Qc.defaults ]

/// The file before and after, and what was done to it; it fails once so many changes are through.
let private record most storage matrix =
    GenFiles.withPath (fun path ->
        NewFile.write path storage (AnnDataFiles.counts matrix)
        let before = File.ReadAllBytes path

        let recorder =
            new Recorder(new FileDevice(Hdf5File.openHandle path FileAccess.ReadWrite FileShare.None), most)

        let outcome =
            try
                using (AnnDataFile.opened MatrixName.X (Hdf5File.onDevice path recorder)) (fun file ->
                    // Noted under one name, whatever the file is called.
                    Ok(
                        Runner.onFileAs
                            { Input = Input.file "counts.h5ad"
                              Files = []
                              Recipe = recipe }
                            file
                            recipe
                            Settings.standard
                            InPlace
                    ))
            with FaultException fault ->
                Error fault

        before, File.ReadAllBytes path, recorder.Changes, outcome)

let private digestOf (bytes: byte[]) =
    GenFiles.withBytes bytes (fun path ->
        match Pipeline.digest Settings.standard path with
        | Ok digest -> digest.Whole
        | Error fault -> Fault.sentence fault)

/// Law (commit): what is there stays as it is until everything else is flushed; then the superblock is written, once, and flushed.
let private commit =
    Law.holdsFor 10 "commit" (fun (CountRows matrix) ->
        [ Unchunked; InChunks 3; Gzipped 5 ]
        |> List.forall (fun storage ->
            let before, _, changes, _ = record System.Int32.MaxValue storage matrix

            match List.rev changes with
            | Flushed :: Wrote(0L, superblock) :: Flushed :: earlier ->
                superblock.Length <= 512
                && earlier
                   |> List.forall (fun change ->
                       match change with
                       | Wrote(position, _) -> position >= before.LongLength
                       | Resized length -> length >= before.LongLength
                       | Flushed -> true)
            | _ -> false))

/// Law (crash): whatever a crash leaves has the old content or the new one.
let private crash =
    Law.holdsFor 4 "crash" (fun (CountRows matrix) (seed: int) ->
        let before, after, changes, _ = record System.Int32.MaxValue Unchunked matrix
        let old, fresh = digestOf before, digestOf after
        let found, _ = images seed 0L before changes

        old <> fresh
        && found
           |> List.forall (fun image ->
               let digest = digestOf image.Content
               image.MayBeOld && digest = old || image.MayBeNew && digest = fresh))

/// Law (full disk): a disk that takes no more leaves the file as it was, byte for byte, or complete, and says so in one sentence.
let private fullDisk =
    Law.holdsFor 5 "full disk" (fun (CountRows matrix) ->
        let _, after, changes, _ = record System.Int32.MaxValue Unchunked matrix

        [ 0 .. changes.Length ]
        |> List.forall (fun most ->
            match record most Unchunked matrix with
            | before, left, _, Error(CannotWrite(_, why)) ->
                why.Contains "No space left" && why.Contains "make room" && (left = before || most = changes.Length - 1 && left = after)
            | _, left, _, Ok _ -> most = changes.Length && left = after
            | _ -> false))

let tests = testSequenced <| testList "Crash" [ commit; crash; fullDisk ]
