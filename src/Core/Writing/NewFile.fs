/// Writes a whole new .h5ad file; PureHDF does the encoding, since there is nothing to preserve.
namespace SingleSharp.Core.Writing

open System
open System.IO
open PureHDF
open PureHDF.Filters
open PureHDF.VOL.Native
open SingleSharp.Core.Files

/// A count matrix in memory, cells × genes, as compressed sparse rows.
type internal Counts =
    {
        CellNames: string[]
        GeneNames: string[]
        /// Where each row begins, and where the last one ends.
        Indptr: int[]
        Indices: int[]
        Data: float32[]
    }

/// How the values of a new file are stored.
type internal Storage =
    /// Contiguous.
    | Unchunked
    /// In chunks of N values.
    | InChunks of int
    /// In chunks of N values, compressed.
    | Gzipped of int

[<RequireQualifiedAccess>]
module internal NewFile =
    let private encoded kind version (target: H5Object) =
        target.Attributes["encoding-type"] <- kind
        target.Attributes["encoding-version"] <- version

    let private group kind version (members: (string * obj) list) =
        let group = H5Group()
        encoded kind version group
        members |> List.iter (fun (name, value) -> group[name] <- value)
        group

    let private strings (values: string[]) =
        let dataset = H5Dataset values
        encoded "string-array" "0.2.0" dataset
        dataset

    let private frame (names: string[]) =
        let frame = group "dataframe" "0.2.0" [ "_index", strings names ]
        frame.Attributes["_index"] <- "_index"
        // An empty list of names is what anndata itself writes as an empty array of numbers.
        frame.Attributes["column-order"] <- Array.empty<float>
        frame

    let private line storage (values: 'n[]) =
        let chunk (size: int) =
            [| uint32 (min size (max 1 values.Length)) |]

        match storage with
        | _ when values.Length = 0 -> H5Dataset values
        | Unchunked -> H5Dataset values
        | InChunks size -> H5Dataset(values, chunks = chunk size)
        | Gzipped size ->
            let filters = ResizeArray [ H5Filter(ShuffleFilter.Id); H5Filter(DeflateFilter.Id) ]
            H5Dataset(values, chunks = chunk size, datasetCreation = H5DatasetCreation(Filters = filters))

    let private content storage (counts: Counts) =
        let x =
            group
                "csr_matrix"
                "0.1.0"
                [ "data", line storage counts.Data
                  "indices", line storage counts.Indices
                  "indptr", H5Dataset counts.Indptr ]

        x.Attributes["shape"] <- [| counts.CellNames.LongLength; counts.GeneNames.LongLength |]
        let root = H5File()
        encoded "anndata" "0.1.0" root
        root["X"] <- x
        root["obs"] <- frame counts.CellNames
        root["var"] <- frame counts.GeneNames

        for name in [ "layers"; "obsm"; "varm"; "obsp"; "varp"; "uns" ] do
            root[name] <- group "dict" "0.1.0" []

        root

    /// Writes the counts as X with nothing else: no columns, no layers. It is the door of tests; a run writes a temporary file and renames it.
    let write (path: string) storage counts = (content storage counts).Write path

    /// The same to a file that is open; it comes to memory first.
    let writeTo (disk: RandomAccessFile) storage counts =
        use memory = new MemoryStream()
        (content storage counts).Write memory
        disk.Write(0L, ReadOnlySpan(memory.ToArray()))
