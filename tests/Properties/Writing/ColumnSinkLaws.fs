/// Columns are rounded once and lie in their places in the order of rows.
module internal SingleSharp.Properties.ColumnSinkLaws

open System
open Expecto
open FsCheck
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen

let private encode numeric (values: float[]) =
    let bytes = Array.zeroCreate (8 * values.Length + 8)
    let length = ColumnBytes.encode numeric values values.Length bytes
    bytes[.. length - 1]

/// A column of the row's number, one of its total and one of its length.
let private columns: CellColumns =
    let column name numeric compute =
        { Columns = [ { Name = name; Type = numeric } ]
          Start =
            fun () (rowBatch: RowBatch) targets at ->
                for row in 0 .. rowBatch.Cells - 1 do
                    targets[0][at + row] <- compute rowBatch row }

    CellColumns.concat
        [ column "number" DType.Int64 (fun rowBatch row -> float (rowBatch.FirstCell + int64 row))
          column "total" DType.Float32 (fun rowBatch row ->
              Seq.sum (Seq.init (rowBatch.Offsets[row + 1] - rowBatch.Offsets[row]) (fun i -> rowBatch.Values[rowBatch.Offsets[row] + i]))
              / 3.0)
          column "length" DType.Int32 (fun rowBatch row -> float (rowBatch.Offsets[row + 1] - rowBatch.Offsets[row])) ]

let tests =
    testList
        "ColumnSink"
        [ Law.holds "floats are rounded once" (fun (values: NormalFloat[]) ->
              let values = values |> Array.map (fun (NormalFloat value) -> value)

              encode DType.Float64 values = Array.collect (fun (value: float) -> BitConverter.GetBytes value) values
              && encode DType.Float32 values = Array.collect (fun (value: float) -> BitConverter.GetBytes(float32 value)) values)

          Law.holds "integers are kept" (fun (values: int[]) ->
              let floats = Array.map float values

              encode DType.Int32 floats = Array.collect (fun (value: int) -> BitConverter.GetBytes value) values
              && encode DType.Int64 floats = Array.collect (fun (value: int) -> BitConverter.GetBytes(int64 value)) values
              && encode DType.UInt64 (Array.map abs floats) =
                  Array.collect (fun (value: int) -> BitConverter.GetBytes(uint64 (abs (int64 value)))) values)

          test "there is one NaN, whichever came out" {
              let nans = [| nan; -nan; BitConverter.UInt64BitsToDouble 0x7FF0000000000001UL |]

              Expect.equal
                  (encode DType.Float64 nans)
                  (Array.collect (fun (bits: uint64) -> BitConverter.GetBytes bits) (Array.create 3 0x7FF8000000000000UL))
                  "float64"

              Expect.equal
                  (encode DType.Float32 nans)
                  (Array.collect (fun (bits: uint32) -> BitConverter.GetBytes bits) (Array.create 3 0x7FC00000u))
                  "float32"
          }

          test "special floats keep their bits, ties go to even" {
              let special = [| infinity; -infinity; -0.0; 5e-324; Double.MaxValue |]

              Expect.equal
                  (encode DType.Float64 special)
                  (Array.collect (fun (value: float) -> BitConverter.GetBytes value) special)
                  "float64"

              let single =
                  encode DType.Float32 [| 16777217.0; 16777219.0; Double.MaxValue; 1e-60; -0.0 |]

              Expect.equal
                  (Array.init 5 (fun i -> BitConverter.ToSingle(single, 4 * i)))
                  [| 16777216.0f; 16777220.0f; infinityf; 0.0f; -0.0f |]
                  "float32"
          }

          test "what does not fit throws" {
              for numeric, value in
                  [ DType.Int32, 2147483648.0
                    DType.Int32, nan
                    DType.Int64, 1e19
                    DType.UInt64, -1.0
                    DType.UInt64, 2e19 ] do
                  Expect.throws (fun () -> encode numeric [| value |] |> ignore) $"{value} as {DType.name numeric}"

              Expect.throws (fun () -> encode DType.Int8 [| 1.0 |] |> ignore) "no column has this type"
          }

          Law.holdsFor 15 "columns lie in the order of rows, whatever the schedule" (fun (AnySchedule(workers, window)) (rowBatch: byte) ->
              GenFiles.withPath (fun path ->
                  AnnDataFiles.write path (AnnDataFiles.usual Unchunked) AnnDataFiles.manyRows
                  use file = GenFiles.openRead path
                  let rows = AnnDataFiles.manyRows.Rows
                  let count = rows.Length
                  // Places that touch: the first column of eight bytes, then two of four.
                  let addresses = [| 16L; 16L + 8L * int64 count; 16L + 12L * int64 count |]

                  GenFiles.withDisk (Array.zeroCreate 16) (fun disk ->
                      let source = Reader.rows file.Store.Disk file.X (1 + int rowBatch)

                      Blocks.run
                          (AnnDataFiles.schedule (AnySchedule(workers, window)))
                          source
                          (ColumnSink.toPlaces disk addresses columns)
                          (Fold.always ())

                      let wanted =
                          Bytes.concat
                              [ encode DType.Int64 (Array.init count float)
                                encode DType.Float32 [| for row in rows -> List.sumBy snd row / 3.0 |]
                                encode DType.Int32 [| for row in rows -> float row.Length |] ]

                      disk.Read(16L, int64 wanted.Length) = wanted && disk.Length = 16L + wanted.LongLength))) ]
