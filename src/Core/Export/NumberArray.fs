/// Arrays of numbers of any number of dimensions, read some rows at a time.
namespace SingleSharp.Core.Export

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

type internal NumberArray =
    {
        Type: DType
        Dims: int64[]
        /// Whole rows, as the little-endian bytes of their numbers.
        Batches: seq<byte[]>
    }

    /// Numbers in a row.
    member array.RowLength =
        Array.tail array.Dims |> Array.fold (fun product extent -> Checked.(*) product extent) 1L |> Checked.int

[<RequireQualifiedAccess>]
module internal NumberArray =
    /// Bytes that are read at a time, about.
    let private batchBytes = 4L <<< 20

    let private rows (store: Hdf5File) (dataset: Dataset) batch =
        seq {
            let reader = DatasetReader(store.Disk, dataset)

            for first in 0L .. batch .. dataset.Dims[0] - 1L do
                let now = min batch (dataset.Dims[0] - first)
                let bytes = Array.zeroCreate (Checked.int (now * Hyperslab.rowBytes dataset))
                Memory.tidy ()
                reader.Read(first, int now, bytes)

                if Datatype.isBigEndian dataset.Type then
                    Integers.swap dataset.ElementSize (Span bytes)

                bytes
        }

    /// The numbers of a dataset of one dimension or more; anything else is refused.
    let ofDataset (store: Hdf5File) (dataset: Dataset) =
        let numeric =
            if Datatype.isBool dataset.Type then Some DType.Bool else DType.ofDatatype dataset.Type

        match numeric with
        | _ when dataset.Dims.Length = 0 -> store.Disk.Unsupported dataset.Path "it is a single value, not an array"
        | None -> store.Disk.Unsupported dataset.Path $"{Datatype.name dataset.Type} values are no numbers that can be exported"
        | Some numeric ->
            let batch = Hyperslab.rowsAtOnce store.Disk dataset batchBytes 3L

            store.Disk.Require(
                Memory.plus
                    (Hyperslab.chunkMemory dataset)
                    (Memory.times 3L (Memory.times (min batch dataset.Dims[0]) (Hyperslab.rowBytes dataset)))
            )

            { Type = numeric
              Dims = dataset.Dims
              Batches = rows store dataset batch }

    /// A column of a frame as an array of one dimension.
    let ofNumbers numeric rows batches =
        { Type = numeric
          Dims = [| rows |]
          Batches = batches }
