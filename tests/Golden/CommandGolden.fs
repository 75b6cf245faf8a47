/// What people type becomes the recipe that they mean, or every mistake in it at once.
module SingleSharp.Golden.CommandGolden

open System
open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Cli
open SingleSharp.Core
open SingleSharp.Golden.Shared

let private words (line: string) =
    line.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

let private request line =
    match Requests.ofWords (words line) with
    | Ok request -> request
    | Error mistakes -> failtest $"{line}: {mistakes}"

let private work line =
    match (request line).Task with
    | Run(work, _)
    | Plan work -> work
    | task -> failtest $"{line} is no work but {task}"

let private recipe line = (work line).Wish.Recipe

let private mistakes line =
    match Requests.ofWords (words line) with
    | Ok request -> failtest $"{line}: {request.Task}"
    | Error mistakes -> mistakes

let private withFilter change recipe =
    { recipe with
        Filter = Some(change Recipe.filter) }

let private withHvg (change: HvgRecipe -> HvgRecipe) recipe =
    { recipe with
        Hvg = recipe.Hvg |> Option.orElse (Some Recipe.hvg) |> Option.map change }

let private withPca change recipe =
    { recipe with
        Pca = Some(change Recipe.pca) }

let private recipes =
    [ "qc a.h5ad --in-place",
      { Recipe.nothing with
          Qc = Some Recipe.qc }
      "normalize-total a.h5ad --in-place",
      { Recipe.nothing with
          NormalizeTotal = Some Recipe.normalizeTotal }
      "log1p a.h5ad --in-place",
      { Recipe.nothing with
          Log1p = Some Recipe.log1p }
      "hvg a.h5ad --in-place", withHvg id Recipe.nothing
      "pca a.h5ad --in-place", withPca id Recipe.nothing
      "preprocess a.h5ad --in-place", Recipe.standard
      "pipeline a.h5ad --in-place", Recipe.full

      "filter a.h5ad --in-place --min-genes 200 --max-genes 5000 --min-counts 0.5 --max-counts 1e5 --min-cells 3 --max-cells 0 --gene-min-counts 4 --gene-max-counts inf",
      withFilter
          (fun _ ->
              { MinCounts = Some 0.5
                MaxCounts = Some 1e5
                MinGenes = Some 200L
                MaxGenes = Some 5000L
                MinPct = []
                MaxPct = []
                MinCells = Some 3L
                MaxCells = Some 0L
                GeneMinCounts = Some 4.0
                GeneMaxCounts = Some infinity
                Mitochondrial = Guessed
                GeneSets = [] })
          Recipe.nothing
      "filter a.h5ad --in-place --mt-prefix mito --gene-set ribo=prefix:RPS --max-pct mt=20 --min-pct ribo=0.5 --max-pct=ribo=50",
      withFilter
          (fun filter ->
              { filter with
                  MinPct = [ "ribo", 0.5 ]
                  MaxPct = [ "mt", 20.0; "ribo", 50.0 ]
                  Mitochondrial = StartingWith "mito" })
          Recipe.nothing
      "preprocess a.h5ad --in-place --min-cells 3", withFilter (fun filter -> { filter with MinCells = Some 3L }) Recipe.standard
      "pipeline a.h5ad --in-place --max-pct mt=5", withFilter (fun filter -> { filter with MaxPct = [ "mt", 5.0 ] }) Recipe.full

      "hvg a.h5ad --in-place --flavor cell_ranger --min-mean 0.1 --max-mean 4 --min-disp -0.5 --max-disp 2.5 --batch-key donor",
      withHvg
          (fun hvg ->
              { hvg with
                  Flavor = HvgFlavor.CellRanger
                  MinMean = 0.1
                  MaxMean = 4.0
                  MinDisp = -0.5
                  MaxDisp = 2.5
                  BatchKey = Some "donor" })
          Recipe.nothing
      "hvg a.h5ad --in-place --n-top-genes 500 --n-bins 10 --exact-n",
      withHvg
          (fun hvg ->
              { hvg with
                  NTopGenes = Some 500
                  NBins = 10
                  ExactN = true })
          Recipe.nothing
      "hvg a.h5ad --in-place --flavor seurat_v3_paper --span 0.5",
      withHvg
          (fun hvg ->
              { hvg with
                  Flavor = HvgFlavor.SeuratV3Paper
                  Span = 0.5 })
          Recipe.nothing
      "hvg a.h5ad --in-place --flavor seurat-v3", withHvg (fun hvg -> { hvg with Flavor = HvgFlavor.SeuratV3 }) Recipe.nothing

      "pca a.h5ad --in-place --n-comps 30 --mask-var chosen --no-zero-center --key-added mine",
      withPca
          (fun _ ->
              { NComps = Some 30
                MaskVar = MaskColumn "chosen"
                ZeroCenter = false
                KeyAdded = Some "mine" })
          Recipe.nothing
      "pca a.h5ad --in-place --mask-var none", withPca (fun pca -> { pca with MaskVar = AllGenes }) Recipe.nothing

      // A limit takes the place of the number of genes that is usual in the pipeline, and loses against one that is said.
      "pipeline a.h5ad --in-place --min-disp 1",
      withHvg
          (fun hvg ->
              { hvg with
                  NTopGenes = None
                  MinDisp = 1.0 })
          Recipe.full
      "pipeline a.h5ad --in-place --n-top-genes 99 --min-disp 1",
      withHvg
          (fun hvg ->
              { hvg with
                  NTopGenes = Some 99
                  MinDisp = 1.0 })
          Recipe.full
      "pipeline a.h5ad --in-place --key-added factor --pca-key mine",
      { Recipe.full with
          NormalizeTotal =
              Some
                  { Recipe.normalizeTotal with
                      KeyAdded = Some "factor" } }
      |> withPca (fun pca -> { pca with KeyAdded = Some "mine" })

      "pipeline a.h5ad --in-place --skip qc,normalize-total --skip log1p",
      { Recipe.full with
          Qc = None
          NormalizeTotal = None
          Log1p = None }
      "pipeline a.h5ad --in-place --min-genes 5 --target-sum 7 --skip filter,normalize_total,hvg,pca",
      { Recipe.standard with
          NormalizeTotal = None }
      "pipeline a.h5ad --in-place --allow-invalid", { Recipe.full with AllowInvalid = true } ]

