/// Rows of a dense matrix, a few megabytes at a time.
namespace SingleSharp

open System

/// Some consecutive rows of a dense matrix, in an array of the caller's own.
[<Sealed>]
type DensePiece<'T> internal (first: int64, rows: int, columns: int, values: 'T[]) =
    /// The number of the first row, from 0.
    member _.First = first

    member _.Rows = rows
    member _.Columns = columns

    /// All values, one row after another.
    member _.Values = values

    member _.Item
        with get (row: int, column: int) = values[row * columns + column]

    /// The values of one row, by its place in the piece.
    member _.Row(row: int) =
        ReadOnlySpan(values, row * columns, columns)

namespace SingleSharp.Core.Opened

open System
open System.Runtime.InteropServices
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading

[<RequireQualifiedAccess>]
module internal DensePieces =
    /// Bytes that are read at a time, about.
    let private bytesAtOnce = 1L <<< 22

    /// Reads some rows into an array of a type.
    let private reader<'T> (disk: RandomAccessFile) (matrix: Matrix) (values: Dataset) : int64 -> int -> 'T[] =
        let count rows = Checked.(*) rows matrix.Genes

        match values.Type with
        | Float(2, _) ->
            let reader = NumberReader(disk, values, Reader.chunks disk values)

            fun first rows ->
                let numbers: float[] = Array.zeroCreate (count rows)
                reader.Values(first, rows, numbers)
                let singles = Array.map float32 numbers
                ColumnValues.ofBytes matrix.Path DType.Float32 (MemoryMarshal.AsBytes(Span singles).ToArray())
        | _ ->
            let reader = DatasetReader(disk, values)

            fun first rows ->
                let bytes: byte[] = Array.zeroCreate (Checked.(*) (count rows) values.ElementSize)

                reader.Read(first, rows, bytes)

                if Datatype.isBigEndian values.Type then
                    Integers.swap values.ElementSize (Span bytes)

                ColumnValues.ofBytes matrix.Path matrix.Type bytes

    /// The rows [first, first + count) of a dense matrix.
    let read<'T> disk (matrix: Matrix) values first count : seq<DensePiece<'T>> =
        seq {
            // Bytes, and numbers as they are wanted.
            let atOnce = int (Hyperslab.rowsAtOnce disk values bytesAtOnce 3L)
            let read = reader<'T> disk matrix values
            let stop = first + count

            for start in first .. int64 atOnce .. stop - 1L do
                let rows = int (min (int64 atOnce) (stop - start))
                DensePiece<'T>(start, rows, matrix.Genes, read start rows)
        }
