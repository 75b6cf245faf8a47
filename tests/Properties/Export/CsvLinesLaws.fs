/// Fields come back from lines of CSV, whatever is in them (RFC 4180).
module internal SingleSharp.Properties.CsvLinesLaws

open System
open System.IO
open System.Text
open Expecto
open FsCheck
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Export

let private written (rows: string list list) =
    use stream = new MemoryStream()
    let lines = CsvLines stream

    for row in rows do
        row |> List.iter lines.Text
        lines.End()

    lines.Flush()
    Encoding.UTF8.GetString(stream.ToArray())

/// The rows of a text, as the RFC defines them.
let private read (text: string) =
    let rec fields at (row: string list) (rows: string list list) =
        if at = text.Length then
            List.rev rows
        else
            let field, next =
                if text[at] = '"' then quoted (at + 1) (StringBuilder()) else plain at

            if text[next] = ',' then
                fields (next + 1) (field :: row) rows
            else
                fields (next + 1) [] (List.rev (field :: row) :: rows)

    and plain start =
        let ends = text.IndexOfAny([| ','; '\n' |], start)
        text[start .. ends - 1], ends

    and quoted at (field: StringBuilder) =
        if text[at] <> '"' then quoted (at + 1) (field.Append text[at])
        elif text[at + 1] = '"' then quoted (at + 2) (field.Append '"')
        else string field, at + 1

    fields 0 [] []

let private anyField =
    gen {
        let! length = Gen.frequency [ 20, Gen.choose (0, 6); 1, Gen.choose (20000, 70000) ]

        let! letters =
            Gen.listOfLength (min length 8) (Gen.elements [ "a"; ","; "\""; "\n"; "\r"; " "; "é"; "🧬" ])

        return
            if length < 8 then
                String.concat "" letters
            else
                String.replicate (length / 8) (String.concat "" letters)
    }

let private anyRows =
    gen {
        let! width = Gen.choose (1, 4)
        let! rows = Gen.choose (0, 5)
        return! Gen.listOfLength rows (Gen.listOfLength width anyField)
    }

let tests =
    testList
        "CsvLines"
        [ Law.holds "rows come back" (fun () -> Prop.forAll (Arb.fromGen anyRows) (fun rows -> read (written rows) = rows))

          Law.holds "a field that is written as its bytes is the same" (fun () ->
              Prop.forAll (Arb.fromGen anyField) (fun field ->
                  use stream = new MemoryStream()
                  let lines = CsvLines stream
                  lines.Ready(CsvLines.Bytes field)
                  lines.Nothing()
                  lines.End()
                  lines.Flush()
                  Encoding.UTF8.GetString(stream.ToArray()) = written [ [ field; "" ] ]))

          test "an empty line is no row, so a lone empty field has quotation marks" {
              Expect.equal (written [ [ "" ]; [ "a" ]; [ ""; "" ] ]) "\"\"\na\n,\n" "lines"
          }

          test "numbers stand between texts, also where the buffer ends" {
              use stream = new MemoryStream()
              let lines = CsvLines stream
              let numbers = [| 0..29999 |] |> Array.collect BitConverter.GetBytes

              for row in 0..29999 do
                  lines.Text "x"
                  lines.Number(DType.Int32, numbers, row)
                  lines.End()

              lines.Flush()
              let expected = String.concat "" [ for row in 0..29999 -> $"x,{row}\n" ]
              Expect.equal (Encoding.UTF8.GetString(stream.ToArray())) expected "lines"
          } ]
