/// Odd values of a dataset are counted whatever their type, and whatever the pieces in which they come.
module internal SingleSharp.Properties.VerifyValuesLaws

open System
open Expecto
open FsCheck.FSharp
open PureHDF
open SingleSharp
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Reading
open SingleSharp.Core.Verify
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5

/// A dataset of one dimension of which nothing but the type is looked at.
let private line datatype count : Dataset =
    { Path = "X/data"
      Header = Unchecked.defaultof<Header>
      Type = datatype
      Space = Simple([ count ], [ count ])
      Layout = Contiguous 0L
      Filters = []
      FillValue = [||] }

let private datatypes =
    [ for big in [ false; true ] do
          for size in [ 2; 4; 8 ] do
              Float(size, big)

          for size in [ 1; 2; 4; 8 ] do
              Integer(size, true, big)
              Integer(size, false, big) ]

/// Values that a type holds.
let private holding datatype (value: float) =
    match datatype with
    | Float(2, _) ->
        let half: Half =
            Half.op_Explicit (if Double.IsFinite value then value % 1000.0 else value)

        float half
    | Float _ -> value
    | Integer(_, isSigned, _) ->
        let number = if Double.IsFinite value then Math.Truncate(value % 100.0) else 1.0
        if isSigned then number else abs number
    | other -> failtest $"{other}"

let private anyValues =
    Arb.fromGen (
        gen {
            let! datatype = Gen.elements datatypes

            let! length =
                Gen.frequency
                    [ 1, Gen.constant 0
                      1, Gen.constant 1
                      8, Gen.choose (2, 200)
                      1, Gen.choose (60000, 70000) ]

            let! some = Gen.listOfLength (min length 97) wildValue
            let some = Array.ofList some
            let! cuts = Gen.listOf (Gen.choose (0, length))
            return datatype, Array.init length (fun i -> holding datatype some[i % 97]), List.sort cuts
        }
    )

/// What is told of these values.
let private expected (values: seq<float>) =
    let count isOdd =
        values |> Seq.filter isOdd |> Seq.length |> int64

    let notFinite = count (Double.IsFinite >> not)
    let negative = count (fun value -> Double.IsFinite value && value < 0.0)

    [ if notFinite > 0L then
          Plural.say notFinite "of its values is" "of its values are" + " NaN or infinite"
      if negative > 0L then
          Plural.say negative "of its values is" "of its values are" + " negative, which counts are not" ]

let private told (tally: ValueTally) =
    let findings = FindingList()
    tally.Tell findings

    for finding in findings.All do
        if finding.Severity <> Severity.Note then
            failtest $"{finding.Severity}"

    [ for finding in findings.All -> finding.Sentence ]

let tests =
    testList
        "VerifyValues"
        [ Law.holdsFor 300 "of any type and byte order, in pieces of any length" (fun () ->
              Prop.forAll anyValues (fun (datatype, values, cuts) ->
                  let size = Datatype.size datatype
                  let bytes: byte[] = Array.zeroCreate (size * values.Length)
                  Narrow.encode datatype values 0 (Span bytes)
                  let before = Array.copy bytes
                  let tally = ValueTally(line datatype values.LongLength)

                  for low, high in List.pairwise (0 :: cuts @ [ values.Length ]) do
                      tally.Add(ReadOnlySpan(bytes, low * size, (high - low) * size))

                  told tally = expected values && bytes = before))

          Law.holdsFor 200 "chunk by chunk, in any order, without what lies beyond the dataset" (fun (dataset: AnyDataset) (seed: int) ->
              match dataset.Chunk with
              | None -> true
              | Some extents ->
                  let random = Random seed
                  let odd = [| nan; infinity; -1.0; -0.0; 0.0; 2.0 |]

                  let values =
                      Array.init (List.reduce (*) dataset.Dims) (fun _ -> odd[random.Next odd.Length])

                  GenFiles.withPath (fun path ->
                      let file = H5File()

                      file["x"] <-
                          H5Dataset(
                              Array.map float32 values,
                              chunks = (extents |> List.map uint32 |> Array.ofList),
                              fileDims = (dataset.Dims |> List.map uint64 |> Array.ofList)
                          )

                      file.Write path

                      GenFiles.withStore path (fun store ->
                          let found = GenFiles.findDataset store "x"
                          let chunks = Chunks.load store.Disk found
                          let reader = DatasetReader(store.Disk, found, ValueSome chunks)
                          let order = Array.init chunks.Entries.Length id
                          random.Shuffle order
                          let tally = ValueTally found

                          for index in order do
                              tally.AddChunk(chunks, index, reader.Chunk index)

                          told tally = expected values)))

          test "types that hold no numbers have no odd ones" {
              for datatype in
                  [ FixedString(4, NulPadded)
                    Opaque 4
                    Enumeration(Integer(1, true, false), []) ] do
                  let tally = ValueTally(line datatype 4L)
                  tally.Add(ReadOnlySpan(Array.create (4 * Datatype.size datatype) 0xffuy))
                  Expect.isEmpty (told tally) $"{datatype}"
          } ]
