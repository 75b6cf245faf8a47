/// Sound files of any kind have no error, and a single corruption of one is found where it is.
module internal SingleSharp.Properties.VerifyLaws

open System
open System.Threading
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Verify
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5
open SingleSharp.Properties.FileParts
open SingleSharp.Properties.SoundFiles

let private verify write =
    GenFiles.withPath (fun path ->
        write path
        Verify.ofFile path Int64.MaxValue CancellationToken.None)

let private verifyParts storage parts =
    verify (fun path -> SoundFiles.write path storage parts)

let private told (verification: Verification) =
    [ for finding in verification.Findings -> finding.Severity, finding.Path, finding.Sentence ]

let private errors verification =
    told verification |> List.filter (fun (severity, _, _) -> severity = Severity.Error)

/// Values that a type holds.
let private tame numeric value =
    if DType.isFloat numeric then
        value
    else
        let whole = if Double.IsFinite value then Math.Truncate(value % 100.0) else 1.0
        if DType.isUnsigned numeric then abs whole else whole

/// A type that holds numbers up to N.
let private holding numeric most =
    let bits = 8 * DType.size numeric - (if DType.isUnsigned numeric then 0 else 1)
    if bits < 31 && most >= (1 <<< bits) then DType.Int32 else numeric

/// What must be told of a matrix in rows that is X, but for what its file says of versions.
let private expected (rows: (int * float) list list) =
    let count isWanted =
        List.concat rows |> List.filter (snd >> isWanted) |> List.length

    let rowsWhere isWanted =
        rows |> List.indexed |> List.filter (snd >> List.map fst >> isWanted) |> List.map fst

    let notFinite = count (Double.IsFinite >> not)
    let negative = count (fun value -> Double.IsFinite value && value < 0.0)
    let unsorted = rowsWhere (fun genes -> List.sort genes <> genes)
    let twice = rowsWhere (fun genes -> List.distinct genes <> genes)

    [ if notFinite > 0 then
          Severity.Note, "X/data", $"{notFinite} of its values "
      if negative > 0 then
          Severity.Note, "X/data", $"{negative} of its values "
      match unsorted with
      | first :: _ ->
          let how = Plural.things unsorted.Length "row"
          Severity.Note, "X/indices", $"the indices of {how} are not sorted, first in row {first}"
      | [] -> ()
      match twice with
      | first :: _ ->
          let how = Plural.say twice.Length "row holds" "rows hold"
          Severity.Warning, "X/indices", $"{how} an index more than once"
      | [] -> () ]

let tests =
    testList
        "Verify"
        [ Law.holdsFor 100 "a sound file has no error and no warning, and every object of it is looked at" (fun () ->
              Prop.forAll (Arb.fromGen sound) (fun sound ->
                  let found = verifyParts sound.Storage sound.Parts

                  let bad =
                      told found |> List.filter (fun (severity, _, _) -> severity <> Severity.Note)

                  bad.IsEmpty && found.Objects = int64 sound.Parts.Length
                  || failtest $"{found.Objects} of {sound.Parts.Length} objects; {bad}"))

          Law.holdsFor 200 "a corruption is an error where it is, and nowhere else" (fun (seed: int) ->
              Prop.forAll (Arb.fromGen sound) (fun sound ->
                  let random = Random seed

                  for _ in 1..4 do
                      let name, within, path, parts = Corruptions.corruption random sound
                      let found = verifyParts sound.Storage parts |> errors
                      let isTold = found |> List.exists (fun (_, other, _) -> other = path)

                      if not isTold || found |> List.exists (fun (_, other, _) -> not (isIn within other)) then
                          failtest $"{name}: {found}"))

          Law.holds
              "of a matrix of any types and storage it is told which values are odd and which rows are not in order"
              (fun (WildRows matrix) (AnyTypes(values, indices, pointers)) (AnyStorage storage) (again: byte) ->
                  let rows =
                      matrix.Rows
                      |> List.mapi (fun cell row ->
                          let row = row |> List.map (fun (gene, value) -> gene, tame values value)
                          // Some genes come again.
                          if cell % 5 = int again % 20 && not row.IsEmpty then row @ [ row.Head ] else row)

                  let stored: AnnDataFiles.Stored =
                      { Values = values
                        Indices = holding indices matrix.Genes
                        Pointers = holding pointers (rows |> List.sumBy _.Length)
                        Storage = storage }

                  let found =
                      verify (fun path -> (AnnDataFiles.file stored matrix.Genes (AnnDataFiles.csr rows) []).Write path) |> told

                  // The generator tells no versions, which these three are refused for.
                  let others =
                      found |> List.filter (fun (_, _, sentence) -> not (sentence.Contains "without a version"))

                  let expected = expected rows

                  found.Length = others.Length + 3
                  && others.Length = expected.Length
                  && List.forall
                      (fun (severity, path, beginning: string) ->
                          others
                          |> List.exists (fun (other, at, sentence) -> other = severity && at = path && sentence.StartsWith beginning))
                      expected
                  || failtest $"{found} instead of {expected}") ]
