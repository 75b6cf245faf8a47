/// Whose bytes others claim as well.
module internal SingleSharp.Properties.ExtentsLaws

open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing

let private extents (parts: (byte * byte * byte) list) =
    parts
    |> List.map (fun (start, length, owner) ->
        { Start = int64 start % 60L
          Length = int64 length % 9L
          Owner = int64 owner % 6L })

let private bytes (extent: Extent) =
    set [ extent.Start .. extent.Start + extent.Length - 1L ]

let tests =
    testList
        "Extents"
        [ Law.holdsFor 1000 "contested" (fun (parts: (byte * byte * byte) list) ->
              let extents = extents parts

              let wanted =
                  extents
                  |> List.filter (fun extent ->
                      extents
                      |> List.exists (fun other ->
                          other.Owner <> extent.Owner && not (Set.intersect (bytes extent) (bytes other)).IsEmpty))
                  |> List.map _.Owner
                  |> set

              set (Extents.contested (Array.ofList extents)) = wanted)

          test "values over which another object lies are not written over" {
              GenFiles.withPath (fun path ->
                  GenForms.write
                      path
                      (GenForms.AnyForm.Rows Unchunked)
                      DType.Float32
                      { Genes = 3
                        Rows = [ [ 0, 1.0; 2, 2.0 ]; [ 1, 3.0 ] ] }

                  use file = GenFiles.openRead path
                  Expect.isTrue (OutputStorage.isOverwritable file file.X.Values.Type) "a file in order"
                  let other = (Matrix.rows file.X).Indices

                  let at (dataset: Dataset) =
                      match dataset.Layout with
                      | Contiguous address -> address
                      | layout -> failtest $"%A{layout}"

                  // The indices are said to lie where the values are.
                  let layout = Encode.contiguous (at file.X.Values) 12L

                  use disk =
                      new RandomAccessFile(
                          path,
                          System.IO.File.OpenHandle(path, System.IO.FileMode.Open, System.IO.FileAccess.ReadWrite),
                          0L
                      )

                  let editor = FileEditor(disk, file.Store.Superblock, [])

                  let x =
                      editor.Rewrite("X", (Matrix.rows file.X).Group, [ "indices", editor.PutReplacement(other, other.Type, layout) ], [])

                  editor.Commit(editor.Rewrite("the root group", file.Store.Root, [ "X", x ], []))
                  use changed = GenFiles.openRead path
                  Expect.isFalse (OutputStorage.isOverwritable changed changed.X.Values.Type) "one that is not")
          } ]