let private same line other =
    test $"{line} is {other}" { Expect.equal (work line).Wish (work other).Wish "what is to be done" }

let private spellings =
    [ same "hvg a.h5ad --in-place --n_top_genes 9 --batch_key b" "hvg a.h5ad --in-place --n-top-genes=9 --batch-key=b"
      same "--in_place pca a.h5ad --n_comps 9 --key_added k" "pca --pca-key k --n-comps 9 a.h5ad --in-place"
      same "normalize_total a.h5ad --in-place --target_sum median" "normalize-total a.h5ad --in-place --median positive"
      same "qc --percent_top 5 10 a.h5ad --in-place" "qc a.h5ad --in-place --percent-top 5,10"
      same "plan a.h5ad --min-genes 3" "pipeline a.h5ad --min-genes 3 --out b.h5ad"
      same "plan hvg a.h5ad --flavor seurat_v3 --out b.h5ad" "hvg a.h5ad --flavor seurat_v3 --out b.h5ad"
      test "a column may have underscores" {
          Expect.equal (recipe "pca a.h5ad --in-place --mask-var my_own").Pca.Value.MaskVar (MaskColumn "my_own") "the column"
      } ]

let private refused =
    [ "", [ "which command?" ]
      "--json", [ "which command?" ]
      "preproces a.h5ad", [ "no command preproces; did you mean preprocess?" ]
      "highly_variable_genes a.h5ad", [ "is called hvg here" ]
      "filter-cells a.h5ad", [ "is called filter here" ]
      "qc", [ "which FILE?"; "--out FILE or --in-place" ]
      "info", [ "which FILE?" ]
      "plan", [ "which FILE?" ]
      "plan hvg", [ "which FILE?" ]
      "info a.h5ad b.h5ad", [ "one FILE at a time" ]
      "demo a.h5ad", [ "'a.h5ad'" ]
      "pca a.h5ad --in-place --out b.h5ad", [ "exclude each other" ]
      "pca a.h5ad --n-top 3 --in-place", [ "no option --n-top; did you mean --n-top-genes?" ]
      "pca a.h5ad --nonsense 3 --in-place", [ "no option --nonsense." ]
      "qc a.h5ad --in-place --n-comps 3 --min-genes 5", [ "qc has no option --n-comps; pca and pipeline have."; "--min-genes" ]
      "qc a.h5ad --in-place --version", [ "--version" ]
      "filter a.h5ad --in-place", [ "at least one limit" ]
      "filter a.h5ad --in-place --min-genes -1 --min-cells 1.5 --max-counts many",
      [ "--max-counts must be a number"
        "--min-genes must be a whole number"
        "--min-cells" ]
      "filter a.h5ad --in-place --max-pct mt --max-pct =3 --max-pct mt=much", [ "'mt'"; "'=3'"; "'mt=much'" ]
      "filter a.h5ad --in-place --max-pct ribo=3 --mt-prefix= --min-pct mt=1", [ "no gene set mt"; "no gene set ribo" ]
      "filter a.h5ad --in-place --max-pct mt=101", [ "between 0 and 100" ]
      "hvg a.h5ad --in-place --flavor seurat_v4 --n-top-genes 0 --n-bins x --span x --min-mean x --max-disp x",
      [ "--flavor must be one of seurat, cell_ranger, seurat_v3, seurat_v3_paper, not 'seurat_v4'; did you mean seurat_v3?"
        "--n-top-genes must be a whole number from 1 up, not '0'"
        "--min-mean"
        "--max-disp"
        "--n-bins"
        "--span" ]
      "hvg a.h5ad --in-place --span 0", [ "--span" ]
      "hvg a.h5ad --in-place --exact-n", [ "--n-top-genes" ]
      "pca a.h5ad --in-place --n-comps 0 --mask-var=", [ "--n-comps"; "--mask-var must not be empty" ]
      "pca a.h5ad --in-place --key-added a/b", [ "the key of pca must not have a slash, as 'a/b' has" ]
      "pipeline a.h5ad --in-place --pca-key=", [ "the key of pca must not be empty" ]
      "pipeline a.h5ad --skip qc,neighbors --target-sum x --workers 0 --memory 5X",
      [ "--skip must be one of"
        "--target-sum"
        "where should the result go?"
        "--workers"
        "--memory" ]
      "pipeline a.h5ad --in-place --skip=", [ "--skip must be followed by a step" ]
      "pipeline a.h5ad --in-place --skip qc,normalize_total,log1p,hvg,pca", [ "no steps" ]
      "pipeline a.h5ad --in-place --n-comps 3 --n-comps 4", [ "more than once" ]
      "pipeline a.h5ad --out", [ "must be followed by" ] ]

