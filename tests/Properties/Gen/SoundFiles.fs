/// Whole .h5ad files as anndata 0.12 writes them, with everything that an AnnData can hold, part by part.
module internal SingleSharp.Properties.SoundFiles

open FsCheck
open FsCheck.FSharp
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.FileParts

type Sound =
    { Storage: Storage
      Cells: int
      Genes: int
      Parts: Part list }

let private encoded kind version more content path =
    { Path = path
      Attributes = ("encoding-type", box (kind: string)) :: ("encoding-version", box (version: string)) :: more
      Content = content }

let private array content = encoded "array" "0.2.0" [] content

let private strings texts =
    encoded "string-array" "0.2.0" [] (Texts texts)

/// Types, and values that they hold.
let private kinds =
    [ DType.Int32, count
      DType.Int64, count
      DType.Int16, Gen.choose (-2, 300) |> Gen.map float
      DType.Float32, wildValue
      DType.Float64, wildValue ]

let private numeric length =
    gen {
        let! kind, value = Gen.elements kinds
        let! values = Gen.listOfLength length value
        return Numbers(kind, Array.ofList values)
    }

let private flags length =
    Gen.listOfLength length (Gen.elements [ true; false ])

let private word = Gen.elements [ "a"; "b"; "Größe"; ""; "日本語" ]
let private texts length = Gen.arrayOfLength length word

let private sparse path (rows, columns) =
    gen {
        let! isByRows = Gen.elements [ true; false ]
        let lines, width = if isByRows then rows, columns else columns, rows
        let! kind, value = Gen.elements kinds
        let! stored = Gen.listOfLength lines (row width value)
        let! indexType = Gen.elements [ DType.Int32; DType.Int64; DType.UInt16; DType.Int16 ]
        let! offsetType = Gen.elements [ DType.Int32; DType.Int64; DType.UInt32 ]
        let values, indices, offsets = AnnDataFiles.csr stored
        let shape = [ "shape", box [| int64 rows; int64 columns |] ]

        return
            [ encoded (if isByRows then "csr_matrix" else "csc_matrix") "0.1.0" shape Members path
              numbers $"{path}/data" kind values
              numbers $"{path}/indices" indexType indices
              numbers $"{path}/indptr" offsetType offsets ]
    }

let private dense path (rows, columns) =
    gen {
        let! values = Gen.arrayOfLength (rows * columns) wildValue

        let array2 =
            Array2D.init rows columns (fun row column -> float32 values[row * columns + column])

        return [ array (Other(fun () -> H5Dataset array2)) path ]
    }

let private matrix path shape =
    Gen.oneof [ sparse path shape; dense path shape ]

let private categorical path rows =
    gen {
        let! count = Gen.choose (1, 7)

        let! categories =
            Gen.elements
                [ Texts(Array.init count (fun i -> $"label {i}"))
                  Numbers(DType.Int64, Array.init count (fun i -> float (i * i - 3)))
                  Numbers(DType.Float64, Array.init count (fun i -> float i / 4.0))
                  Numbers(DType.Float32, Array.init count (fun i -> float i / 4.0)) ]

        let! codes = Gen.listOfLength rows (Gen.choose (-1, count - 1))
        let! codeType = Gen.elements [ DType.Int8; DType.Int16; DType.Int32; DType.Int64 ]
        let! isOrdered = Gen.elements [ true; false ]

        return
            [ encoded "categorical" "0.2.0" [ "ordered", box isOrdered ] Members path
              numbers $"{path}/codes" codeType (List.map float codes)
              part $"{path}/categories" categories ]
    }

let private nullable path rows =
    gen {
        let! texts = texts rows
        let! truths = flags rows
        let! mask = flags rows

        let! kind, values =
            Gen.elements
                [ "nullable-integer", Numbers(DType.Int64, Array.create rows 7.0)
                  "nullable-integer", Numbers(DType.UInt8, Array.create rows 7.0)
                  "nullable-boolean", bools truths
                  "nullable-string-array", Texts texts ]

        return
            [ encoded kind "0.1.0" [] Members path
              part $"{path}/values" values
              part $"{path}/mask" (bools mask) ]
    }

let private column path rows =
    Gen.frequency
        [ 2, numeric rows |> Gen.map (fun content -> [ array content path ])
          1, flags rows |> Gen.map (fun values -> [ array (bools values) path ])
          1, texts rows |> Gen.map (fun texts -> [ strings texts path ])
          3, categorical path rows
          3, nullable path rows ]

