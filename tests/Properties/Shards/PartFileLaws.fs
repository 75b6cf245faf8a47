/// A part is what was written, or trouble that says so; never anything else.
module internal SingleSharp.Properties.PartFileLaws

open System
open System.Collections.Generic
open System.IO
open Expecto
open FsCheck.FSharp
open SingleSharp.Core.Folds
open SingleSharp.Core.Shards

/// What a part may hold, in any order.
type Held =
    | RowsOf of byte[]
    | StateOf of BlockRange * byte[]
    | CountsOf of byte[]
    | ValueOf of byte[]

let private held =
    let bytes =
        gen {
            let! length = Gen.frequency [ 1, Gen.constant 0; 5, Gen.choose (1, 60) ]
            let! seed = Gen.choose (0, 1_000_000)
            let bytes = Array.zeroCreate length
            Random(seed).NextBytes bytes
            return bytes
        }

    let one =
        Gen.oneof
            [ Gen.map RowsOf bytes
              Gen.map CountsOf bytes
              Gen.map ValueOf bytes
              gen {
                  let! bytes = bytes
                  let! first = Gen.choose (0, 1000)
                  let! count = Gen.choose (0, 32)

                  return
                      StateOf(
                          { First = int64 first
                            Stop = int64 (first + count) },
                          bytes
                      )
              } ]

    Gen.choose (0, 4) |> Gen.bind (fun count -> Gen.listOfLength count one)

let private name: PartName =
    { Plan = Array.init 32 byte
      Stage = "main"
      Task = 3
      Tasks = 7 }

let private write path name (held: Held list) =
    PartFile.write path name (fun part ->
        let writer = part :> PartWriter
        let put (bytes: byte[]) (inner: BinaryWriter) = inner.Write bytes

        for one in held do
            match one with
            | RowsOf bytes -> writer.Rows(put bytes)
            | StateOf(range, bytes) -> writer.State(range, put bytes)
            | CountsOf bytes -> part.Counts(put bytes)
            | ValueOf bytes -> part.Value(put bytes))

/// All that is left of a record.
let private rest (reader: BinaryReader) =
    use bytes = new MemoryStream()
    reader.BaseStream.CopyTo bytes
    bytes.ToArray()

let private rowsOf path name =
    let found = List<Held>()
    (PartFile.reader false path name).Rows(fun reader -> found.Add(RowsOf(rest reader)))
    List.ofSeq found

let private statesOf path name =
    let found = List<Held>()
    (PartFile.reader false path name).States(fun range reader -> found.Add(StateOf(range, rest reader)))
    List.ofSeq found

let private countsOf path name =
    let found = List<Held>()
    PartFile.counts' path name (fun reader -> found.Add(CountsOf(rest reader)))
    List.ofSeq found

let private valuesOf path name =
    let found = List<Held>()
    PartFile.values path name (fun reader -> found.Add(ValueOf(rest reader)))
    List.ofSeq found

let private readers: ((string -> PartName -> Held list) * (Held -> bool)) list =
    [ rowsOf, _.IsRowsOf
      statesOf, _.IsStateOf
      countsOf, _.IsCountsOf
      valuesOf, _.IsValueOf ]

/// Does it end with trouble? With another exception the test fails.
let private isTrouble work =
    try
        work () |> ignore
        false
    with PartTrouble _ ->
        true

/// Reads all in the four ways: each is trouble, or what was written. How many of the four were trouble; none of them says a word too much.
let private troubles path name (written: Held list) =
    readers
    |> List.filter (fun (read, isIts) ->
        try
            let found = read path name

            if found <> List.filter isIts written then
                failtest $"read as %A{found}, written as %A{written}"

            false
        with PartTrouble _ ->
            true)
    |> List.length

