/// Everything that has an entry for each cell or gene is subset, and everything else is as it was.
module internal SingleSharp.Properties.SubsetLaws

open System
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Core.Subset
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5
open SingleSharp.Properties.AnnDataFiles

let private columnsOf (random: Random) storage count : (string * obj) list =
    let texts prefix most =
        Array.init count (fun _ -> $"{prefix}{random.Next most}é")

    let flags share =
        Array.init count (fun _ -> if random.NextDouble() < share then H5Bool.TRUE else H5Bool.FALSE)

    [ "number", line storage (Array.init count (fun _ -> random.NextDouble()))
      "text", H5Dataset(texts "text" 1000)
      "flag", H5Dataset(flags 0.5)
      "kind",
      group
          "categorical"
          [ "codes", line storage (Array.init count (fun _ -> sbyte (random.Next(-1, 5))))
            "categories", H5Dataset [| "a"; "b"; "c"; "d"; "e"; "never" |] ]
      "sort",
      group
          "categorical"
          [ "codes", H5Dataset(Array.init count (fun _ -> int16 (random.Next 3)))
            "categories", H5Dataset [| 1.5; 2.5; 3.5 |] ]
      "maybe",
      group
          "nullable-integer"
          [ "values", H5Dataset(Array.init count (fun _ -> random.Next 9))
            "mask", H5Dataset(flags 0.2) ] ]

let private dense (random: Random) (rows: int) (columns: int) chunked =
    let values = Array.init (rows * columns) (fun _ -> random.Next 1000)
    let dims = [| uint64 rows; uint64 columns |]

    if chunked && rows > 0 then
        H5Dataset(values, fileDims = dims, chunks = [| uint32 (max 1 (rows / 3)); uint32 (max 1 (columns / 2)) |])
    else
        H5Dataset(values, fileDims = dims)

/// A file with something of every kind.
let private write (path: string) (matrix: Rows) storage seed =
    let random = Random seed
    let cells = matrix.Rows.Length
    let genes = matrix.Genes
    let stored = usual storage
    let x = csr matrix.Rows
    let chunked = seed % 2 = 0

    let square count =
        List.init count (fun row ->
            [ for column in 0 .. count - 1 do
                  if random.Next 5 = 0 then
                      column, float (row + column) ])

    let dict members = group "dict" members

    let others: (string * obj) list =
        [ "obs", frame (names "cell" cells) (columnsOf random storage cells)
          "var", frame (names "gene" genes) (columnsOf random storage genes)
          "layers",
          dict
              [ "counts", Subsetting.sparse "csr_matrix" stored (cells, genes) matrix.Rows
                "dense", dense random cells genes chunked ]
          "obsm",
          dict
              [ "pca", dense random cells 3 chunked
                "frame", frame (names "cell" cells) (columnsOf random storage cells) ]
          "varm", dict [ "PCs", dense random genes 2 chunked ]
          "obsp",
          dict
              [ "near", Subsetting.sparse "csc_matrix" stored (cells, cells) (square cells)
                "all", dense random cells cells chunked ]
          "varp", dict [ "near", Subsetting.sparse "csr_matrix" stored (genes, genes) (square genes) ]
          "raw",
          dict
              [ "X", Subsetting.sparse "csr_matrix" stored (cells, genes + 2) matrix.Rows
                "var", frame (names "raw" (genes + 2)) (columnsOf random storage (genes + 2)) ]
          "uns",
          dict
              [ "kind_colors", H5Dataset [| "#a"; "#b"; "#c"; "#d"; "#e"; "#never" |]
                "sort_colors", H5Dataset [| "one"; "two" |]
                "per_cell", line Unchunked (Array.init cells id) ]
          "unknown", dict [ "per_gene", line Unchunked (Array.init genes id) ] ]

    (file stored genes x others).Write path

/// Law (columns): a column of what stays means, row by row, what it meant before.
let private columnsArePicked (before: Hdf5File) (after: Hdf5File) path (kept: RowMask) =
    let group = GenFiles.findGroup before path

    group.Links
    |> List.forall (fun link ->
        let path = $"{path}/{link.Name}"
        Subsetting.column after path = Subsetting.picked kept (Subsetting.column before path))

let private squareIsPicked before after path (rows: RowMask) (columns: RowMask) =
    let split (store: Hdf5File) =
        let dataset = GenFiles.findDataset store path
        let elements = Subsetting.texts store dataset

        if elements.IsEmpty then
            List.replicate (int dataset.Dims[0]) []
        else
            List.chunkBySize (int dataset.Dims[1]) elements

    split after = (split before |> Subsetting.picked rows |> List.map (Subsetting.picked columns))

/// The labels that categories have, in order.
let private labels store path =
    Subsetting.column store $"{path}/categories"

/// Categories of which nothing is left go, with their colors; also where nothing is dropped, as in every subset of anndata.
let private categoriesAreUsed (before: Hdf5File) (after: Hdf5File) path =
    let left = set (Subsetting.column after path)
    labels after path = (labels before path |> List.filter left.Contains)

let private colorsAreUsed (before: Hdf5File) (after: Hdf5File) =
    let colors (store: Hdf5File) =
        Subsetting.column store "uns/kind_colors"

    // obs comes first; what it leaves may be too little for var to have colors for all that var has.
    let owner =
        [ "obs/kind"; "var/kind" ] |> List.tryFind (fun path -> labels after path <> labels before path)

    let expected =
        match owner with
        | Some owner ->
            let left = set (labels after owner)

            List.zip (labels before owner) (colors before) |> List.filter (fst >> left.Contains) |> List.map snd
        | None -> colors before

    colors after = expected

