/// Arrays of several numbers for each cell, joined as anndata joins those of obsm.
module internal SingleSharp.Properties.ObsmArrayLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Inputs

/// An array of int16 or float64 whose rows come one at a time.
let private grid numeric width (rows: int list list) : ObsmArray =
    { Width = width
      Type = numeric
      Batches =
        [ for row in rows ->
              row
              |> List.map (fun value ->
                  match numeric with
                  | DType.Float64 -> BitConverter.GetBytes(float value)
                  | DType.Bool -> [| byte value |]
                  | _ -> BitConverter.GetBytes(int16 value))
              |> Array.concat ] }

let private numbers (grid: ObsmArray) =
    let bytes = Array.concat grid.Batches

    [ for bytes in Array.chunkBySize (DType.size grid.Type) bytes ->
          match grid.Type with
          | DType.Float64 -> BitConverter.ToDouble(bytes, 0)
          | DType.Bool -> float bytes[0]
          | _ -> float (BitConverter.ToInt16(bytes, 0)) ]
    |> List.chunkBySize grid.Width

/// A row of another width, with what is missing.
let private resized width (row: float list) =
    List.truncate width row @ List.replicate (max 0 (width - row.Length)) nan

let private same (left: float list list) (right: float list list) =
    let bits =
        List.map (List.map (fun (value: float) -> if Double.IsNaN value then "NaN" else string value))

    bits left = bits right

let tests =
    testList
        "ObsmArray"
        [ Law.holds "joined arrays" (fun isOuter (inputs: (byte * bool * (int16 list) list) list) ->
              let parts =
                  [ for width, isReal, rows in (1uy, false, []) :: inputs ->
                        let width = 1 + int width % 4

                        let rows =
                            rows
                            |> List.map (fun row -> List.init width (fun i -> int (Seq.append row (Seq.replicate 4 0s) |> Seq.item i)))

                        rows, grid (if isReal then DType.Float64 else DType.Int16) width rows ]

              let widths = parts |> List.map (fun (_, grid) -> grid.Width)
              let width = if isOuter then List.max widths else List.min widths

              let joined =
                  parts |> List.map (fun (rows, grid) -> int64 rows.Length, Some grid) |> ObsmArray.join isOuter |> Option.get

              let isWhole =
                  parts |> List.forall (fun (_, grid) -> grid.Type = DType.Int16 && grid.Width >= width)

              joined.Width = width
              && joined.Type = (if isWhole then DType.Int16 else DType.Float64)
              && same (numbers joined) (parts |> List.collect fst |> List.map (List.map float >> resized width)))

          test "an input without the array" {
              let joined =
                  ObsmArray.join true [ 1L, Some(grid DType.Int16 2 [ [ 1; 2 ] ]); 2L, None ] |> Option.get

              Expect.isTrue (same (numbers joined) [ [ 1.0; 2.0 ]; [ nan; nan ]; [ nan; nan ] ]) "its rows are no numbers"
          }

          test "truth values" {
              let flags = Some(grid DType.Bool 1 [ [ 1 ]; [ 0 ] ])
              let join parts = ObsmArray.join true parts
              Expect.equal (join [ 2L, flags; 2L, flags ]).Value.Type DType.Bool "beside one another"
              let mixed = (join [ 2L, flags; 1L, Some(grid DType.Int16 1 [ [ 7 ] ]) ]).Value
              Expect.isTrue (mixed.Type = DType.Int16 && same (numbers mixed) [ [ 1.0 ]; [ 0.0 ]; [ 7.0 ] ]) "beside numbers"
              Expect.isNone (join [ 2L, flags; 1L, Some(grid DType.Bool 2 [ [ 1; 0 ] ]) ]) "of which some are missing"
          } ]
