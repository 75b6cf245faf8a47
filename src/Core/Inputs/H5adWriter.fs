/// Writes a whole new AnnData file out of core: X streams in, names and columns follow, the superblock comes last.
namespace SingleSharp.Core.Inputs

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing

/// What a new file holds besides X.
type internal Annotations =
    { CellNames: seq<string>
      Obs: (string * Column) list
      Obsm: (string * ObsmArray) list
      GeneNames: string[]
      Var: (string * Column) list }

/// A matrix on its way into a new file: the type of its values, how many there are at most, and what lets its rows out, in order.
type internal NewMatrix<'r> =
    { Type: DType
      Most: int64
      Fill: Sink<RowBatch> -> 'r }

[<RequireQualifiedAccess>]
module internal H5adWriter =
    let private headBytes = 48

    /// Half the children of a chunk index node, where the superblock says nothing else.
    let chunkNodeK = 32

    /// A editor of a file in which there is nothing yet.
    let editor compression (disk: RandomAccessFile) =
        // Version 2: HDF5 File Format Specification 3.0, section II.A. It stays invisible until the commit.
        let image =
            Bytes.concat
                [ [| 0x89uy; 0x48uy; 0x44uy; 0x46uy; 13uy; 10uy; 26uy; 10uy; 2uy; 8uy; 8uy; 0uy |]
                  Bytes.i64 0L
                  Bytes.i64 Bytes.undefined
                  Bytes.i64 (int64 headBytes)
                  Bytes.i64 Bytes.undefined
                  Bytes.u32 0u ]

        FileEditor(
            disk,
            { Version = 2
              EndOfFile = int64 headBytes
              Root = Bytes.undefined
              ChunkNodeK = chunkNodeK
              Image = image },
            [],
            compression
        )

    /// Elements of a chunk: as anndata stores sparse arrays, plain chunks of some hundred kilobytes that leave room to append,
    /// so that nothing has to be known beforehand and values can later be renewed where they are.
    let private mostExtent = 1L <<< 17


    /// What a new array is like: an old one of no elements whose place it takes.
    let pattern path numeric most =
        let datatype = DType.datatype numeric

        { Path = path
          Header =
            { Address = Bytes.undefined
              Version = 2
              OrderFlags = 0uy
              LinkCount = 1
              Messages =
                [ { Encode.message Header.Datatype (Encode.datatypeBody datatype) with
                      Flags = 1uy }
                  Encode.zeroFillValue ] }
          Type = datatype
          Space = Simple([ most ], [ -1L ])
          Layout = Chunked([| max 1L (min mostExtent most) |], TreeVersion1, Bytes.undefined, false)
          Filters = []
          FillValue = Array.zeroCreate (Datatype.size datatype) }

    /// Bytes of what lets N values of a type out into new arrays: of each array a chunk, and what encodes it.
    let memory compression (values: int64) numeric =
        let chunk = min mostExtent values

        let encoding numeric extent =
            let pattern = pattern "" numeric extent
            let size = int64 (DType.size numeric)

            match NewFilters.like compression pattern.Type [ extent ] pattern with
            | { Filters = [] } -> 2L * extent * size
            | { Filters = filters } -> ChunkCodec.EncodingMemory(filters, extent * size)

        encoding numeric chunk + encoding DType.Int64 chunk + encoding DType.Int64 mostExtent

    let private group (editor: FileEditor) arrays attributes =
        editor.PutGroup(arrays |> List.map (fun (name, address) -> Links.hard name address), attributes)

    let dict (editor: FileEditor) =
        group editor [] (NewElement.encoding editor "dict" "0.1.0")

    /// The group of a matrix in compressed sparse rows.
    let matrix (editor: FileEditor) cells genes arrays =
        let shape =
            Encode.attribute
                "shape"
                (DType.datatype DType.Int64)
                (Encode.line 2L)
                (Bytes.concat [ Bytes.i64 cells; Bytes.i64 (int64 genes) ])

        group editor arrays (shape :: NewElement.encoding editor "csr_matrix" "0.1.0")

    /// Writes the rows of a matrix and says where it is.
    let private rows (editor: FileEditor) path cells genes (matrix': NewMatrix<'r>) =
        let index = IndexType.fresh (max matrix'.Most (int64 genes))

        let template =
            Matrix.ofDatasets
                path
                cells
                genes
                matrix'.Type
                (pattern $"{path}/data" matrix'.Type matrix'.Most)
                (pattern $"{path}/indices" index matrix'.Most)
                (pattern $"{path}/indptr" index (cells + 1L))

        let rows =
            SparseSink.create editor chunkNodeK (Matrix.rows template) (DType.datatype matrix'.Type) cells (int64 genes)

        let result = matrix'.Fill rows.Sink
        result, matrix editor cells genes (rows.Finish())

    /// Writes an array with a row for each cell and says where.
    let private grid (editor: FileEditor) cells (grid: ObsmArray) =
        let numbers = Checked.(*) cells (int64 grid.Width)
        let dims = [ cells; int64 grid.Width ]

        let address =
            DataFrameWriter.written editor (Checked.(*) numbers (int64 (DType.size grid.Type))) grid.Batches

        editor.PutDataset(DType.datatype grid.Type, Simple(dims, dims), address, NewElement.encoding editor "array" "0.2.0")

    /// Writes a file of N cells with this X and these layers.
    /// Law (new file): the file is the same to the byte, however rows were cut.
    let write
        compression
        (disk: RandomAccessFile)
        cells
        (annotations: Annotations)
        (x: NewMatrix<'r>)
        (layers: (string * NewMatrix<'r>) list)
        =
        let editor = editor compression disk
        let genes = annotations.GeneNames.Length
        let result, x = rows editor "X" cells genes x

        let layers =
            layers |> List.map (fun (name, layer) -> name, snd (rows editor $"layers/{name}" cells genes layer))

        let members =
            [ "X", x
              "obs", DataFrameWriter.write editor cells annotations.CellNames annotations.Obs
              "var", DataFrameWriter.write editor (int64 genes) annotations.GeneNames annotations.Var
              "layers", group editor layers (NewElement.encoding editor "dict" "0.1.0")
              "obsm",
              group
                  editor
                  [ for name, array in annotations.Obsm -> name, grid editor cells array ]
                  (NewElement.encoding editor "dict" "0.1.0")
              for name in [ "obsp"; "uns"; "varm"; "varp" ] do
                  name, dict editor ]

        editor.Commit(group editor members (NewElement.encoding editor "anndata" "0.1.0"))
        result
