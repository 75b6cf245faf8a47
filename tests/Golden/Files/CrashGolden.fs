/// A loss of power at any instant of a run leaves the old content or the new one, as h5py sees it.
module internal SingleSharp.Golden.CrashGolden

open System
open System.Diagnostics
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Run
open SingleSharp.Golden.Shared
open SingleSharp.Properties.Recording

/// Steps that add to the file itself.
let private recipes =
    [ "qc", (Recipe.ofSteps [ Qc.step Qc.defaults ])
      "hvg", (Recipe.ofSteps [ Hvg.step Hvg.defaults ])
      "pca",
      (Recipe.ofSteps
          [ Pca.step
                { Pca.defaults with
                    NComps = Some 3
                    MaskVar = MaskVar.AllGenes } ])
      "all three",
      (Recipe.ofSteps
          [ Qc.step Qc.defaults
            Hvg.step Hvg.defaults
            Pca.step
                { Pca.defaults with
                    NComps = Some 3
                    MaskVar = MaskVar.AllGenes } ]) ]

/// What a run does to a file.
type private Run =
    { Name: string
      Origin: int64
      Before: byte[]
      Changes: Change list
      After: byte[] }

let private record (sandbox: Sandbox) (layout, (name, recipe)) =
    let path = sandbox.Copy(sandbox.File $"{layout}.h5ad", "crash.h5ad")
    let before = File.ReadAllBytes path

    let recorder =
        new Recorder(new FileDevice(Hdf5File.openHandle path FileAccess.ReadWrite FileShare.None))

    let origin =
        using (AnnDataFile.opened MatrixName.X (Hdf5File.onDevice path recorder)) (fun file ->
            Runner.onFile file recipe Settings.standard InPlace |> ignore
            file.Store.Disk.Origin)

    let after = File.ReadAllBytes path
    File.Delete path

    { Name = $"{name} on {layout}"
      Origin = origin
      Before = before
      Changes = recorder.Changes
      After = after }

/// What h5py says about many images, in their order.
let private judge (images: byte[] list) =
    Child.requirePython ()

    let info =
        Child.prepare "/usr/bin/python3" [ here "scripts/crash.py"; "images" ] [ "PYTHONWARNINGS", "ignore" ]

    use child = Process.Start info
    let output = child.StandardOutput.ReadToEndAsync()
    let errors = child.StandardError.ReadToEndAsync()

    for image in images do
        child.StandardInput.BaseStream.Write(BitConverter.GetBytes image.LongLength, 0, 8)
        child.StandardInput.BaseStream.Write(image, 0, image.Length)

    child.StandardInput.Close()
    child.WaitForExit()

    let answers =
        output.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

    if answers.Length <> images.Length then
        failtest $"crash.py failed: {errors.Result}"

    answers

let private replay =
    test "replayed" {
        use sandbox = new Sandbox()

        let layouts =
            (Child.script "crash.py" [ "make"; sandbox.Folder ] "").Split('\n', StringSplitOptions.RemoveEmptyEntries)

        let mutable cutPoints = 0
        let mutable files = 0

        for layout in layouts do
            for run in List.allPairs [ layout ] recipes |> List.map (record sandbox) do
                let images, tried = images 7 run.Origin run.Before run.Changes

                match judge (run.Before :: run.After :: (images |> List.map _.Content)) with
                | old :: fresh :: answers ->
                    Expect.isTrue (old.Length = 129 && fresh.Length = 129 && old <> fresh) $"{run.Name}: before {old}, after {fresh}"

                    for image, answer in List.zip images answers do
                        if not (image.MayBeOld && answer = old || image.MayBeNew && answer = fresh) then
                            failtest
                                $"{run.Name}: {image.Content.Length} bytes (the commit may be behind: {image.MayBeNew}, ahead: {image.MayBeOld}) are neither old nor new: {answer}"

                    Expect.contains answers old $"{run.Name}: the old content is met"
                    Expect.contains answers fresh $"{run.Name}: the new content is met"
                | answers -> failtest $"{run.Name}: {answers}"

                cutPoints <- cutPoints + tried
                files <- files + images.Length

        printfn
            $"crash replay: {cutPoints} cut points and orderings of {layouts.Length * recipes.Length} runs, {files} different files, each old or new"
    }

let all = testList "Crashes" [ replay ]
