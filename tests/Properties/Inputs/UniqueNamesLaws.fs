/// Columns of a new frame have places of their own, and keep their names where nothing is in the way.
module internal SingleSharp.Properties.UniqueNamesLaws

open Expecto
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Inputs

let private nameOf (codes: byte list) =
    codes |> List.map (fun code -> [ "a"; "b"; "a-1"; ""; "." ][int code % 5]) |> String.concat "/"

let private meet left right =
    let length = min (List.length left) (List.length right)
    List.truncate length left = List.truncate length right

let tests =
    testList
        "UniqueNames"
        [ Law.holds "naming" (fun (codes: byte list list) (taken: byte list list) ->
              let columns = codes |> List.truncate 8 |> List.mapi (fun i codes -> nameOf codes, i)

              let taken =
                  taken |> List.truncate 2 |> List.map nameOf |> List.filter (fun name -> not (Links.along name).IsEmpty)

              let named, renamed = UniqueNames.distinct taken columns
              let paths = named |> List.map (fst >> Links.along)

              let apart =
                  List.indexed paths
                  |> List.forall (fun (i, path) ->
                      not path.IsEmpty
                      && not (List.exists (fun name -> meet (Links.along name) path) taken)
                      && not (List.exists (meet path) (List.take i paths)))

              /// Those that are in nobody's way, in order, whatever the others become.
              let staying =
                  (List.map Links.along taken, columns)
                  ||> List.mapFold (fun known (name, _) ->
                      let path = Links.along name
                      let stays = not path.IsEmpty && not (List.exists (meet path) known)
                      (if stays then Some path else None), (if stays then path :: known else known))
                  |> fst

              let kept =
                  List.forall2 (fun path stays -> stays |> Option.forall ((=) path)) paths staying

              let told =
                  List.zip columns named
                  |> List.map (fun ((before, _), (after, _)) -> before, after)
                  |> List.filter (fun (before, after) -> before <> after)

              apart && kept && renamed = told && List.map snd named = List.map snd columns)

          test "names as anndata makes them unique" {
              let named, renamed =
                  UniqueNames.distinct [ "_index" ] [ "_index", 0; "a", 1; "a/b", 2; "a", 3; "a-1", 4; "c/d", 5; "c/e", 6; "/f", 7 ]

              Expect.equal
                  (List.map fst named)
                  [ "_index-1"; "a"; "a-2/b"; "a-3"; "a-1"; "c/d"; "c/e"; "f" ]
                  "each leads to a place of its own"

              Expect.equal renamed [ "_index", "_index-1"; "a/b", "a-2/b"; "a", "a-3"; "/f", "f" ] "what is said of them"
          } ]
