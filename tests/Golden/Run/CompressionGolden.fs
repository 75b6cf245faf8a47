/// compression: what is stored anew is compressed as is wanted, and means the same.
module internal SingleSharp.Golden.CompressionGolden

open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Answers
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private bytesOf (path: string) = File.ReadAllBytes path

let private case name = here $"edge/{name}/input.h5ad"

let private cases =
    [ "plain_csr_f32"
      "x_csc"
      "x_dense_f64"
      "x_int64"
      "layout_gzip"
      "layout_lzf"
      "layout_dense_chunked"
      "layout_libver_latest"
      "preserve_everything" ]

let private wanted =
    [ Compression.None, null, null
      Compression.Gzip 0, "gzip", box 0
      Compression.Gzip 9, "gzip", box 9
      Compression.Lzf, "lzf", null ]

let private filtered =
    Recipe.add
        (Filter.step
            { Filter.defaults with
                MinGenes = Some 12L
                MinCells = Some 5L })
        { log1p with AllowInvalid = true }

let private settings compression =
    { withoutNote with
        Compression = Some compression }

let private storedAs input (names: string list) =
    (need (Pipeline.info Recipe.standard Settings.standard (Input.file input))).Matrix
    |> Seq.iter (fun dataset -> Expect.containsAll (dataset.Storage.Split '+' |> List.ofArray) names dataset.Name)

let private errors path =
    (need (Pipeline.verify Settings.standard path)).Count Severity.Error

/// It means the same, and is as sound.
let private isTheSame output plain =
    Expect.equal (whole output) (whole plain) output
    Expect.equal (errors output) (errors plain) output

let all =
    testList
        "Compression"
        [ test "h5py reads what is compressed or not, and it means the same" {
              use sandbox = new Sandbox()

              let made =
                  [ for name in cases do
                        for recipe, how in
                            [ { log1p with
                                  KeepCounts = name <> "preserve_everything" },
                              "log1p"
                              filtered, "filtered" ] do
                            let plain = sandbox.File $"{name}.{how}.h5ad"
                            ranWith withoutNote recipe (case name) plain |> ignore

                            for i, (compression, h5py, level) in List.indexed wanted do
                                let output = sandbox.File $"{name}.{how}.{i}.h5ad"
                                let settings = settings compression
                                ranWith { settings with Workers = 1 } recipe (case name) output |> ignore

                                isTheSame output plain

                                let again = sandbox.File "again.h5ad"
                                ranWith { settings with Workers = 3 } recipe (case name) again |> ignore
                                Expect.equal (bytesOf again) (bytesOf output) $"{output}, more workers"

                                // What no filter touches stays as it was.
                                if name <> "preserve_everything" then
                                    output, [ box h5py; level ] ]

              Expect.equal ((Child.script "compressed.py" [] (JsonSerializer.Serialize(dict made))).Trim()) "{}" "what h5py finds"
          }

          // The h5py of the distribution has no plugin for zstd.
          test "zstd, which only our own reader reads here" {
              use sandbox = new Sandbox()

              for name in cases do
                  let plain = sandbox.File $"{name}.h5ad"
                  let output = sandbox.File $"{name}.zstd.h5ad"
                  ranWith withoutNote filtered (case name) plain |> ignore
                  ranWith (settings (Compression.Zstd 19)) filtered (case name) output |> ignore
                  isTheSame output plain
                  storedAs output [ "zstd" ]
          }

          test "X of several inputs, and of what is made of them" {
              use sandbox = new Sandbox()

              let inputs =
                  { Paths = [ sample; case "x_csc" ]
                    Convert = joined }

              let output name = sandbox.File $"{name}.h5ad"
              let gzip = settings Compression.gzip
              need (Pipeline.convert MatrixName.X false withoutNote inputs (output "plain")) |> ignore
              need (Pipeline.convert MatrixName.X false gzip inputs (output "gzip")) |> ignore
              Expect.equal (whole (output "gzip")) (whole (output "plain")) "the same"
              storedAs (output "gzip") [ "gzip" ]

              Expect.equal
                  [ for dataset in (need (Pipeline.info log1p withoutNote (Input.file (output "gzip")))).Matrix -> dataset.Storage ]
                  [ "gzip"; "shuffle+gzip"; "shuffle+gzip" ]
                  "integers are shuffled"

              let warnings = (need (Pipeline.run qc gzip inputs (NewFile(output "qc")))).Warnings
              storedAs (output "qc") [ "gzip" ]
              Expect.isFalse (warnings |> Seq.exists _.Contains("compression")) "it has an effect"
              Expect.equal (need (Pipeline.plan log1p gzip inputs)).Values ValuePlan.StoreAnew "of what is compressed so already"
          }

          test "a run that stores nothing anew says so" {
              use sandbox = new Sandbox()
              let report = ranWith (settings Compression.gzip) qc sample (sandbox.File "out.h5ad")

              Expect.contains
                  report.Warnings
                  "compression changes nothing: no step changes X, and new columns and results are not compressed"
                  "the warning"
          }

          for compression, words in
              [ Compression.Gzip 10, "gzip has the levels 0 to 9, not 10"
                Compression.Zstd 0, "zstd has the levels 1 to 22, not 0" ] do
              test $"refused: {compression}" {
                  use sandbox = new Sandbox()

                  Pipeline.run log1p (settings compression) (Input.file sample) (NewFile(sandbox.File "out.h5ad"))
                  |> refused [ "compression"; words ]

                  Expect.isEmpty sandbox.Names "nothing is written"
              }

          for text, read in
              [ "gzip", Some(Compression.Gzip 4)
                "GZIP:0", Some(Compression.Gzip 0)
                "zstd:22", Some(Compression.Zstd 22)
                "lzf", Some Compression.Lzf
                "none", Some Compression.None
                "lzf:1", Option.None
                "none:0", Option.None
                "gzip:", Option.None
                "gzip:high", Option.None
                "zstd:23", Option.None
                "bzip2", Option.None
                "", Option.None ] do
              test $"as text: '{text}'" { Expect.equal (Result.toOption (Compression.ofText text)) read "what it means" } ]
