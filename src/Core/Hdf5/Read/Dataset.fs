/// What a dataset is and how it is stored, without its values.
namespace SingleSharp.Core.Hdf5

open SingleSharp.Core.Files

/// One step of the pipeline that chunks go through when they are written.
type internal Filter =
    { Id: int
      Optional: bool
      Parameters: uint32[] }

/// How the chunks of a dataset are found.
type internal ChunkIndex =
    | SingleChunk of size: int64 voption * mask: uint32
    | Implicit
    | FixedArray
    | ExtensibleArray
    | TreeVersion1
    | TreeVersion2

type internal Layout =
    | Compact of byte[]
    | Contiguous of address: int64
    | Chunked of shape: int64[] * index: ChunkIndex * address: int64 * edgesUnfiltered: bool

type internal Dataset =
    {
        /// Its path in the file, for messages.
        Path: string
        Header: Header
        Type: Datatype
        Space: Dataspace
        Layout: Layout
        Filters: Filter list
        /// The bytes of one element that was never written.
        FillValue: byte[]
    }

    member dataset.Dims =
        match dataset.Space with
        | Null -> [||]
        | Simple(dims, _) -> Array.ofList dims

    member dataset.ElementSize = Datatype.size dataset.Type
    member dataset.Count = Dataspace.count dataset.Space

