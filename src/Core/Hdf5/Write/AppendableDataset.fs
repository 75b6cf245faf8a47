/// Writes a dataset from its first element to its last, without knowing beforehand which that will be.
namespace SingleSharp.Core.Hdf5

open System
open System.Collections.Generic
open SingleSharp.Core.Files

/// A dataset in the making, which will take the place of an old one: chunked and filtered like it, or contiguous with room
/// for `most` elements. Dimensions behind the first are `rest`; only what had no chunks may have some. Only the elements decide what is written where, not the pieces in which they are appended.
[<Sealed>]
type internal AppendableDataset(editor: FileEditor, k: int, before: Dataset, datatype: Datatype, most: int64, rest: int64 list) =
    /// Elements of a row.
    let width = List.fold (*) 1L rest

    let old = editor.Pattern(datatype, most / max 1L width :: rest, before)

    /// What is contiguous is written N bytes at a time.
    let pieceBytes = 1L <<< 18

    let size = Datatype.size datatype

    let isExtensible =
        match old.Space with
        | Simple(dims, most) -> dims <> most
        | Null -> false

    let extent =
        match old.Layout with
        | Chunked(shape, _, _, _) -> shape[0] * width
        | _ -> 0L

    let isChunked = extent > 0L
    let room = if isChunked then 0L else Checked.(*) most (int64 size)
    let place = if isChunked then Bytes.undefined else editor.ReserveWithin room

    /// What waits until it is a whole chunk, or a piece that is worth writing.
    let waiting: byte[] =
        Array.zeroCreate (Checked.int (if isChunked then extent * int64 size else min room pieceBytes))

    let chunkCodec length =
        ChunkCodec(editor.Disk, old.Path, old.Filters, length)

    let codec = lazy (chunkCodec waiting.Length)
    let table = List<ChunkEntry>()
    let mutable appended = 0L
    let mutable held = 0

    let store (codec: ChunkCodec) (chunk: ReadOnlySpan<byte>) =
        let encoded = codec.Encode chunk

        table.Add
            { Address = editor.PutChunk encoded
              Size = int64 encoded.Length
              Mask = codec.Mask }

    let leave () =
        if isChunked then
            store codec.Value (ReadOnlySpan waiting)
        elif held > 0 then
            editor.Disk.Write(place + appended - int64 held, ReadOnlySpan(waiting, 0, held))

        held <- 0

    /// Pads the last chunk with the fill value.
    let pad () =
        let isEmpty =
            old.Type <> datatype || old.FillValue |> Array.forall (fun value -> value = 0uy)

        if isEmpty then
            Array.Clear(waiting, held, waiting.Length - held)
        else
            for at in held..size .. waiting.Length - size do
                old.FillValue.CopyTo(waiting, at)

    /// HDF5 lets no chunk be longer than a dataset that cannot grow.
    let chunks count =
        let extent = if isExtensible then extent else min extent count

        if extent * int64 size < waiting.LongLength then
            store (chunkCodec held) (ReadOnlySpan(waiting, 0, held))
        elif held > 0 then
            pad ()
            leave ()

        let shape = Array.ofList (extent / width :: rest)

        let counts = Array.ofList (int64 table.Count :: List.map (fun _ -> 1L) rest)

        Encode.chunked shape size (ChunkTree.write editor k shape counts size (table.ToArray()))

    let piece () =
        if not isChunked then
            leave ()
            editor.Shorten(place, room, appended)

        Encode.contiguous (if appended = 0L then Bytes.undefined else place) appended

    new(editor, k, old, datatype, most) = AppendableDataset(editor, k, old, datatype, most, [])

    /// Elements as bytes in their stored form, which follow those before.
    member _.Append(bytes: ReadOnlySpan<byte>) =
        let mutable rest = bytes

        if not isChunked && rest.Length > 0 && int64 rest.Length > room - appended then
            invalidOp $"{old.Path} becomes longer than it was said to become"

        while rest.Length > 0 do
            let now = min rest.Length (waiting.Length - held)
            rest.Slice(0, now).CopyTo(Span(waiting, held, now))
            held <- held + now
            appended <- appended + int64 now
            rest <- rest.Slice now

            if held = waiting.Length then
                leave ()

    /// Writes what is still to be written and returns the address of the new dataset, which has the attributes of the old one.
    /// Law (appendable): it holds what was appended, however it was cut; the file is the same to the byte.
    member _.Finish() =
        let count = appended / int64 size

        // A dataset that is empty and cannot grow has no chunks at all.
        let layout =
            if isChunked && (isExtensible || count > 0L) then chunks count else piece ()

        editor.PutReplacement(old, datatype, Dataspace.resized (count / max 1L width :: rest) old.Space, layout)
