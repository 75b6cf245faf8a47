/// SHA-256 over what a file means, element by element, so that two people can compare their results.
namespace SingleSharp.Core.Verify

open System
open System.Collections.Generic
open System.Security.Cryptography
open SingleSharp
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module internal Digest =
    let private slabBytes = 4L * 1024L * 1024L

    /// A dataset contiguous as a line of the same elements, of which any number can be read at a time.
    let private flat (dataset: Dataset) =
        match dataset.Layout with
        | Contiguous _ ->
            { dataset with
                Space = Encode.line dataset.Count }
        | _ -> dataset

    let private feedDataset (store: Hdf5File) (canonical: Canonical) (dataset: Dataset) (cancel: Threading.CancellationToken) =
        canonical.Shape(dataset.Type, dataset.Space)
        let dataset = if dataset.Count > 0L then flat dataset else dataset
        let reader = DatasetReader(store.Disk, dataset)

        if dataset.Dims.Length = 0 && dataset.Count > 0L then
            canonical.Elements(dataset.Type, reader.ReadAll(), 1)
        elif dataset.Count > 0L then
            let rowBytes = Hyperslab.rowBytes dataset

            let rows = Hyperslab.rowsAtOnce store.Disk dataset slabBytes 1L
            let buffer = Array.zeroCreate (Checked.int (rows * rowBytes))

            for first in 0L .. rows .. dataset.Dims[0] - 1L do
                cancel.ThrowIfCancellationRequested()
                let count = min rows (dataset.Dims[0] - first)
                reader.Read(first, int count, buffer)
                canonical.Elements(dataset.Type, buffer, int (count * rowBytes / int64 dataset.ElementSize))

    let private hex (bytes: byte[]) = Convert.ToHexStringLower bytes

    /// What the hash of an element does not tell: whether it is a group, a dataset or what a link holds, and how many attributes
    /// come before its values.
    let private kindOf (store: Hdf5File) node =
        let attributes (header: Header) =
            int64 (Attribute.messages store.Disk header).Length

        match node with
        | ValueSome(struct (_, GroupObject group)) -> 0L, attributes group.Header
        | ValueSome(struct (_, DatasetObject dataset)) -> 1L, attributes dataset.Header
        | ValueNone -> 2L, 0L

    /// Where the notes of runs are.
    let notes = "uns/singlesharp"

    /// The notes of runs tell how a file came about, not what it holds: two ways to the same result have the same hash of the whole.
    let private isNote path node =
        match node with
        | ValueSome(struct (_, DatasetObject _)) -> path = notes
        | _ -> false

    /// The digest of an open file; the notes of runs have a hash of their own and no part in that of the whole. Everything that the last hash is fed has a fixed length or stands behind its length, so that files
    /// whose elements differ feed it different bytes, whatever their names hold.
    let ofStore (store: Hdf5File) cancel =
        let found = Hdf5Objects.all store |> List.ofSeq
        let paths = Dictionary<int64, string>()

        for path, node, _ in found do
            match node with
            | ValueSome(struct (address, _)) -> paths.TryAdd(address, path) |> ignore
            | ValueNone -> ()

        let pathOf address =
            match paths.TryGetValue address with
            | true, path -> path
            | _ -> ""

        use whole = IncrementalHash.CreateHash HashAlgorithmName.SHA256

        let element path isPart (kind, attributes) feed =
            use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
            feed (Canonical(store, pathOf, hash)) hash
            let sha256 = hash.GetHashAndReset()
            let name = CanonicalText.bytes path

            if isPart then
                for number in [ name.LongLength; kind; attributes ] do
                    whole.AppendData(Bytes.i64 number)

                whole.AppendData name
                whole.AppendData sha256

            { Path = path; Sha256 = hex sha256 }

        let elements =
            [ element "/" true (kindOf store (ValueSome(struct (0L, GroupObject store.Root)))) (fun canonical _ ->
                  canonical.Attributes store.Root.Header)
              for path, node, link in found do
                  element path (not (isNote path node)) (kindOf store node) (fun canonical hash ->
                      match node with
                      | ValueSome(struct (_, DatasetObject dataset)) ->
                          canonical.Attributes dataset.Header
                          feedDataset store canonical dataset cancel
                      | ValueSome(struct (_, GroupObject group)) ->
                          canonical.Text "group"
                          canonical.Attributes group.Header
                      | ValueNone -> hash.AppendData link) ]

        { Elements = elements
          Whole = hex (whole.GetHashAndReset()) }
