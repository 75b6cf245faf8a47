/// The file that a conversion would make, without values of X: as much of it as a plan looks at, or as a run does.
namespace SingleSharp.Core.Run

open System
open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Core.Inputs
open SingleSharp.Core.Concat

/// What a sketch has of obs.
[<RequireQualifiedAccess>]
type internal SketchedObs =
    /// These columns, without names of cells; they are held in memory.
    | Looked of batchKey: string option * mask: string option
    /// Everything; it lies in a scratch file in the folder.
    | All of folder: string

[<RequireQualifiedAccess>]
module internal PlannedFile =
    /// A new array of X as Fresh would leave it, its chunks in their places, with nothing in them.
    let private array (editor: FileEditor) path numeric most count =
        let pattern = H5adWriter.pattern path numeric most
        let pattern = editor.Pattern(pattern.Type, [ most ], pattern)
        let size = int64 (DType.size numeric)

        let extent =
            match pattern.Layout with
            | Chunked(shape, _, _, _) -> shape[0]
            | _ -> invalidOp $"{path} has no chunks"

        let chunks =
            [| for _ in 1L .. (count + extent - 1L) / extent ->
                   { Address = editor.Reserve(extent * size)
                     Size = extent * size
                     Mask = 0u } |]

        let index =
            ChunkTree.write editor H5adWriter.chunkNodeK [| extent |] [| chunks.LongLength |] (int size) chunks

        editor.PutReplacement(
            pattern,
            pattern.Type,
            Dataspace.resized [ count ] pattern.Space,
            Encode.chunked [| extent |] (int size) index
        )

    /// Categories of some values, and one more than anybody judges genes in where there are more. They are in the order in which
    /// Batches has such values, since batches are told by their numbers. Values are gone through twice.
    let private categories (order: 'value -> 'key) (labels: 'value[] -> Labels) (values: seq<'value voption>) =
        let known = Dictionary<'value, int>()
        use value = values.GetEnumerator()

        while known.Count <= Batches.mostBatches && value.MoveNext() do
            if value.Current.IsSome then
                known.TryAdd(value.Current.Value, known.Count) |> ignore

        let keys = Array.ofSeq known.Keys |> Array.sortBy order
        keys |> Array.iteri (fun place key -> known[key] <- place)

        let code (value: 'value voption) =
            match value with
            | ValueSome value -> known.GetValueOrDefault(value, -1)
            | ValueNone -> -1

        Column.Categories(labels keys, false, Seq.map code values)

    /// The number that little-endian bytes are, in hexadecimal digits.
    let private valueOf numeric (key: string) =
        let number: int64[] = Array.zeroCreate 1
        Integers.decode (DType.datatype numeric) (Span(Convert.FromHexString key)) number
        if numeric = DType.UInt64 then decimal (uint64 number[0]) else decimal number[0]

    let private ofNumbers numeric (batches: seq<struct (byte[] * bool[])>) =
        let size = DType.size numeric

        batches
        |> Seq.collect (fun (struct (bytes, missing)) ->
            Seq.init missing.Length (fun row ->
                if missing[row] then ValueNone else ValueSome(Convert.ToHexString(bytes, row * size, size))))
        |> categories (valueOf (if numeric = DType.Bool then DType.UInt8 else numeric)) (fun keys ->
            Labels.Numbers(numeric, keys |> Array.collect Convert.FromHexString))

    /// A column of batches as categories, which take less room. Fractions name none.
    let private batches field =
        match field with
        | Column.Texts texts -> texts |> Seq.map ValueSome |> categories id Labels.Texts
        | Column.TextsOrNone(_, texts) -> categories id Labels.Texts texts
        | Column.Numbers(numeric, batches) when not (DType.isFloat numeric) ->
            batches
            |> Seq.map (fun bytes -> struct (bytes, Array.zeroCreate (bytes.Length / DType.size numeric)))
            |> ofNumbers numeric
        | Column.NumbersOrNone(numeric, batches) -> ofNumbers numeric batches
        | Column.Numbers _
        | Column.Categories _ -> field

    let private obs (editor: FileEditor) (held: NameMemory) cells (columns: (string * Column) list) batchKey mask =
        let bytes = Checked.(*) cells (int64 (Datatype.size VlenString))

        let index =
            editor.PutDataset(VlenString, Encode.line cells, editor.Reserve bytes, NewElement.encoding editor "string-array" "0.2.0")

        /// A column without values.
        let empty numeric =
            let bytes = Memory.times cells (int64 (DType.size numeric))
            editor.PutDataset(DType.datatype numeric, Encode.line cells, editor.Reserve bytes, NewElement.encoding editor "array" "0.2.0")

        /// Only batches and masks are looked at; codes of batches and whole masks are held.
        let put name field =
            match field with
            | Column.Numbers(DType.Bool, _)
            | Column.NumbersOrNone(DType.Bool, _) when Some name = mask ->
                held.Take(Memory.times 2L cells)
                DataFrameWriter.put editor cells field
            | _ when Some name <> batchKey && Some name <> mask -> empty DType.Int8
            | Column.Numbers(numeric, _) when DType.isFloat numeric -> empty numeric
            | _ ->
                match batches field with
                | Column.Categories(labels, _, _) as field ->
                    held.Take(Memory.times cells (int64 (DataFrameWriter.codeBytes (Labels.count labels))))
                    DataFrameWriter.put editor cells field
                | other -> DataFrameWriter.put editor cells other

        DataFrameWriter.group editor index [ for name, field in columns -> name, put name field ]

    /// A matrix of N values and, at most, more, with nothing in it.
    let private matrix (editor: FileEditor) path cells genes numeric most stored =
        let index = IndexType.fresh (max most (int64 genes))

        H5adWriter.matrix
            editor
            cells
            genes
            [ "data", array editor $"{path}/data" numeric most stored
              "indices", array editor $"{path}/indices" index most stored
              "indptr", array editor $"{path}/indptr" index (cells + 1L) (cells + 1L) ]

    let private grid (editor: FileEditor) cells (grid: ObsmArray) =
        let dims = [ cells; int64 grid.Width ]
        let bytes = Checked.(*) cells (int64 grid.Width * int64 (DType.size grid.Type))
        editor.PutDataset(DType.datatype grid.Type, Simple(dims, dims), editor.Reserve bytes, NewElement.encoding editor "array" "0.2.0")

    let private write (editor: FileEditor) (held: NameMemory) (combination: ConcatPlan) stored sketched =
        let annotations = combination.Annotations
        let cells = combination.Inputs |> List.sumBy _.Cells
        let genes = annotations.GeneNames.Length
        let storedIn (inputs: CountInput list) = inputs |> List.sumBy _.Stored

        let dict members =
            editor.PutGroup(members |> List.map (fun (name, address) -> Links.hard name address), NewElement.encoding editor "dict" "0.1.0")

        let members =
            [ "X", matrix editor "X" cells genes combination.Type (storedIn combination.Inputs) stored
              "obs",
              match sketched with
              | SketchedObs.Looked(batchKey, mask) -> obs editor held cells annotations.Obs batchKey mask
              | SketchedObs.All _ -> DataFrameWriter.write editor cells annotations.CellNames annotations.Obs
              "var", DataFrameWriter.write editor (int64 genes) annotations.GeneNames annotations.Var
              "layers",
              dict
                  [ for name, numeric, layers in combination.Layers do
                        name, matrix editor $"layers/{name}" cells genes numeric (storedIn (List.choose id layers)) 0L ]
              "obsm", dict [ for name, array in annotations.Obsm -> name, grid editor cells array ]
              for name in [ "obsp"; "uns"; "varm"; "varp" ] do
                  name, H5adWriter.dict editor ]

        editor.Commit(
            editor.PutGroup(
                members |> List.map (fun (name, address) -> Links.hard name address),
                NewElement.encoding editor "anndata" "0.1.0"
            )
        )

    /// The sketch of what some inputs make together, with N values.
    /// Law (sketch): its plan is that of the file itself, and so are its batches.
    let make compression path (held: NameMemory) (combination: ConcatPlan) stored sketched =
        let device, where =
            match sketched with
            | SketchedObs.Looked _ -> new MemoryDevice() :> Device, path
            | SketchedObs.All folder -> (new ScratchFile(folder)).Disk.Device, folder

        try
            let disk = new RandomAccessFile(where, device, 0L)
            write (H5adWriter.editor compression disk) held combination stored sketched
            Hdf5File.onDevice path device |> AnnDataFile.opened MatrixName.X
        with _ ->
            device.Dispose()
            reraise ()
