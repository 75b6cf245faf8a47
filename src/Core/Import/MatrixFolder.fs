/// A folder with matrix.mtx and the names of genes and cells, as Cell Ranger and others write it, gzipped or not.
namespace SingleSharp.Core

open System
open System.Collections.Generic
open System.IO

[<RequireQualifiedAccess>]
module MatrixFolder =
    /// A file of one of some names, plain or gzipped.
    let private find (folder: string) (names: string list) =
        [ for name in names do
              name
              name + ".gz" ]
        |> List.map (fun name -> Path.Combine(folder, name))
        |> List.tryFind File.Exists

    let private require folder names what =
        match find folder names with
        | Some path -> path
        | None ->
            let list = String.concat " or " (names |> List.map (fun name -> $"{name}(.gz)"))

            Fault.throw (
                Unreadable(
                    folder,
                    $"it is a folder without {list}, so there are no {what}; name an .h5ad file, a 10x .h5 file or a folder with all three files"
                )
            )

    /// The three files of a folder: the matrix, the names of genes and those of cells. Without them it is none of these folders.
    let filesOf folder =
        let matrix = require folder [ "matrix.mtx" ] "counts"
        let genes = require folder [ "genes.tsv"; "features.tsv" ] "names of genes"
        struct (matrix, genes, require folder [ "barcodes.tsv" ] "names of cells")

    /// So many lines, in columns.
    let private table path count what =
        use lines = new Lines(path)
        let rows = List<string[]>()

        while lines.Next() do
            if int64 rows.Count = count then
                lines.Damaged $"the matrix has only {count} {what}"

            rows.Add(lines.Text.Split '\t')

        if int64 rows.Count < count then
            lines.DamagedAt "its end" $"it names {rows.Count} {what}, but the matrix has {count}"

        rows.ToArray()

    let private column path (rows: string[][]) number =
        rows
        |> Array.mapi (fun row fields ->
            if fields.Length <= number then
                Fault.throw (Damaged(path, $"line {row + 1}", $"it has {fields.Length} columns where {number + 1} are needed"))

            fields[number])

    /// Later ones of equal names get -1, -2 … behind them, past those that are taken, as anndata makes names unique.
    /// Law (unique): names differ; those that differed before are as they were.
    let unique (names: string[]) =
        let taken = HashSet names
        let seen = HashSet<string>()
        let counts = Dictionary<string, int>()

        let rec next (name: string) =
            let count = 1 + counts.GetValueOrDefault name
            counts[name] <- count
            let tried = $"{name}-{count}"
            if taken.Add tried then tried else next name

        names |> Array.map (fun name -> if seen.Add name then name else next name)

    /// Bytes that an entry takes while it is sorted.
    let private entryBytes = 12L

    /// Entries that are sorted in memory at a time.
    let private runLength (settings: Settings) (head: MatrixHead) =
        int (max 1024L (min (1L <<< 23) (min head.Stored (settings.Memory / 4L / entryBytes))))

    let private sorted
        (settings: Settings)
        scratchFolder
        path
        (lines: Lines)
        head
        (cellName: int64 -> string)
        (geneName: int -> string)
        told
        =
        use entries = new Entries(scratchFolder, runLength settings head)
        MatrixMarket.read lines head (fun cell gene value -> entries.Add(cell, gene, value)) settings.Cancel told
        let rows = new SparseScratch(scratchFolder, head.Cells, head.Genes, head.Stored)

        try
            let last = ref (struct (-1L, -1))

            entries.Visit(
                settings.Cancel,
                fun cell gene value ->
                    if last.Value = struct (cell, gene) then
                        Fault.throw (
                            Damaged(
                                path,
                                $"cell {cellName cell}, gene {geneName gene}",
                                "it has two entries, and nobody can say which is meant"
                            )
                        )

                    last.Value <- struct (cell, gene)
                    rows.Add(cell, gene, value)
            )

            rows, rows.Finish()
        with _ ->
            (rows :> IDisposable).Dispose()
            reraise ()

    let private stateOf (paths: string list) =
        paths |> List.map (fun path -> let info = FileInfo path in struct (info.Length, info.LastWriteTimeUtc))

    /// Opens a folder as scanpy's read_10x_mtx reads it, names made unique. The entries are brought into order in a scratch
    /// file in another folder; `told` hears how many cells' worth of them have been read.
    let openRead (settings: Settings) scratchFolder (folder: string) (choice: TenXChoice) (told: int64 -> int64 -> unit) : Intake =
        let struct (matrixPath, genesPath, barcodesPath) = filesOf folder
        let paths = [ matrixPath; genesPath; barcodesPath ]
        let state = stateOf paths

        if choice.Genome.IsSome then
            Fault.throw (BadOption("--genome", $"{folder} is a folder, which does not say of what genome its genes are"))

        use lines = new Lines(matrixPath)
        let head = MatrixMarket.readHead lines
        let genes = table genesPath (int64 head.Genes) "genes"
        let barcodes = column barcodesPath (table barcodesPath head.Cells "cells") 0
        let names = unique (column genesPath genes 1)

        // Folders of Cell Ranger 2 have genes.tsv, and its genes have no type.
        let hasTypes =
            (Path.GetFileName genesPath).StartsWith "features" && genes |> Array.forall (fun fields -> fields.Length > 2)

        let wanted, types =
            if hasTypes then
                let types = column genesPath genes 2
                TenX.ofType choice types, [ "feature_types", Field.Texts types ]
            else
                TenX.requireNoType choice folder
                Array.create head.Genes true, []

        let places = Intake.placesOf wanted
        let taken = Intake.taken places

        let rows, matrix =
            sorted settings scratchFolder matrixPath lines head (fun cell -> barcodes[int cell]) (fun gene -> names[gene]) (fun count ->
                let share = if head.Stored = 0L then 1.0 else float count / float head.Stored
                told (int64 (share * float head.Cells)) head.Cells)

        { Path = folder
          Files = paths
          Cells = head.Cells
          Genes = taken |> Array.map (fun column -> names[column])
          Places = places
          Type = Numeric.Float32
          Stored = head.Stored
          CellNames = barcodes
          Obs = []
          Var =
            ("gene_ids", Field.Texts(column genesPath genes 0)) :: types
            |> List.map (fun (name, field) -> name, Field.choose taken field)
          Layers = []
          LeftOut = []
          Open = Intake.rows rows.Disk matrix false
          IsChanged = fun () -> stateOf paths <> state
          Close = fun () -> (rows :> IDisposable).Dispose() }
