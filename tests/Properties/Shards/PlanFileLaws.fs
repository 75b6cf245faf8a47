/// A plan comes back from its file; one that was changed is refused, and so are inputs that were.
module internal SingleSharp.Properties.PlanFileLaws

open System
open System.IO
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Shards
open SingleSharp.Core.Steps
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenRecipes

let private text =
    Gen.elements [ "a"; "/data/ä b.h5ad"; "\"quoted\""; "two\nlines"; "back\\slash"; "" ]

let private number =
    Gen.elements [ 0L; 1L; 4096L; (1L <<< 53) + 1L; Int64.MaxValue ]

let private listOf value =
    Gen.choose (0, 3) |> Gen.bind (fun length -> Gen.listOfLength length value)

let private conversion =
    gen {
        let! join = Gen.elements [ Join.Inner; Join.Outer ]
        let! key = text
        let! names = listOf text
        let! between, genome, features = Gen.three (Gen.optionOf text)
        let! isUnique = Gen.elements [ true; false ]

        return
            { Input.convert with
                Join = join
                SampleKey = key
                SampleNames = names
                IndexUnique = between
                Genome = genome
                FeatureType = features
                MakeUnique = isUnique }
    }

let private stage: FsCheck.Gen<ShardStage> =
    gen {
        let! name, purpose = Gen.two text
        let! tasks = Gen.choose (1, 100000)
        let! memory, merge, reads, part = Gen.four number

        return
            { Name = name
              Purpose = purpose
              Tasks = tasks
              Memory = memory
              MergeMemory = merge
              Reads = reads
              Part = part }
    }

/// A plan with anything in it that a plan may hold.
let private planned =
    gen {
        let! (AnyRecipe recipe) = GenRecipes.anything.Generator
        let! conversion = conversion
        let! paths = listOf text
        let! stages = listOf stage
        let! warnings = listOf text
        let! out, pieces = Gen.two text
        let! cells, genes, length, written = Gen.four number
        let! shards = Gen.choose (1, 100000)

        let! compression =
            Gen.elements
                [ None
                  Some Compression.None
                  Some Compression.Lzf
                  Some(Compression.Gzip 7)
                  Some(Compression.Zstd 3) ]

        let! notes = Gen.elements [ true; false ]

        return
            PlanFile.identified
                { Told =
                    { Id = ""
                      Version = Release.version
                      Bits = Release.bits
                      Inputs = paths
                      Out = out
                      Cells = cells
                      Genes = genes
                      Shards = shards
                      Stages = stages
                      Warnings = warnings }
                  Input = { Paths = paths; Convert = conversion }
                  Files =
                    paths
                    |> List.map (fun path ->
                        { Path = path
                          Length = length
                          Written = written
                          Pieces = pieces })
                  Recipe = recipe
                  Compression = compression
                  Provenance = notes }
    }

let private load (content: string) =
    GenFiles.withPath (fun path ->
        File.WriteAllText(path, content)
        PlanFile.load path)

/// Is a plan refused, and told how another one is made?
let private isRefused content =
    match GenFiles.faultOf (fun () -> load content) with
    | InvalidOption("the plan", why) -> why.EndsWith "make it with shard plan"
    | fault -> failtest (Fault.sentence fault)

/// All values that differ from this one in one place: another value, one less, one more.
let rec private changed value : JsonValue seq =
    seq {
        match value with
        | JsonValue.Null -> JsonValue.Flag false
        | JsonValue.Flag flag -> JsonValue.Flag(not flag)
        | JsonValue.Integer number -> JsonValue.Integer(number ^^^ 1L)
        | JsonValue.Number number -> JsonValue.Number(if number = 0.0 then 1.0 else -number)
        | JsonValue.Text text -> JsonValue.Text(text + "x")
        | JsonValue.List values ->
            JsonValue.List(JsonValue.Null :: values)

            for at, one in List.indexed values do
                JsonValue.List(List.removeAt at values)

                for other in changed one do
                    JsonValue.List(List.updateAt at other values)
        | JsonValue.Object members ->
            JsonValue.Object(members @ [ "more", JsonValue.Null ])

            for at, (name, one) in List.indexed members do
                JsonValue.Object(List.removeAt at members)
                JsonValue.Object(List.updateAt at (name + "x", one) members)

                for other in changed one do
                    JsonValue.Object(List.updateAt at (name, other) members)
    }

