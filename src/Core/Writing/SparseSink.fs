/// Lets rows out as a new matrix in compressed sparse rows, when nobody knows beforehand how many values there will be.
namespace SingleSharp.Core.Writing

open System
open System.Collections.Concurrent
open System.IO
open System.Numerics
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading

/// The sink for the rows of a matrix; once everything has left, Finish gives the addresses of its new arrays by their names.
type internal SparseSinkResult =
    { Sink: Sink<RowBatch>
      Finish: unit -> (string * int64) list }

/// The three arrays, one row after another. Only touched in block order.
[<Sealed>]
type private PendingRows(data: AppendableDataset, indices: AppendableDataset, indptr: AppendableDataset, pointerType: Datatype) =
    let pointer: int64[] = Array.zeroCreate 1
    let encoded: byte[] = Array.zeroCreate (Datatype.size pointerType)

    let append () =
        Integers.encode pointerType pointer (Span encoded)
        indptr.Append(ReadOnlySpan encoded)

    do append ()

    member _.Add(values: ReadOnlySpan<byte>, genes: ReadOnlySpan<byte>, count: int64) =
        data.Append values
        indices.Append genes
        pointer[0] <- pointer[0] + count
        append ()

/// Some rows of a block in their stored form.
[<Sealed; AllowNullLiteral>]
type private RowsBuffer(dataType: Datatype, indexType: Datatype, room: int) =
    let mutable data: byte[] = Array.zeroCreate (room * Datatype.size dataType)
    let mutable indices: byte[] = Array.zeroCreate (room * Datatype.size indexType)
    let mutable wide: int64[] = Array.Empty()
    let lengths: int[] = Array.zeroCreate Blocks.rowsPerBlock
    let mutable rows = 0
    let mutable values = 0

    let grown (bytes: byte[]) needed =
        if bytes.Length >= needed then
            bytes
        else
            let larger = Array.zeroCreate (int (BitOperations.RoundUpToPowerOf2(uint32 needed)))
            Buffer.BlockCopy(bytes, 0, larger, 0, bytes.Length)
            larger

    let reserveWide count =
        if wide.Length < count then
            wide <- Array.zeroCreate (int (BitOperations.RoundUpToPowerOf2(uint32 count)))

    let encodeIndices (genes: int[]) count (target: Span<byte>) =
        match indexType with
        | Integer(4, _, false) -> MemoryMarshal.AsBytes(ReadOnlySpan(genes, 0, count)).CopyTo target
        | _ ->
            reserveWide count

            for i in 0 .. count - 1 do
                wide[i] <- int64 genes[i]

            Integers.encode indexType wide target

    member _.Waiting = values * (Datatype.size dataType + Datatype.size indexType)

    member _.Add(rowBatch: RowBatch) =
        let count = rowBatch.Count
        let size = Datatype.size dataType
        data <- grown data (Checked.(*) (values + count) size)
        OutputBytes.encode dataType rowBatch 0 count (Span(data, values * size, count * size))
        let size = Datatype.size indexType
        indices <- grown indices (Checked.(*) (values + count) size)
        encodeIndices rowBatch.Genes count (Span(indices, values * size, count * size))

        for row in 0 .. rowBatch.Cells - 1 do
            lengths[rows + row] <- rowBatch.Offsets[row + 1] - rowBatch.Offsets[row]

        rows <- rows + rowBatch.Cells
        values <- values + count

    member _.Save(writer: BinaryWriter) =
        writer.Write rows
        writer.Write values
        Saved.write writer lengths rows
        Saved.write writer data (values * Datatype.size dataType)
        Saved.write writer indices (values * Datatype.size indexType)
        rows <- 0
        values <- 0

    member _.Load(reader: BinaryReader) =
        rows <- reader.ReadInt32()
        values <- reader.ReadInt32()
        Saved.readInto reader lengths rows
        data <- grown data (Checked.(*) values (Datatype.size dataType))
        indices <- grown indices (Checked.(*) values (Datatype.size indexType))
        Saved.readInto reader data (values * Datatype.size dataType)
        Saved.readInto reader indices (values * Datatype.size indexType)

    /// Row by row, so that chunks of the three arrays become complete in the same order however rows were cut.
    member _.Leave(pending: PendingRows) =
        let dataSize = Datatype.size dataType
        let indexSize = Datatype.size indexType
        let mutable at = 0

        for row in 0 .. rows - 1 do
            let length = lengths[row]

            pending.Add(
                ReadOnlySpan(data, at * dataSize, length * dataSize),
                ReadOnlySpan(indices, at * indexSize, length * indexSize),
                int64 length
            )

            at <- at + length

        rows <- 0
        values <- 0

[<RequireQualifiedAccess>]
module internal SparseSink =
    /// Buffers that hold more than this leave before their block ends.
    let private mostWaiting = 4 * 1024 * 1024

    /// Stores the rows that come, whose cells and genes are numbered as they shall be, like the old matrix: the Output of each
    /// row batch in a type, genes and row offsets in one type, which is that of the old ones where they have one. There may be `rows`
    /// rows, and no more values than the old matrix has.
    /// Law (rows out): the matrix holds the rows that came; the file is the same to the byte whatever the schedule and the row batches.
    let create (editor: FileEditor) k (arrays: SparseArrays) (dataType: Datatype) (rows: int64) (genes: int64) =
        let most = arrays.Data.Count

        let indexType =
            IndexType.succeeding arrays.Indices.Type arrays.Indptr.Type (max most genes)
        // The data come last, so that the room that they do not need can be given back.
        let indptr = AppendableDataset(editor, k, arrays.Indptr, indexType, rows + 1L)
        let indices = AppendableDataset(editor, k, arrays.Indices, indexType, most)
        let data = AppendableDataset(editor, k, arrays.Data, dataType, most)
        let pending = PendingRows(data, indices, indptr, indexType)
        let spare = ConcurrentBag<RowsBuffer>()

        /// Values that wait in a buffer, with a row batch of them; only rows that are longer make it grow, and leave garbage.
        let room =
            int (min most (int64 (mostWaiting / (Datatype.size dataType + Datatype.size indexType)) + (1L <<< 17)))

        let rent () =
            match spare.TryTake() with
            | true, buffer -> buffer
            | _ -> RowsBuffer(dataType, indexType, room)

        let restore reader =
            let buffer = rent ()
            buffer.Load reader
            buffer.Leave pending
            spare.Add buffer

        { Sink =
            Sink.ofSaved
                (fun writer (buffer: RowsBuffer) -> buffer.Save writer)
                restore
                { Begin = fun _ -> rent ()
                  Fill = fun (buffer: RowsBuffer) rowBatch -> buffer.Add rowBatch
                  IsFull = fun buffer -> buffer.Waiting > mostWaiting
                  Flush = fun buffer -> buffer.Leave pending
                  Recycle = spare.Add
                  Complete = ignore }
          Finish =
            fun () ->
                let data = data.Finish()
                let indices = indices.Finish()
                [ "data", data; "indices", indices; "indptr", indptr.Finish() ] }
