/// Arrays of several numbers for each cell, such as coordinates in obsm, on their way into a new file.
namespace SingleSharp.Core.Inputs

open System
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5

/// The rows of an array, to be gone through some at a time.
type internal ObsmArray =
    {
        /// Numbers in a row; one at least.
        Width: int
        Type: DType
        /// Whole rows, as the little-endian bytes of their numbers.
        Batches: seq<byte[]>
    }

[<RequireQualifiedAccess>]
module internal ObsmArray =
    /// Bytes that are read at a time, about.
    let private batchBytes = 4L * 1024L * 1024L

    /// More numbers in a row than anybody looks at at once.
    let private mostWidth = 1L <<< 20

    let private rows (store: Hdf5File) (dataset: Dataset) batch =
        seq {
            let reader = DatasetReader(store.Disk, dataset)

            for first in 0L .. batch .. dataset.Dims[0] - 1L do
                let now = min batch (dataset.Dims[0] - first)
                let bytes = Array.zeroCreate (Checked.int (now * Hyperslab.rowBytes dataset))
                reader.Read(first, int now, bytes)

                if Datatype.isBigEndian dataset.Type then
                    Integers.swap dataset.ElementSize (Span bytes)

                bytes
        }

    /// A dataset of N rows and two dimensions that holds numbers or booleans; none where it is something else.
    let ofDataset (store: Hdf5File) count (dataset: Dataset) =
        let numeric =
            if Datatype.isBool dataset.Type then Some DType.Bool else DType.ofDatatype dataset.Type

        match dataset.Dims, numeric with
        | [| rows'; width |], Some numeric when
            rows' = count && width > 0L && width <= mostWidth && (Filters.unsupported dataset.Filters).IsNone
            ->
            // What does not fit the memory allowed is refused now, not in the middle of a write.
            let batch = Hyperslab.rowsAtOnce store.Disk dataset batchBytes 3L

            store.Disk.Require(
                Memory.plus (Hyperslab.chunkMemory dataset) (Memory.times 3L (Memory.times (min batch count) (Hyperslab.rowBytes dataset)))
            )

            Some
                { Width = int width
                  Type = numeric
                  Batches = rows store dataset batch }
        | _ -> None

    let private noNumbers numeric count =
        let bytes: byte[] = Array.zeroCreate (count * DType.size numeric)
        ResultType.withoutNumber numeric (struct (bytes, Array.create count true))

    /// Rows of one width as rows of another: what is behind it goes, and what is missing is no number.
    let private resized numeric before after (bytes: byte[]) =
        if before = after then
            bytes
        else
            let size = DType.size numeric
            let rows = bytes.Length / (size * before)

            let target =
                if before < after then noNumbers numeric (rows * after) else Array.zeroCreate (rows * after * size)

            for row in 0 .. rows - 1 do
                Buffer.BlockCopy(bytes, row * before * size, target, row * after * size, size * min before after)

            target

    /// Rows of which nothing is known, some at a time.
    let private missing (rows: int64) width =
        seq {
            let batch = max 1L (batchBytes / (8L * int64 width))

            for first in 0L .. batch .. rows - 1L do
                noNumbers DType.Float64 (int (min batch (rows - first)) * width)
        }

    /// The array of all inputs, of each of which it is said how many rows it has, as anndata.concat joins it: as wide as the
    /// narrowest with an inner join, as the widest with an outer one, where what is missing is no number; in the type that NumPy
    /// gives them together. None where they have none.
    let join isOuter (parts: (int64 * ObsmArray option) list) =
        let widths = parts |> List.choose (snd >> Option.map _.Width)
        let width = if isOuter then List.max widths else List.min widths

        /// The type of a part once it has that width: integers become real ones where some are missing.
        let typeOf grid =
            match grid with
            | None -> Some DType.Float64
            | Some grid when grid.Width >= width || DType.isFloat grid.Type -> Some grid.Type
            | Some grid when grid.Type = DType.Bool -> None
            | Some _ -> Some DType.Float64

        let types = parts |> List.map (snd >> typeOf)

        /// Booleans are 0 and 1 beside numbers of any type.
        let common =
            match types |> List.choose id |> List.filter ((<>) DType.Bool) with
            | _ when List.contains None types -> None
            | [] -> Some DType.Bool
            | numbers -> ResultType.ofAll numbers

        let converted numeric target =
            match numeric with
            | DType.Bool when target <> DType.Bool -> ResultType.convert DType.UInt8 target
            | _ -> ResultType.convert numeric target

        common
        |> Option.map (fun common ->
            let batchesOf (rows, grid) =
                match grid with
                | None -> missing rows width |> Seq.map (converted DType.Float64 common)
                | Some grid -> grid.Batches |> Seq.map (converted grid.Type common >> resized common grid.Width width)

            { Width = width
              Type = common
              Batches = Seq.collect batchesOf parts })
