/// Studies of several blocks and recipes of all steps, for runs over shards.
module internal SingleSharp.Properties.GenShards

open System
open System.IO
open FsCheck.FSharp
open PureHDF
open PureHDF.VOL.Native
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenForms
open SingleSharp.Properties.AnnDataFiles

/// How a column of batches is stored.
[<RequireQualifiedAccess>]
type BatchesAs =
    | Categories
    | Numbers
    | Texts
    | Flags

/// A matrix that is told by numbers, since FsCheck would take longer for a list of its values than the runs do.
type Study =
    {
        Seed: int
        Batches: BatchesAs
        Cells: int
        Genes: int
        Form: AnyForm
        Type: DType
        /// Cells from this one on have one gene at most, which filters drop.
        PoorFrom: int
        IsFractional: bool
        HasNegative: bool
    }

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

let private value study (random: Random) cell gene =
    let scale = [| 1; 2; 5; 30; 0; 3; 12 |][gene % 7]
    let drawn = random.Next(0, scale + 1)

    if scale = 0 || drawn = 0 then 0.0
    elif study.HasNegative && cell = study.Cells / 2 then -1.0
    elif study.IsFractional then float (float32 (float drawn + random.NextDouble()))
    // Beyond what packed sums take, where the type can hold it.
    elif study.Type <> DType.UInt16 && random.Next 2000 = 0 then 33554432.0
    else float drawn

/// Works in a folder that is gone afterwards; it is told by where a name in it leads.
let inFolder (work: (string -> string) -> 'r) =
    let folder = Directory.CreateTempSubdirectory "singlesharp"

    try
        work (fun name -> Path.Combine(folder.FullName, name))
    finally
        folder.Delete true

/// The rows of a study; some cells are empty, and every seventh gene is silent.
let rowsOf study : Rows =
    let random = Random study.Seed

    { Genes = study.Genes
      Rows =
        [ for cell in 0 .. study.Cells - 1 do
              let isEmpty = random.Next 25 = 0
              let genes = if cell >= study.PoorFrom then 1 else study.Genes

              [ if not isEmpty then
                    for gene in 0 .. genes - 1 do
                        let value = value study random cell gene

                        if value <> 0.0 then
                            gene, value ] ] }

/// A file of the study, with a column of batches, in which some cells have no value, and one of flags.
let write (path: string) study =
    let rows = rowsOf study
    let cells = rows.Rows.Length

    let batchOf cell = cell * 7 / 3 % 3

    // Values come in another order than they have.
    let batches =
        match study.Batches with
        | BatchesAs.Categories ->
            group
                "categorical"
                [ "codes", H5Dataset(Array.init cells (fun cell -> if cell % 41 = 40 then -1y else sbyte (batchOf cell)))
                  "categories", H5Dataset [| "a"; "b"; "c" |] ]
            |> box
        | BatchesAs.Numbers -> H5Dataset(Array.init cells (fun cell -> [| 300; -7; 20 |][batchOf cell])) |> box
        | BatchesAs.Texts -> H5Dataset(Array.init cells (fun cell -> [| "b"; "c"; "a" |][batchOf cell])) |> box
        | BatchesAs.Flags -> H5Dataset(Array.init cells (fun cell -> if batchOf cell = 0 then H5Bool.TRUE else H5Bool.FALSE)) |> box

    let flags =
        H5Dataset(Array.init cells (fun cell -> if cell % 5 < 3 then H5Bool.TRUE else H5Bool.FALSE))

    let obs = frame (names "cell" cells) [ "batch", batches; "chosen", box flags ]

    let var =
        frame (H5Dataset(Array.init study.Genes (fun gene -> if gene % 5 = 0 then $"MT-{gene}" else $"gene{gene}"))) []

    let file =
        AnnDataFiles.file
            (usual Unchunked)
            study.Genes
            (csr rows.Rows)
            [ "X", x study.Form study.Type rows; "obs", box obs; "var", box var ]

    file.Write(path, H5WriteOptions(PreferCompactDatasetLayout = false))

let private anyForm =
    gen {
        let! storage = Gen.elements [ Unchunked; InChunks 5003; Gzipped 3001 ]

        return!
            Gen.frequency
                [ 5, Gen.constant (AnyForm.Rows storage)
                  2, Gen.constant (AnyForm.Columns storage)
                  1, Gen.constant AnyForm.Dense
                  1, Gen.elements [ AnyForm.Chunks(1000, 3, true); AnyForm.Chunks(700, 20, false) ] ]
    }

let private anyType =
    Gen.elements [ DType.Float32; DType.Float32; DType.Float64; DType.Int32; DType.UInt16 ]

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

let study =
    gen {
        let! seed = Gen.choose (1, 1_000_000)

        let! cells =
            Gen.frequency
                [ 1, Gen.choose (1, 40)
                  1, Gen.choose (41, 4096)
                  5, Gen.choose (4097, 14_000) ]

        let! genes = Gen.choose (4, 14)
        let! form = anyForm
        let! numeric = anyType

        let! poor =
            Gen.frequency [ 2, Gen.constant Int32.MaxValue; 1, Gen.choose (0, cells) ]

        let! batches =
            Gen.elements [ BatchesAs.Categories; BatchesAs.Numbers; BatchesAs.Texts; BatchesAs.Flags ]

        let! isFractional = Gen.elements [ true; false ]
        let! hasNegative = Gen.frequency [ 15, Gen.constant false; 1, Gen.constant true ]

        return
            { Seed = seed
              Batches = batches
              Cells = cells
              Genes = genes
              Form = form
              Type = numeric
              PoorFrom = poor
              IsFractional = isFractional && (numeric = DType.Float32 || numeric = DType.Float64)
              HasNegative = hasNegative && numeric <> DType.UInt16 }
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
