/// Where object references lead: what is replaced by a new object must not be reached by the address of the old one.
namespace SingleSharp.Core

open System
open System.Collections.Generic

type References =
    {
        /// The addresses of objects that references lead to.
        Targets: HashSet<int64>
        /// Were all references understood?
        AreAll: bool
    }

[<RequireQualifiedAccess>]
module References =
    /// A dataset with more references than this is not read through.
    let private mostRead = 1_000_000L

    /// All references in a file, in attributes and in datasets.
    let find (store: Store) =
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
                    let bytes = SlabReader(store.Disk, dataset).ReadAll()
                    followAll dataset.Type bytes 0 bytes.Length
                else
                    areAll <- false

        addAttributes store.Root.Header

        try
            for _, node, _ in Store.objects store do
                match node with
                | ValueSome(struct (_, GroupNode group)) -> addAttributes group.Header
                | ValueSome(struct (_, DatasetNode dataset)) ->
                    addAttributes dataset.Header
                    addDataset dataset
                | ValueNone -> ()
        with FaultException _ ->
            areAll <- false

        { Targets = targets; AreAll = areAll }

    /// Refuses to replace an object that a reference leads to.
    let requireNone (store: Store) references path (header: Header) =
        if references.Targets.Contains header.Address then
            store.Disk.Unsupported path "an object reference leads to it, and would go on leading to what it was"
