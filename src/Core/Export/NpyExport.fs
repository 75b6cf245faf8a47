/// Arrays in NumPy's format: version 1.0, little-endian, row after row.
namespace SingleSharp.Core.Export

open System
open System.IO
open System.Text
open SingleSharp.Core

[<RequireQualifiedAccess>]
module internal NpyExport =
    /// A header ends at a multiple of this.
    let private alignment = 64

    let private descr numeric =
        let kind =
            if numeric = DType.Bool then 'b'
            elif DType.isFloat numeric then 'f'
            elif DType.isUnsigned numeric then 'u'
            else 'i'

        let order = if DType.size numeric = 1 then '|' else '<'
        $"{order}{kind}{DType.size numeric}"

    /// A tuple, as Python writes it.
    let private tuple (dims: int64[]) =
        match dims with
        | [| one |] -> $"({one},)"
        | several -> $"""({several |> Array.map string |> String.concat ", "})"""

    /// What stands before the numbers.
    let header numeric dims =
        let about =
            $"{{'descr': '{descr numeric}', 'fortran_order': False, 'shape': {tuple dims}, }}"

        let before = 10
        let ends = (before + about.Length + 1 + alignment - 1) / alignment * alignment
        let length = ends - before

        [| 0x93uy
           yield! Encoding.ASCII.GetBytes "NUMPY"
           1uy
           0uy
           byte length
           byte (length >>> 8)
           yield! Encoding.ASCII.GetBytes(about.PadRight(length - 1) + "\n") |]

    /// Writes all rows, and tells after each batch how many there were.
    let write (array: NumberArray) (tell: int64 -> unit) (target: Stream) =
        target.Write(ReadOnlySpan(header array.Type array.Dims))
        let rowBytes = int64 array.RowLength * int64 (DType.size array.Type)
        let mutable written = 0L

        for batch in array.Batches do
            target.Write(ReadOnlySpan batch)
            written <- written + batch.LongLength
            tell (if rowBytes = 0L then array.Dims[0] else written / rowBytes)

        target.Flush()
