/// The filters of a dataset that is stored anew, where another compression is wanted than the old one had.
namespace SingleSharp.Core.Hdf5

open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal NewFilters =
    /// Elements of a chunk of one dimension, and bytes of one of several, where there were no chunks.
    let private mostExtent = 1L <<< 17

    let private chunkBytes = 1L <<< 20

    /// A chunk has whole rows; longer ones are left as they are.
    let private longestRow = 1L <<< 24

    /// Checksums are not what compression is about.
    let private checksums (filters: Filter list) =
        filters |> List.filter (fun filter -> filter.Id = Dataset.Fletcher32)

    let private filter id parameters =
        { Id = id
          Optional = true
          Parameters = parameters }

    /// Bytes of equal rank side by side compress better where they are of integers, such as indices. Values of cells that were scaled
    /// repeat as they are, and their bytes do not: data of log1p take twice as much when they are shuffled.
    let private ofChunk compression datatype bytes =
        let shuffled last =
            match datatype with
            | Integer(size, _, _) when size > 1 -> [ filter Dataset.Shuffle [| uint32 size |]; last ]
            | _ -> [ last ]

        match compression with
        | Compression.None -> []
        | Compression.Gzip level -> shuffled (filter Dataset.Deflate [| uint32 level |])
        | Compression.Zstd level -> shuffled (filter Dataset.Zstd [| uint32 level |])
        // The versions of the filter and of the library that h5py writes, and the room that a chunk needs.
        | Compression.Lzf -> shuffled (filter Dataset.Lzf [| 4u; 0x0105u; uint32 bytes |])

    let private areSo compression (old: Dataset) =
        let codecs =
            old.Filters |> List.filter (fun filter -> filter.Id <> Dataset.Fletcher32 && filter.Id <> Dataset.Shuffle)

        match compression, codecs with
        | Compression.None, [] -> old.Filters = checksums old.Filters
        | Compression.Gzip level, [ one ] -> one.Id = Dataset.Deflate && one.Parameters = [| uint32 level |]
        | Compression.Zstd level, [ one ] -> one.Id = Dataset.Zstd && one.Parameters = [| uint32 level |]
        | Compression.Lzf, [ one ] -> one.Id = Dataset.Lzf
        | _ -> false

    /// Is a dataset compressed as is wanted already?
    let areAsWanted wanted old =
        wanted |> Option.forall (fun compression -> areSo compression old)

    // Filter pipeline message, version 1: HDF5 File Format Specification 3.0, section IV.A.2.l.
    let private message (filters: Filter list) =
        Encode.message
            Header.Filters
            (Bytes.concat
                [ [| 1uy; byte filters.Length; 0uy; 0uy; 0uy; 0uy; 0uy; 0uy |]
                  for filter in filters do
                      Bytes.u16 filter.Id
                      Bytes.u16 0
                      Bytes.u16 (if filter.Optional then 1 else 0)
                      Bytes.u16 filter.Parameters.Length
                      yield! filter.Parameters |> Array.map Bytes.u32

                      if filter.Parameters.Length % 2 = 1 then
                          Bytes.u32 0u ])

    /// The chunks of an array that had none; none for what is left in one piece.
    let private shapeOf (dims: int64 list) size =
        match dims with
        | [] -> None
        | _ when List.contains 0L dims -> None
        | [ count ] -> Some [| min mostExtent count |]
        | rows :: rest ->
            let rowBytes = Memory.ofBox (Array.ofList rest) (int64 size)

            if rowBytes > longestRow then
                None
            else
                Some(Array.ofList (min rows (max 1L (chunkBytes / rowBytes)) :: rest))

    /// The old dataset, as a new one of this type and these dimensions is to take after it: in chunks and with the filters that are
    /// wanted. Values that lie in a heap are left as they are.
    let like (wanted: Compression option) datatype (dims: int64 list) (old: Dataset) =
        let size = Datatype.size datatype

        match wanted with
        | Some compression when not (Datatype.liesElsewhere datatype || Datatype.refers datatype || areSo compression old) ->
            let shape =
                match old.Layout with
                | Chunked(shape, _, _, _) -> Some shape
                | _ when compression = Compression.None -> None
                | _ -> shapeOf dims size

            match shape with
            | None -> old
            | Some shape ->
                let filters =
                    ofChunk compression datatype (Memory.ofBox shape (int64 size)) @ checksums old.Filters

                let others =
                    old.Header.Messages |> List.filter (fun message -> message.Type <> Header.Filters)

                { old with
                    Layout = Chunked(shape, TreeVersion1, Bytes.undefined, false)
                    Filters = filters
                    Header =
                        { old.Header with
                            Messages = if filters.IsEmpty then others else others @ [ message filters ] } }
        | _ -> old
