/// Columns of several inputs become one as pandas and anndata join them.
module internal SingleSharp.Properties.ColumnConcatLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs
open SingleSharp.Core.Concat

let private texts (values: string list) = Column.Texts values

let private floats (values: float list) =
    Column.Numbers(DType.Float64, [ values |> List.map BitConverter.GetBytes |> Array.concat ])

let private ints (values: int64 list) =
    Column.Numbers(DType.Int64, [ values |> List.map BitConverter.GetBytes |> Array.concat ])

let private bools (values: bool list) =
    Column.Numbers(DType.Bool, [ values |> List.map (fun value -> if value then 1uy else 0uy) |> Array.ofList ])

let private intsOrNone (values: int64 option list) =
    Column.NumbersOrNone(
        DType.Int64,
        [ struct (values |> List.map (Option.defaultValue 0L >> BitConverter.GetBytes) |> Array.concat,
                  values |> List.map _.IsNone |> Array.ofList) ]
    )

let private boolsOrNone (values: bool option list) =
    Column.NumbersOrNone(
        DType.Bool,
        [ struct (values |> List.map (fun value -> if value = Some true then 1uy else 0uy) |> Array.ofList,
                  values |> List.map _.IsNone |> Array.ofList) ]
    )

let private categories ordered (names: string list) codes =
    Column.Categories(Labels.Texts(Array.ofList names), ordered, codes)

let private numbered (names: int64 list) codes =
    Column.Categories(Labels.Numbers(DType.Int64, names |> List.map BitConverter.GetBytes |> Array.concat), false, codes)

let private isSame expected found =
    match expected, found with
    | None, None -> true
    | Some(Column.Categories(labels, ordered, codes)), Some(Column.Categories(others, alsoOrdered, places)) ->
        Labels.areSame labels others && ordered = alsoOrdered && List.ofSeq codes = List.ofSeq places
    | Some expected, Some found -> Column.areSame expected found
    | _ -> false

let private joins name parts expected =
    test name { Expect.isTrue (isSame expected (ColumnConcat.join (NameMemory Int64.MaxValue) parts)) "as pandas joins them" }

let private two left right = [ 2L, Some left; 2L, Some right ]
let private lacking left = [ 2L, Some left; 2L, None ]

