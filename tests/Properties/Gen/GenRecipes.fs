/// Recipes of any steps with any options, whether or not a run would take them.
module internal SingleSharp.Properties.GenRecipes

open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core

type AnyRecipe = AnyRecipe of Recipe

let private extreme =
    Gen.elements
        [ infinity
          -infinity
          nan
          0.0
          -0.0
          1.0
          -1.0
          0.1
          1.0 / 3.0
          5e-324
          -2.2250738585072014e-308
          1.7976931348623157e308
          9007199254740993.0
          1e15
          1e16
          1e-7 ]

let private number =
    Gen.frequency [ 1, extreme; 1, Gen.choose (-1000, 1000) |> Gen.map (fun n -> float n / 37.0) ]

let private text =
    Gen.elements
        [ "a"
          "None"
          "inf"
          "null"
          "ä é"
          "\"quoted\""
          "back\\slash"
          "two\nlines"
          "🧬"
          "highly_variable"
          "[1]" ]

let private path = Gen.oneof [ text; Gen.constant "a/b" ]
let private flag = Gen.elements [ true; false ]
let private positive = Gen.elements [ 1; 2; 20; 2000; System.Int32.MaxValue ]

let private count =
    Gen.elements [ 0L; 1L; 3L; (1L <<< 53) + 1L; System.Int64.MaxValue ]

let private optional value =
    Gen.oneof [ Gen.constant None; Gen.map Some value ]

let private listOf least value =
    Gen.choose (least, 3) |> Gen.bind (fun length -> Gen.listOfLength length value)

let private limits =
    gen {
        let! names = Gen.subListOf [ "mt"; "ribo"; "ä" ]
        let! percents = Gen.listOfLength 3 number
        return List.zip (List.ofSeq names) (List.truncate (Seq.length names) percents)
    }

let private subset =
    gen {
        let! obsQuery, varQuery = Gen.two (optional text)
        let! obs, var = Gen.two (optional path)

        return
            SubsetStep.step
                { ObsQuery = obsQuery
                  VarQuery = varQuery
                  Obs = obs
                  Var = var }
    }

let private filter =
    gen {
        let! minCounts, maxCounts, geneMinCounts, geneMaxCounts = Gen.four (optional number)
        let! minGenes, maxGenes, minCells, maxCells = Gen.four (optional count)
        let! minPct, maxPct = Gen.two limits

        return
            Filter.step
                { MinCounts = minCounts
                  MaxCounts = maxCounts
                  MinGenes = minGenes
                  MaxGenes = maxGenes
                  MinPct = minPct
                  MaxPct = maxPct
                  MinCells = minCells
                  MaxCells = maxCells
                  GeneMinCounts = geneMinCounts
                  GeneMaxCounts = geneMaxCounts }
    }

let private qc =
    gen {
        let! top =
            Gen.oneof
                [ Gen.constant PercentTop.Default
                  listOf 0 positive |> Gen.map PercentTop.Exactly ]

        let! logs = flag
        return Qc.step { PercentTop = top; Log1p = logs }
    }

let private normalize =
    gen {
        let! target =
            Gen.oneof
                [ Gen.map TargetSum.Counts number
                  Gen.elements [ TargetSum.MedianOfPositive; TargetSum.MedianOfAll ] ]

        let! excludes = flag
        let! fraction = number
        let! key = optional path

        return
            NormalizeTotal.step
                { TargetSum = target
                  ExcludeHighlyExpressed = excludes
                  MaxFraction = fraction
                  KeyAdded = key }
    }

let private log1p =
    gen {
        let! basis = optional number
        let! allows = flag
        return Log1p.step { Base = basis; AllowLogged = allows }
    }

let private hvg =
    gen {
        let! flavor =
            Gen.elements
                [ HvgFlavor.Seurat
                  HvgFlavor.CellRanger
                  HvgFlavor.SeuratV3
                  HvgFlavor.SeuratV3Paper ]

        let! top = optional positive
        let! minMean, maxMean, minDisp, maxDisp = Gen.four number
        let! bins = positive
        let! span = number
        let! key = optional path
        let! exact = flag
        let! subset = flag
        let! raw = flag

        return
            Hvg.step
                { Flavor = flavor
                  NTopGenes = top
                  MinMean = minMean
                  MaxMean = maxMean
                  MinDisp = minDisp
                  MaxDisp = maxDisp
                  NBins = bins
                  Span = span
                  BatchKey = key
                  ExactN = exact
                  Subset = subset
                  KeepRaw = raw }
    }

let private scale =
    gen {
        let! centres = flag
        let! most = optional number
        let! mask = optional path
        let! layer = optional text

        return
            Scale.step
                { ZeroCenter = centres
                  MaxValue = most
                  MaskObs = mask
                  DenseLayer = layer }
    }

let private pca =
    gen {
        let! comps = optional positive

        let! mask =
            Gen.oneof
                [ Gen.elements [ MaskVar.HighlyVariable; MaskVar.AllGenes ]
                  Gen.map MaskVar.Column path ]

        let! centres = flag
        let! key = optional text

        return
            Pca.step
                { NComps = comps
                  MaskVar = mask
                  ZeroCenter = centres
                  KeyAdded = key }
    }

let private rule =
    Gen.oneof
        [ Gen.map GeneRule.Prefixes (listOf 1 text)
          Gen.map GeneRule.Column path
          Gen.map GeneRule.Names (listOf 0 text)
          Gen.map GeneRule.ListedIn path ]

let private sets =
    listOf 0 (Gen.zip text rule |> Gen.map (fun (name, rule) -> { Name = name; Rule = rule }))

let private recipe =
    gen {
        let! steps =
            Gen.sequenceToList [ subset; filter; qc; normalize; log1p; hvg; scale; pca ]

        let! chosen = Gen.subListOf steps

        let! matrix =
            Gen.oneof [ Gen.elements [ MatrixName.X; MatrixName.Raw ]; Gen.map MatrixName.Layer path ]

        let! genes =
            Gen.oneof
                [ Gen.elements [ Mitochondrial.Auto; Mitochondrial.None ]
                  Gen.map Mitochondrial.Prefix text ]

        let! sets = sets
        let! symbols = optional path
        let! sums, allows, keeps = Gen.three flag

        return
            AnyRecipe
                { Recipe.ofSteps (List.ofSeq chosen) with
                    Matrix = matrix
                    Mitochondrial = genes
                    GeneSets = sets
                    GeneSymbols = symbols
                    SumDuplicates = sums
                    AllowInvalid = allows
                    KeepCounts = keeps }
    }

let anything = Arb.fromGen recipe
