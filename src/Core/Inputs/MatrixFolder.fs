/// A folder with matrix.mtx and the names of genes and cells, as Cell Ranger and others write it, gzipped or not.
namespace SingleSharp.Core.Inputs

open System
open System.Collections.Generic
open System.IO
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal MatrixFolder =
    /// A file of one of some names, plain or gzipped.
    let private find (folder: string) (names: string list) =
        [ for name in names do
              name
              name + ".gz" ]
        |> List.map (fun name -> Path.Combine(folder, name))
        |> List.tryFind File.Exists

    let private matrixNames = [ "matrix.mtx" ]
    let private geneNames = [ "genes.tsv"; "features.tsv" ]
    let private cellNames = [ "barcodes.tsv" ]

    let private require folder names what =
        match find folder names with
        | Some path -> path
        | None ->
            let list = String.concat " or " (names |> List.map (fun name -> $"{name}(.gz)"))

            let usual =
                $"it is a folder without {list}, so there are no {what}; name an .h5ad file, a 10x .h5 file or a folder with all three files"

            Fault.throw (Unreadable(folder, OtherFormat.ofFolder folder |> Option.defaultValue usual))

    /// The three files of a folder: the matrix, the names of genes and those of cells. Without them it is none of these folders.
    let filesOf folder =
        let matrix = require folder matrixNames "counts"
        let genes = require folder geneNames "names of genes"
        struct (matrix, genes, require folder cellNames "names of cells")

    /// The folder that is meant by its own name or by that of the matrix in it; none by that of any other file.
    let tryFolder (path: string) =
        if Directory.Exists path then
            Some path
        else
            let folder =
                match Path.GetDirectoryName path with
                | null
                | "" -> "."
                | folder -> folder

            match find folder matrixNames, find folder geneNames, find folder cellNames with
            | Some matrix, Some _, Some _ when Path.GetFileName matrix = Path.GetFileName path -> Some folder
            | _ -> None

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
    let private runLength room (head: MatrixHead) =
        int (max 1024L (min (1L <<< 23) (min head.Stored (room / 4L / entryBytes))))

    /// Bytes that sorting takes: entries that are sorted, as many that are merged, and lines and rows on their way.
    let private sortBytes room head =
        2L * entryBytes * int64 (runLength room head) + (3L <<< 20)

    /// More entries of one gene than any cell has.
    let private mostOfOne = 1 <<< 24

    /// Entries of one place as one value: the only one, or the sum of all, which are added from the smallest to the largest so
    /// that it does not hang on where they stood.
    let private sum (values: List<float32>) =
        values.Sort()
        let mutable sum = 0.0

        for value in values do
            sum <- sum + float value

        Precision.toFloat32 sum

    /// Brings the entries behind the head into rows in a scratch file.
    let private sorted (settings: Settings) room scratchFolder (lines: TextLines) head sumDuplicates twice told =
        use entries = new ExternalSort(scratchFolder, runLength room head)
        MatrixMarket.read lines head (fun cell gene value -> entries.Add(cell, gene, value)) settings.Cancel told
        let rows = new SparseScratch(scratchFolder, head.Cells, head.Genes, head.Stored)

        try
            let here = ref (struct (-1L, -1))
            let waiting = List<float32>()

            let leave () =
                if waiting.Count > 0 then
                    let struct (cell, gene) = here.Value
                    rows.Add(cell, gene, (if waiting.Count = 1 then waiting[0] else sum waiting))
                    waiting.Clear()

            entries.Visit(
                settings.Cancel,
                fun cell gene value ->
                    if here.Value <> struct (cell, gene) then
                        leave ()
                        here.Value <- struct (cell, gene)
                    elif not sumDuplicates || waiting.Count = mostOfOne then
                        twice cell gene

                    waiting.Add value
            )

            leave ()
            rows, rows.Finish()
        with _ ->
            (rows :> IDisposable).Dispose()
            reraise ()

    let private stateOf (paths: string list) =
        paths |> List.map (Status.tryFind >> ValueOption.map (fun status -> struct (status.Node, Status.stamp status)))

    /// Are the values of the first block of cells counts, and how many values are taken? Entries of cells one after another are
    /// read only as far as that, unless they have to be counted.
    let private look (settings: Settings) path (head: MatrixHead) (places: int[]) : InputCheck =
        use lines = new TextLines(path)
        let head' = MatrixMarket.readHead lines
        let isAll = places |> Array.forall (fun place -> place >= 0)
        let examined = min head.Cells (int64 Blocks.rowsPerBlock)
        let taken = ref 0L
        let areCounts = ref true
        let last = ref 0L
        let ascends = ref true

        MatrixMarket.readWhile
            lines
            head'
            (fun cell gene value ->
                if places[gene] >= 0 then
                    taken.Value <- taken.Value + 1L

                    if cell < examined && not (value >= 0.0f && Single.IsFinite value && MathF.Floor value = value) then
                        areCounts.Value <- false

                ascends.Value <- ascends.Value && cell >= last.Value
                last.Value <- cell
                not (isAll && ascends.Value && cell >= examined))
            settings.Cancel
            ignore

        { Matrix =
            [ { Name = Path.GetFileName(path: string)
                Type = head.Field
                Count = head.Stored
                Storage = if path.EndsWith ".gz" then "text, gzip" else "text"
                ChunkLength = System.Nullable() } ]
          Values = if isAll then head.Stored else taken.Value
          AreCounts = areCounts.Value
          CellsExamined = examined }

    /// Opens a folder as scanpy's read_10x_mtx reads it, names made unique. Before rows can be read, entries are brought into order
    /// in a scratch file in another folder, within N bytes of room; names of cells are read as often as they are needed, and not held.
    let openRead (settings: Settings) room scratchFolder (input: string) (choice: TenXChoice) (held: NameMemory) : CountInput =
        let folder = tryFolder input |> Option.defaultValue input
        let struct (matrixPath, genesPath, barcodesPath) = filesOf folder
        let paths = [ matrixPath; genesPath; barcodesPath ]

        if choice.Genome.IsSome then
            Fault.throw (InvalidOption("genome", $"{input} is a folder, which does not say of what genome its genes are"))

        let head = using (new TextLines(matrixPath)) MatrixMarket.readHead
        let state = stateOf paths

        let genes =
            GeneTable.read genesPath (int64 head.Genes) (choice.FeatureType = Some "all") held

        NameTable.visit barcodesPath head.Cells "cell" (fun _ _ -> settings.Cancel.ThrowIfCancellationRequested())
        let barcodes = NameTable.firsts barcodesPath
        let names = unique genes.Names

        let wanted =
            match genes.Types with
            | Some types -> TenXChoice.ofType choice types
            | None ->
                TenXChoice.requireNoType choice input
                Array.create head.Genes true

        let places = CountInput.placesOf wanted
        let taken = CountInput.taken places

        let twice cell gene : unit =
            Fault.throw (DuplicateEntry(matrixPath, Seq.item (int cell) barcodes, names[gene]))

        let told = ref (fun (_: int64) (_: int64) -> ())

        let rows =
            lazy
                (use lines = new TextLines(matrixPath)

                 let rows =
                     sorted settings room scratchFolder lines (MatrixMarket.readHead lines) choice.SumDuplicates twice (fun count ->
                         let share = if head.Stored = 0L then 1.0 else float count / float head.Stored
                         told.Value (int64 (share * float head.Cells)) head.Cells)

                 Memory.release (sortBytes room head)
                 rows)

        { Path = input
          Files = paths
          Cells = head.Cells
          Genes = taken |> Array.map (fun column -> names[column])
          Places = places
          Type = DType.Float32
          Stored = head.Stored
          CellNames = barcodes
          Obs = []
          Var =
            [ "gene_ids", Column.Texts genes.Ids
              match genes.Types with
              | Some types -> "feature_types", Column.Texts types
              | None -> () ]
            |> List.map (fun (name, field) -> name, Column.choose taken field)
          Obsm = []
          Layers = []
          LeftOut = []
          Fit =
            fun settings ->
                CountInput.fitAfter
                    (sortBytes (min room settings.Memory) head)
                    (SparseScratch.Foreseen(head.Cells, head.Genes, head.Stored))
                    settings
          Worker = CountInput.worker false (SparseScratch.Foreseen(head.Cells, head.Genes, head.Stored))
          Tables = 0L
          Together = sortBytes room head
          Prepare =
            Some(fun tell ->
                told.Value <- tell
                rows.Force() |> ignore)
          Read =
            fun valuesPerBatch ->
                let scratch, matrix = rows.Force()
                CountInput.rows scratch.Disk matrix false valuesPerBatch
          Known =
            fun places ->
                if choice.SumDuplicates || Array.exists (fun place -> place < 0) places then
                    None
                else
                    Some head.Stored
          Look = fun settings _ places -> look settings matrixPath head places
          IsChanged = fun () -> stateOf paths <> state
          Close =
            fun () ->
                if rows.IsValueCreated then
                    (fst rows.Value :> IDisposable).Dispose() }