let private inputs =
    gen {
        let! length =
            Gen.frequency
                [ 3, Gen.choose (1, 70_000)
                  3, Gen.choose (65_530, 65_536 + 400)
                  1, Gen.choose (500_000, 8_000_000) ]

        let! place =
            Gen.frequency
                [ 1, Gen.constant 0
                  2, Gen.constant (length - 1)
                  3, Gen.choose (0, length - 1) ]

        return length, place
    }

/// Is the file refused as another one?
let private isOther planned =
    try
        InputFiles.require planned
        false
    with FaultException(InvalidOption("the plan", why)) ->
        why.Contains planned.Path && why.Contains "no longer the file"

let tests =
    testList
        "PlanFile"
        [ Law.holdsFor 60 "what is written is loaded, and its id is that of its content" (fun () ->
              Prop.forAll (Arb.fromGen planned) (fun run ->
                  let loaded = load (PlanFile.write run)

                  loaded.Told = run.Told
                  && loaded.Input = run.Input
                  && loaded.Files = run.Files
                  && loaded.Compression = run.Compression
                  && loaded.Provenance = run.Provenance
                  && RecipeJson.write loaded.Recipe = RecipeJson.write run.Recipe
                  && PlanFile.write (PlanFile.identified loaded) = PlanFile.write run))

          Law.holdsFor 4 "a plan that was changed in any place is refused" (fun () ->
              Prop.forAll (Arb.fromGen planned) (fun run ->
                  match JsonValue.parse (PlanFile.write run) with
                  | Ok value -> changed value |> Seq.forall (JsonValue.lines >> isRefused)
                  | Error why -> failtest why))

          Law.holdsFor 2 "a plan that is cut off anywhere is refused" (fun () ->
              Prop.forAll (Arb.fromGen planned) (fun run ->
                  let content = PlanFile.write run
                  let whole = content.TrimEnd().Length
                  [ 0..7 .. whole - 1 ] @ [ whole - 1 ] |> List.forall (fun length -> isRefused content[.. length - 1])))

          test "what is no plan is refused" {
              for content in
                  [ ""
                    "{}"
                    "[]"
                    "7"
                    "{\"shard_plan\": 1}"
                    "{\"shard_plan\": 2, \"id\": \"x\"}"
                    "\000\001" ] do
                  Expect.isTrue (isRefused content) content
          }

          Law.holdsFor 40 "an input with another byte, length or place is refused, a copy of another time is not" (fun () ->
              Prop.forAll (Arb.fromGen inputs) (fun (length, place) ->
                  GenFiles.withPath (fun path ->
                      let bytes = Array.zeroCreate length
                      Random(length).NextBytes bytes
                      File.WriteAllBytes(path, bytes)
                      let planned = InputFiles.ofPath path

                      let write (bytes: byte[]) later =
                          File.WriteAllBytes(path, bytes)
                          File.SetLastWriteTimeUtc(path, DateTime(planned.Written, DateTimeKind.Utc).AddSeconds later)

                      let damaged = Array.copy bytes
                      damaged[place] <- damaged[place] ^^^ 1uy
                      write bytes 5.0
                      let isCopy = not (isOther planned)
                      write damaged 5.0
                      let isDamaged = isOther planned
                      write (Array.append bytes [| 0uy |]) 0.0
                      let isLonger = isOther planned
                      write bytes[.. length - 2] 0.0
                      isCopy && isDamaged && isLonger && isOther planned)))

          test "an input that is gone cannot be read here, which may change" {
              let path = GenFiles.freshPath ()
              File.WriteAllText(path, "input")
              let planned = InputFiles.ofPath path
              File.Delete path
              let fault = GenFiles.faultOf (fun () -> InputFiles.require planned)
              Expect.equal (Fault.kind fault, Fault.isTemporary fault) (FaultKind.Unreadable, true) (Fault.sentence fault)
              Expect.stringContains (Fault.sentence fault) path "the sentence"
          }

          test "a plan of one's own is the plan of the file" {
              GenFiles.withPath (fun path ->
                  NewFile.write path Unchunked (AnnDataFiles.counts AnnDataFiles.manyRows)

                  let sharded =
                      SingleSharp.Answers.need (
                          Shard.plan
                              (ShardCount.Shards 2)
                              Recipe.standard
                              SingleSharp.Answers.withoutNote
                              (Input.file path)
                              (path + ".out.h5ad")
                      )

                  let loaded = load sharded.Json
                  Expect.equal loaded.Told sharded.Plan "the plan"
                  Expect.equal (PlanFile.write loaded) sharded.Json "as it was written"
                  Expect.equal [ for file in loaded.Files -> file.Path ] [ path ] "its files")
          } ]