/// The mistakes are these, in this order.
let private refusal (line, parts: string list) =
    test $"singlesharp {line}" {
        let mistakes = mistakes line
        Expect.equal mistakes.Length parts.Length $"{mistakes}"

        for mistake, part in List.zip mistakes parts do
            Expect.stringContains mistake part "the mistake"
    }

let private remarks =
    [ for line, parts in
          [ "pipeline a.h5ad --in-place", []
            "pipeline a.h5ad --in-place --min-mean 1", []
            "pipeline a.h5ad --in-place --n-top-genes 9 --skip hvg --min-mean 1", []
            "hvg a.h5ad --in-place --n-top-genes 9 --min-mean 1 --max-disp 3", [ "--min-mean and --max-disp are ignored" ]
            "hvg a.h5ad --in-place --flavor seurat_v3 --min-disp 1 --n-bins 3", [ "--min-disp is ignored"; "--n-bins is ignored" ]
            "hvg a.h5ad --in-place --span 0.5", [ "--span is ignored" ] ] do
          test line {
              let remarks = (work line).Wish.Remarks
              Expect.equal remarks.Length (List.length parts) $"{remarks}"

              for remark, part in List.zip remarks parts do
                  Expect.stringContains remark part "the remark"
          } ]

let private pages =
    [ test "a command's page has its options and no others" {
          for command in Command.all do
              let listed =
                  [ for line in (Help.page (Some command)).Split '\n' do
                        if line.StartsWith "    --" then
                            line.Split([| ' '; ',' |], StringSplitOptions.RemoveEmptyEntries)[0] ]

              let taken =
                  [ for chapter in command.Chapters do
                        for form in Argument.forms do
                            if form.Chapter = chapter && chapter <> Chapter.Input then
                                Command.spelling command form
                    "--help" ]

              Expect.equal listed taken $"the options on the page of {command.Name}"
      }
      test "no line is wider than 80 letters" {
          for command in None :: List.map Some Command.all do
              for line in (Help.page command).Split '\n' do
                  Expect.isLessThanOrEqual line.Length 80 line
      }
      test "the front page has every command" {
          for command in Command.all do
              Expect.stringContains (Help.page None) $"\n    {command.Name} " "the page"
      }
      test "--help is of the command that is named" {
          for line, name in
              [ "hvg a.h5ad --help", Some "hvg"
                "-h normalize-total", Some "normalize_total"
                "-h", None ] do
              match (request line).Task with
              | Help command -> Expect.equal (command |> Option.map _.Name) name line
              | other -> failtest $"{other}"
      } ]

