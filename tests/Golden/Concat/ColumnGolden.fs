/// Columns of every name and type in new files, as frames.py makes them: taken over as anndata does, or refused.
module internal SingleSharp.Golden.ColumnGolden

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Golden.FrameGolden
open SingleSharp.Answers

let private convert recipe inputs output =
    Pipeline.convert MatrixName.X false Settings.standard { Paths = inputs; Convert = recipe } output

/// What h5py reads at some places of a file.
let private shown path places =
    (Child.script "frames.py" ("show" :: path :: places) "").Split('\n', StringSplitOptions.RemoveEmptyEntries)
    |> List.ofArray

let private names =
    [ test "columns under names with slashes are converted" {
          use sandbox = new Sandbox()
          let output = sandbox.File "output.h5ad"
          convert Input.convert [ input "nested.h5ad"; input "old.h5ad" ] output |> need |> ignore
          isSound output

          Expect.equal
              (shown
                  output
                  [ "obs@column-order"
                    "obs/a/b"
                    "obs/G1"
                    "var@column-order"
                    "obs/cell/type/categories" ])
              [ "['G1/S phase', 'cell/type', 'a/b/d', 'a/e', 'plain', 'sample']"
                "['d']"
                "['S phase']"
                "['is/mito', 'chr/arm', 'n']"
                "['b', 'n', 'only', 't']" ]
              "where anndata looks for them"
      }
      test "columns that are called like the index" {
          use sandbox = new Sandbox()
          let output = sandbox.File "output.h5ad"

          let conversion =
              convert { Input.convert with Join = Join.Outer } [ input "one.h5ad"; input "other.h5ad" ] output |> need

          isSound output

          Expect.equal conversion.ObsColumns [ "_index-2"; "_index-1"; "p"; "q/r"; "p-1/q"; "sample" ] "their new names"

          Expect.equal
              (shown output [ "obs"; "obs/_index"; "obs/_index-2" ])
              [ "['_index', '_index-1', '_index-2', 'p', 'p-1', 'q', 'sample']"
                "['one0', 'one1', 'one2', 'one3', 'other0', 'other1', 'other2', 'other3']"
                "['own0', 'own1', 'own2', 'own3', 'own0', 'own1', 'own2', 'own3']" ]
              "one link each"

          for part in [ "_index of obs in"; "becomes _index-2"; "p/q of obs"; "becomes p-1/q" ] do
              Expect.exists conversion.Warnings (fun warning -> warning.Contains part) $"a warning with {part}"
      }
      test "raw, whose index is called features" {
          use sandbox = new Sandbox()
          let output = sandbox.File "output.h5ad"

          Pipeline.convert MatrixName.Raw false Settings.standard (Input.file (input "one.h5ad")) output |> need |> ignore

          isSound output

          Expect.equal
              (shown output [ "var"; "var/_index"; "var/_index-2" ])
              [ "['_index', '_index-1', '_index-2', 'p', 'q']"
                "['A', 'B', 'C']"
                "['own0', 'own1', 'own2']" ]
              "one link each"
      }
      test "features of 10x with columns that are called like those of scanpy" {
          use sandbox = new Sandbox()
          let output = sandbox.File "output.h5ad"
          convert Input.convert [ input "tenx.h5" ] output |> need |> ignore
          isSound output

          Expect.equal
              (shown output [ "var"; "var/gene_ids"; "var/gene_ids-1"; "var/_index"; "var/_index-1" ])
              [ "['_index', '_index-1', 'feature_types', 'gene_ids', 'gene_ids-1', 'genome']"
                "['F1', 'F2', 'F3']"
                "['E1', 'E2', 'E3']"
                "['A', 'B', 'C']"
                "['x', 'y', 'z']" ]
              "scanpy's values under scanpy's names, and nothing lost"
      } ]

