/// Codes must lead to categories, and categories must differ: told once, with the first that does not.
module internal SingleSharp.Properties.VerifyCategoriesLaws

open System
open System.Threading
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Verify
open SingleSharp.Core.Writing
open SingleSharp.Properties.FileParts
open SingleSharp.Properties.GenHdf5

/// What is told of a dataset with this content.
let private toldOf storage content check =
    GenFiles.withPath (fun path ->
        (file storage [ part "x" content ]).Write path

        GenFiles.withStore path (fun store ->
            let findings = FindingList()
            check store findings CancellationToken.None (GenFiles.findDataset store "x")

            [ for finding in findings.All do
                  if finding.Severity <> Severity.Error || finding.Path <> "x" then
                      failtest $"{finding.Severity} of {finding.Path}"

                  finding.Sentence ]))

/// No codes, all right, most right, or none.
let private anyCodes =
    gen {
        let! numeric = Gen.elements integerTypes
        let! categories = Gen.elements [ 0L; 1L; 3L; 100L ]

        let! length =
            Gen.frequency [ 1, Gen.constant 0; 1, Gen.constant 1; 6, Gen.choose (2, 80) ]

        let least = if DType.isUnsigned numeric then 0 else -3
        let! isWild = Gen.elements [ true; false ]

        let code =
            if isWild then Gen.choose (least, 105)
            elif categories = 0L then Gen.constant (max least -1)
            else Gen.choose (max least -1, int categories - 1)

        let! codes = Gen.listOfLength length code
        return numeric, categories, codes
    }

let private anyCategories =
    gen {
        let! count =
            Gen.frequency [ 1, Gen.constant 0; 1, Gen.constant 1; 6, Gen.choose (2, 12) ]

        let! most = Gen.elements [ 3; 100 ]
        let! numbers = Gen.listOfLength count (Gen.choose (0, most))
        return numbers
    }

let private several numbers =
    numbers |> List.countBy id |> List.filter (fun (_, count) -> count > 1) |> List.map fst


let tests =
    testList
        "VerifyCategories"
        [ Law.holdsFor 200 "codes lead to a category or are missing" (fun (AnyStorage storage) ->
              Prop.forAll (Arb.fromGen anyCodes) (fun (numeric, categories, codes) ->
                  let wrong =
                      codes |> List.indexed |> List.filter (fun (_, code) -> code < -1 || int64 code >= categories)

                  let told =
                      toldOf storage (Numbers(numeric, codes |> List.map float |> Array.ofList)) (fun store findings cancel dataset ->
                          VerifyCategories.codes store findings cancel dataset categories)

                  match wrong, told with
                  | [], [] -> true
                  | (first, _) :: _, [ sentence ] ->
                      sentence.StartsWith(Plural.say wrong.Length "code leads" "codes lead")
                      && sentence.EndsWith $", first in row {first}"
                  | _ -> failtest $"%A{told} of %A{wrong}"))

          Law.holdsFor 200 "categories that come again are counted, and the first is shown" (fun (AnyStorage storage) (asText: bool) ->
              Prop.forAll (Arb.fromGen anyCategories) (fun numbers ->
                  let content =
                      if asText then
                          Texts(numbers |> List.map (fun number -> if number = 0 then "" else $"Größe {number}") |> Array.ofList)
                      else
                          Numbers(DType.Int16, numbers |> List.map float |> Array.ofList)

                  match several numbers, toldOf storage content VerifyCategories.categories with
                  | [], [] -> true
                  | twice, [ sentence ] ->
                      let first =
                          match numbers |> List.find (fun number -> List.contains number twice) with
                          | 0 when asText -> ""
                          | number when asText -> $"Größe {number}"
                          | number -> string number

                      sentence.StartsWith(Plural.say twice.Length "category comes" "categories come")
                      && sentence.Contains $"such as {first}, which"
                  | twice, told -> failtest $"%A{told} of %A{twice}"))

          Law.holdsFor 100 "categories that are NaN are counted instead" (fun (AnyStorage storage) (isDouble: bool) (missing: byte) ->
              Prop.forAll (Arb.fromGen anyCategories) (fun numbers ->
                  let missing = int missing % 3
                  let values = (numbers |> List.map float) @ List.replicate missing nan

                  let content =
                      Numbers((if isDouble then DType.Float64 else DType.Float32), Array.ofList values)

                  match toldOf storage content VerifyCategories.categories with
                  | [] -> missing = 0 && (several numbers).IsEmpty
                  | [ sentence ] when missing > 0 -> sentence.StartsWith(Plural.say missing "category is" "categories are")
                  | [ _ ] -> not (several numbers).IsEmpty
                  | told -> failtest $"%A{told}"))

          test "codes that are no integers, and categories of two dimensions" {
              let codes store findings cancel dataset =
                  VerifyCategories.codes store findings cancel dataset 3L

              Expect.equal
                  (toldOf Unchunked (Numbers(DType.Float32, [| 0.0 |])) codes)
                  [ "its codes are float32 instead of integers" ]
                  "real codes"

              Expect.equal
                  (toldOf Unchunked (Other(fun () -> PureHDF.H5Dataset(Array2D.create 2 2 1))) VerifyCategories.categories)
                  [ "it has 2 dimensions instead of one" ]
                  "a matrix"
          } ]
