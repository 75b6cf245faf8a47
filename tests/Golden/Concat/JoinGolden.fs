/// What is asked of several inputs: joins that keep few genes are warned of, and what is about none of them is refused.
module internal SingleSharp.Golden.JoinGolden

open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Core.Run
open SingleSharp.Core.Concat
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

/// An .h5ad file of a cell and these genes.
let private ofGenes (sandbox: Sandbox) name (genes: string list) =
    let path = sandbox.File name

    NewFile.write
        path
        Unchunked
        { CellNames = [| name |]
          GeneNames = Array.ofList genes
          Indptr = [| 0; 1 |]
          Indices = [| 0 |]
          Data = [| 1.0f |] }

    path

let private convert change inputs (sandbox: Sandbox) =
    Pipeline.convert
        MatrixName.X
        false
        Settings.standard
        { Paths = inputs
          Convert = (change Input.convert) }
        (sandbox.File "joined.h5ad")

let private names =
    [ for inputs, expected in
          [ [ "a.h5ad"; "b.h5" ], [ "a"; "b" ]
            [ "s1/x.h5"; "s2/x.h5" ], [ "s1"; "s2" ]
            [ "s1/outs/x.h5"; "s2/outs/x.h5" ], [ "s1"; "s2" ]
            [ "s1/x.h5"; "s1/y.h5"; "s2/x.h5" ], [ "s1"; "y"; "s2" ]
            [ "r1/s1/x.h5"; "r1/s2/x.h5"; "r2/s1/x.h5" ], [ "r1_s1"; "r1_s2"; "r2_s1" ]
            // Nothing tells these apart.
            [ "s1/x.h5"; "s1/x.h5" ], [ "x"; "x" ]
            [ "x.h5"; "x.h5ad" ], [ "x"; "x" ] ] do
          test $"""names of {String.concat ", " inputs}""" { Expect.equal (SampleNames.ofInputs inputs) expected "samples" }
      test "files of one name in several folders are samples by their folders" {
          use sandbox = new Sandbox()

          let inputs =
              [ for sample in [ "s1"; "s2" ] ->
                    (System.IO.Directory.CreateDirectory(sandbox.File $"{sample}/outs") |> ignore
                     ofGenes sandbox $"{sample}/outs/x.h5ad" [ "A"; "B" ]) ]

          match convert id inputs sandbox with
          | Ok conversion -> Expect.equal [ for sample in conversion.Samples -> sample.Name, sample.Cells ] [ "s1", 1L; "s2", 1L ] "samples"
          | Error fault -> failtest (Fault.sentence fault)
      }
      test "a folder that is called like another file is told" {
          use sandbox = new Sandbox()
          System.IO.Directory.CreateDirectory(sandbox.File "a") |> ignore
          System.IO.Directory.CreateDirectory(sandbox.File "b") |> ignore

          let inputs =
              [ for name in [ "a.h5ad"; "a/x.h5ad"; "b/x.h5ad" ] -> ofGenes sandbox name [ "A"; "B" ] ]

          refused [ "sample_names"; "two inputs are called a; give each a name of its own" ] (convert id inputs sandbox)
      } ]

let private joins =
    [ for name, first, second, words in
          [ "species", [ "Actb"; "Gapdh"; "Cd4"; "MALAT1" ], [ "ACTB"; "GAPDH"; "CD4"; "MALAT1" ], "upper and lower case"
            "identifiers", [ "ENSG00000000001"; "ENSG00000000002"; "X" ], [ "A"; "B"; "C"; "X" ], "called by Ensembl identifiers"
            "versions",
            [ "ENSG00000000001.1"; "ENSG00000000002.1"; "ENSG00000000003.4" ],
            [ "ENSG00000000001.2"; "ENSG00000000002.2"; "ENSG00000000003.4" ],
            "versions"
            "none at all", [ "A"; "B"; "C" ], [ "D"; "E"; "A" ], "different species"
            "nothing known", [ "A"; "B"; "C"; "D" ], [ "A"; "E"; "F"; "G" ], "different species" ] do
          test $"few genes in common: {name}" {
              use sandbox = new Sandbox()
              let inputs = [ ofGenes sandbox "a.h5ad" first; ofGenes sandbox "b.h5ad" second ]

              match convert id inputs sandbox with
              | Ok conversion ->
                  let warning = conversion.Warnings |> Seq.find _.StartsWith("only 1 gene is")
                  Expect.stringContains warning words "the reason"
                  Expect.stringContains warning $"{first.Length} of {inputs.Head}" "the numbers"
              | Error fault -> failtest (Fault.sentence fault)
          }
      test "many genes in common: no word" {
          use sandbox = new Sandbox()

          let inputs =
              [ ofGenes sandbox "a.h5ad" [ "A"; "B"; "C" ]
                ofGenes sandbox "b.h5ad" [ "A"; "B"; "D" ] ]

          match convert id inputs sandbox with
          | Ok conversion -> Expect.all conversion.Warnings (fun warning -> not (warning.StartsWith "only")) $"{conversion.Warnings}"
          | Error fault -> failtest (Fault.sentence fault)
      }
      test "what is about several inputs, or about 10x files" {
          use sandbox = new Sandbox()

          for option, change in
              [ "join", (fun recipe -> { recipe with Join = Join.Outer })
                "sample_key", (fun recipe -> { recipe with SampleKey = "donor" })
                "sample_names", (fun recipe -> { recipe with SampleNames = [ "a" ] })
                "index_unique", (fun recipe -> { recipe with IndexUnique = Some "-" })
                "genome", (fun recipe -> { recipe with Genome = Some "mm10" })
                "feature_type", (fun recipe -> { recipe with FeatureType = Some "all" })
                "make_unique", (fun recipe -> { recipe with MakeUnique = true }) ] do
              try
                  Inputs.asFile
                      { Paths = [ sample ]
                        Convert = (change Input.convert) }
                      qc
                      Settings.standard
                      None
                      (fun _ _ _ -> ())

                  failtest $"{option} is refused"
              with FaultException fault ->
                  Expect.stringStarts (Fault.sentence fault) $"{option}: " "the sentence"
      }
      test "layers of which there are none" {
          use sandbox = new Sandbox()
          Child.requirePython ()
          let input = sandbox.Copy sample

          let outcome =
              Child.run
                  "/usr/bin/python3"
                  [ "-c"
                    "import sys, h5py; h5py.File(sys.argv[1], 'a').require_group('layers')"
                    input ]
                  []
                  ""

          Expect.equal outcome.ExitCode 0 outcome.Errors

          run
              { qc with
                  Matrix = MatrixName.Layer "a" }
              input
              sandbox
          |> refused [ "there is no layer called a"; "has none" ]
      } ]

let all = testList "Joins" (joins @ names)
