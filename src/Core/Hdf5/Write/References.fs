/// Where object references lead: what is replaced by a new object must not be reached by the address of the old one.
namespace SingleSharp.Core.Hdf5

open System
open System.Collections.Generic
open SingleSharp.Core

type internal References =
    {
        /// The addresses of objects that references lead to.
        Targets: HashSet<int64>
        /// Were all references understood?
        AreAll: bool
    }

[<RequireQualifiedAccess>]
module internal References =
    /// The links of a file, which are walked once.
    let private graphOf (store: Hdf5File) =
        store.Once(fun () -> Graph.ofRoot store.Disk store.Superblock.Root)

    /// A dataset with more references than this is not read through.
    let private mostRead = 1_000_000L

    /// All references in a file, in attributes and in datasets.
    let private search (store: Hdf5File) =
        let targets = HashSet<int64>()
        let mutable areAll = true

        /// The references in one element, however deep they lie.
        let rec follow datatype (bytes: byte[]) at =
            match datatype with
            | Reference 8 -> targets.Add(BitConverter.ToInt64(bytes, at)) |> ignore
            | Reference _ -> areAll <- false
            | Compound(_, members) ->
                for _, offset, inner in members do
                    follow inner bytes (at + offset)
            | ArrayOf(_, element) -> followAll element bytes at (at + Datatype.size datatype)
            | VlenSequence element when Datatype.refers element ->
                let inner =
                    store.Heap.Resolve(ReadOnlySpan(bytes, at, Datatype.size datatype), Datatype.size element)

                followAll element inner 0 inner.Length
            | _ -> ()

        and followAll element bytes start stop =
            for at in start .. Datatype.size element .. stop - Datatype.size element do
                follow element bytes at

        let addAttributes header =
            try
                for attribute in Attribute.all store.Disk header do
                    if Datatype.refers attribute.Type then
                        followAll attribute.Type attribute.Data 0 attribute.Data.Length
            with FaultException _ ->
                areAll <- false

        let addDataset (dataset: Dataset) =
            if Datatype.refers dataset.Type then
                if dataset.Count <= mostRead then
                    let bytes = DatasetReader(store.Disk, dataset).ReadAll()
                    followAll dataset.Type bytes 0 bytes.Length
                else
                    areAll <- false

        let graph = graphOf store

        for address in graph.Stored.Keys do
            try
                let header = Header.read store.Disk address
                addAttributes header

                if Dataset.isDataset header then
                    addDataset (Dataset.ofHeader store.Disk $"the dataset at byte {address}" header)
            with FaultException _ ->
                areAll <- false

        { Targets = targets
          AreAll = areAll && graph.AreAll }

    /// Where references of the file lead; they are followed once.
    let find (store: Hdf5File) = store.Once(fun () -> search store)

    /// Refuses to replace an object that a reference leads to.
    let requireNone (store: Hdf5File) references path (header: Header) =
        if references.Targets.Contains header.Address then
            store.Disk.Unsupported
                path
                "an object reference leads to it, and would go on leading to what it was; delete the reference, or read the file with anndata and write it again"

    /// Refuses, before anything is written, objects that could not be moved: none of those at the addresses, or of the groups
    /// above them, which lead to them.
    let requireMovable (store: Hdf5File) references (addresses: int64 seq) =
        let disk = store.Disk
        let graph = graphOf store

        for address in Graph.above graph addresses do
            let header = Header.read disk address

            let path =
                if address = graph.Root then "the root group" else $"the object at byte {address}"

            requireNone store references path header

            if Links.isGroup header then
                FileEditor.RequireEditable(disk, path, Links.read disk address)
            else
                ObjectHeaderRewrite.requireAttributes disk path header

            if header.LinkCount > 1 && not graph.AreAll then
                disk.Unsupported path $"it has {header.LinkCount} names, and parts of the file that cannot be read may hold some of them"
