/// SHA-256 over what a file means, element by element, so that two people can compare their results.
namespace SingleSharp.Core

open System
open System.Collections.Generic
open System.Security.Cryptography
open System.Text

/// One object of a file and the hash of its values and attributes.
type ElementDigest = { Path: string; Sha256: string }

type Digest =
    {
        /// By path.
        Elements: ElementDigest list
        /// Over all of them.
        Whole: string
    }

[<RequireQualifiedAccess>]
module Digest =
    let private slabBytes = 4L * 1024L * 1024L

    /// A tree that is deeper than this goes in circles.
    let private mostDepth = 64

    /// Every object by its path, and what is behind links that are not followed.
    let private objects (store: Store) =
        let rec visit path (group: Group) depth =
            seq {
                if depth > mostDepth then
                    store.Disk.Unsupported path "groups are nested too deeply, or a link leads back to a group that holds it"

                for link in group.Links |> List.sortBy _.Name do
                    let child = if path = "" then link.Name else $"{path}/{link.Name}"

                    match link.Target with
                    | Elsewhere(tail, kind) -> child, ValueNone, Bytes.concat [ [| kind |]; tail ]
                    | Hard address ->
                        let node = store.At(child, address)
                        child, ValueSome(struct (address, node)), [||]

                        match node with
                        | GroupNode inner -> yield! visit child inner (depth + 1)
                        | DatasetNode _ -> ()
            }

        visit "" store.Root 0

    let private feedDataset (store: Store) (canonical: Canonical) (dataset: Dataset) (cancel: Threading.CancellationToken) =
        canonical.Shape(dataset.Type, dataset.Space)
        let reader = SlabReader(store.Disk, dataset)

        if dataset.Dims.Length = 0 && dataset.Count > 0L then
            canonical.Elements(dataset.Type, reader.ReadAll(), 1)
        elif dataset.Count > 0L then
            let rowBytes = Slab.rowBytes dataset

            // Chunks of several dimensions are decoded once per slab, so slabs end where chunks do.
            let unit =
                match dataset.Layout with
                | Chunked(shape, _, _, _) -> shape[0]
                | _ -> 1L

            let rows = max unit (slabBytes / max 1L rowBytes / unit * unit)

            let buffer =
                Array.zeroCreate (Checked.int (Checked.(*) (min rows dataset.Dims[0]) rowBytes))

            for first in 0L .. rows .. dataset.Dims[0] - 1L do
                cancel.ThrowIfCancellationRequested()
                let count = min rows (dataset.Dims[0] - first)
                reader.Read(first, int count, buffer)
                canonical.Elements(dataset.Type, buffer, int (count * rowBytes / int64 dataset.ElementSize))

    let private hex (bytes: byte[]) = Convert.ToHexStringLower bytes

    /// The digest of an open file.
    let ofStore (store: Store) cancel =
        let found = objects store |> List.ofSeq
        let paths = Dictionary<int64, string>()

        for path, node, _ in found do
            match node with
            | ValueSome(struct (address, _)) -> paths.TryAdd(address, path) |> ignore
            | ValueNone -> ()

        let pathOf address =
            match paths.TryGetValue address with
            | true, path -> path
            | _ -> ""

        let element path feed =
            use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
            feed (Canonical(store, pathOf, hash)) hash

            { Path = path
              Sha256 = hex (hash.GetHashAndReset()) }

        let elements =
            [ element "/" (fun canonical _ -> canonical.Attributes store.Root.Header)
              for path, node, link in found do
                  element path (fun canonical hash ->
                      match node with
                      | ValueSome(struct (_, DatasetNode dataset)) ->
                          canonical.Attributes dataset.Header
                          feedDataset store canonical dataset cancel
                      | ValueSome(struct (_, GroupNode group)) ->
                          canonical.Text "group"
                          canonical.Attributes group.Header
                      | ValueNone -> hash.AppendData link) ]

        let lines =
            elements |> List.map (fun element -> $"{element.Sha256}  {element.Path}\n") |> String.concat ""

        { Elements = elements
          Whole = hex (SHA256.HashData(Encoding.UTF8.GetBytes lines)) }
