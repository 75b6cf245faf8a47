/// Columns are rounded once and lie in their places in the order of rows.
module SingleSharp.Properties.ColumnsLaws

open System
open Expecto
open FsCheck
open SingleSharp.Core
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
            fun () (slice: Slice) targets at ->
                for row in 0 .. slice.Cells - 1 do
                    targets[0][at + row] <- compute slice row }

    CellColumns.concat
        [ column "number" Numeric.Int64 (fun slice row -> float (slice.FirstCell + int64 row))
          column "total" Numeric.Float32 (fun slice row ->
              Seq.sum (Seq.init (slice.Offsets[row + 1] - slice.Offsets[row]) (fun i -> slice.Values[slice.Offsets[row] + i])) / 3.0)
          column "length" Numeric.Int32 (fun slice row -> float (slice.Offsets[row + 1] - slice.Offsets[row])) ]

let tests =
    testList
        "Columns"
        [ Law.holds "floats are rounded once" (fun (values: NormalFloat[]) ->
              let values = values |> Array.map (fun (NormalFloat value) -> value)

              encode Numeric.Float64 values = Array.collect (fun (value: float) -> BitConverter.GetBytes value) values
              && encode Numeric.Float32 values = Array.collect (fun (value: float) -> BitConverter.GetBytes(float32 value)) values)

          Law.holds "whole numbers are kept" (fun (values: int[]) ->
              let floats = Array.map float values

              encode Numeric.Int32 floats = Array.collect (fun (value: int) -> BitConverter.GetBytes value) values
              && encode Numeric.Int64 floats = Array.collect (fun (value: int) -> BitConverter.GetBytes(int64 value)) values
              && encode Numeric.UInt64 (Array.map abs floats) =
                  Array.collect (fun (value: int) -> BitConverter.GetBytes(uint64 (abs (int64 value)))) values)

          test "there is one NaN, whichever came out" {
              let nans = [| nan; -nan; BitConverter.UInt64BitsToDouble 0x7FF0000000000001UL |]

              Expect.equal
                  (encode Numeric.Float64 nans)
                  (Array.collect (fun (bits: uint64) -> BitConverter.GetBytes bits) (Array.create 3 0x7FF8000000000000UL))
                  "float64"

              Expect.equal
                  (encode Numeric.Float32 nans)
                  (Array.collect (fun (bits: uint32) -> BitConverter.GetBytes bits) (Array.create 3 0x7FC00000u))
                  "float32"
          }

          test "special floats keep their bits, ties go to even" {
              let special = [| infinity; -infinity; -0.0; 5e-324; Double.MaxValue |]

              Expect.equal
                  (encode Numeric.Float64 special)
                  (Array.collect (fun (value: float) -> BitConverter.GetBytes value) special)
                  "float64"

              let single =
                  encode Numeric.Float32 [| 16777217.0; 16777219.0; Double.MaxValue; 1e-60; -0.0 |]

              Expect.equal
                  (Array.init 5 (fun i -> BitConverter.ToSingle(single, 4 * i)))
                  [| 16777216.0f; 16777220.0f; infinityf; 0.0f; -0.0f |]
                  "float32"
          }

          test "what does not fit throws" {
              for numeric, value in
                  [ Numeric.Int32, 2147483648.0
                    Numeric.Int32, nan
                    Numeric.Int64, 1e19
                    Numeric.UInt64, -1.0
                    Numeric.UInt64, 2e19 ] do
                  Expect.throws (fun () -> encode numeric [| value |] |> ignore) $"{value} as {Numeric.name numeric}"

              Expect.throws (fun () -> encode Numeric.Int8 [| 1.0 |] |> ignore) "no column has this type"
          }

          Law.holdsFor 15 "columns lie in the order of rows, whatever the schedule" (fun (AnySchedule(workers, window)) (slice: byte) ->
              GenFiles.withPath (fun path ->
                  AnnDataFiles.write path (AnnDataFiles.usual InOnePiece) AnnDataFiles.manyRows
                  use file = GenFiles.openRead path
                  let rows = AnnDataFiles.manyRows.Rows
                  let count = rows.Length
                  // Places that touch: the first column of eight bytes, then two of four.
                  let addresses = [| 16L; 16L + 8L * int64 count; 16L + 12L * int64 count |]

                  GenFiles.withDisk (Array.zeroCreate 16) (fun disk ->
                      let source = Reader.rows file.Store.Disk file.X (1 + int slice)

                      Blocks.run
                          (AnnDataFiles.schedule (AnySchedule(workers, window)))
                          source
                          (ColumnOutlet.toPlaces disk addresses columns)
                          (Fold.always ())

                      let wanted =
                          Bytes.concat
                              [ encode Numeric.Int64 (Array.init count float)
                                encode Numeric.Float32 [| for row in rows -> List.sumBy snd row / 3.0 |]
                                encode Numeric.Int32 [| for row in rows -> float row.Length |] ]

                      disk.Read(16L, int64 wanted.Length) = wanted && disk.Length = 16L + wanted.LongLength))) ]