/// Rows of these names.
let private frame path (names: string[]) =
    gen {
        let! columns = Gen.subListOf [ "n"; "kind"; "Größe"; "is it"; "_" ]

        let! parts =
            columns |> Seq.map (fun name -> column $"{path}/{name}" names.Length) |> Gen.sequenceToList

        let order =
            // PureHDF writes no empty list of strings.
            if Seq.isEmpty columns then box Array.empty<float> else box (Array.ofSeq columns)

        return
            encoded "dataframe" "0.2.0" [ "_index", box "_index"; "column-order", order ] Members path
            :: strings names $"{path}/_index"
            :: List.concat parts
    }

/// Some members of a group of the root.
let private some name (members: (string * (string -> Gen<Part list>)) list) =
    gen {
        let! chosen = Gen.subListOf members

        let! parts =
            chosen |> Seq.map (fun (own, make) -> make $"{name}/{own}") |> Gen.sequenceToList

        return encoded "dict" "0.1.0" [] Members name :: List.concat parts
    }

let private extent =
    Gen.frequency
        [ 1, Gen.constant 0
          1, Gen.constant 1
          6, Gen.choose (2, 12)
          1, Gen.choose (40, 60) ]

let sound =
    gen {
        let! cells = extent
        let! genes = extent
        let cellNames = Array.init cells (fun cell -> $"cell{cell}")
        let geneNames = Array.init genes (fun gene -> $"gene{gene}")
        let! obs = frame "obs" cellNames
        let! var = frame "var" geneNames

        let! x =
            Gen.frequency
                [ 4, sparse "X" (cells, genes)
                  2, dense "X" (cells, genes)
                  1, Gen.constant [] ]

        let shaped rows columns path = matrix path (rows, columns)

        let! layers =
            some "layers" [ "counts", shaped cells genes; "scaled", shaped cells genes ]

        let named names path = frame path names

        let! obsm = some "obsm" [ "X_pca", shaped cells 3; "table", named cellNames ]
        let! varm = some "varm" [ "PCs", shaped genes 3; "table", named geneNames ]
        let! obsp = some "obsp" [ "distances", shaped cells cells ]
        let! varp = some "varp" [ "similar", shaped genes genes ]

        let! uns =
            some
                "uns"
                [ "numbers", (fun path -> numeric 3 |> Gen.map (fun content -> [ array content path ]))
                  "names", (fun path -> Gen.constant [ strings [| "a"; "" |] path ])
                  "sparse", (fun path -> sparse path (4, 5))
                  "table", named [| "a"; "b"; "a" |]
                  "nothing", (fun path -> Gen.constant [ encoded "dict" "0.1.0" [] Members path ]) ]

        let! raw =
            gen {
                let! rawGenes = extent
                let! x = matrix "raw/X" (cells, rawGenes)
                let! var = frame "raw/var" (Array.init rawGenes (fun gene -> $"gene{gene}"))
                return encoded "raw" "0.1.0" [] Members "raw" :: x @ var
            }

        let! hasRaw = Gen.elements [ true; false ]

        let! storage =
            Gen.oneof
                [ Gen.constant Unchunked
                  Gen.choose (1, 70) |> Gen.map InChunks
                  Gen.choose (1, 70) |> Gen.map Gzipped ]

        return
            { Storage = storage
              Cells = cells
              Genes = genes
              Parts =
                encoded "anndata" "0.1.0" [] Members ""
                :: List.concat
                    [ x
                      obs
                      var
                      layers
                      obsm
                      varm
                      obsp
                      varp
                      uns
                      (if hasRaw then raw else []) ] }
    }

/// What a part is said to be.
let encodingOf part =
    part.Attributes
    |> List.tryFind (fun (name, _) -> name = "encoding-type")
    |> Option.map (fun (_, kind) -> kind :?> string)

/// Paths of what is said to be one of these.
let pathsOf kinds parts =
    parts |> List.filter (encodingOf >> Option.exists (fun kind -> List.contains kind kinds)) |> List.map _.Path

let write (path: string) storage parts =
    // Compact values would have to fit the header of their object.
    (file storage parts).Write(path, H5WriteOptions(PreferCompactDatasetLayout = false))
