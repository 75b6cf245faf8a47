/// What runs along cells or genes is recognized, or refused before anything is written.
module internal SingleSharp.Properties.AlignedLaws

open System.IO
open Expecto
open PureHDF
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing
open SingleSharp.Core.Subset
open SingleSharp.Properties.AnnDataFiles

let rows = List.init 5 (fun row -> [ row, 1.0 ])

/// A file of five cells and six genes with these groups.
let withFile (others: (string * obj) list) (work: string -> 'a) =
    GenFiles.withPath (fun path ->
        (file (usual Unchunked) 6 (csr rows) others).Write path
        work path)

let require cells genes path =
    use file = GenFiles.openRead path
    Subset.require file cells genes System.Threading.CancellationToken.None

let isRefused part others =
    withFile others (fun path -> GenFiles.isFault part (fun () -> require true true path))

let dict members : obj = group "dict" members

/// The file with one more group at the root, whose links are these; the file's own objects have addresses.
let relinked path name (links: Hdf5File -> Link list) (attributes: FileEditor -> Message list) =
    using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
        use store = new Hdf5File(disk)
        let editor = FileEditor(disk, store.Superblock, [])
        editor.Commit(editor.Rewrite("the root group", store.Root, [ name, editor.PutGroup(links store, attributes editor) ], [])))

let hard name address =
    { Name = name
      Target = Hard address
      Order = ValueNone }

let private forms path =
    use file = GenFiles.openRead path

    [ for part in Parts.find file (fun _ -> true) do
          for name, _, aligned in part.Members do
              let form =
                  match aligned with
                  | Plain _ -> "plain"
                  | Sparse matrix -> if matrix.ByRows then "csr" else "csc"
                  | Categorical _ -> "categorical"
                  | Members(_, _, members) -> $"%A{List.map fst members}"

              $"{part.Name}/{name}", form ]

