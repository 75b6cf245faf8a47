/// What runs along cells or genes and has several hard links, or is reached by links or references.
module internal SingleSharp.Properties.AlignedLinksLaws

open System.IO
open Expecto
open PureHDF
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Properties.AnnDataFiles
open SingleSharp.Properties.AlignedLaws

let tests =
    testList
        "AlignedLinks"
        [ test "links that lead elsewhere" {
              let require' (path': string) =
                  withFile [] (fun path ->
                      relinked
                          path
                          "layers"
                          (fun _ ->
                              [ { Name = "soft"
                                  Target =
                                    Elsewhere(Array.append (Bytes.u16 path'.Length) (System.Text.Encoding.UTF8.GetBytes path'), 1uy)
                                  Order = ValueNone } ])
                          (fun editor -> [ editor.StringAttribute("encoding-type", "dict") ])

                      require true true path)

              require' "/X"
              GenFiles.isFault "layers/soft" (fun () -> require' "/obs")
              GenFiles.isFault "copy what is there" (fun () -> require' "/X/data")
              GenFiles.isFault "soft link to /Y, where there is nothing" (fun () -> require' "/Y")
              GenFiles.isFault "leads in circles" (fun () -> require' "soft")
          }

          test "what has a second hard link may lose rows under the first" {
              let twice = Encode.message Header.ReferenceCount [| 0uy; 2uy; 0uy; 0uy; 0uy |]

              let strings datatype =
                  [ twice
                    Encode.message Header.Dataspace (Encode.dataspaceBody (Encode.line 5L))
                    { Encode.message Header.Datatype (Encode.datatypeBody datatype) with
                        Flags = 1uy }
                    Encode.zeroFillValue
                    Encode.contiguous Bytes.undefined 0L ]

              let inObsm (messages: FileEditor -> Message list) =
                  withFile [] (fun path ->
                      using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
                          use store = new Hdf5File(disk)
                          let editor = FileEditor(disk, store.Superblock, [])
                          let inner = editor.Put(Encode.header 0uy (messages editor))

                          let obsm =
                              editor.PutGroup([ hard "a" inner ], [ editor.StringAttribute("encoding-type", "dict") ])

                          editor.Commit(editor.Rewrite("the root group", store.Root, [ "obsm", obsm ], [])))

                      require true true path)

              inObsm (fun _ -> strings (Integer(4, true, false)))
              inObsm (fun _ -> strings VlenString)

              let emptyFrame (editor: FileEditor) =
                  [ Encode.linkInfo 0 0L
                    Encode.message Header.GroupInfo [| 0uy; 0uy |]
                    editor.StringAttribute("encoding-type", "dataframe") ]

              inObsm emptyFrame
              inObsm (fun editor -> twice :: emptyFrame editor)
          }

          test "references to what would be replaced" {
              let referring path name =
                  using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
                      use store = new Hdf5File(disk)
                      let editor = FileEditor(disk, store.Superblock, [])

                      let target =
                          match GenFiles.find store name with
                          | GroupObject group -> group.Header.Address
                          | DatasetObject dataset -> dataset.Header.Address

                      let references =
                          editor.Put(
                              Encode.header
                                  0uy
                                  [ Encode.message Header.Dataspace (Encode.dataspaceBody (Encode.line 1L))
                                    { Encode.message Header.Datatype [| 0x17uy; 0uy; 0uy; 0uy; 8uy; 0uy; 0uy; 0uy |] with
                                        Flags = 1uy }
                                    Encode.zeroFillValue
                                    Encode.contiguous (editor.Put(Bytes.i64 target)) 8L ]
                          )

                      let uns = editor.PutGroup([ hard "references" references ], [])
                      editor.Commit(editor.Rewrite("the root group", store.Root, [ "uns", uns ], [])))

              let others () : (string * obj) list =
                  [ "layers", dict [ "a", Subsetting.sparse "csr_matrix" (usual Unchunked) (5, 6) rows ]
                    "other", dict [ "a", H5Dataset [| 1; 2 |] ] ]

              for name in [ "obs"; "obs/_index"; "layers"; "layers/a"; "layers/a/indptr" ] do
                  withFile (others ()) (fun path ->
                      referring path name
                      GenFiles.isFault "reference" (fun () -> require true true path))

              withFile (others ()) (fun path ->
                  referring path "other/a"
                  require true true path)
          } ]