/// The tool as a program.
let private run (arguments: string list) =
    let tool = Path.Combine(AppContext.BaseDirectory, "singlesharp.dll")
    Child.run "dotnet" (tool :: arguments) [] ""

let private sample = here "edge/plain_csr_f32/input.h5ad"

let private streams =
    [ test "mistakes go to stderr, with the code 2" {
          let outcome = run [ "pipeline"; sample; "--n-comps"; "many" ]
          Expect.equal (outcome.ExitCode, outcome.Output) (2, "") "code and stdout"
          Expect.stringContains outcome.Errors "singlesharp pipeline: --n-comps must be a whole number" "stderr"
          Expect.stringContains outcome.Errors "Try 'singlesharp pipeline --help'." "stderr"
      }
      test "faults go to stderr, with the code 1" {
          let outcome = run [ "plan"; "nowhere.h5ad" ]
          Expect.equal (outcome.ExitCode, outcome.Output) (1, "") "code and stdout"
          Expect.equal outcome.Errors "error: nowhere.h5ad does not exist; check the name.\n" "stderr"
      }
      test "pages go to stdout, with the code 0" {
          let outcome = run [ "pipeline"; "--help" ]
          Expect.equal (outcome.ExitCode, outcome.Errors) (0, "") "code and stderr"
          Expect.equal outcome.Output (Help.page (Command.tryFind "pipeline")) "stdout"
      } ]

/// The fields of `--json`, against docs/json.md.
let private fields (arguments: string list) =
    let outcome = run arguments
    Expect.equal outcome.ExitCode 0 outcome.Errors
    [ for field in JsonDocument.Parse(outcome.Output).RootElement.EnumerateObject() -> field.Name ]

let private documented =
    lazy
        (let text = File.ReadAllText(Path.Combine(root, "docs", "json.md"))

         text.Split '`' |> Array.indexed |> Array.filter (fun (i, _) -> i % 2 = 1) |> Array.map snd |> Set.ofArray)

let private json =
    [ test "docs/json.md has every field" {
          use sandbox = new Sandbox()

          for arguments in
              [ [ "plan"; sample ]
                [ "info"; sample ]
                [ "digest"; sample ]
                [ "preprocess"; sample; "--out"; sandbox.File "out.h5ad" ] ] do
              let unknown =
                  fields (arguments @ [ "--json"; "--quiet" ]) |> List.filter (fun field -> not (documented.Value.Contains field))

              Expect.isEmpty unknown $"fields of {arguments.Head} that are not in docs/json.md"
      } ]

let all =
    testList
        "Commands"
        [ testList
              "recipes"
              [ for line, expected in recipes do
                    test $"singlesharp {line}" { Expect.equal (recipe line) expected "the recipe" } ]
          testList "spellings" spellings
          testList "mistakes" (List.map refusal refused)
          testList "remarks" remarks
          testList "pages" pages
          testList "streams" streams
          testList "json" json ]
