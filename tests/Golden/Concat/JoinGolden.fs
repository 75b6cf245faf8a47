/// What is asked of several inputs: joins that keep few genes are warned of, and what is about none of them is refused.
module internal SingleSharp.Golden.JoinGolden

open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Core.Run
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

let private joins =
    [ for name, first, second, words in
          [ "species", [ "Actb"; "Gapdh"; "Cd4"; "MALAT1" ], [ "ACTB"; "GAPDH"; "CD4"; "MALAT1" ], "upper and lower case"
            "identifiers", [ "ENSG00000000001"; "ENSG00000000002"; "X" ], [ "A"; "B"; "C"; "X" ], "called by Ensembl identifiers"
            "versions",
            [ "ENSG00000000001.1"; "ENSG00000000002.1"; "ENSG00000000003.4" ],
            [ "ENSG00000000001.2"; "ENSG00000000002.2"; "ENSG00000000003.4" ],
            "versions"
            "none at all", [ "A"; "B"; "C" ], [ "D"; "E"; "A" ], "one species"
            "nothing known", [ "A"; "B"; "C"; "D" ], [ "A"; "E"; "F"; "G" ], "one species" ] do
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

let all = testList "Joins" joins
