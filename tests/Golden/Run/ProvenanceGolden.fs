/// The note of what was done: uns/singlesharp.
module internal SingleSharp.Golden.ProvenanceGolden

open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private sample = here "edge/plain_csr_f32/input.h5ad"
let private standard = Settings.standard
let private history path = Pipeline.history standard path |> need

let private run settings recipe path output =
    Pipeline.run recipe settings (Input.file path) output |> need

let private qc = Recipe.ofSteps [ Qc.step Qc.defaults ]

let private silent = { standard with Provenance = false }

let private paths path =
    (digest path).Elements |> Seq.map _.Path |> List.ofSeq

/// Puts an element under uns/singlesharp.
let private put path element =
    use file = AnnData.AnnDataFile.openWriteWithin standard.Memory MatrixName.X path

    let editor = FileEditor(file.Store.Disk, file.Store.Superblock, [])

    match file.Store.TryFind "uns" with
    | Some(GroupObject uns) ->
        let uns =
            editor.Rewrite("uns", uns, [ "singlesharp", NewElement.put editor element ], [])

        editor.Commit(editor.Rewrite("the root group", file.Store.Root, [ "uns", uns ], []))
    | _ -> failtest "the file has no uns"

let all =
    testList
        "Provenance"
        [ test "each run on a file has its note behind those before" {
              use sandbox = new Sandbox()
              let path = sandbox.Copy(sample, "counts.h5ad")
              Expect.isEmpty (history path) "nothing was done yet"
              run standard qc path InPlace |> ignore
              let report = run standard (Recipe.standard |> Recipe.without "qc") path InPlace
              Expect.contains report.UnsKeys "singlesharp" "the report names it"
              let runs = history path

              Expect.equal
                  (runs |> List.map _.Recipe)
                  [ Recipe.toJson qc; Recipe.toJson (Recipe.standard |> Recipe.without "qc") ]
                  "the recipes"

              for run in runs do
                  Expect.equal (run.Version, run.Bits) (Pipeline.version, Pipeline.bits) "version and bits"
                  Expect.equal (List.ofSeq run.Inputs) [ "counts.h5ad" ] "no folder"
                  Expect.isOk (Recipe.ofJson run.Recipe) "it can be taken again"

              Child.requirePython ()
              let copy, joined = sandbox.File "copy.h5ad", sandbox.File "joined.h5ad"
              Expect.equal ((Child.script "notes.py" [ path; copy; joined ] "").Trim()) "2" "anndata reads, writes and joins it"
              Expect.equal (history copy) runs "what anndata wrote"
              Expect.equal (history joined) runs "what anndata joined"
          }

          test "lists of names are noted without their folders" {
              use sandbox = new Sandbox()
              let genes, path = sandbox.File "genes.txt", sandbox.File "output.h5ad"

              let first =
                  using (AnnData.AnnDataFile.openReadWithin standard.Memory MatrixName.X sample) (fun file ->
                      AnnData.DataFrame.nameOf file.Store file.Var 0L)

              File.WriteAllText(genes, first)

              let recipe name =
                  Recipe.ofSteps
                      [ SubsetStep.step
                            { SubsetStep.defaults with
                                Var = Some name } ]

              run standard (recipe genes) sample (NewFile path) |> ignore
              Expect.equal (history path |> List.map _.Recipe) [ Recipe.toJson (recipe "genes.txt") ] "the note"
          }

          test "without it, the file is the same but for the note" {
              use sandbox = new Sandbox()
              let noted, bare = sandbox.File "noted.h5ad", sandbox.File "bare.h5ad"
              run standard Recipe.standard sample (NewFile noted) |> ignore
              let report = run silent Recipe.standard sample (NewFile bare)
              Expect.isFalse (Seq.contains "singlesharp" report.UnsKeys) "the report"
              Expect.equal (paths noted |> List.except [ "uns/singlesharp" ]) (paths bare) "objects"

              for left, right in
                  Seq.zip ((digest noted).Elements |> Seq.filter (fun element -> element.Path <> "uns/singlesharp")) (digest bare).Elements do
                  Expect.equal left right "each object"
          }

          test "neither folders nor the machine are in it" {
              use sandbox = new Sandbox()
              let list = sandbox.File "genes.txt"
              File.WriteAllLines(list, [ "gene1"; "GENE1" ])
              let other = Directory.CreateDirectory(sandbox.File "other").FullName

              let one, two =
                  sandbox.Copy(sample, "counts.h5ad"), Path.Combine(other, "counts.h5ad")

              File.Copy(one, two)
              File.Copy(list, Path.Combine(other, "genes.txt"))

              let listed path =
                  { qc with
                      GeneSets = [ GeneSet.ListedIn("listed", path) ] }

              run { standard with Workers = 1 } (listed list) one (NewFile(sandbox.File "a.h5ad")) |> ignore

              run
                  { standard with
                      Workers = 3
                      Memory = 1L <<< 30 }
                  (listed (Path.Combine(other, "genes.txt")))
                  two
                  (NewFile(sandbox.File "b.h5ad"))
              |> ignore

              Expect.equal (File.ReadAllBytes(sandbox.File "b.h5ad")) (File.ReadAllBytes(sandbox.File "a.h5ad")) "byte for byte"

              Expect.stringContains
                  (List.exactlyOne (history (sandbox.File "a.h5ad"))).Recipe
                  "\"file\": \"genes.txt\""
                  "the list by its name"
          }

          test "several inputs are named, and what a conversion does is part of the recipe" {
              use sandbox = new Sandbox()
              let output = sandbox.File "both.h5ad"
              let one, two = sandbox.Copy(sample, "one.h5ad"), sandbox.Copy(sample, "two.h5ad")
              let recipe = { qc with SumDuplicates = true }

              Pipeline.run
                  recipe
                  standard
                  { Paths = [ one; two ]
                    Convert = Input.convert }
                  (NewFile output)
              |> need
              |> ignore

              let told = List.exactlyOne (history output)
              Expect.equal (List.ofSeq told.Inputs, told.Recipe) ([ "one.h5ad"; "two.h5ad" ], Recipe.toJson recipe) "inputs and recipe"
              Expect.equal told.Conversion "{}" "nothing else was asked of the conversion"
          }

          test "how inputs were read and joined is noted where it differs from the defaults" {
              use sandbox = new Sandbox()
              let output = sandbox.File "both.h5ad"
              let one, two = sandbox.Copy(sample, "one.h5ad"), sandbox.Copy(sample, "two.h5ad")

              let options =
                  { Input.convert with
                      Join = SingleSharp.Join.Outer
                      SampleKey = "donor"
                      SampleNames = [ "a"; "b" ]
                      IndexUnique = Some "-" }

              Pipeline.run
                  qc
                  standard
                  { Paths = [ one; two ]
                    Convert = options }
                  (NewFile output)
              |> need
              |> ignore

              Expect.equal
                  (List.exactlyOne (history output)).Conversion
                  """{"join":"outer","sample_key":"donor","sample_names":["a","b"],"index_unique":"-"}"""
                  "what was asked for"
          }

          test "what somebody else keeps there stays, and the run says so" {
              for element in [ NewElement.Text "mine"; NewElement.Dict [ "mine", NewElement.Flag true ] ] do
                  use sandbox = new Sandbox()
                  let path = sandbox.Copy sample
                  put path element

                  let before =
                      (digest path).Elements |> Seq.filter _.Path.StartsWith("uns/singlesharp") |> List.ofSeq

                  let report = run standard qc path InPlace
                  Expect.exists report.Warnings _.Contains("not noted in uns/singlesharp") $"{report.Warnings}"

                  let after =
                      (digest path).Elements |> Seq.filter _.Path.StartsWith("uns/singlesharp") |> List.ofSeq

                  Expect.equal after before "it is as it was"

                  match Pipeline.history standard path with
                  | Error(Damaged(_, "uns/singlesharp", _)) -> ()
                  | other -> failtest $"{other}"
          }

          test "a text that tells of no run is told by its number" {
              for text in
                  [ "mine"
                    "{}"
                    "[]"
                    """{"version": "1", "bits": 1, "inputs": [3], "recipe": {}}""" ] do
                  use sandbox = new Sandbox()
                  let path = sandbox.Copy sample
                  run standard qc path InPlace |> ignore
                  put path (NewElement.Texts [ text ])

                  match Pipeline.history standard path with
                  | Error(Damaged(_, "uns/singlesharp", why)) -> Expect.stringContains why "text 1" text
                  | other -> failtest $"{text}: {other}"
          } ]