let private bytes =
    [ test "genes whose names are no UTF-8 are not joined" {
          use sandbox = new Sandbox()

          convert Input.convert [ input "latin_e.h5ad"; input "latin_f.h5ad" ] (sandbox.File "output.h5ad")
          |> refused [ "latin_e.h5ad"; "the names of its genes"; "\"G\\xe9\" in row 0 is not UTF-8" ]

          Expect.isEmpty sandbox.Names "nothing is left behind"
      }
      test "nor are labels" {
          use sandbox = new Sandbox()

          convert { Input.convert with Join = Join.Outer } [ input "latin_batch.h5ad"; input "one.h5ad" ] (sandbox.File "output.h5ad")
          |> refused [ "latin_batch.h5ad"; "\"\\xe9\" in row 0 is not UTF-8" ]

          convert { Input.convert with Join = Join.Outer } [ input "nul_batch.h5ad"; input "one.h5ad" ] (sandbox.File "output.h5ad")
          |> refused [ "nul_batch.h5ad"; "obs/b"; "a\\x00x"; "a NUL" ]
      }
      test "a folder in Latin-1" {
          use sandbox = new Sandbox()
          let folder = sandbox.File "folder"
          Directory.CreateDirectory folder |> ignore
          File.WriteAllText(Path.Combine(folder, "matrix.mtx"), "%%MatrixMarket matrix coordinate integer general\n2 1 1\n1 1 5\n")
          File.WriteAllText(Path.Combine(folder, "barcodes.tsv"), "AAA-1\n")
          File.WriteAllText(Path.Combine(folder, "genes.tsv"), "E1\tG\u00e9\nE2\tG\u00e8\n", Text.Encoding.Latin1)

          convert Input.convert [ folder ] (sandbox.File "output.h5ad")
          |> refused [ "the names of its genes"; "\"G\\xe9\" in row 0 is not UTF-8" ]
      }
      for name in [ "latin_batch"; "nul_batch"; "latin_category" ] do
          test $"two batches are two whatever their bytes are: {name}" {
              use sandbox = new Sandbox()
              let output = sandbox.File "output.h5ad"

              let recipe =
                  (Recipe.ofSteps
                      [ Hvg.step
                            { Hvg.defaults with
                                NTopGenes = Some 20
                                BatchKey = Some "b" } ])

              run recipe (input $"{name}.h5ad") (NewFile output) |> need |> ignore

              let batches =
                  (shown output [ "var/highly_variable_nbatches" ]).Head.Trim('[', ']').Split(", ")

              Expect.equal (Array.max (Array.map int batches)) 2 "the most batches that choose a gene"
          } ]

let private types =
    [ test "columns of pandas 3" {
          use sandbox = new Sandbox()
          let output = sandbox.File "output.h5ad"
          convert Input.convert [ input "nullable_1.h5ad"; input "nullable_2.h5ad" ] output |> need |> ignore
          isSound output

          Expect.equal
              (shown
                  output
                  [ "obs/_index"
                    "obs/cell_type/categories"
                    "obs/cell_type/codes"
                    "obs/donor/values"
                    "obs/donor/mask"
                    "obs/donor@encoding-type"
                    "obs/donor@na-value"
                    "var/gene_ids/values"
                    "var/gene_ids/mask" ])
              [ "['c00', 'c01', 'c02', 'c03', 'c10', 'c11', 'c12', 'c13']"
                "['b2', 'b3', 'b10']"
                "[2, 0, -1, 0, 2, 1, -1, 1]"
                "['p', '', 'r', 's', 'p', '', 'r', 's']"
                "[False, True, False, False, False, True, False, False]"
                "nullable-string-array"
                "NaN"
                "['E1', '', 'E3']"
                "[False, True, False]" ]
              "all are kept"
      }
      test "everything that is left out is named" {
          use sandbox = new Sandbox()

          let conversion =
              convert Input.convert [ input "nested.h5ad"; input "linked.h5ad" ] (sandbox.File "output.h5ad") |> need

          let warning =
              conversion.Warnings |> Seq.find (fun warning -> warning.StartsWith "left out")

          for name in
              [ "obsm/scores"
                "varm/loads"
                "raw"
                "layers/away"
                "layers/odd"
                "obs/G1/S phase" ] do
              Expect.stringContains warning name "the warning"
      } ]

let all =
    testList "Columns" [ testList "names" names; testList "bytes" bytes; testList "types" types ]
