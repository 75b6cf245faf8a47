/// Names of rows and boolean columns, in every encoding that anndata has.
module internal SingleSharp.Properties.DataFrameLaws

open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Properties.AnnDataFiles

/// Truth values as others store them.
type Swapped =
    | TRUE = 0uy
    | FALSE = 1uy

type Wide =
    | FALSE = 0
    | TRUE = 7

type Missing =
    | FALSE = 0uy
    | TRUE = 1uy
    | NA = 2uy

type Colour =
    | RED = 0uy
    | BLUE = 1uy

let private labels = [| "a"; ""; "Größe"; "gene-1"; "a" |]

/// A file whose obs and var are these.
let private opened obs (work: Hdf5File -> DataFrame -> 'a) =
    GenFiles.withPath (fun path ->
        let file = H5File()
        file["obs"] <- (obs: H5Group)
        file.Write path
        GenFiles.withStore path (fun store -> work store (DataFrame.read store "obs")))

let private namesOf (index: obj) =
    opened (frame index []) (fun store frame ->
        let names = List.ofSeq (DataFrame.names store frame 0L frame.Rows)
        Expect.sequenceEqual (DataFrame.names store frame 1L 3L) names[1..3] "rows 1 to 3"
        Expect.equal (DataFrame.nameOf store frame 2L) names[2] "row 2"
        names)

let private flags = [| true; false; false; true; true |]

let private bools (values: bool[]) =
    H5Dataset(values |> Array.map (fun value -> if value then H5Bool.TRUE else H5Bool.FALSE))

let private isFlag (column: obj) =
    opened (frame (H5Dataset labels) [ "flag", column ]) (fun store frame -> DataFrame.booleans store frame "gene_set" "flag")

let private categorical (codes: obj) (categories: obj) =
    group "categorical" [ "codes", codes; "categories", categories ]

let tests =
    testList
        "DataFrame"
        [ test "strings" { Expect.equal (namesOf (H5Dataset labels)) (List.ofArray labels) "of variable length" }

          test "integers" {
              Expect.equal (namesOf (H5Dataset [| 5L; -3L; 0L; 7L; 9L |])) [ "5"; "-3"; "0"; "7"; "9" ] "int64"
              Expect.equal (namesOf (H5Dataset [| 5uy; 255uy; 0uy; 7uy; 9uy |])) [ "5"; "255"; "0"; "7"; "9" ] "uint8"

              let largest = namesOf (H5Dataset [| 0UL; System.UInt64.MaxValue; 1UL; 2UL; 3UL |])
              Expect.equal largest [ "0"; "18446744073709551615"; "1"; "2"; "3" ] "uint64"
          }

          test "categories, with codes of any width, and none for what is missing" {
              let wanted = [ "b"; "a"; ""; "b"; "b" ]

              for codes in
                  [ box [| 1y; 0y; -1y; 1y; 1y |]
                    box [| 1s; 0s; -1s; 1s; 1s |]
                    box [| 1; 0; -1; 1; 1 |]
                    box [| 1L; 0L; -1L; 1L; 1L |] ] do
                  Expect.equal (namesOf (categorical (H5Dataset codes) (H5Dataset [| "a"; "b" |]))) wanted $"{codes.GetType()}"

              GenFiles.isFault "beyond its categories" (fun () ->
                  namesOf (categorical (H5Dataset [| 1y; 2y; 0y; 0y; 0y |]) (H5Dataset [| "a"; "b" |])))
          }

          test "categories that are no list are damage" {
              let categories dims =
                  H5Dataset([| "a"; "b"; "c"; "d" |], fileDims = (dims: uint64[]))

              for dims in [ [| 2UL; 2UL |]; [| 1UL; 2UL; 2UL |] ] do
                  GenFiles.isFault "instead of one" (fun () -> namesOf (categorical (H5Dataset [| 1y; 0y; 1y; 1y; 1y |]) (categories dims)))

              GenFiles.isFault "instead of one" (fun () -> namesOf (categorical (H5Dataset [| 0y; 0y; 0y; 0y; 0y |]) "a"))
          }

          test "categories that stand apart, as anndata 0.7 kept them" {
              let codes = H5Dataset [| 1y; 0y; -1y; 1y; 1y |]
              codes.Attributes["categories"] <- 1L
              let obs = frame (H5Dataset labels) [ "symbol", codes ]
              obs["__categories"] <- group "" [ "symbol", H5Dataset [| "a"; "b" |] ]

              opened obs (fun store frame ->
                  let names = DataFrame.names store { frame with IndexName = "symbol" } 0L frame.Rows

                  Expect.sequenceEqual names [ "b"; "a"; ""; "b"; "b" ] "labels, not codes")
          }

          test "nullable strings" {
              let values =
                  group
                      "nullable-string-array"
                      [ "values", H5Dataset labels
                        "mask", bools [| false; true; false; false; false |] ]

              let names = namesOf values
              Expect.sequenceEqual names[2..] labels[2..] "those that are there"
          }

          test "big-endian and fixed-length names are read or refused, never lost" {
              let names frame =
                  GenFiles.withBytes (GenFiles.fixtureBytes "frames") (fun path ->
                      GenFiles.withStore path (fun store ->
                          let frame = DataFrame.read store frame

                          try
                              let names = List.ofSeq (DataFrame.names store frame 0L frame.Rows)
                              Expect.equal (DataFrame.nameOf store frame 1L) names[1] "one of them"
                              Some names
                          with FaultException(Unsupported _) ->
                              None))

              Expect.equal (names "fixed") (Some [ "label 0"; "label 1"; "label 2" ]) "fixed length"
              Expect.equal (names "utf8") (Some [ "é"; "ab"; "" ]) "fixed length in UTF-8"
              Expect.contains [ None; Some [ "5"; "-7"; "1099511627776" ] ] (names "numbers") "big-endian numbers"
              Expect.contains [ None; Some("" :: [ for i in 0..298 -> $"label {i}" ]) ] (names "codes") "big-endian codes"
          }

          test "arrays of records, as anndata 0.6 had them" {
              GenFiles.withBytes (GenFiles.fixtureBytes "frames") (fun path ->
                  GenFiles.withStore path (fun store ->
                      let frame = DataFrame.read store "records"
                      Expect.equal (frame.Rows, frame.IndexName, frame.Columns) (20000L, "index", [ "n"; "flag" ]) "its shape"
                      Expect.sequenceEqual (DataFrame.names store frame 0L frame.Rows) [ for i in 0..19999 -> $"row {i}" ] "names"

                      Expect.sequenceEqual
                          (DataFrame.names store frame 16383L 3L)
                          [ "row 16383"; "row 16384"; "row 16385" ]
                          "across batches"

                      let flags = DataFrame.booleans store frame "gene_set" "flag"
                      Expect.equal flags (Array.init 20000 (fun i -> i % 3 = 0)) "a boolean field"
                      GenFiles.isFault "int32 values where" (fun () -> DataFrame.booleans store frame "gene_set" "n")
                      GenFiles.isFault "does not exist" (fun () -> DataFrame.booleans store frame "gene_set" "index 2")
                      GenFiles.isFault "read the file with anndata" (fun () -> frame.Group)

                      let frame = DataFrame.read store "records_by_another_name"
                      Expect.equal (frame.IndexName, frame.Columns) ("cell", [ "x" ]) "the first field is the index"
                      Expect.equal (List.ofSeq (DataFrame.names store frame 0L 3L)) [ "one"; "zwölf"; "" ] "names of variable length"
                      GenFiles.isFault "neither a group of columns nor" (fun () -> DataFrame.read store "no_records")))
          }

          test "more names than are read at a time" {
              let many = Array.init 40_000 (fun i -> $"cell {i}")

              opened (frame (H5Dataset many) []) (fun store frame ->
                  Expect.sequenceEqual (DataFrame.names store frame 0L frame.Rows) many "all"
                  Expect.sequenceEqual (DataFrame.names store frame 16383L 3L) many[16383..16385] "across batches"
                  Expect.sequenceEqual (DataFrame.names store frame 5L 0L) [] "none")
          }

          test "no rows" { Expect.equal (opened (frame (H5Dataset([||]: string[])) []) (fun _ frame -> frame.Rows)) 0L "an empty frame" }

          test "values that cannot be names" {
              GenFiles.isFault "cannot be names" (fun () -> namesOf (H5Dataset [| 1.0; 2.0; 3.0; 4.0; 5.0 |]))
          }

          test "an index by another name, and the order of columns" {
              let obs =
                  frame (H5Dataset labels) [ "b", H5Dataset [| 1; 2; 3; 4; 5 |]; "a", H5Dataset [| 1; 2; 3; 4; 5 |] ]

              obs["barcodes"] <- H5Dataset(Array.rev labels)
              obs.Attributes["_index"] <- "barcodes"

              opened obs (fun store frame ->
                  Expect.equal frame.Columns [ "b"; "a" ] "columns"
                  Expect.equal (List.ofSeq (DataFrame.names store frame 0L 5L)) (List.rev (List.ofArray labels)) "names")
          }

          test "an index that is missing is damage" {
              let obs = group "dataframe" []
              obs.Attributes["_index"] <- "barcodes"
              GenFiles.isFault "barcodes is missing" (fun () -> opened obs (fun _ _ -> ()))
          }

          test "boolean columns" { Expect.equal (isFlag (bools flags)) flags "as h5py writes them" }

          test "boolean columns of others are read by the names of their numbers" {
              let swapped =
                  flags |> Array.map (fun value -> if value then Swapped.TRUE else Swapped.FALSE)

              let wide = flags |> Array.map (fun value -> if value then Wide.TRUE else Wide.FALSE)

              let missing =
                  flags |> Array.map (fun value -> if value then Missing.TRUE else Missing.FALSE)

              Expect.equal (isFlag (H5Dataset swapped)) flags "in the other order"
              Expect.equal (isFlag (H5Dataset wide)) flags "over four bytes"
              Expect.equal (isFlag (H5Dataset missing)) flags "with a third number, which none has"

              GenFiles.isFault "has missing values" (fun () ->
                  isFlag (H5Dataset(missing |> Array.mapi (fun i value -> if i = 3 then Missing.NA else value))))

              GenFiles.isFault "enum uint8 values where True and False are needed" (fun () ->
                  isFlag (H5Dataset [| Colour.RED; Colour.BLUE; Colour.RED; Colour.RED; Colour.RED |]))

              let nullable mask =
                  group "nullable-boolean" [ "values", H5Dataset wide; "mask", H5Dataset(mask: Swapped[]) ]

              Expect.equal (isFlag (nullable (Array.create 5 Swapped.FALSE))) flags "none is missing"
              GenFiles.isFault "has missing values" (fun () -> isFlag (nullable (Array.create 5 Swapped.TRUE)))
          }

          test "nullable boolean columns without missing values" {
              let column mask =
                  group "nullable-boolean" [ "values", bools flags; "mask", bools mask ]

              Expect.equal (isFlag (column (Array.create 5 false))) flags "none is missing"
              GenFiles.isFault "has missing values" (fun () -> isFlag (column [| false; false; true; false; false |]))
          }

          test "columns that are not boolean are refused" {
              GenFiles.isFault "int32 values where True and False are needed" (fun () -> isFlag (H5Dataset [| 1; 0; 1; 0; 1 |]))

              GenFiles.isFault "is not boolean" (fun () ->
                  isFlag (categorical (H5Dataset [| 1y; 0y; 0y; 1y; 1y |]) (H5Dataset [| "a"; "b" |])))

              GenFiles.isFault "another length" (fun () -> isFlag (bools [| true |]))

              GenFiles.isFault "does not exist" (fun () ->
                  opened (frame (H5Dataset labels) []) (fun store frame -> DataFrame.booleans store frame "gene_set" "flag"))
          }

          yield!
              [ "columns_of_every_kind"
                "index_categorical"
                "index_fixed_length"
                "index_nullable_string"
                "preserve_everything"
                "no_cells"
                "layout_libver_latest"
                "layout_big_endian"
                "layout_chunked"
                "layout_contiguous"
                "layout_gzip"
                "layout_shuffle_gzip"
                "x_bool" ]
              |> List.map Listing.golden ]
