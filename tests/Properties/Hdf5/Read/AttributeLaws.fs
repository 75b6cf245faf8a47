/// Attributes as h5py and PureHDF write them.
module internal SingleSharp.Properties.AttributeLaws

open Expecto
open PureHDF
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

let private attributesOf fixture path work =
    GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun file ->
        GenFiles.withStore file (fun store ->
            let header =
                match GenFiles.find store path with
                | GroupObject group -> group.Header
                | DatasetObject dataset -> dataset.Header

            work store header))

let tests =
    testList
        "Attribute"
        [ Listing.fixture "heavy_old" "heavy"

          Listing.fixture "heavy" "heavy"
          Listing.fixture "immense" "immense"

          test "attributes that lie in a heap have their names and the order in which they were made" {
              for fixture in [ "heavy"; "heavy_old" ] do
                  attributesOf fixture "ordered" (fun store header ->
                      let names =
                          Attribute.messages store.Disk header |> List.sortBy _.Order |> List.map (Attribute.nameOf store.Disk)

                      let expected =
                          [ for i in 0..19 -> i * 7 % 20 ] |> List.except [ 0; 5; 19 ] |> List.map (sprintf "%02d")

                      Expect.equal names expected $"names in {fixture}"
                      Expect.equal (store.Text(header, "07")) (Some "text 1") "a text"
                      Expect.equal (store.Text(header, "05")) None "one that was deleted")

                  attributesOf fixture "loaded" (fun store header ->
                      Expect.equal (store.Integers(header, "large")) (Some [ 0L .. 2499L ]) "one that is too large for a block"
                      Expect.equal (store.Integers(header, "attribute 11")) (Some [ 11L ]) "a small one")

              attributesOf "heavy" "light" (fun store header ->
                  Expect.equal (store.Integers(header, "one")) (Some [ 1L ]) "few are no trouble")
          }

          test "strings of every kind, and numbers as whole ones" {
              for file in [ "types"; "types_old" ] do
                  attributesOf file "target" (fun store header ->
                      Expect.equal (store.Text(header, "text")) (Some "ein Wert") "of variable length"
                      Expect.equal (store.Strings(header, "texts")) (Some [ "a"; ""; "ccc" ]) "several"
                      Expect.equal (store.Text(header, "bytes")) (Some "fixed") "of fixed length"
                      Expect.equal (store.Integers(header, "number")) (Some [ 3L ]) "a number"
                      Expect.equal (store.Integers(header, "real")) (Some []) "no integer"
                      Expect.equal (store.Strings(header, "number")) (Some []) "no string"
                      Expect.equal (store.Text(header, "not there")) None "none"
                      Expect.equal (Attribute.tryFind store.Disk "none" header |> Option.map _.Space) (Some Null) "null")
          }

          test "integers of every width and sign" {
              for code, numbers in
                  [ "i1", [ 0L; 1L; 5L; 127L; -128L; 100L ]
                    "i2", [ 0L; 1L; 5L; 32767L; -32768L; 100L ]
                    "i4", [ 0L; 1L; 5L; 2147483647L; -2147483648L; 100L ]
                    "i8", [ 0L; 1L; 5L; System.Int64.MaxValue; System.Int64.MinValue; 100L ]
                    "u1", [ 0L; 1L; 5L; 255L; 0L; 100L ]
                    "u4", [ 0L; 1L; 5L; 4294967295L; 0L; 100L ] ] do
                  attributesOf "types" $"small {code[0]}" (fun store header ->
                      Expect.equal (store.Integers(header, $"of {code}")) (Some numbers) code)
          }

          Law.holdsFor 60 "attributes as PureHDF writes them" (fun (AnyText text) (numbers: int64[]) ->
              GenFiles.withPath (fun path ->
                  let file = H5File()
                  file.Attributes["text"] <- text
                  file.Attributes["texts"] <- [| text; ""; text |]

                  if numbers.Length > 0 then
                      file.Attributes["numbers"] <- numbers

                  file.Write path

                  GenFiles.withStore path (fun store ->
                      let header = store.Root.Header

                      store.Text(header, "text") = Some text
                      && store.Strings(header, "texts") = Some [ text; ""; text ]
                      && (numbers.Length = 0 || store.Integers(header, "numbers") = Some(List.ofArray numbers))))) ]
