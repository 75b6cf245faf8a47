/// Gene sets by symbols, where genes are called by identifiers: the column is taken, or hinted at.
module internal SingleSharp.Golden.SymbolGolden

open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Answers

/// Genes that are called by identifiers, with their symbols in a column of var, as text or as categories.
let private identified asCategories (sandbox: Sandbox) =
    Child.requirePython ()
    let path = sandbox.File "identified.h5ad"

    let script =
        "import sys, anndata, numpy as np, pandas as pd\n"
        + "x = np.arange(60.0, dtype='f4').reshape(6, 10)\n"
        + "symbols = ['MT-CO1', 'MT-ND1'] + [f'S{i}' for i in range(7)] + ['RPS1']\n"
        + "var = pd.DataFrame({'other': range(10), 'feature_name': symbols}, index=[f'ENSG{i:011d}' for i in range(10)])\n"
        + "if sys.argv[2] == 'True': var['feature_name'] = var['feature_name'].astype('category')\n"
        + "anndata.AnnData(x, var=var, dtype='f4').write_h5ad(sys.argv[1])\n"

    let outcome =
        Child.run "/usr/bin/python3" [ "-W"; "ignore"; "-c"; script; path; string asCategories ] [] ""

    Expect.equal outcome.ExitCode 0 outcome.Errors
    path

let private symbols =
    [ test "no mitochondrial gene among identifiers: a hint at the column" {
          use sandbox = new Sandbox()
          let report = run qc (identified false sandbox) sandbox |> need
          Expect.exists report.Warnings _.EndsWith("pass gene_symbols=feature_name") $"{report.Warnings}"

          run
              (Recipe.ofSteps
                  [ Filter.step
                        { Filter.defaults with
                            MaxPct = [ "mt", 20.0 ] } ])
              (identified false sandbox)
              sandbox
          |> refused [ "no gene begins with MT-"; "gene_symbols=feature_name" ]
      }
      for asCategories in [ false; true ] do
          test $"gene sets go by the symbols, categories: {asCategories}" {
              use sandbox = new Sandbox()

              let sets =
                  [ GeneSet.WithPrefix("ribo", "RPS")
                    GeneSet.OfGenes("listed", "S1", "S3", "MT-CO1") ]

              let report =
                  run
                      { (Recipe.ofSteps
                            [ Filter.step
                                  { Filter.defaults with
                                      MaxPct = [ "mt", 99.0 ] }
                              Qc.step Qc.defaults ]) with
                          GeneSets = sets
                          GeneSymbols = Some "feature_name" }
                      (identified asCategories sandbox)
                      sandbox
                  |> need

              Expect.equal [ for set in report.GeneSets -> set.Name, set.Genes ] [ "mt", 2; "ribo", 1; "listed", 3 ] "the sets"
              Expect.all report.Warnings (fun warning -> not (warning.Contains "gene_symbols")) $"{report.Warnings}"
          }
      test "a column that is not there, or holds no text" {
          use sandbox = new Sandbox()
          let input = identified false sandbox

          run { qc with GeneSymbols = Some "nowhere" } input sandbox |> refused [ "gene_symbols"; "nowhere"; "does not exist" ]

          run
              { log1p with
                  GeneSymbols = Some "feature_name" }
              input
              sandbox
          |> refused [ "gene_symbols" ]
      }
      test "names that are identifiers" {
          for name, expected in
              [ "ENSG00000198888", true
                "ENSMUSG00000064341", true
                "ENSG00000198888.2", true
                "ENSG0000019888", false
                "ENST00000198888", false
                "MT-CO1", false
                "ENSA", false
                "", false ] do
              Expect.equal (Symbols.isEnsembl name) expected name
      } ]

let all = testList "Symbols" symbols
