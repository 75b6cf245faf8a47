/// What is asked of a file and makes no sense for it is refused or warned of, in one sentence that says what to do instead.
module SingleSharp.Golden.AskedGolden

open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared

let private sample = here "edge/plain_csr_f32/input.h5ad"

let private run recipe input (sandbox: Sandbox) =
    Pipeline.run recipe Settings.standard input (NewFile(sandbox.File "output.h5ad"))

let private done' outcome : Report =
    match outcome with
    | Ok report -> report
    | Error fault -> failtest (Fault.sentence fault)

let private refused words (outcome: Result<'a, Fault>) =
    match outcome with
    | Ok _ -> failtest "a fault is expected"
    | Error fault ->
        let sentence = Fault.sentence fault

        for each in words do
            Expect.stringContains sentence each "the sentence"

let private log1p =
    { Recipe.nothing with
        Log1p = Some Recipe.log1p }

let private qc =
    { Recipe.nothing with
        Qc = Some Recipe.qc }

let private logged (sandbox: Sandbox) =
    let path = sandbox.File "logged.h5ad"
    Pipeline.run Recipe.standard Settings.standard sample (NewFile path) |> done' |> ignore
    path

let private twice =
    [ test "several files whose logarithm was taken" {
          use sandbox = new Sandbox()
          let one = logged sandbox
          let other = sandbox.Copy(one, "other.h5ad")
          let output = sandbox.File "joined.h5ad"

          let kind =
              try
                  Inputs.run Conversion.standard log1p Settings.standard [ one; other ] (NewFile output) |> ignore
                  None
              with trouble ->
                  Fault.tryFind trouble |> Option.map Fault.kind

          Expect.equal kind (Some "Unsuitable") "it is not taken again"
          Expect.isFalse (File.Exists output) "and nothing is written"
      }

      test "X that is logged is not logged again" {
          use sandbox = new Sandbox()
          let input = logged sandbox
          let before = File.ReadAllBytes input

          for recipe in [ log1p; Recipe.standard; Recipe.full ] do
              run recipe input sandbox |> refused [ "already log-transformed"; "--skip log1p"; "--allow-logged" ]
              Pipeline.run recipe Settings.standard input InPlace |> refused [ "already log-transformed" ]
              Pipeline.plan recipe Settings.standard input |> refused [ "already log-transformed" ]

          Expect.equal (File.ReadAllBytes input) before "the input"
      }
      test "unless that is asked for" {
          use sandbox = new Sandbox()

          let report = run { log1p with AllowLogged = true } (logged sandbox) sandbox |> done'

          Expect.exists report.Warnings _.Contains("transformed again") $"{report.Warnings}"
      }
      test "a layer is logged, with a word of warning" {
          use sandbox = new Sandbox()
          let input = sandbox.File "layer.h5ad"
          Child.requirePython ()

          let script =
              "import sys, anndata; a = anndata.read_h5ad(sys.argv[1]); a.layers['counts'] = a.X.copy(); a.write_h5ad(sys.argv[2])"

          let outcome =
              Child.run "/usr/bin/python3" [ "-c"; script; logged sandbox; input ] [] ""

          Expect.equal outcome.ExitCode 0 outcome.Errors

          let report =
              run
                  { log1p with
                      Matrix = MatrixName.Layer "counts" }
                  input
                  sandbox
              |> done'

          Expect.exists report.Warnings _.Contains("uns/log1p is there, which tells of X") $"{report.Warnings}"
      }
      test "info of such a file still tells what is in it" {
          use sandbox = new Sandbox()

          match Pipeline.info Recipe.standard Settings.standard (logged sandbox) with
          | Ok info -> Expect.exists info.Plan.Warnings _.Contains("--allow-logged") $"{info.Plan.Warnings}"
          | Error fault -> failtest (Fault.sentence fault)
      }
      test "normalize_total of logged X warns" {
          use sandbox = new Sandbox()

          let recipe =
              { Recipe.nothing with
                  NormalizeTotal = Some Recipe.normalizeTotal }

          let report = run recipe (logged sandbox) sandbox |> done'
          Expect.exists report.Warnings _.Contains("normalize_total expects counts") $"{report.Warnings}"
          let report = run recipe sample sandbox |> done'
          Expect.all report.Warnings (fun warning -> not (warning.Contains "expects counts")) $"{report.Warnings}"
      } ]

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
          let report = run qc (identified false sandbox) sandbox |> done'
          Expect.exists report.Warnings _.EndsWith("pass --gene-symbols feature_name") $"{report.Warnings}"

          run
              { Recipe.nothing with
                  Filter =
                      Some
                          { Recipe.filter with
                              MaxPct = [ "mt", 20.0 ] } }
              (identified false sandbox)
              sandbox
          |> refused [ "no gene begins with MT-"; "--gene-symbols feature_name" ]
      }
      for asCategories in [ false; true ] do
          test $"gene sets go by the symbols, categories: {asCategories}" {
              use sandbox = new Sandbox()

              let sets =
                  [ { Name = "ribo"
                      Rule = Prefix [ "RPS" ] }
                    { Name = "listed"
                      Rule = Names [ "S1"; "S3"; "MT-CO1" ] } ]

              let report =
                  run
                      { Recipe.nothing with
                          GeneSymbols = Some "feature_name"
                          Filter =
                              Some
                                  { Recipe.filter with
                                      MaxPct = [ "mt", 99.0 ] }
                          Qc = Some { Recipe.qc with GeneSets = sets } }
                      (identified asCategories sandbox)
                      sandbox
                  |> done'

              Expect.equal report.GeneSets [ "mt", 2; "ribo", 1; "listed", 3 ] "the sets"
              Expect.all report.Warnings (fun warning -> not (warning.Contains "--gene-symbols")) $"{report.Warnings}"
          }
      test "a column that is not there, or holds no text" {
          use sandbox = new Sandbox()
          let input = identified false sandbox

          run { qc with GeneSymbols = Some "nowhere" } input sandbox |> refused [ "--gene-symbols"; "nowhere"; "does not exist" ]

          run
              { log1p with
                  GeneSymbols = Some "feature_name" }
              input
              sandbox
          |> refused [ "--gene-symbols" ]
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

/// An .h5ad file of a cell and these genes.
let private ofGenes (sandbox: Sandbox) name (genes: string list) =
    let path = sandbox.File name

    NewFile.write
        path
        InOnePiece
        { CellNames = [| name |]
          GeneNames = Array.ofList genes
          Indptr = [| 0; 1 |]
          Indices = [| 0 |]
          Data = [| 1.0f |] }

    path

let private convert change inputs (sandbox: Sandbox) =
    Pipeline.convert (change Conversion.standard) Settings.standard inputs (sandbox.File "joined.h5ad")

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
                  let warning = conversion.Warnings |> List.find _.StartsWith("only 1 gene is")
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
              [ "--join", (fun recipe -> { recipe with Join = Outer })
                "--sample-key", (fun recipe -> { recipe with SampleKey = "donor" })
                "--sample-names", (fun recipe -> { recipe with SampleNames = [ "a" ] })
                "--index-unique", (fun recipe -> { recipe with IndexUnique = Some "-" })
                "--genome", (fun recipe -> { recipe with Genome = Some "mm10" })
                "--feature-type", (fun recipe -> { recipe with FeatureType = Some "all" })
                "--make-unique", (fun recipe -> { recipe with MakeUnique = true }) ] do
              try
                  Inputs.asFile (change Conversion.standard) qc Settings.standard [ sample ] None (fun _ _ _ -> ())
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

let private emptied =
    [ for what, filter in
          [ "cell",
            { Recipe.filter with
                MinGenes = Some 100_000L }
            "gene",
            { Recipe.filter with
                MinCells = Some 100_000L } ] do
          test $"no {what} is left for hvg and pca" {
              use sandbox = new Sandbox()

              run
                  { Recipe.full with
                      Filter = Some filter }
                  sample
                  sandbox
              |> refused
                  [ "hvg and pca cannot be computed"
                    $"no {what} meets the limits of the filter" ]

              Expect.isEmpty sandbox.Names "nothing is written"
          }

          test $"no {what} is left, which is a file as well" {
              use sandbox = new Sandbox()

              let report =
                  run
                      { Recipe.nothing with
                          Filter = Some filter }
                      sample
                      sandbox
                  |> done'

              Expect.exists report.Warnings _.Contains("meets the limits of the filter") $"{report.Warnings}"
          } ]

/// Options of a recipe that say nothing beside the others, where they differ from what is usual.
let private unused =
    let hvg change =
        { Recipe.nothing with
            Hvg = Some(change Recipe.hvg) }

    let top = hvg (fun hvg -> { hvg with NTopGenes = Some 5 })

    let with' change recipe =
        { recipe with
            Hvg = Option.map change recipe.Hvg }

    let trend = hvg (fun hvg -> { hvg with Flavor = HvgFlavor.SeuratV3 })

    [ "--min-mean", top |> with' (fun hvg -> { hvg with MinMean = 1.0 })
      "--max-mean", top |> with' (fun hvg -> { hvg with MaxMean = 1.0 })
      "--min-disp", trend |> with' (fun hvg -> { hvg with MinDisp = 1.0 })
      "--max-disp", trend |> with' (fun hvg -> { hvg with MaxDisp = 1.0 })
      "--n-bins", trend |> with' (fun hvg -> { hvg with NBins = 9 })
      "--n-bins",
      top
      |> with' (fun hvg ->
          { hvg with
              Flavor = HvgFlavor.CellRanger
              NBins = 9 })
      "--span", top |> with' (fun hvg -> { hvg with Span = 0.5 })
      "--exact-n", trend |> with' (fun hvg -> { hvg with ExactN = true })
      "--max-fraction",
      { Recipe.nothing with
          NormalizeTotal =
              Some
                  { Recipe.normalizeTotal with
                      MaxFraction = 0.1 } }
      "--gene-set",
      { Recipe.nothing with
          Filter =
              Some
                  { Recipe.filter with
                      MinGenes = Some 1L
                      GeneSets = [ { Name = "a"; Rule = Names [] } ] } }
      "--mt-prefix",
      { Recipe.nothing with
          Filter =
              Some
                  { Recipe.filter with
                      MinGenes = Some 1L
                      Mitochondrial = NotCounted } }
      "--gene-symbols", { log1p with GeneSymbols = Some "a" }
      "--allow-logged", { qc with AllowLogged = true } ]
    |> List.mapi (fun i (option, recipe) ->
        test $"{option} without effect, {i}" {
            use sandbox = new Sandbox()
            run recipe sample sandbox |> refused [ $"{option}: " ]
        })

let all =
    testList
        "Asked"
        [ testList "twice" twice
          testList "symbols" symbols
          testList "joins" joins
          testList "emptied" emptied
          testList "unused" unused ]
