/// What people type becomes the recipe that they mean.
module internal SingleSharp.Golden.CommandGolden

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Cli

let words (line: string) =
    line.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

let request line =
    match Requests.ofWords (words line) with
    | Ok request -> request
    | Error mistakes -> failtest $"{line}: {mistakes}"

let work line =
    match (request line).Task with
    | Run(_, input, recipe, _)
    | Plan(_, input, recipe) -> input, recipe
    | task -> failtest $"{line} is no work but {task}"

let private recipe line = snd (work line)

/// A recipe as it can be compared: steps as they tell of themselves, with each option that is not as usual.
let comparable (recipe: Recipe) =
    recipe.Steps |> List.map string, { recipe with Steps = [] }

/// What a line says about inputs.
let private conversions =
    [ for line, inputs, conversion in
          [ "pipeline a.h5ad --in-place", [ "a.h5ad" ], Input.convert
            "pipeline a.h5 b/ --out c --genome mm10 --feature-type all --make-unique --join OUTER --sample-key batch --sample-names x,y --index-unique -",
            [ "a.h5"; "b/" ],
            { Genome = Some "mm10"
              FeatureType = Some "all"
              MakeUnique = true
              Join = Join.Outer
              SampleKey = "batch"
              SampleNames = [ "x"; "y" ]
              IndexUnique = Some "-" } ] do
          test line {
              Expect.equal (fst (work line)) { Paths = inputs; Convert = conversion } "the inputs and the conversion"
              Expect.equal (recipe line).Matrix MatrixName.X "the matrix"
              Expect.isFalse (recipe line).SumDuplicates "duplicates"
          }
      test "convert and info" {
          Expect.equal
              (request "convert a b --join outer --out c").Task
              (Convert(
                  { Paths = [ "a"; "b" ]
                    Convert = { Input.convert with Join = Join.Outer } },
                  MatrixName.X,
                  false,
                  "c"
              ))
              "convert"

          Expect.equal (request "info a.h5").Task (Info(Input.file "a.h5")) "info"
      } ]

let private withFilter change recipe =
    (recipe |> Recipe.add (Filter.step (change Filter.defaults)))

let private withHvg (change: HvgOptions -> HvgOptions) recipe =
    recipe |> Recipe.add (Hvg.step (change Hvg.defaults))

let private withPca change recipe =
    (recipe |> Recipe.add (Pca.step (change Pca.defaults)))

let private recipes =
    [ "qc a.h5ad --in-place", (Recipe.ofSteps [ Qc.step Qc.defaults ])
      "normalize-total a.h5ad --in-place", (Recipe.ofSteps [ NormalizeTotal.step NormalizeTotal.defaults ])
      "log1p a.h5ad --in-place", (Recipe.ofSteps [ Log1p.step Log1p.defaults ])
      "hvg a.h5ad --in-place", withHvg id (Recipe.ofSteps [])
      "pca a.h5ad --in-place", withPca id (Recipe.ofSteps [])
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
                GeneMaxCounts = Some infinity })
          (Recipe.ofSteps [])
      "filter a.h5ad --in-place --mt-prefix mito --gene-set ribo=prefix:RPS --max-pct mt=20 --min-pct ribo=0.5 --max-pct=ribo=50",
      { withFilter
            (fun filter ->
                { filter with
                    MinPct = [ "ribo", 0.5 ]
                    MaxPct = [ "mt", 20.0; "ribo", 50.0 ] })
            (Recipe.ofSteps []) with
          Mitochondrial = Mitochondrial.Prefix "mito"
          GeneSets = [ GeneSet.WithPrefix("ribo", "RPS") ] }
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
          (Recipe.ofSteps [])
      "hvg a.h5ad --in-place --n-top-genes 500 --n-bins 10 --exact-n",
      withHvg
          (fun hvg ->
              { hvg with
                  NTopGenes = Some 500
                  NBins = 10
                  ExactN = true })
          (Recipe.ofSteps [])
      "hvg a.h5ad --in-place --flavor seurat_v3_paper --span 0.5",
      withHvg
          (fun hvg ->
              { hvg with
                  Flavor = HvgFlavor.SeuratV3Paper
                  Span = 0.5 })
          (Recipe.ofSteps [])
      "hvg a.h5ad --in-place --flavor seurat-v3", withHvg (fun hvg -> { hvg with Flavor = HvgFlavor.SeuratV3 }) (Recipe.ofSteps [])

      "pca a.h5ad --in-place --n-comps 30 --mask-var chosen --no-zero-center --key-added mine",
      withPca
          (fun _ ->
              { NComps = Some 30
                MaskVar = MaskVar.Column "chosen"
                ZeroCenter = false
                KeyAdded = Some "mine" })
          (Recipe.ofSteps [])
      "pca a.h5ad --in-place --mask-var none", withPca (fun pca -> { pca with MaskVar = MaskVar.AllGenes }) (Recipe.ofSteps [])

      // A limit takes the place of the number of genes that is usual in the pipeline.
      "pipeline a.h5ad --in-place --min-disp 1",
      withHvg
          (fun hvg ->
              { hvg with
                  NTopGenes = None
                  MinDisp = 1.0 })
          Recipe.full
      "pipeline a.h5ad --in-place --key-added factor --pca-key mine",
      (Recipe.full
       |> Recipe.add (
           NormalizeTotal.step
               { NormalizeTotal.defaults with
                   KeyAdded = Some "factor" }
       ))
      |> withPca (fun pca -> { pca with KeyAdded = Some "mine" })

      "pipeline a.h5ad --in-place --skip qc,normalize-total --skip log1p",
      (Recipe.full |> Recipe.without "qc" |> Recipe.without "normalize_total" |> Recipe.without "log1p")
      "pipeline a.h5ad --in-place --skip normalize_total,hvg,pca", (Recipe.standard |> Recipe.without "normalize_total")
      "log1p a.h5ad --in-place --allow-logged",
      (Recipe.ofSteps
          [ Log1p.step
                { Log1p.defaults with
                    AllowLogged = true } ])
      "qc a.h5ad --in-place --gene-symbols feature_name",
      { (Recipe.ofSteps [ Qc.step Qc.defaults ]) with
          GeneSymbols = Some "feature_name" }
      "pipeline a.h5ad --in-place --allow-invalid", { Recipe.full with AllowInvalid = true }
      "preprocess a.h5ad --in-place --keep-counts",
      { Recipe.standard with
          KeepCounts = true } ]

