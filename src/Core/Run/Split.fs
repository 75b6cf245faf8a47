/// Cuts a file into one for each value of a column of obs, as subset would make each of them.
namespace SingleSharp.Core.Run

open System
open System.Collections.Generic
open System.IO
open System.Text
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

/// How a file is split.
type internal SplitRequest =
    {
        Column: string
        /// May files that are there be replaced?
        Replaces: bool
        Folder: string
    }

/// A value, which cells have it, and where they go.
type private Part =
    { Place: int
      Value: string
      Query: string
      Target: string
      Cells: int64 }

[<RequireQualifiedAccess>]
module internal Split =
    let private manifest = "manifest.csv"

    /// More values than these are no samples, and nobody wants as many files.
    let most = 1_000

    let private asked: BatchUse =
        { Option = "by"
          Called = "samples"
          Most = most }

    /// Visits the codes of all cells in order.
    let private visit (file: AnnDataFile) (batches: Batches) (settings: Settings) each =
        let read = batches.Open()
        let codes: int[] = Array.zeroCreate Blocks.rowsPerBlock

        for number in 0L .. Blocks.count file.X.Cells - 1L do
            settings.Cancel.ThrowIfCancellationRequested()
            let struct (first, count) = Blocks.extent file.X.Cells number
            read first count codes

            for i in 0 .. count - 1 do
                each codes[i]

    /// How many cells have each value, behind those that have none.
    let private counts file (batches: Batches) settings =
        let counts: int64[] = Array.zeroCreate (batches.Names.Length + 1)
        visit file batches settings (fun code -> counts[code + 1] <- counts[code + 1] + 1L)
        counts

    let private cellsOf (file: AnnDataFile) batches settings place =
        let cells = RowMask file.X.Cells
        visit file batches settings (fun code -> cells.Add((code = place)))
        cells

    let private quoted (text: string) =
        "'" + text.Replace("\\", "\\\\").Replace("'", "\\'") + "'"

    /// A column as a query names it.
    let private named (column: string) =
        if column.Contains '`' then
            "\"" + column.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\""
        else
            $"`{column}`"

    /// The query that chooses the cells of a value, for the note of what was done.
    let private queryOf (file: AnnDataFile) column =
        let values =
            match Hdf5Element.tryColumn file.Store file.Obs.Path file.Obs.Group column with
            | Some(Element.Nullable element) -> Some element.Values.Type
            | Some(Element.AnyArray values) -> Some values.Type
            | _ -> None

        fun value ->
            match values with
            | Some(Enumeration _) -> if value = "True" then named column else $"not {named column}"
            | Some(Integer _) -> $"{named column} == {value}"
            | _ -> $"{named column} == {quoted value}"

    let private requireTargets (request: SplitRequest) (file: AnnDataFile) (read: string list) targets =
        for target: string in targets do
            AtomicReplace.require target 0L
            AtomicReplace.requireReplaceable target false
            AtomicReplace.requireOther file.Store target
            Apart.require target read

            if not request.Replaces && (Status.tryFindHere (Path.GetFullPath target)).IsSome then
                Fault.throw (
                    CannotWrite(
                        target,
                        "there is such a file already, and ⟨no_clobber⟩ keeps it; choose another folder (⟨out_dir⟩), or leave ⟨no_clobber⟩ out to replace it"
                    )
                )

    /// A field of a table with commas.
    let private field (text: string) =
        if text |> Seq.exists (fun letter -> ",\"\r\n".Contains letter) || text.Trim() <> text then
            "\"" + text.Replace("\"", "\"\"") + "\""
        else
            text

    let private table (parts: Part list) =
        let lines =
            [ "value,file,cells"
              for part in parts do
                  $"{field part.Value},{field (Path.GetFileName part.Target)},{part.Cells}" ]

        Utf8.bytes (String.concat "\n" lines + "\n")

    /// A table of an earlier split does not stand beside some files of this one.
    let private removeManifest (path: string) =
        try
            File.Delete(AtomicReplace.resolve path)
        with Fault.WriteTrouble trouble ->
            Fault.throw (Fault.ofWrite path trouble)

    let private warnings (column: string) (missing: int64) (parts: Part list) =
        [ if missing > 0L then
              $"""{Plural.things missing "cell"} of {column} {if missing = 1L then "has" else "have"} no value and {if missing = 1L then "is" else "are"} in none of the files"""

          match parts |> List.filter (fun part -> Path.GetFileNameWithoutExtension part.Target <> PartNames.safe part.Value) with
          | [] -> ()
          | part :: _ as several ->
              $"""{Plural.say several.Length "value of" "values of"} {column} would have the file name of another one, and got a number, such as {part.Value} in {Path.GetFileName part.Target}; {manifest} tells which is which""" ]

    /// The values that some cell has, each with its file.
    let private parts (request: SplitRequest) (file: AnnDataFile) (batches: Batches) (counts: int64[]) =
        let query = queryOf file request.Column

        let values =
            [ for place, value in Array.indexed batches.Names do
                  if counts[place + 1] > 0L then
                      place, value ]

        List.zip values (PartNames.ofValues (List.map snd values))
        |> List.map (fun ((place, value), name) ->
            { Place = place
              Value = value
              Query = query value
              Target = Path.Combine(request.Folder, name)
              Cells = counts[place + 1] })

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
        use batches = Batches.readFor asked file request.Column folder
        let counts = counts file batches settings
        let parts = parts request file batches counts

        if parts.IsEmpty then
            Fault.throw (InvalidOption("by", $"no cell has a value of the column {request.Column} of obs, so there is nothing to split"))

        let table' = Path.Combine(request.Folder, manifest)
        requireTargets request file read (table' :: (parts |> List.map _.Target))
        let told = HashSet<string>()

        let warn sentence =
            if told.Add sentence then
                settings.Warn sentence

        let warnings =
            warnings request.Column counts[0] parts |> List.map (OptionText.spell settings.Spelling >> Printable.line)

        warnings |> List.iter warn
        removeManifest table'
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
                  Bytes = file.X.Datasets |> List.sumBy (fun dataset -> dataset.Count * int64 dataset.ElementSize)
                  Task = Nullable() }

        // What is stored in columns is put together once for all files.
        use rows =
            CsrView.Prepare(file, folder, settings.Memory, settings.Cancel, transposing)

        let reports =
            [ for number, part in List.indexed parts do
                  let recipe =
                      Recipe.ofSteps [ subset file (lazy (cellsOf file batches settings part.Place)) part.Query ]

                  Runner.onFileWith
                      { Runner.alone with Rows = Some rows }
                      { Input = input
                        Files = read
                        Recipe = recipe }
                      file
                      recipe
                      { settings with
                          Progress = passed (first + number + 1)
                          Warn = warn }
                      (NewFile part.Target) ]

        let bytes = table parts
        AtomicReplace.replaceFor (WhoReads read) table' 0L (fun disk -> disk.Write(0L, ReadOnlySpan bytes))

        { Input = Inputs.shown input.Paths
          Column = request.Column
          Manifest = table'
          Files =
            [ for part in parts do
                  { Value = part.Value
                    Path = part.Target
                    Cells = part.Cells } ]
          Cells = file.X.Cells
          Genes = file.X.Genes
          CellsWithoutValue = counts[0]
          Warnings = warnings @ (reports |> List.collect (_.Warnings >> List.ofSeq)) |> List.distinct }

    /// Splits what the inputs hold. A file is complete or not there; the table of the files is written last.
    let run (request: SplitRequest) (input: Input) (settings: Settings) =
        let isNew = NewFolder.make request.Folder

        try
            let read = List.collect Convert.filesOf input.Paths

            Inputs.asFile
                input
                (Recipe.ofSteps [ SubsetStep.step SubsetStep.defaults ])
                settings
                (Some(NewFile(Path.Combine(request.Folder, manifest))))
                (fun path _ warnings ->
                    warnings |> List.iter settings.Warn

                    let split =
                        using (AnnDataFile.openReadWithin settings.Memory MatrixName.X path) (fun file ->
                            ofFile request input read file settings)

                    { split with
                        Warnings = warnings @ List.ofSeq split.Warnings })
        finally
            if isNew then
                NewFolder.removeEmpty request.Folder
