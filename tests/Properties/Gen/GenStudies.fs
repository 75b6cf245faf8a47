/// Studies of several blocks that are written to files: matrices in every form, with batches and flags of cells.
module internal SingleSharp.Properties.GenStudies

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

let anyForm =
    gen {
        let! storage = Gen.elements [ Unchunked; InChunks 5003; Gzipped 3001 ]

        return!
            Gen.frequency
                [ 5, Gen.constant (AnyForm.Rows storage)
                  2, Gen.constant (AnyForm.Columns storage)
                  1, Gen.constant AnyForm.Dense
                  1, Gen.elements [ AnyForm.Chunks(1000, 3, true); AnyForm.Chunks(700, 20, false) ] ]
    }

let anyType =
    Gen.elements [ DType.Float32; DType.Float32; DType.Float64; DType.Int32; DType.UInt16 ]

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