/// How a command line runs, by what it says of storage.
let private storage =
    [ "pipeline a.h5ad --in-place", None, None
      "pipeline a.h5ad --in-place --compression gzip --scratch /b", Some(Compression.Gzip 4), Some "/b"
      "convert a.h5 --out b.h5ad --compression=zstd:19", Some(Compression.Zstd 19), None
      "filter a.h5ad --in-place --min-genes 1 --compression none", Some Compression.None, None ]

let private same line other =
    test $"{line} is {other}" { Expect.equal (comparable (recipe line)) (comparable (recipe other)) "what is to be done" }

let private spellings =
    [ same "hvg a.h5ad --in-place --n_top_genes 9 --batch_key b" "hvg a.h5ad --in-place --n-top-genes=9 --batch-key=b"
      same "--in_place pca a.h5ad --n_comps 9 --key_added k" "pca --pca-key k --n-comps 9 a.h5ad --in-place"
      same "normalize_total a.h5ad --in-place --target_sum median" "normalize-total a.h5ad --in-place --median positive"
      same "qc --percent_top 5 10 a.h5ad --in-place" "qc a.h5ad --in-place --percent-top 5,10"
      same "plan a.h5ad --min-genes 3" "pipeline a.h5ad --min-genes 3 --out b.h5ad"
      same "plan hvg a.h5ad --flavor seurat_v3 --out b.h5ad" "hvg a.h5ad --flavor seurat_v3 --out b.h5ad"
      test "a column may have underscores" {
          Expect.equal
              (comparable (recipe "pca a.h5ad --in-place --mask-var my_own"))
              (comparable (
                  Recipe.ofSteps
                      [ Pca.step
                            { Pca.defaults with
                                MaskVar = MaskVar.Column "my_own" } ]
              ))
              "the column"
      } ]

let all =
    testList
        "Commands"
        [ testList
              "recipes"
              [ for line, expected in recipes do
                    test $"singlesharp {line}" { Expect.equal (comparable (recipe line)) (comparable expected) "the recipe" } ]
          testList "conversions" conversions
          testList
              "storage"
              [ for line, compression, scratch in storage do
                    test $"singlesharp {line}" {
                        match Requests.ofWords (words line) with
                        | Ok request -> Expect.equal (request.Compression, request.Scratch) (compression, scratch) "how it runs"
                        | Error mistakes -> failtest (String.concat " " mistakes)
                    } ]
          testList "spellings" spellings ]
