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

        let add datatype (bytes: byte[]) =
            match datatype with
            | Reference 8 ->
                for at in 0..8 .. bytes.Length - 8 do
                    targets.Add(BitConverter.ToInt64(bytes, at)) |> ignore
            | other -> areAll <- areAll && not (Datatype.refers other)

        let addAttributes header =
            try
                for attribute in Attribute.all store.Disk header do
                    add attribute.Type attribute.Data
            with FaultException _ ->
                areAll <- false

        let addDataset (dataset: Dataset) =
            match dataset.Type with
            | Reference 8 when dataset.Count <= mostRead -> add dataset.Type (SlabReader(store.Disk, dataset).ReadAll())
            | other -> areAll <- areAll && not (Datatype.refers other)

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