[<RequireQualifiedAccess>]
module internal Dataset =
    [<Literal>]
    let Deflate = 1

    [<Literal>]
    let Shuffle = 2

    [<Literal>]
    let Fletcher32 = 3

    [<Literal>]
    let Lzf = 32000

    [<Literal>]
    let Zstd = 32015

    [<Literal>]
    let Blosc = 32001

    let filterName id =
        match id with
        | Deflate -> "gzip"
        | Shuffle -> "shuffle"
        | Fletcher32 -> "fletcher32"
        | 4 -> "szip"
        | 5 -> "nbit"
        | 6 -> "scaleoffset"
        | 307 -> "bzip2"
        | Lzf -> "lzf"
        | Blosc -> "blosc"
        | 32004 -> "lz4"
        | 32008 -> "bitshuffle"
        | 32013 -> "zfp"
        | Zstd -> "zstd"
        | 32026 -> "blosc2"
        | other -> $"filter {other}"

    // Filter pipeline message: HDF5 File Format Specification 3.0, section IV.A.2.l.
    let private parseFilters (disk: RandomAccessFile) where (message: Message) =
        let cursor = Cursor(disk, where, message.Body, 0)
        let version = cursor.U8()
        let count = cursor.U8()
        cursor.Skip(if version = 1 then 6 else 0)

        List.init count (fun _ ->
            let id = cursor.U16()
            let nameLength = if version = 1 || id >= 256 then cursor.U16() else 0
            let flags = cursor.U16()
            let parameters = cursor.U16()
            cursor.Skip(if version = 1 then int (Bytes.align8 (int64 nameLength)) else nameLength)
            let values = Array.init parameters (fun _ -> cursor.U32())
            cursor.Skip(if version = 1 && parameters % 2 = 1 then 4 else 0)

            { Id = id
              Optional = flags &&& 1 <> 0
              Parameters = values })

    // Fill value message: section IV.A.2.f.
    let private parseFill (disk: RandomAccessFile) where elementSize (message: Message) =
        let cursor = Cursor(disk, where, message.Body, 0)
        let version = cursor.U8()

        let defined =
            if version < 3 then
                cursor.Skip 2
                version = 1 || cursor.U8() <> 0
            else
                cursor.U8() &&& 0x20 <> 0

        if version < 3 && version = 1 then
            cursor.Skip 1

        if defined && cursor.Left >= 4 then
            let size = int (cursor.U32())
            if size = elementSize then cursor.Bytes size else Array.zeroCreate elementSize
        else
            Array.zeroCreate elementSize

    // Data layout message: section IV.A.2.i.
    let private parseLayout (disk: RandomAccessFile) where (message: Message) =
        let cursor = Cursor(disk, where, message.Body, 0)
        let version = cursor.U8()

        if version < 3 || version > 4 then
            disk.Unsupported where $"layout message version {version}"

        let shapeOf count read =
            // The last extent is the size of an element, not a dimension.
            let extents = Array.init count read
            let shape = Array.sub extents 0 (max 0 (count - 1))

            if shape |> Array.exists (fun extent -> extent < 1L) then
                disk.Damaged where "a chunk has no extent"

            shape

        match cursor.U8() with
        | 0 -> Compact(cursor.Bytes(cursor.U16()))
        | 1 -> Contiguous(cursor.I64())
        | 2 when version = 3 ->
            let rank = cursor.U8()
            let address = cursor.I64()
            Chunked(shapeOf rank (fun _ -> int64 (cursor.U32())), TreeVersion1, address, false)
        | 2 ->
            let flags = cursor.U8()
            let rank = cursor.U8()
            let width = cursor.U8()
            let shape = shapeOf rank (fun _ -> cursor.Number width)

            let index =
                match cursor.U8() with
                | 1 when flags &&& 2 <> 0 ->
                    let size = cursor.I64()
                    SingleChunk(ValueSome size, cursor.U32())
                | 1 -> SingleChunk(ValueNone, 0u)
                | 2 -> Implicit
                | 3 ->
                    cursor.Skip 1
                    FixedArray
                | 4 ->
                    cursor.Skip 5
                    ExtensibleArray
                | 5 ->
                    cursor.Skip 6
                    TreeVersion2
                | other -> disk.Unsupported where $"chunk index type {other}"

            Chunked(shape, index, cursor.I64(), flags &&& 1 <> 0)
        | 3 -> disk.Unsupported where "it is a virtual dataset, whose values lie in other files"
        | other -> disk.Unsupported where $"storage class {other}"

    /// Is there a dataset behind this header?
    let isDataset header =
        (Header.tryFind Header.Dataspace header).IsSome

    /// More than this is not read where nothing was written: reading zeros for ever is no work.
    let mostUnwritten (disk: RandomAccessFile) = max (1L <<< 30) (1024L * disk.Length)

    /// The dataset whose object header was read.
    let ofHeader (disk: RandomAccessFile) path (header: Header) =
        let required kind what =
            match Header.tryFind kind header with
            | Some message -> message
            | None -> disk.Damaged path $"its {what} is missing"

        if (Header.tryFind Header.ExternalFiles header).IsSome then
            disk.Unsupported path "its values lie in another file"

        let datatype = DatatypeMessage.ofMessage disk (required Header.Datatype "datatype")
        let space = Dataspace.parse disk (required Header.Dataspace "dataspace").Body

        let layout =
            match space with
            | Null -> Contiguous Bytes.undefined
            | Simple(dims, _) ->
                match parseLayout disk path (required Header.Layout "layout") with
                | Chunked(shape, _, _, _) when shape.Length <> dims.Length || shape.Length = 0 ->
                    disk.Damaged path "its chunks have other dimensions than it has"
                | layout -> layout

        let size = Datatype.size datatype

        // Below this, nothing that is computed of bytes overflows.
        let requireCountable (extents: seq<int64>) what =
            if (extents |> Seq.fold (fun product extent -> product * float (max 1L extent)) (float size)) > float (1L <<< 56) then
                disk.Damaged path $"{what} said to have more bytes than any file"

        match space with
        | Simple(dims, _) -> requireCountable dims "it is"
        | Null -> ()

        match layout with
        | Chunked(shape, _, _, _) -> requireCountable shape "its chunks are"
        | _ -> ()

        let bytes = Dataspace.count space * int64 size

        match layout with
        | Contiguous address when address <> Bytes.undefined && bytes > disk.Length - address ->
            disk.Damaged path $"it is said to hold {bytes} bytes, more than the file has (is it cut off?)"
        | Contiguous address when address = Bytes.undefined && bytes > mostUnwritten disk ->
            disk.Damaged path $"it is said to hold {bytes} bytes, of which none was ever written"
        | Compact stored when bytes > stored.LongLength -> disk.Damaged path "it holds fewer values than its shape says"
        | _ -> ()

        { Path = path
          Header = header
          Type = datatype
          Space = space
          Layout = layout
          Filters = Header.tryFind Header.Filters header |> Option.map (parseFilters disk path) |> Option.defaultValue []
          FillValue =
            match Header.tryFind Header.FillValue header with
            | Some message -> parseFill disk path size message
            | None -> Array.zeroCreate size }

    /// One word on how it is stored: contiguous, chunked, gzip, shuffle+gzip …
    let storage (dataset: Dataset) =
        match dataset.Layout with
        | Compact _ -> "compact"
        | Contiguous _ -> "contiguous"
        | Chunked _ when dataset.Filters.IsEmpty -> "chunked"
        | Chunked _ -> dataset.Filters |> List.map (fun filter -> filterName filter.Id) |> String.concat "+"
