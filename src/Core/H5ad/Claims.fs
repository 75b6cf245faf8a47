/// Which bytes of a file belong to whom: only what nobody else claims may be written over.
namespace SingleSharp.Core

open System.Collections.Generic

/// Some bytes, and the address of the object whose they are.
[<Struct>]
type Claim =
    { Start: int64
      Length: int64
      Owner: int64 }

[<RequireQualifiedAccess>]
module Claims =
    /// The bytes of a dataset outside of its header.
    let ofDataset (disk: Disk) (dataset: Dataset) =
        let claim start length =
            { Start = start
              Length = length
              Owner = dataset.Header.Address }

        match dataset.Layout with
        | Contiguous address when address <> Bytes.undefined && dataset.Count > 0L ->
            [| claim address (dataset.Count * int64 dataset.ElementSize) |]
        | Chunked _ ->
            (Chunks.load disk dataset).Entries
            |> Array.filter (fun chunk -> chunk.Address <> Bytes.undefined)
            |> Array.map (fun chunk -> claim chunk.Address chunk.Size)
        | _ -> [||]

    /// A header is at least as long as its prefix.
    let private shortestHeader = 16L

    /// The headers and the values of all objects; none where one of them cannot be read.
    let find (store: Store) =
        let header address =
            { Start = address
              Length = shortestHeader
              Owner = address }

        try
            Some
                [| header store.Root.Header.Address
                   for _, node, _ in Store.objects store do
                       match node with
                       | ValueSome(struct (address, GroupNode _)) -> header address
                       | ValueSome(struct (address, DatasetNode dataset)) ->
                           header address
                           yield! ofDataset store.Disk dataset
                       | ValueNone -> () |]
        with FaultException _ ->
            None

    /// The owners of bytes that somebody else claims as well, which happens in damaged files.
    /// Law (contested): an owner is among them exactly when one of its bytes is in a claim of another.
    let contested (claims: Claim[]) =
        let sorted =
            claims |> Array.filter (fun claim -> claim.Length > 0L) |> Array.sortBy _.Start

        let owners = HashSet<int64>()

        /// Of the claims on one side, what reaches farthest towards the next one, and what does among those of other owners.
        let sweep (claims: seq<Claim>) (reach: Claim -> int64) (meets: Claim -> int64 -> bool) (farther: int64 -> int64 -> bool) =
            let mutable first = ValueNone
            let mutable second = ValueNone

            for claim in claims do
                let other =
                    match first with
                    | ValueSome(struct (_, owner)) when owner = claim.Owner -> second
                    | known -> known

                match other with
                | ValueSome(struct (place, _)) when meets claim place -> owners.Add claim.Owner |> ignore
                | _ -> ()

                match first with
                | ValueSome(struct (place, owner)) when owner = claim.Owner ->
                    if farther (reach claim) place then
                        first <- ValueSome(struct (reach claim, owner))
                | ValueSome(struct (place, owner)) when farther (reach claim) place ->
                    second <- ValueSome(struct (place, owner))
                    first <- ValueSome(struct (reach claim, claim.Owner))
                | ValueSome _ ->
                    match second with
                    | ValueSome(struct (place, _)) when not (farther (reach claim) place) -> ()
                    | _ -> second <- ValueSome(struct (reach claim, claim.Owner))
                | ValueNone -> first <- ValueSome(struct (reach claim, claim.Owner))

        let stop claim = claim.Start + claim.Length
        sweep sorted stop (fun claim place -> claim.Start < place) (>)
        sweep (Array.rev sorted) _.Start (fun claim place -> stop claim > place) (<)
        owners