let tests =
    testList
        "PartFile"
        [ Law.holdsFor 60 "any records come back, each kind by itself" (fun () ->
              Prop.forAll (Arb.fromGen held) (fun held ->
                  GenFiles.withPath (fun path ->
                      write path name held
                      PartFile.requireThere path name
                      PartFile.requireWhole path name
                      troubles path name held = 0)))

          Law.holdsFor 12 "any byte that is another one is trouble" (fun (mask: byte) ->
              Prop.forAll (Arb.fromGen held) (fun held ->
                  GenFiles.withPath (fun path ->
                      write path name held
                      let bytes = File.ReadAllBytes path
                      let mask = max 1uy mask

                      for place in 0 .. bytes.Length - 1 do
                          let damaged = Array.copy bytes
                          damaged[place] <- damaged[place] ^^^ mask
                          File.WriteAllBytes(path, damaged)

                          if not (isTrouble (fun () -> PartFile.requireWhole path name)) then
                              failtest $"byte {place} of {bytes.Length}: whole"

                          // Only the last hash is read by nobody else.
                          if troubles path name held = 0 && place < bytes.Length - 32 then
                              failtest $"byte {place} of {bytes.Length}: read without trouble")))

          Law.holdsFor 12 "a part that is cut off anywhere, or longer, is trouble" (fun (more: byte) ->
              Prop.forAll (Arb.fromGen held) (fun held ->
                  GenFiles.withPath (fun path ->
                      write path name held
                      let bytes = File.ReadAllBytes path

                      for length in 0 .. bytes.Length - 1 do
                          File.WriteAllBytes(path, bytes[.. length - 1])

                          if not (isTrouble (fun () -> PartFile.requireWhole path name)) then
                              failtest $"{length} of {bytes.Length} bytes: whole"

                          if troubles path name held <> readers.Length then
                              failtest $"{length} of {bytes.Length} bytes: read without trouble"

                      File.WriteAllBytes(path, Array.append bytes (Array.create (1 + int more) more))
                      isTrouble (fun () -> PartFile.requireWhole path name))))

          test "a part of something else is trouble that says what it is not" {
              GenFiles.withPath (fun path ->
                  write path name [ RowsOf [| 1uy |] ]

                  let other: (string * PartName) list =
                      [ "another plan",
                        { name with
                            Plan = Array.init 32 (fun i -> byte (31 - i)) }
                        "another task", { name with Stage = "mean" }
                        "another task", { name with Stage = "m" }
                        "another task", { name with Stage = "main-and-more" }
                        "another task", { name with Task = 2 }
                        "another task", { name with Tasks = 8 } ]

                  for why, other in other do
                      for read in
                          [ PartFile.requireThere path
                            PartFile.requireWhole path
                            rowsOf path >> ignore
                            statesOf path >> ignore ] do
                          Expect.throwsC (fun () -> read other) (function
                              | PartTrouble told -> Expect.stringContains told why $"{other}"
                              | trouble -> failtest $"{trouble}")

                  File.WriteAllText(path, String('x', 5000))

                  for read in
                      [ PartFile.requireThere
                        PartFile.requireWhole
                        (fun path name -> rowsOf path name |> ignore) ] do
                      Expect.isTrue (isTrouble (fun () -> read path name)) "no part at all"

                  File.Delete path

                  Expect.throwsC (fun () -> PartFile.requireThere path name) (function
                      | PartTrouble told -> Expect.equal told "is missing" "missing"
                      | trouble -> failtest $"{trouble}"))
          }

          test "what fails while a part is written leaves nothing, and the part as it was" {
              let folder = Directory.CreateTempSubdirectory "singlesharp"

              try
                  let path = Path.Combine(folder.FullName, "main.0003.part")
                  write path name [ ValueOf [| 1uy |] ]

                  Expect.throwsT<TimeoutException>
                      (fun () ->
                          PartFile.write path name (fun part ->
                              part.Value(fun inner -> inner.Write 5)
                              raise (TimeoutException())))
                      "thrown on"

                  Expect.equal (valuesOf path name) [ ValueOf [| 1uy |] ] "as it was"
                  Expect.equal (folder.GetFiles()).Length 1 "nothing else"

                  // While one attempt writes, another one takes the name.
                  PartFile.write path name (fun part ->
                      write path name [ ValueOf [| 2uy |] ]
                      part.Value(fun inner -> inner.Write 2uy))

                  Expect.equal (valuesOf path name) [ ValueOf [| 2uy |] ] "whichever came last"
                  Expect.equal (folder.GetFiles()).Length 1 "nothing else"
              finally
                  folder.Delete true
          } ]
