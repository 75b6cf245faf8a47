/// Studies with recipes of all steps, for runs over shards.
module internal SingleSharp.Properties.GenShards

open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Properties.GenForms
open SingleSharp.Properties.GenStudies

/// A second input that is joined to the first: of the same genes, fewer or more.
type Second =
    { Cells: int
      Genes: int
      Form: AnyForm
      Type: DType
      Join: Join }

type ShardCase =
    {
        Study: Study
        Recipe: Recipe
        Shards: int
        Workers: int
        Compression: Compression option
        Notes: bool
        Second: Second option
        /// What happens on the way.
        Course: int
    }

/// Nothing but the first values may tell where an input ends, so it ends in a block more often than not.
let private second (first: Study) =
    gen {
        let! cells =
            Gen.frequency [ 1, Gen.choose (1, 40); 3, Gen.choose (1, 6000); 1, Gen.constant 4096 ]

        let! genes = Gen.frequency [ 2, Gen.constant 0; 3, Gen.choose (-2, 2) ]
        let! form = anyForm
        let! numeric = Gen.frequency [ 2, Gen.constant first.Type; 1, anyType ]
        let! join = Gen.elements [ Join.Inner; Join.Outer ]

        return
            { Cells = cells
              Genes = first.Genes + genes
              Form = form
              Type = numeric
              Join = join }
    }

let private sometimes share value =
    Gen.frequency [ share, Gen.map Some value; 10 - share, Gen.constant None ]

let private filter =
    Gen.elements
        [ { Filter.defaults with
              MinGenes = Some 2L }
          { Filter.defaults with
              MinCells = Some 3L }
          { Filter.defaults with
              MinGenes = Some 2L
              MinCells = Some 3L }
          { Filter.defaults with
              MinCounts = Some 5.0
              MaxPct = [ "mt", 60.0 ]
              GeneMinCounts = Some 4.0 } ]
    |> Gen.map Filter.step

let private normalize =
    gen {
        let! target =
            Gen.elements [ TargetSum.Counts 1e4; TargetSum.MedianOfPositive; TargetSum.MedianOfAll ]

        let! excludes = Gen.elements [ true; false ]

        return
            NormalizeTotal.step
                { NormalizeTotal.defaults with
                    TargetSum = target
                    ExcludeHighlyExpressed = excludes
                    MaxFraction = if excludes then 0.6 else NormalizeTotal.defaults.MaxFraction
                    KeyAdded = if excludes then Some "factor" else None }
    }

let private hvg =
    gen {
        let! flavor =
            Gen.elements
                [ HvgFlavor.Seurat
                  HvgFlavor.CellRanger
                  HvgFlavor.SeuratV3
                  HvgFlavor.SeuratV3Paper ]

        let! key = Gen.elements [ None; Some "batch" ]
        let! top = Gen.elements [ Some 3; Some 3; None ]

        return
            Hvg.step
                { Hvg.defaults with
                    Flavor = flavor
                    BatchKey = key
                    NTopGenes = top
                    Span = 1.0 }
    }

let private scale =
    gen {
        let! centres = Gen.elements [ true; false ]
        let! most = Gen.elements [ None; Some 1.5 ]
        let! mask = Gen.elements [ None; None; Some "chosen" ]
        let! layer = Gen.elements [ None; Some "scaled" ]

        return
            Scale.step
                { Scale.defaults with
                    ZeroCenter = centres
                    MaxValue = most
                    MaskObs = mask
                    DenseLayer = if centres then layer else None }
    }

let private pca hasHvg =
    gen {
        let! centres = Gen.elements [ true; true; false ]

        return
            Pca.step
                { Pca.defaults with
                    NComps = Some 2
                    MaskVar = if hasHvg then MaskVar.HighlyVariable else MaskVar.AllGenes
                    ZeroCenter = centres }
    }

let private recipe =
    gen {
        let! filter = sometimes 5 filter
        let! qc = sometimes 6 (Gen.constant (Qc.step Qc.defaults))
        let! normalize = sometimes 7 normalize
        let! log1p = sometimes 7 (Gen.constant (Log1p.step Log1p.defaults))
        let! hvg = sometimes 6 hvg
        let! scale = sometimes 4 scale
        let! pca = sometimes 6 (pca hvg.IsSome)
        let! keeps = Gen.frequency [ 4, Gen.constant false; 1, Gen.constant true ]
        let steps = List.choose id [ filter; qc; normalize; log1p; hvg; scale; pca ]

        return
            { Recipe.ofSteps (if steps.IsEmpty then [ Qc.step Qc.defaults ] else steps) with
                KeepCounts = keeps && (normalize.IsSome || log1p.IsSome) }
    }

let private case =
    gen {
        let! study = study
        let! recipe = recipe
        let! shards = Gen.choose (1, 7)
        let! workers = Gen.choose (1, 3)
        let! notes = Gen.elements [ true; false ]
        let! second = Gen.frequency [ 3, Gen.constant None; 1, Gen.map Some (second study) ]
        // Sums of joined inputs are made while they are read.
        let! sums = Gen.frequency [ 5, Gen.constant false; 1, Gen.constant true ]
        let! course = Gen.choose (1, 1_000_000)

        let! compression =
            Gen.elements
                [ None
                  None
                  Some Compression.None
                  Some(Compression.Gzip 3)
                  Some(Compression.Zstd 3)
                  Some Compression.Lzf ]

        return
            { Study = study
              Recipe =
                { recipe with
                    SumDuplicates = sums && not recipe.KeepCounts }
              Shards = shards
              Workers = workers
              Compression = compression
              Notes = notes
              Second = second
              Course = course }
    }

/// Fewer cells, or fewer steps.
let private simpler case =
    seq {
        if case.Second.IsSome then
            { case with Second = None }

        if case.Study.Cells > 1 then
            { case with
                Study =
                    { case.Study with
                        Cells = case.Study.Cells / 2 } }

        if case.Recipe.Steps.Length > 1 then
            for step in case.Recipe.Steps do
                { case with
                    Recipe =
                        { case.Recipe with
                            Steps = case.Recipe.Steps |> List.filter (fun other -> other.Name <> step.Name)
                            KeepCounts = false } }
    }

let anything = Arb.fromGenShrink (case, simpler)

/// Cases whose X keeps its rows, and has enough values that tasks write some of them to the output.
let together =
    let case =
        gen {
            let! case = case
            let! cells = Gen.choose (7000, 13_000)

            let! form =
                Gen.elements
                    [ AnyForm.Rows Unchunked
                      AnyForm.Rows(InChunks 20_011)
                      AnyForm.Rows(Gzipped 3001)
                      AnyForm.Dense ]

            return
                { case with
                    Study =
                        { case.Study with
                            Cells = cells
                            Genes = 14
                            Form = form }
                    Recipe =
                        { case.Recipe with
                            Steps = case.Recipe.Steps |> List.filter (fun step -> step.Name <> "filter")
                            SumDuplicates = false }
                    Compression = None
                    Second = None }
        }

    Arb.fromGenShrink (case |> Gen.filter (fun case -> not case.Recipe.Steps.IsEmpty), simpler)
