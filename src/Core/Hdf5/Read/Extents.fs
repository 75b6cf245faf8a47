/// Which bytes of a file belong to whom: only what nobody else claims may be written over.
namespace SingleSharp.Core.Hdf5

open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Files

/// Some bytes, and the address of the object whose they are.
[<Struct>]
type internal Extent =
    { Start: int64
      Length: int64
      Owner: int64 }

[<RequireQualifiedAccess>]
module internal Extents =
    /// The bytes of a dataset outside of its header.
    let ofDataset (disk: RandomAccessFile) (dataset: Dataset) =
        let extent start length =
            { Start = start
              Length = length
              Owner = dataset.Header.Address }

        match dataset.Layout with
        | Contiguous address when address <> Bytes.undefined && dataset.Count > 0L ->
            [| extent address (dataset.Count * int64 dataset.ElementSize) |]
        | Chunked _ ->
            (Chunks.load disk dataset).Entries
            |> Array.filter (fun chunk -> chunk.Address <> Bytes.undefined)
            |> Array.map (fun chunk -> extent chunk.Address chunk.Size)
        | _ -> [||]

    /// A header is at least as long as its prefix.
    let private shortestHeader = 16L

    /// The headers and the values of all objects; none where one of them cannot be read.
    let find (store: Hdf5File) =
        let header address =
            { Start = address
              Length = shortestHeader
              Owner = address }

        try
            Some
                [| header store.Root.Header.Address
                   for _, node, _ in Hdf5Objects.all store do
                       match node with
                       | ValueSome(struct (address, GroupObject _)) -> header address
                       | ValueSome(struct (address, DatasetObject dataset)) ->
                           header address
                           yield! ofDataset store.Disk dataset
                       | ValueNone -> () |]
        with FaultException _ ->
            None

    /// The owners of bytes that somebody else claims as well, which happens in damaged files.
    /// Law (contested): an owner is among them exactly when one of its bytes is in a claim of another.
    let contested (extents: Extent[]) =
        let sorted =
            extents |> Array.filter (fun extent -> extent.Length > 0L) |> Array.sortBy _.Start

        let owners = HashSet<int64>()

        /// Of the claims on one side, what reaches farthest towards the next one, and what does among those of other owners.
        let sweep (extents: seq<Extent>) (reach: Extent -> int64) (meets: Extent -> int64 -> bool) (farther: int64 -> int64 -> bool) =
            let mutable first = ValueNone
            let mutable second = ValueNone

            for extent in extents do
                let other =
                    match first with
                    | ValueSome(struct (_, owner)) when owner = extent.Owner -> second
                    | known -> known

                match other with
                | ValueSome(struct (place, _)) when meets extent place -> owners.Add extent.Owner |> ignore
                | _ -> ()

                match first with
                | ValueSome(struct (place, owner)) when owner = extent.Owner ->
                    if farther (reach extent) place then
                        first <- ValueSome(struct (reach extent, owner))
                | ValueSome(struct (place, owner)) when farther (reach extent) place ->
                    second <- ValueSome(struct (place, owner))
                    first <- ValueSome(struct (reach extent, extent.Owner))
                | ValueSome _ ->
                    match second with
                    | ValueSome(struct (place, _)) when not (farther (reach extent) place) -> ()
                    | _ -> second <- ValueSome(struct (reach extent, extent.Owner))
                | ValueNone -> first <- ValueSome(struct (reach extent, extent.Owner))

        let stop extent = extent.Start + extent.Length
        sweep sorted stop (fun extent place -> extent.Start < place) (>)
        sweep (Array.rev sorted) _.Start (fun extent place -> stop extent > place) (<)
        owners

/// The objects whose bytes others claim as well.
type internal Contested =
    {
        /// Their addresses; none where not every object can be read.
        Owners: HashSet<int64> option
    }

[<RequireQualifiedAccess>]
module internal Contested =
    /// Those of a file, which are found once.
    let ofFile (store: Hdf5File) =
        store.Once(fun () -> { Owners = Extents.find store |> Option.map Extents.contested })
