/// Columns come out as arrays of the types that are asked for, or are refused with the type to ask for.
module internal SingleSharp.Properties.ColumnValuesLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Opened

/// Whole numbers that every type holds, as a column of one type in pieces.
let private column numeric (pieces: byte) (values: byte list) =
    let numbers =
        values
        |> List.map (fun value -> if numeric = DType.Bool then float (value % 2uy) else float (value % 100uy))
        |> Array.ofList

    let bytes (part: float[]) =
        let source =
            match AnnDataFiles.asArray numeric part with
            | :? (bool[]) as truths -> truths |> Array.map (fun truth -> if truth then 1uy else 0uy) :> Array
            | other -> other

        let bytes = Array.zeroCreate (part.Length * DType.size numeric)
        Buffer.BlockCopy(source, 0, bytes, 0, bytes.Length)
        bytes

    let parts =
        if numbers.Length = 0 then [||] else Array.splitInto (1 + int (pieces % 5uy)) numbers

    numbers, parts, Seq.map bytes parts

let private all =
    [ DType.Int8
      DType.UInt8
      DType.Int16
      DType.UInt16
      DType.Int32
      DType.UInt32
      DType.Int64
      DType.UInt64
      DType.Float32
      DType.Float64
      DType.Bool ]

let private among (choice: byte) = all[int choice % all.Length]

let private refuses name (read: unit -> 'a) =
    let trouble = Expect.throwsC (fun () -> read () |> ignore) id
    Expect.isTrue (trouble :? InvalidOperationException) $"{trouble}"
    Expect.stringContains trouble.Message name "says what to ask for"

let private missingAt (mask: bool list) (numbers: float[]) =
    numbers |> Array.mapi (fun row _ -> row < mask.Length && mask[row])

let tests =
    testList
        "ColumnValues"
        [ Law.holds "numbers of any type as Double" (fun choice pieces values ->
              let numbers, _, batches = column (among choice) pieces values
              ColumnValues.all<float> "x" (Column.Numbers(among choice, batches)) = numbers)

          Law.holds "numbers as what they are" (fun choice pieces values ->
              let numeric = among choice
              let numbers, _, batches = column numeric pieces values
              let own = AnnDataFiles.asArray numeric numbers
              let column = Column.Numbers(numeric, batches)

              match own with
              | :? (float32[]) as own when numeric = DType.Float32 -> ColumnValues.all<float32> "x" column = own
              | :? (float[]) as own -> ColumnValues.all<float> "x" column = own
              | :? (bool[]) as own -> ColumnValues.all<bool> "x" column = own
              | own when own.GetType() = typeof<sbyte[]> -> ColumnValues.all<sbyte> "x" column = unbox own
              | own when own.GetType() = typeof<byte[]> -> ColumnValues.all<byte> "x" column = unbox own
              | own when own.GetType() = typeof<int16[]> -> ColumnValues.all<int16> "x" column = unbox own
              | own when own.GetType() = typeof<uint16[]> -> ColumnValues.all<uint16> "x" column = unbox own
              | own when own.GetType() = typeof<int[]> -> ColumnValues.all<int> "x" column = unbox own
              | own when own.GetType() = typeof<uint32[]> -> ColumnValues.all<uint32> "x" column = unbox own
              | own when own.GetType() = typeof<int64[]> -> ColumnValues.all<int64> "x" column = unbox own
              | own -> ColumnValues.all<uint64> "x" column = unbox own)

          Law.holds "missing numbers are NaN as Double, and null as Nullable" (fun choice pieces values mask ->
              let numeric = among choice
              let numbers, parts, batches = column numeric pieces values
              let missing = missingAt mask numbers
              let lengths = parts |> Array.map Array.length
              let starts = lengths |> Array.scan (+) 0

              let masks =
                  lengths |> Array.mapi (fun i length -> missing[starts[i] .. starts[i] + length - 1])

              let column =
                  Column.NumbersOrNone(numeric, Seq.map2 (fun bytes mask -> struct (bytes, mask)) batches masks)

              let asDouble = ColumnValues.all<float> "x" column
              let asNullable = ColumnValues.all<Nullable<float>> "x" column

              asDouble.Length = numbers.Length
              && asNullable.Length = numbers.Length
              && Array.forall
                  id
                  (Array.init numbers.Length (fun row ->
                      if missing[row] then
                          Double.IsNaN asDouble[row] && not asNullable[row].HasValue
                      else
                          asDouble[row] = numbers[row] && asNullable[row] = Nullable numbers[row])))

          Law.holds "categories are their labels, and codes tell which" (fun (codes: byte list) ->
              let labels = [| "b"; "a"; "" |]
              let codes = codes |> List.map (fun code -> int (code % 4uy) - 1)

              let texts =
                  ColumnValues.all<string> "x" (Column.Categories(Labels.Texts labels, false, codes))

              List.ofArray texts = (codes |> List.map (fun code -> if code < 0 then null else labels[code])))

          Law.holds "categories of numbers are numbers" (fun (codes: byte list) ->
              let labels = [| 10L; -3L |]
              let codes = codes |> List.map (fun code -> int (code % 3uy) - 1)
              let bytes = labels |> Array.collect BitConverter.GetBytes

              let column = Column.Categories(Labels.Numbers(DType.Int64, bytes), false, codes)

              let numbers = ColumnValues.all<Nullable<int64>> "x" column
              let texts = ColumnValues.all<string> "x" column

              List.ofArray numbers = (codes |> List.map (fun code -> if code < 0 then Nullable() else Nullable labels[code]))
              && List.ofArray texts = (codes |> List.map (fun code -> if code < 0 then null else string labels[code])))

          test "categories of fractions, as pandas and exports write them" {
              let bytes = [| 1.0; 1e-05; 1e16; 0.1 |] |> Array.collect BitConverter.GetBytes

              let column =
                  Column.Categories(Labels.Numbers(DType.Float64, bytes), false, [ 0; 1; 2; 3 ])

              Expect.equal (ColumnValues.all<string> "x" column) [| "1.0"; "1e-05"; "1e+16"; "0.1" |] "their texts"
          }

          test "what a type does not hold" {
              let _, _, batches = column DType.Int64 0uy [ 1uy ]
              let whole = Column.Numbers(DType.Int64, batches)
              refuses "Int64" (fun () -> ColumnValues.all<int> "obs/x" whole)
              refuses "Int64" (fun () -> ColumnValues.all<float32> "obs/x" whole)
              refuses "Int64" (fun () -> ColumnValues.all<string> "obs/x" whole)
              refuses "String" (fun () -> ColumnValues.all<float> "obs/x" (Column.Texts [ "a" ]))
              refuses "String" (fun () -> ColumnValues.all<int> "obs/x" (Column.Categories(Labels.Texts [| "a" |], false, [ 0 ])))

              let missing =
                  Column.NumbersOrNone(DType.Int64, Seq.map (fun bytes -> struct (bytes, [| true |])) batches)

              refuses "Int64?" (fun () -> ColumnValues.all<int64> "obs/x" missing)
          } ]
