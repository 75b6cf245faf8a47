/// Files as Cell Ranger 2 and 3 write them, of any counts, for the laws of such inputs.
module internal SingleSharp.Properties.TenXFiles

open FsCheck.FSharp
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.FileParts

/// Counts of one group, and what is said of its cells and genes.
type Counts =
    { Group: string
      Matrix: Rows
      Barcodes: string list
      Ids: string list
      Names: string list
      Types: string list
      Genomes: string list
      Targets: bool list }

type Stored =
    {
        Values: DType
        Indices: DType
        Pointers: DType
        Storage: Storage
        /// Strings of one length, as Cell Ranger writes them, or of any.
        IsFixed: bool
    }

let usualType = "Gene Expression"
let types = [ usualType; "Antibody Capture"; "CRISPR Guide Capture" ]
let genomes = [ "GRCh38"; "mm10"; "" ]

/// Some names come again, some are empty.
let private name prefix =
    Gen.frequency
        [ 8, Gen.choose (0, 400) |> Gen.map (fun i -> $"{prefix}{i}")
          1, Gen.elements [ ""; "Größe"; "a b" ] ]

let private counts group value =
    gen {
        let! matrix = rows value
        // No gene at all, of which no cell has a value.
        let! isEmpty = Gen.frequency [ 1, Gen.constant true; 12, Gen.constant false ]

        let matrix =
            if isEmpty then
                { Genes = 0
                  Rows = matrix.Rows |> List.map (fun _ -> []) }
            else
                matrix

        let each value = Gen.listOfLength matrix.Genes value
        let! barcodes = Gen.listOfLength matrix.Rows.Length (name "ACGT-")
        let! ids = each (name "ENSG")
        let! names = each (name "gene")

        let! types =
            Gen.subListOf types |> Gen.bind (fun some -> each (Gen.elements (usualType :: List.ofSeq some)))

        let! genomes =
            Gen.subListOf genomes |> Gen.bind (fun some -> each (Gen.elements ("GRCh38" :: List.ofSeq some)))

        let! targets = each (Gen.elements [ true; false ])

        return
            { Group = group
              Matrix = matrix
              Barcodes = barcodes
              Ids = ids
              Names = names
              Types = types
              Genomes = genomes
              Targets = targets }
    }

/// Types that hold every index, offset and value.
let private stored =
    gen {
        let! values =
            Gen.frequency
                [ 4, Gen.constant DType.Int32
                  3, Gen.elements [ DType.Float32; DType.Float64; DType.Int64; DType.UInt32 ] ]

        let! indices = Gen.elements [ DType.Int64; DType.Int32; DType.UInt32; DType.Int16 ]
        let! pointers = Gen.elements [ DType.Int64; DType.Int32; DType.UInt64 ]

        let! storage =
            Gen.oneof [ Gen.constant Unchunked; Gen.choose (1, 70) |> Gen.map Gzipped ]

        let! isFixed = Gen.elements [ true; false ]

        return
            { Values = values
              Indices = indices
              Pointers = pointers
              Storage = storage
              IsFixed = isFixed }
    }

let private texts counts name (texts: string list) =
    part $"{counts.Group}/{name}" (Texts(Array.ofList texts))

let private arrays stored counts =
    let values, indices, pointers = AnnDataFiles.csr counts.Matrix.Rows

    [ numbers $"{counts.Group}/data" stored.Values values
      numbers $"{counts.Group}/indices" stored.Indices indices
      numbers $"{counts.Group}/indptr" stored.Pointers pointers
      numbers $"{counts.Group}/shape" DType.Int32 [ float counts.Matrix.Genes; float counts.Matrix.Rows.Length ]
      texts counts "barcodes" counts.Barcodes ]

/// The parts of a file of Cell Ranger 3.
let ofVersion3 stored counts =
    arrays stored counts
    @ [ texts counts "features/id" counts.Ids
        texts counts "features/name" counts.Names
        texts counts "features/feature_type" counts.Types
        texts counts "features/genome" counts.Genomes
        texts counts "features/_all_tag_keys" [ "genome" ]
        part $"{counts.Group}/features/is_target" (bools counts.Targets) ]

/// The group of a genome in a file of Cell Ranger 2.
let ofVersion2 stored counts =
    arrays stored counts @ [ texts counts "genes" counts.Ids; texts counts "gene_names" counts.Names ]

let withFile stored parts work =
    GenFiles.withPath (fun path ->
        // Of the names that there are, none is longer.
        (file stored.Storage parts).Write(path, H5WriteOptions(DefaultStringLength = (if stored.IsFixed then 24 else 0)))
        work path)

/// Integers are counts, real numbers anything.
let private valueOf stored =
    if DType.isFloat stored.Values then wildValue else count

let version3 =
    gen {
        let! stored = stored
        let! counts = counts "matrix" (valueOf stored)
        return stored, counts
    }

/// Some genomes, of which each has genes and cells of its own.
let version2 =
    gen {
        let! stored = stored

        let! names =
            Gen.subListOf [ "GRCh38"; "mm10"; "hg19" ] |> Gen.filter (Seq.isEmpty >> not)

        let! all =
            names |> Seq.map (fun name -> counts name (valueOf stored)) |> Gen.sequenceToList

        return stored, all
    }
