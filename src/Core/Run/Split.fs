/// Cuts a file into one for each value of a column of obs, as subset would make each of them.
namespace SingleSharp.Core.Run

open System
open System.Collections.Generic
open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Concat
open SingleSharp.Core.Steps

[<RequireQualifiedAccess>]
module internal Split =
    /// Refuses what must not be replaced: the input, and whatever no earlier split made. With ⟨no_clobber⟩, nothing is.
    let private requireTargets (request: SplitRequest) (file: AnnDataFile) (read: string list) (earlier: string list) targets =
        for target: string in targets do
            if AtomicReplace.leadToOne file.Store.Path target then
                Fault.throw (CannotWrite(target, "it is the input itself; choose another folder (⟨out_dir⟩)"))

            AtomicReplace.require target 0L
            AtomicReplace.requireReplaceable target false
            Apart.require target read

            if (Status.tryFindHere (Path.GetFullPath target)).IsSome then
                if not request.Replaces then
                    Fault.throw (
                        CannotWrite(
                            target,
                            "there is such a file already, and ⟨no_clobber⟩ keeps it; choose another folder (⟨out_dir⟩), or leave ⟨no_clobber⟩ out to replace what an earlier split made"
                        )
                    )

                if not (SplitManifest.hasMade earlier target) then
                    Fault.throw (
                        CannotWrite(
                            target,
                            $"there is such a file already, and no {SplitManifest.name} in its folder says that an earlier split made it; choose another folder (⟨out_dir⟩), or move the file"
                        )
                    )

    /// File names in a sentence, the first of them where there are many.
    let private shortList (paths: string list) =
        let names =
            paths |> List.truncate 5 |> List.map Path.GetFileName |> String.concat ", "

        if paths.Length > 5 then $"{names} and {paths.Length - 5} more" else names

    let private warnings (column: string) (missing: int64) (left: string list) (parts: SplitPart list) =
        [ if missing > 0L then
              $"""{Plural.things missing "cell"} of {column} {if missing = 1L then "has" else "have"} no value and {if missing = 1L then "is" else "are"} in none of the files"""

          match parts |> List.filter (fun part -> Path.GetFileNameWithoutExtension part.Target <> PartNames.safe part.Value) with
          | [] -> ()
          | part :: _ as several ->
              $"""{Plural.say several.Length "value of" "values of"} {column} would have the file name of another one, and got a number, such as {part.Value} in {Path.GetFileName part.Target}; {SplitManifest.name} tells which is which"""

          if not left.IsEmpty then
              $"""{Plural.say left.Length "file of an earlier split stays" "files of an earlier split stay"} in the folder as {if left.Length = 1 then "it is" else "they are"}, and {SplitManifest.name} no longer lists {if left.Length = 1 then "it" else "them"}: {shortList left}""" ]

    /// What is there of a split that did not come to its end.
    let private unfinished (whole: List<string>) count =
        let what =
            if whole.Count = 1 then
                $"of {count} files one is written and whole"
            else
                $"of {count} files {whole.Count} are written and whole"

        $"""{what} ({shortList (List.ofSeq whole)}), and there is no {SplitManifest.name}; remove {if whole.Count = 1 then "it" else "them"} before the next split there, or choose another folder (⟨out_dir⟩)"""

    let private subset (file: AnnDataFile) (cells: Lazy<RowMask>) query =
        let select _ =
            { Selection =
                { Cells = cells.Value
                  Genes = RowMask.all (int64 file.X.Genes) }
              LostCells = [ "obs_query", file.X.Cells - cells.Value.Count ]
              LostGenes = [] }

        SubsetStep.knowing
            select
            { SubsetStep.defaults with
                ObsQuery = Some query }

    /// Splits a file that is open; `input` and `read` are what was asked for.
    let private ofFile (request: SplitRequest) (input: Input) (read: string list) (file: AnnDataFile) (settings: Settings) : Split =
        let folder = Scratch.folder settings (Path.GetFullPath request.Folder)
        use batches = Batches.readFor SplitParts.asked file request.Column folder
        let counts = SplitParts.counts file batches settings
        let parts = SplitParts.make request file batches counts

        if parts.IsEmpty then
            Fault.throw (InvalidOption("by", $"no cell has a value of the column {request.Column} of obs, so there is nothing to split"))

        let manifest = SplitManifest.pathIn request.Folder
        let targets = parts |> List.map _.Target
        let earlier = SplitManifest.made request.Folder
        requireTargets request file read earlier (manifest :: targets)
        let told = HashSet<string>()

        let warn sentence =
            if told.Add sentence then
                settings.Warn sentence

        let warnings =
            warnings request.Column counts[0] (SplitManifest.left earlier (manifest :: targets)) parts
            |> List.map (OptionText.spell settings.Spelling >> Printable.line)

        warnings |> List.iter warn
        let isTransposed = CscToCsr.isNeeded file.X
        let first = if isTransposed then 1 else 0

        let passed number (progress: Progress) =
            settings.Progress
                { progress with
                    Pass = number
                    Passes = first + parts.Length }

        let transposing share =
            passed
                1
                { Pass = 1
                  Passes = 1
                  CellsDone = int64 (share * float file.X.Cells)
                  Cells = file.X.Cells
                  Bytes = Matrix.bytes file.X
                  Task = Nullable() }

        // What is stored in columns is put together once for all files.
        use rows =
            CsrView.Prepare(file, folder, settings.Memory, settings.Cancel, transposing)

        // A table of an earlier split does not stand beside some files of this one, but stays until there is one.
        let complete number () =
            if number = 0 then
                SplitManifest.remove manifest

        let whole = List<string>()
        let nodes = HashSet<struct (uint64 * uint64)>()

        /// File systems may take names for one that differ in how Unicode composes a letter, and links may lead to one file.
        let requireOwn (target: string) =
            match Status.tryFind target with
            | ValueSome { Node = ValueSome node } when nodes.Contains node ->
                Fault.throw (
                    CannotWrite(
                        target,
                        "to this file system, it is a file that this split has just made for another value; choose another folder (⟨out_dir⟩)"
                    )
                )
            | _ -> ()

        let remember target =
            whole.Add target

            match Status.tryFind target with
            | ValueSome { Node = ValueSome node } -> nodes.Add node |> ignore
            | _ -> ()

        let write number (part: SplitPart) =
            requireOwn part.Target

            let recipe =
                Recipe.ofSteps [ subset file (lazy (SplitParts.cellsOf file batches settings part.Place)) part.Query ]

            let report =
                Runner.onFileWith
                    { RunSurroundings.alone with
                        Rows = Some rows
                        Complete = complete number }
                    { Input = input
                      Files = read
                      Recipe = recipe }
                    file
                    recipe
                    { settings with
                        Progress = passed (first + number + 1)
                        Warn = warn }
                    (NewFile part.Target)

            remember part.Target
            report

        let reports =
            try
                let reports = parts |> List.mapi write

                SplitManifest.write read manifest [ for part in parts -> struct (part.Value, Path.GetFileName part.Target, part.Cells) ]

                reports
            with _ ->
                if whole.Count > 0 then
                    warn (unfinished whole parts.Length |> OptionText.spell settings.Spelling |> Printable.line)

                reraise ()

        { Input = Inputs.shown input.Paths
          Column = request.Column
          Manifest = manifest
          Files =
            [ for part in parts do
                  { Value = part.Value
                    Path = part.Target
                    Cells = part.Cells } ]
          Cells = file.X.Cells
          Genes = file.X.Genes
          CellsWithoutValue = counts[0]
          Warnings = warnings @ (reports |> List.collect (_.Warnings >> List.ofSeq)) |> List.distinct }

    /// A split has a folder, and its files are called after values: faults that advise another name advise another folder.
    let private told fault =
        match fault with
        | CannotWrite(path, why) ->
            let other = "choose another folder (⟨out_dir⟩)"

            CannotWrite(
                path,
                [ "choose another name or folder (⟨out⟩)", other
                  "choose another name (⟨out⟩)", other
                  "choose another name", other
                  "choose another folder (⟨out⟩)", other
                  "choose another (⟨out⟩)", "choose another (⟨out_dir⟩)"
                  "choose a shorter one (⟨out⟩)", other
                  "name a file in it", other
                  "name a file, or one that is still to be made", other ]
                |> List.fold (fun (why: string) (words, instead) -> why.Replace(words, instead)) why
            )
        | _ -> fault

    /// Splits what the inputs hold. A file is complete or not there; the table of the files is written last.
    let run (request: SplitRequest) (input: Input) (settings: Settings) =
        let mutable made = []

        try
            try
                made <- NewFolder.make request.Folder
                let read = List.collect Convert.filesOf input.Paths

                Inputs.asFile
                    input
                    (Recipe.ofSteps [ SubsetStep.step SubsetStep.defaults ])
                    settings
                    (Some(NewFile(SplitManifest.pathIn request.Folder)))
                    (fun path _ warnings ->
                        warnings |> List.iter settings.Warn

                        let split =
                            using (AnnDataFile.openReadWithin settings.Memory MatrixName.X path) (fun file ->
                                ofFile request input read file settings)

                        { split with
                            Warnings = warnings @ List.ofSeq split.Warnings })
            with trouble when (Fault.tryFind trouble).IsSome ->
                Fault.throw (told (Fault.tryFind trouble).Value)
        finally
            NewFolder.removeEmpty made