let private elements path =
    match Pipeline.digest Settings.standard path with
    | Ok digest -> digest.Elements |> Seq.map (fun element -> element.Path, element.Sha256) |> Map.ofSeq
    | Error fault -> failtest (Fault.sentence fault)

/// What must have the same hash before and after.
let private isUntouched (selection: Selection) (path: string) =
    let isIn (groups: string list) =
        groups |> List.exists (fun group -> path = group || path.StartsWith(group + "/"))

    not (
        isIn
            [ "X"
              "layers"
              "uns/kind_colors"
              "obs/kind"
              "obs/sort"
              "var/kind"
              "var/sort" ]
        || isIn [ "obs"; "obsm"; "obsp"; "raw/X" ] && not selection.Cells.IsAll
        || isIn [ "var"; "varm"; "varp" ] && not selection.Genes.IsAll
    )

let private judge (matrix: Rows) storage seed (cells: RowMask) (genes: RowMask) =
    let selection = { Cells = cells; Genes = genes }

    GenFiles.withPath (fun path ->
        write path matrix storage seed

        GenFiles.withPath (fun target ->
            Subsetting.apply path target selection

            GenFiles.withStore path (fun before ->
                GenFiles.withStore target (fun after ->
                    let isPicked path major minor =
                        Subsetting.stored after path = Subsetting.pickedStored major minor (Subsetting.stored before path)

                    Expect.isTrue (columnsArePicked before after "obs" cells) "obs"
                    Expect.isTrue (columnsArePicked before after "var" genes) "var"
                    Expect.isTrue (columnsArePicked before after "obsm/frame" cells) "obsm/frame"
                    Expect.isTrue (isPicked "X" cells genes) "X"
                    Expect.isTrue (isPicked "layers/counts" cells genes) "layers/counts"
                    Expect.isTrue (squareIsPicked before after "layers/dense" cells genes) "layers/dense"
                    Expect.isTrue (squareIsPicked before after "obsm/pca" cells (RowMask.all 3L)) "obsm/pca"
                    Expect.isTrue (squareIsPicked before after "varm/PCs" genes (RowMask.all 2L)) "varm/PCs"
                    Expect.isTrue (isPicked "obsp/near" cells cells) "obsp/near"
                    Expect.isTrue (squareIsPicked before after "obsp/all" cells cells) "obsp/all"
                    Expect.isTrue (isPicked "varp/near" genes genes) "varp/near"
                    Expect.isTrue (isPicked "raw/X" cells (RowMask.all (int64 matrix.Genes + 2L))) "raw/X"

                    for path in [ "obs/kind"; "obs/sort"; "var/kind"; "var/sort" ] do
                        Expect.isTrue (categoriesAreUsed before after path) $"categories of {path}"

                    Expect.equal (labels after "obsm/frame/kind") (labels before "obsm/frame/kind") "categories of other frames stay"
                    Expect.isTrue (colorsAreUsed before after) "colors"))

            let old, now = elements path, elements target
            Expect.equal (List.ofSeq now.Keys) (List.ofSeq old.Keys) "the same elements"

            let changed =
                old |> Map.filter (fun path hash -> isUntouched selection path && now[path] <> hash) |> Map.keys |> List.ofSeq

            Expect.isEmpty changed "what is aligned with nothing"))

let private kept = SubsetArrayLaws.keptOf

let tests =
    testList
        "Subset"
        [ Law.holdsFor
              80
              "everything that runs along cells or genes"
              (fun (CountRows matrix) (AnyStorage storage) (seed: uint16) (first: int, second: int) ->
                  let matrix =
                      { matrix with
                          Genes = min matrix.Genes 60
                          Rows = matrix.Rows |> List.map (List.filter (fun (gene, _) -> gene < 60)) }

                  judge matrix storage (int seed) (kept first (int64 matrix.Rows.Length)) (kept second (int64 matrix.Genes)))

          test "no cells, no genes, one of each, all of them" {
              let matrix =
                  { Genes = 20
                    Rows =
                      List.init 31 (fun row ->
                          [ for gene in 0..19 do
                                if (row * gene) % 3 = 0 then
                                    gene, 1.0 ]) }

              let some length =
                  [ RowMask.ofFlags (Array.create length false)
                    RowMask.all (int64 length)
                    RowMask.ofFlags (Array.init length (fun i -> i = length - 1)) ]

              for cells in some 31 do
                  for genes in some 20 do
                      for storage in [ Unchunked; Gzipped 7 ] do
                          judge matrix storage 3 cells genes
          }

          test "if everything stays, categories without rows go, and the second time nothing is written" {
              GenFiles.withPath (fun path ->
                  GenFiles.withPath (fun target ->
                      let rows = List.init 5 (fun row -> [ row, 1.0 ])
                      write path { Genes = 6; Rows = rows } Unchunked 1

                      let all =
                          { Cells = RowMask.all 5L
                            Genes = RowMask.all 6L }

                      Subsetting.apply path target all

                      let links path =
                          use file = GenFiles.openWrite path
                          let editor = FileEditor(file.Store.Disk, file.Store.Superblock, [])
                          Expect.isEmpty (Subset.givenUp file all) "nothing given up"
                          Subset.links file editor all Threading.CancellationToken.None |> List.map fst

                      Expect.equal (links path) [ "obs"; "var"; "uns" ] "the groups of categories and colors"
                      Expect.isEmpty (links target) "no links"))
          } ]
