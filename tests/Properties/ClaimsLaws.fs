/// Whose bytes others claim as well.
module SingleSharp.Properties.ClaimsLaws

open Expecto
open PureHDF
open SingleSharp.Core

let private claims (parts: (byte * byte * byte) list) =
    parts
    |> List.map (fun (start, length, owner) ->
        { Start = int64 start % 60L
          Length = int64 length % 9L
          Owner = int64 owner % 6L })

let private bytes (claim: Claim) =
    set [ claim.Start .. claim.Start + claim.Length - 1L ]

let tests =
    testList
        "Claims"
        [ Law.holdsFor 1000 "contested" (fun (parts: (byte * byte * byte) list) ->
              let claims = claims parts

              let wanted =
                  claims
                  |> List.filter (fun claim ->
                      claims
                      |> List.exists (fun other -> other.Owner <> claim.Owner && not (Set.intersect (bytes claim) (bytes other)).IsEmpty))
                  |> List.map _.Owner
                  |> set

              set (Claims.contested (Array.ofList claims)) = wanted)

          test "values over which another object lies are not written over" {
              GenFiles.withPath (fun path ->
                  GenForms.write
                      path
                      (GenForms.AnyForm.Rows InOnePiece)
                      Numeric.Float32
                      { Genes = 3
                        Rows = [ [ 0, 1.0; 2, 2.0 ]; [ 1, 3.0 ] ] }

                  use file = GenFiles.openRead path
                  Expect.isTrue (Place.isOverwritable file file.X.Values.Type) "a file in order"
                  let other = (Matrix.rows file.X).Indices

                  let at (dataset: Dataset) =
                      match dataset.Layout with
                      | Contiguous address -> address
                      | layout -> failtest $"%A{layout}"

                  // The indices are said to lie where the values are.
                  let layout = Encode.contiguous (at file.X.Values) 12L

                  use disk =
                      new Disk(path, System.IO.File.OpenHandle(path, System.IO.FileMode.Open, System.IO.FileAccess.ReadWrite), 0L)

                  let draft = Draft(disk, file.Store.Superblock, [])

                  let x =
                      draft.Rewrite("X", (Matrix.rows file.X).Group, [ "indices", draft.PutReplacement(other, other.Type, layout) ], [])

                  draft.Commit(draft.Rewrite("the root group", file.Store.Root, [ "X", x ], []))
                  use changed = GenFiles.openRead path
                  Expect.isFalse (Place.isOverwritable changed changed.X.Values.Type) "one that is not")
          } ]
