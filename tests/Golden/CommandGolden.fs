/// What people type becomes the recipe that they mean.
module SingleSharp.Golden.CommandGolden

open System
open Expecto
open SingleSharp.Cli
open SingleSharp.Core

let words (line: string) =
    line.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

let request line =
    match Requests.ofWords (words line) with
    | Ok request -> request
    | Error mistakes -> failtest $"{line}: {mistakes}"

let work line =
    match (request line).Task with
    | Run(work, _)
    | Plan work -> work
    | task -> failtest $"{line} is no work but {task}"

let private recipe line = (work line).Wish.Recipe

/// What a line says about inputs.
let private conversions =
    [ for line, inputs, conversion in
          [ "pipeline a.h5ad --in-place", [ "a.h5ad" ], Conversion.standard
            "pipeline a.h5 b/ --out c --genome mm10 --feature-type all --make-unique --join OUTER --sample-key batch --sample-names x,y --index-unique -",
            [ "a.h5"; "b/" ],
            { Genome = Some "mm10"
              FeatureType = Some "all"
              MakeUnique = true
              Join = Outer
              SampleKey = "batch"
              SampleNames = [ "x"; "y" ]
              IndexUnique = Some "-"
              Matrix = MatrixName.X
              SumDuplicates = false } ] do
          test line {
              Expect.equal (work line).Inputs inputs "the inputs"
              Expect.equal (work line).Conversion conversion "the conversion"
          }
      test "convert and info" {
          Expect.equal
              (request "convert a b --join outer --out c").Task
              (Convert(
                  [ "a"; "b" ],
                  { Conversion.standard with
                      Join = Outer },
                  "c"
              ))
              "convert"

          Expect.equal (request "info a.h5").Task (Info([ "a.h5" ], Conversion.standard)) "info"
      } ]

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

      // A limit takes the place of the number of genes that is usual in the pipeline.
      "pipeline a.h5ad --in-place --min-disp 1",
      withHvg
          (fun hvg ->
              { hvg with
                  NTopGenes = None
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
      "pipeline a.h5ad --in-place --skip normalize_total,hvg,pca",
      { Recipe.standard with
          NormalizeTotal = None }
      "log1p a.h5ad --in-place --allow-logged",
      { Recipe.nothing with
          Log1p = Some Recipe.log1p
          AllowLogged = true }
      "qc a.h5ad --in-place --gene-symbols feature_name",
      { Recipe.nothing with
          Qc = Some Recipe.qc
          GeneSymbols = Some "feature_name" }
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

let all =
    testList
        "Commands"
        [ testList
              "recipes"
              [ for line, expected in recipes do
                    test $"singlesharp {line}" { Expect.equal (recipe line) expected "the recipe" } ]
          testList "conversions" conversions
          testList "spellings" spellings ]