let tests =
    testList
        "ColumnConcat"
        [ joins
              "a label that comes twice, as in a damaged file, is one"
              (two (categories false [ "a"; "a" ] [ 0; 1 ]) (categories false [ "b" ] [ 0; 0 ]))
              (Some(categories false [ "a"; "b" ] [ 0; 0; 1; 1 ]))
          joins "texts" (two (texts [ "b"; "a" ]) (texts [ "a"; "c" ])) (Some(texts [ "b"; "a"; "a"; "c" ]))
          joins
              "texts that an input lacks become categories"
              (lacking (texts [ "b"; "a" ]))
              (Some(categories false [ "a"; "b" ] [ 1; 0; -1; -1 ]))
          joins
              "texts that may be missing stay such"
              (two (Column.TextsOrNone(Some "NaN", [ ValueSome "x"; ValueNone ])) (texts [ "y"; "z" ]))
              (Some(Column.TextsOrNone(Some "NaN", [ ValueSome "x"; ValueNone; ValueSome "y"; ValueSome "z" ])))
          joins "integers that an input lacks become real" (lacking (ints [ 1L; 2L ])) (Some(floats [ 1.0; 2.0; nan; nan ]))
          joins
              "truth values that an input lacks may be missing"
              (lacking (bools [ true; false ]))
              (Some(boolsOrNone [ Some true; Some false; None; None ]))
          joins
              "integers some of which are missing stay whole"
              (two (intsOrNone [ Some 1L; None ]) (ints [ 3L; 4L ]))
              (Some(intsOrNone [ Some 1L; None; Some 3L; Some 4L ]))
          joins
              "among real numbers they become real"
              (two (intsOrNone [ Some 1L; None ]) (floats [ 0.5; nan ]))
              (Some(floats [ 1.0; nan; 0.5; nan ]))
          joins "truth values and numbers do not go together" (two (bools [ true; false ]) (ints [ 1L; 2L ])) None
          joins "nor do texts and numbers" (two (texts [ "1"; "2" ]) (ints [ 1L; 2L ])) None
          joins
              "categories are all there are, in natural order"
              (two (categories false [ "b10"; "b2" ] [ 0; 1 ]) (categories false [ "b1"; "b10" ] [ 1; -1 ]))
              (Some(categories false [ "b1"; "b2"; "b10" ] [ 2; 1; 2; -1 ]))
          joins
              "categories that are integers"
              (two (numbered [ 9L; 7L ] [ 0; 1 ]) (numbered [ 10L; -1L ] [ 0; -1 ]))
              (Some(numbered [ -1L; 7L; 9L; 10L ] [ 2; 1; 3; -1 ]))
          joins
              "categories that an input lacks"
              (lacking (categories true [ "l"; "h" ] [ 1; 0 ]))
              (Some(categories true [ "l"; "h" ] [ 1; 0; -1; -1 ]))
          joins
              "an order that all agree about stays"
              (two (categories true [ "l"; "h" ] [ 1; 0 ]) (categories true [ "l"; "h" ] [ 0; 0 ]))
              (Some(categories true [ "l"; "h" ] [ 1; 0; 0; 0 ]))
          joins
              "an order that they do not agree about goes"
              (two (categories true [ "l"; "h" ] [ 1; 0 ]) (categories true [ "h"; "l" ] [ 0; 0 ]))
              (Some(categories false [ "h"; "l" ] [ 0; 1; 0; 0 ]))
          joins
              "categories beside what they stand for"
              (two (categories false [ "y"; "x" ] [ 0; -1 ]) (texts [ "z"; "x" ]))
              (Some(categories false [ "x"; "y"; "z" ] [ 1; -1; 2; 0 ]))
          joins
              "what becomes categories as it is written is in natural order as well"
              (two (categories false [ "b10"; "z" ] [ 0; -1 ]) (texts [ "é"; "b2" ]))
              (Some(categories false [ "b2"; "b10"; "é" ] [ 1; -1; 2; 0 ]))
          joins
              "numbers beside categories of numbers"
              (two (numbered [ 9L; 7L ] [ 0; 1 ]) (ints [ 1L; 2L ]))
              (Some(ints [ 9L; 7L; 1L; 2L ]))
          joins "categories of texts and of numbers" (two (numbered [ 9L; 7L ] [ 0; 1 ]) (categories false [ "a" ] [ 0; 0 ])) None
          joins
              "categories of nothing beside others"
              (two (categories false [] [ -1; -1 ]) (numbered [ 9L; 7L ] [ 0; 1 ]))
              (Some(numbered [ 9L; 7L ] [ -1; -1; 0; 1 ]))
          joins
              "categories that the first has all of stay in its order"
              (two (categories false [ "b10"; "a"; "b2" ] [ 0; 1 ]) (categories false [ "a"; "b10" ] [ 0; 1 ]))
              (Some(categories false [ "b10"; "a"; "b2" ] [ 0; 1; 1; 0 ]))

          test "natural order" {
              Expect.equal
                  (TextOrder.natural
                      [| "b10"
                         "b2"
                         "B3"
                         "10"
                         "9"
                         "a"
                         "a1b10"
                         "a1b9"
                         "a01b9"
                         ""
                         "\U0001F600"
                         "\uFFFD" |])
                  [| ""
                     "9"
                     "10"
                     "B3"
                     "a"
                     "a01b9"
                     "a1b9"
                     "a1b10"
                     "b2"
                     "b10"
                     "\uFFFD"
                     "\U0001F600" |]
                  "as natsort"
          }

          test "letters with accents stand by those without, however they are stored, and digits of all scripts count" {
              Expect.equal
                  (TextOrder.natural
                      [| "zebra"
                         "Öl"
                         "Oz"
                         "P"
                         "e\u03012"
                         "\u00e92"
                         "f"
                         "x\u0661\u0660"
                         "x9"
                         "x\u00b2"
                         "x\u00b23"
                         "\uac01"
                         "\u1100\u1161\u11a7" |])
                  [| "Oz"
                     "Öl"
                     "P"
                     "e\u03012"
                     "\u00e92"
                     "f"
                     "x\u00b2"
                     "x\u00b23"
                     "x9"
                     "x\u0661\u0660"
                     "zebra"
                     "\u1100\u1161\u11a7"
                     "\uac01" |]
                  "as natsort"
          }

          Law.holds "natural" (fun (numbers: uint64 list) (stem: byte) ->
              let stem = String('a', int stem % 3)

              let names =
                  numbers |> List.distinct |> List.map (fun number -> $"{stem}{number}") |> Array.ofList

              TextOrder.natural names =
                  (numbers |> List.distinct |> List.sort |> List.map (fun number -> $"{stem}{number}") |> Array.ofList)
              && TextOrder.natural (Array.rev names) = TextOrder.natural names)

          Law.holds "joined columns say what each of them said" (fun (left: byte option list) (right: byte option list) ->
              let field (codes: byte option list) =
                  categories
                      false
                      [ "c"; "a"; "b10"; "b9" ]
                      (codes |> List.map (Option.map (fun code -> int code % 4) >> Option.defaultValue -1))

              let meanings field =
                  match field with
                  | Some(Column.Categories(Labels.Texts names, _, codes)) ->
                      codes |> Seq.map (fun code -> if code < 0 then None else Some names[code]) |> List.ofSeq
                  | _ -> failtest "no categories"

              let parts =
                  [ int64 left.Length, Some(field left)
                    3L, None
                    int64 right.Length, Some(field right) ]

              meanings (ColumnConcat.join (NameMemory Int64.MaxValue) parts) =
                  meanings (Some(field left)) @ [ None; None; None ] @ meanings (Some(field right)))

          test "more rows than an array has are joined as they come" {
              let parts = [ 1L <<< 32, None; 2L, Some(categories false [ "a"; "b" ] [ 0; 1 ]) ]

              match ColumnConcat.join (NameMemory Int64.MaxValue) parts with
              | Some(Column.Categories(_, _, codes)) -> Expect.equal (Seq.head codes) -1 "a value is missing"
              | other -> failtest $"{other}"
          }

          test "texts that have to be known at once are counted" {
              let names = List.init 5000 (fun i -> $"name {i}")
              let parts = [ 1L, None; 5000L, Some(texts names) ]

              let held memory () =
                  let held = NameMemory memory
                  ColumnConcat.join held parts |> ignore
                  held.Bytes

              GenFiles.isFault "memory" (held 100_000L)
              Expect.isGreaterThan (held Int64.MaxValue ()) 200_000L "bytes"
          } ]
