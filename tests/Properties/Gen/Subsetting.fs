/// Whole files and what stays of them, for the laws of Subset.
module internal SingleSharp.Properties.Subsetting

open System
open System.IO
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Core.Subset

/// Only the rows and genes that stay, numbered anew; Output is what was read.
let private sieved (selection: Selection) (source: Source<RowBatch>) =
    source
    |> Reader.through (fun () ->
        fun rowBatch ->
            let mutable target = 0
            let mutable kept = 0
            let mutable start = 0

            for row in 0 .. rowBatch.Cells - 1 do
                let stop = rowBatch.Offsets[row + 1]

                if selection.Cells.Has(rowBatch.FirstCell + int64 row) then
                    for i in start .. stop - 1 do
                        if selection.Genes.Has(int64 rowBatch.Genes[i]) then
                            rowBatch.Genes[target] <- int (selection.Genes.Rank(int64 rowBatch.Genes[i]))
                            rowBatch.Output[target] <- rowBatch.Values[i]
                            target <- target + 1

                    kept <- kept + 1
                    rowBatch.Offsets[kept] <- target

                start <- stop

            rowBatch.Cells <- kept)

/// Makes the target a clone of the file without what is dropped.
let apply (path: string) (target: string) (selection: Selection) =
    use file = GenFiles.openRead path
    let store = file.Store
    Subset.require file (not selection.Cells.IsAll) (not selection.Genes.IsAll) CancellationToken.None

    let clone =
        new RandomAccessFile(target, File.OpenHandle(target, FileMode.Create, FileAccess.ReadWrite), store.Disk.Origin)

    using clone (fun disk ->
        CopyRanges.copy store.Disk disk store.Superblock.EndOfFile (Subset.givenUp file selection) CancellationToken.None

        let editor =
            FileEditor(disk, store.Superblock, OutputStorage.room (Subset.givenUp file selection))

        let links = Subset.links file editor selection CancellationToken.None

        let sink =
            SparseSink.create
                editor
                store.Superblock.ChunkNodeK
                (Matrix.rows file.X)
                file.X.Values.Type
                selection.Cells.Count
                selection.Genes.Count

        Blocks.run Blocks.sequential (sieved selection (Reader.rows store.Disk file.X 1000)) sink.Sink (Fold.always ())
        let old = Attribute.tryFind store.Disk "shape" (Matrix.rows file.X).Group.Header

        let shape = Matrix.shape old.Value selection.Cells.Count selection.Genes.Count

        let groups =
            [ for name, links in links do
                  name, editor.Rewrite(name, GenFiles.findGroup store name, links, []) ]

        editor.Commit(
            editor.Rewrite(
                "the root group",
                store.Root,
                ("X", editor.Rewrite("X", (Matrix.rows file.X).Group, sink.Finish(), [ shape ])) :: groups,
                []
            )
        ))

/// The elements of a dataset as text, whatever their type.
let texts (store: Hdf5File) (dataset: Dataset) =
    let size = dataset.ElementSize
    let bytes = DatasetReader(store.Disk, dataset).ReadAll()

    [ for at in 0..size .. bytes.Length - size do
          match dataset.Type with
          | VlenString -> store.Heap.String(ReadOnlySpan(bytes, at, size))
          | _ -> Convert.ToHexString(bytes, at, size) ]

let private whole (store: Hdf5File) (dataset: Dataset) =
    let bytes = DatasetReader(store.Disk, dataset).ReadAll()
    let numbers = Array.zeroCreate (int dataset.Count)
    Integers.decode dataset.Type (Span bytes) numbers
    List.ofArray numbers

/// What a column means, row by row: labels in the place of codes, and what is missing said so.
let rec column (store: Hdf5File) path =
    match GenFiles.find store path with
    | DatasetObject dataset ->
        let rows = int dataset.Dims[0]
        let elements = texts store dataset

        if rows = 0 then
            []
        else
            elements |> List.chunkBySize (elements.Length / rows) |> List.map (String.concat " ")
    | GroupObject group when (Links.tryFind "codes" group).IsSome ->
        let labels = Array.ofList (column store $"{path}/categories")

        whole store (GenFiles.findDataset store $"{path}/codes")
        |> List.map (fun code -> if code < 0L then "missing" else labels[int code])
    | GroupObject _ ->
        List.map2 (fun value mask -> if mask = "00" then value else "missing") (column store $"{path}/values") (column store $"{path}/mask")

/// The values of a sparse matrix as they are stored, by row (of CSC: column) and position: index and value.
let stored (store: Hdf5File) path =
    let data = texts store (GenFiles.findDataset store $"{path}/data")
    let indices = whole store (GenFiles.findDataset store $"{path}/indices")

    let pairs = List.zip indices data |> Array.ofList

    [ for low, high in List.pairwise (whole store (GenFiles.findDataset store $"{path}/indptr")) ->
          List.ofArray pairs[int low .. int high - 1] ]

/// The rows that stay.
let picked (kept: RowMask) (rows: 'a list) =
    rows |> List.indexed |> List.filter (fun (row, _) -> kept.Has(int64 row)) |> List.map snd

/// The stored values that stay, with their new indices.
let pickedStored (major: RowMask) (minor: RowMask) (rows: (int64 * 'v) list list) =
    picked major rows
    |> List.map (fun row ->
        [ for index, value in row do
              if minor.Has index then
                  minor.Rank index, value ])

/// A matrix in compressed sparse columns or rows of any numbers, as a group of AnnData.
let sparse format (storage: AnnDataFiles.Stored) (shape: int * int) (rows: (int * float) list list) =
    let values, indices, pointers = AnnDataFiles.csr rows

    let group =
        AnnDataFiles.group
            format
            [ "data", AnnDataFiles.line storage.Storage (AnnDataFiles.asArray storage.Values values)
              "indices", AnnDataFiles.line storage.Storage (AnnDataFiles.asArray storage.Indices indices)
              "indptr", AnnDataFiles.line storage.Storage (AnnDataFiles.asArray storage.Pointers pointers) ]

    group.Attributes["shape"] <- [| int64 (fst shape); int64 (snd shape) |]
    group