let tests =
    testList
        "Aligned"
        [ test "members of a frame that have as many entries as it has rows, whether they are columns or not" {
              let obs =
                  frame
                      (names "cell" 5)
                      [ "number", H5Dataset [| 1; 2; 3; 4; 5 |]
                        "nullable",
                        group
                            "nullable-boolean"
                            [ "values", H5Dataset [| 1; 2; 3; 4; 5 |]
                              "mask", H5Dataset [| 0; 0; 0; 0; 0 |] ] ]

              obs["stray"] <- H5Dataset [| 9; 8; 7; 6; 5 |]
              obs["longer"] <- H5Dataset [| 9; 8; 7; 6; 5; 4 |]
              obs["scalar"] <- 3
              obs["strange"] <- group "strange" [ "values", H5Dataset [| 1 |] ]

              withFile [ "obs", box obs ] (fun path ->
                  Expect.equal
                      (forms path |> List.filter (fun (path, _) -> path.StartsWith "obs") |> List.sort)
                      [ "obs/_index", "plain"
                        "obs/nullable", "[\"values\"; \"mask\"]"
                        "obs/number", "plain"
                        "obs/stray", "plain" ]
                      "aligned members")
          }

          test "formats of matrices by their old names too" {
              let old format shape =
                  let group =
                      Subsetting.sparse format (usual Unchunked) (5, 6) (if format = "csr" then rows else List.init 6 (fun _ -> []))

                  let attributes = group.Attributes
                  attributes.Remove "shape" |> ignore
                  attributes.Remove "encoding-type" |> ignore
                  attributes["h5sparse_format"] <- (format: string)
                  attributes["h5sparse_shape"] <- shape
                  group

              withFile [ "layers", dict [ "r", old "csr" [| 5; 6 |]; "c", old "csc" [| 5; 6 |] ] ] (fun path ->
                  let found = Map.ofList (forms path)
                  Expect.equal (found["layers/r"], found["layers/c"]) ("csr", "csc") "formats"

                  GenFiles.withPath (fun target ->
                      Subsetting.apply
                          path
                          target
                          { Cells = RowMask.ofFlags [| true; false; true; true; false |]
                            Genes = RowMask.ofFlags [| true; true; false; true; true; true |] }

                      GenFiles.withStore target (fun store ->
                          let group = GenFiles.findGroup store "layers/r"
                          let shape = (Attribute.tryFind store.Disk "h5sparse_shape" group.Header).Value
                          Expect.equal (shape.Type, Attribute.integers shape) (Integer(4, true, false), [ 3L; 5L ]) "its shape"
                          Expect.isNone (Attribute.tryFind store.Disk "shape" group.Header) "and no other")))
          }

          test "encodings that are not understood" {
              isRefused "awkward-array" [ "obsm", dict [ "clones", group "awkward-array" [ "node0-offsets", H5Dataset [| 0; 1 |] ] ] ]
              isRefused "its encoding is dict" [ "layers", dict [ "inner", dict [] ] ]
              isRefused "it has no encoding" [ "varm", dict [ "bare", box (H5Group()) ] ]
              isRefused "its encoding is dataframe" [ "layers", dict [ "frame", frame (names "cell" 5) [] ] ]
              isRefused "its encoding is strange" [ "obs", frame (names "cell" 5) [ "odd", group "strange" [] ] ]
          }

          test "old forms" {
              isRefused "raw.X" [ "raw.X", dict [] ]
              isRefused "0.6 or older" [ "obsm", box (H5Dataset [| 1; 2; 3; 4; 5 |]) ]
          }

          test "codes of anndata 0.7 are subset, and their categories stay where they are" {
              let codes = H5Dataset [| 1y; 0y; -1y; 1y; 0y |]
              // In such files a reference to the categories; whatever it is, it stays.
              codes.Attributes["categories"] <- 7
              let obs = frame (names "cell" 5) [ "kind", box codes ]
              obs["__categories"] <- group "" [ "kind", names "label" 2; "codes", names "a" 5; "categories", names "b" 5 ]

              withFile [ "obs", obs ] (fun path ->
                  Expect.equal
                      (forms path |> List.map fst |> List.filter (fun path -> path.StartsWith "obs"))
                      [ "obs/_index"; "obs/kind" ]
                      "aligned members"

                  GenFiles.withPath (fun target ->
                      Subsetting.apply
                          path
                          target
                          { Cells = RowMask.ofFlags [| true; false; true; true; false |]
                            Genes = RowMask.all 6L }

                      GenFiles.withStore target (fun store ->
                          let kind = GenFiles.findDataset store "obs/kind"
                          Expect.equal (DatasetReader(store.Disk, kind).ReadAll()) [| 1uy; 255uy; 1uy |] "codes"
                          Expect.equal (store.Integers(kind.Header, "categories")) (Some [ 7L ]) "the way to the categories"
                          let labels = GenFiles.findDataset store "obs/__categories/kind"
                          Expect.sequenceEqual (DataFrame.texts store labels 0L 2L) [ "label0"; "label1" ] "categories")))
          }

          test "lengths that do not fit" {
              let line count = H5Dataset(Array.init count id)

              let box' rows columns =
                  H5Dataset(Array.zeroCreate<float32>(rows * columns), fileDims = [| uint64 rows; uint64 columns |])

              isRefused
                  "obs/short: its dimension 1 has the length 4, but there are 5 cells"
                  [ "obs", frame (names "cell" 5) [ "short", line 4 ] ]

              isRefused "obsm/pca: its dimension 1 has the length 6, but there are 5 cells" [ "obsm", dict [ "pca", box' 6 2 ] ]
              isRefused "layers/a: its dimension 2 has the length 5, but there are 6 genes" [ "layers", dict [ "a", box' 5 5 ] ]
              isRefused "layers/a: it has 1 dimension," [ "layers", dict [ "a", line 5 ] ]
              isRefused "varp/a: its dimension 2" [ "varp", dict [ "a", box' 6 5 ] ]

              isRefused
                  "raw/X: its dimension 1"
                  [ "raw", dict [ "X", Subsetting.sparse "csr_matrix" (usual Unchunked) (4, 9) (List.truncate 4 rows) ] ]

              isRefused "obsp/a" [ "obsp", dict [ "a", Subsetting.sparse "csr_matrix" (usual Unchunked) (5, 6) rows ] ]
              isRefused "indptr" [ "layers", dict [ "a", Subsetting.sparse "csc_matrix" (usual Unchunked) (5, 6) rows ] ]

              let categorical codes =
                  group "categorical" [ "codes", line codes; "categories", names "c" 9 ]

              isRefused "obs/kind/codes" [ "obs", frame (names "cell" 5) [ "kind", categorical 6 ] ]
              withFile [ "obs", frame (names "cell" 5) [ "kind", categorical 5 ] ] (require true true)
          }

          test "only what shrinks is asked for" {
              withFile [ "obsm", dict [ "clones", group "awkward-array" [] ]; "varm", dict [] ] (fun path ->
                  require false true path
                  require false false path
                  GenFiles.isFault "awkward-array" (fun () -> require true false path))
          }

          test "codes beyond the categories" {
              let kind =
                  group
                      "categorical"
                      [ "codes", H5Dataset [| 0y; 1y; 2y; -1y; 1y |]
                        "categories", H5Dataset [| "a"; "b" |] ]

              withFile [ "obs", frame (names "cell" 5) [ "kind", kind ] ] (fun path ->
                  let apply flags =
                      GenFiles.withPath (fun target ->
                          Subsetting.apply
                              path
                              target
                              { Cells = RowMask.ofFlags flags
                                Genes = RowMask.all 6L })

                  GenFiles.isFault "the code 2 of row 2" (fun () -> apply [| true; true; true; false; true |])
                  apply [| true; true; false; true; true |])
          }

          test "filters that cannot be undone" {
              withFile [] (fun path ->
                  let unknown (editor: FileEditor) =
                      let pipeline =
                          Bytes.concat
                              [ [| 2uy; 1uy |]
                                Bytes.u16 32026
                                Bytes.u16 0
                                Bytes.u16 0
                                Bytes.u16 1
                                Bytes.u32 0u ]

                      editor.Put(
                          Encode.header
                              0uy
                              [ Encode.message Header.Dataspace (Encode.dataspaceBody (Simple([ 5L; 2L ], [ 5L; 2L ])))
                                { Encode.message Header.Datatype (Encode.datatypeBody (Integer(4, true, false))) with
                                    Flags = 1uy }
                                Encode.zeroFillValue
                                Encode.message Header.Filters pipeline
                                Encode.chunked [| 5L; 2L |] 4 Bytes.undefined ]
                      )

                  using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
                      use store = new Hdf5File(disk)
                      let editor = FileEditor(disk, store.Superblock, [])

                      let obsm =
                          editor.PutGroup([ hard "blosc2" (unknown editor) ], [ editor.StringAttribute("encoding-type", "dict") ])

                      editor.Commit(editor.Rewrite("the root group", store.Root, [ "obsm", obsm ], [])))

                  GenFiles.isFault "obsm/blosc2" (fun () -> require true true path)
                  GenFiles.isFault "read the file with anndata and write it again" (fun () -> require true true path))
          } ]
