/// Lets rows out as a dense matrix: each at its place, zeros filled in.
namespace SingleSharp.Core.Writing

open System
open System.Collections.Concurrent
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Reading

[<RequireQualifiedAccess>]
module internal DenseSink =
    /// Rows are written together up to N bytes.
    let private pieceBytes = 1 <<< 20

    /// Writes the Output of each row as `genes` values of a type, the source's first row at the address; `absent` gives a row's
    /// values of the genes that are not stored. Places are known beforehand, so workers write at once.
    /// Law (dense out): the array is that which the rows mean, whatever the schedule and the row batches.
    let over
        placing
        (absent: RowBatch -> int -> float[])
        (disk: RandomAccessFile)
        address
        (datatype: Datatype)
        (genes: int)
        : Sink<RowBatch> =
        let size = Datatype.size datatype
        let rowBytes = Checked.(*) genes size
        let most = max 1 (pieceBytes / max 1 rowBytes)
        let spare = ConcurrentBag<struct (float[] * byte[])>()

        let encode (rowBatch: RowBatch) (put: PutBytes) =
            let struct (row, bytes) =
                match spare.TryTake() with
                | true, buffers -> buffers
                | _ -> struct (Array.zeroCreate genes, Array.zeroCreate (Checked.(*) most rowBytes))

            let genesOf, output = rowBatch.Genes, rowBatch.Output

            for low in 0..most .. rowBatch.Cells - 1 do
                let high = min rowBatch.Cells (low + most)

                for i in low .. high - 1 do
                    Array.Copy(absent rowBatch i, row, genes)

                    for value in rowBatch.Offsets[i] .. rowBatch.Offsets[i + 1] - 1 do
                        row[genesOf[value]] <- output[value]

                    Narrow.encode datatype row 0 (Span(bytes, (i - low) * rowBytes, rowBytes))

                put.Invoke((rowBatch.FirstCell + int64 low) * int64 genes, ReadOnlySpan(bytes, 0, (high - low) * rowBytes))

            spare.Add(struct (row, bytes))

        PlaceSink.create
            placing
            { Size = size
              RunAt = fun element most -> struct (address + element * int64 size, most) }
            disk
            (fun rowBatch put ->
                if genes > 0 then
                    encode rowBatch put)

    /// The same, where what is not stored is zero.
    let toPlace placing disk address datatype genes =
        let zeros: float[] = Array.zeroCreate genes
        over placing (fun _ _ -> zeros) disk address datatype genes

    /// Stores an array that lies at the start of a scratch file, cells × genes, in chunks like those of an old one, and returns
    /// the address of the new dataset.
    let inChunks
        (editor: FileEditor)
        k
        (scratch: RandomAccessFile)
        (old: Dataset)
        (datatype: Datatype)
        cells
        genes
        (cancel: CancellationToken)
        =
        let size = int64 (Datatype.size datatype)
        let space = Dataspace.resized [ cells; genes ] old.Space

        /// HDF5 lets no chunk be longer than a dimension that cannot grow.
        let shape =
            match old.Layout, space with
            | Chunked(shape, _, _, _), Simple(_, most) ->
                Array.map2 (fun most extent -> if most < 0L then extent else min most extent) (Array.ofList most) shape
            | _ -> invalidOp $"{old.Path} is not stored in chunks"

        let counts =
            Array.map2 (fun dim extent -> (dim + extent - 1L) / extent) [| cells; genes |] shape

        let chunk: byte[] = Array.zeroCreate (Checked.int (shape[0] * shape[1] * size))
        let codec = ChunkCodec(editor.Disk, old.Path, old.Filters, chunk.Length)

        /// What lies behind the end is what elements are that were never written: whoever makes the array larger sees it.
        let clear () =
            if old.Type <> datatype || old.FillValue |> Array.forall (fun value -> value = 0uy) then
                Array.Clear chunk
            else
                for at in 0 .. old.FillValue.Length .. chunk.Length - 1 do
                    old.FillValue.CopyTo(chunk, at)

        let gather (band: int64) (stack: int64) =
            let columns = min shape[1] (genes - stack * shape[1])
            clear ()

            for row in 0L .. min shape[0] (cells - band * shape[0]) - 1L do
                let source = ((band * shape[0] + row) * genes + stack * shape[1]) * size
                scratch.ReadInto(source, Span(chunk, int (row * shape[1] * size), int (columns * size)))

        let table =
            [| for band in 0L .. counts[0] - 1L do
                   for stack in 0L .. counts[1] - 1L do
                       cancel.ThrowIfCancellationRequested()
                       gather band stack
                       let encoded = codec.Encode(ReadOnlySpan chunk)

                       { Address = editor.PutChunk encoded
                         Size = int64 encoded.Length
                         Mask = codec.Mask } |]

        let index = ChunkTree.write editor k shape counts (int size) table
        editor.PutReplacement(old, datatype, space, Encode.chunked shape (int size) index)
