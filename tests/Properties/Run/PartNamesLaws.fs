/// Names of files for any values: all different, none too long, and the same each time.
module internal SingleSharp.Properties.PartNamesLaws

open System.Text
open Expecto
open SingleSharp.Core.Run

/// Values that would have one name, or a name that is none.
let private odd =
    [ ""
      " "
      "."
      ".."
      "a"
      "A"
      "a/b"
      "a\\b"
      "a_b"
      "a b"
      "a_b_2"
      "-x"
      ".hidden"
      "con"
      "COM1.x"
      "T cell"
      "é"
      "É"
      "\U0001F9EC"
      "\ud800"
      String.replicate 300 "x"
      String.replicate 301 "x"
      String.replicate 150 "é" ]

let private isName (name: string) =
    name.EndsWith ".h5ad"
    && name.Length > 5
    && not (name.StartsWith '.' || name.StartsWith '-')
    && name |> Seq.forall (fun letter -> not ("/\\:*?\"<>| ".Contains letter) && letter >= ' ')
    && Encoding.UTF8.GetByteCount name <= 255

let tests =
    testList
        "PartNames"
        [ Law.holds "part names" (fun (places: byte list) (others: string list) ->
              let values =
                  [ for place in places do
                        odd[int place % odd.Length]
                    for other in others do
                        if not (isNull other) then
                            other ]
                  |> List.distinct

              let names = PartNames.ofValues values

              names.Length = values.Length
              && List.forall isName names
              && names |> List.distinctBy _.ToUpperInvariant() |> List.length = names.Length
              && PartNames.ofValues values = names)

          test "what is a name itself keeps it" {
              Expect.equal
                  (PartNames.ofValues [ "a b"; "a_b"; "A_B"; ""; "x"; "CON"; ".." ])
                  [ "a_b_3.h5ad"
                    "a_b.h5ad"
                    "A_B_2.h5ad"
                    "_.h5ad"
                    "x.h5ad"
                    "_CON.h5ad"
                    "_..h5ad" ]
                  "names"
          } ]
