/// Stored values in one form, whatever their byte order and storage, so that they can be compared by a hash.
namespace SingleSharp.Core.Verify

open System
open System.Security.Cryptography
open SingleSharp.Core.Folds
open SingleSharp.Core.Contract
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

/// Text as bytes, different ones for different texts.
[<RequireQualifiedAccess>]
module internal CanonicalText =
    /// UTF-8. Half a surrogate pair that stands for a byte, as PEP 383 has it, is this byte, and any other its own three bytes.
    let bytes text =
        text
        |> Utf8.bytesWith (fun lone ->
            let code = int lone

            [| byte (0xe0 ||| (code >>> 12))
               byte (0x80 ||| (code >>> 6 &&& 0x3f))
               byte (0x80 ||| (code &&& 0x3f)) |])

/// Feeds values to a hash: numbers little-endian, strings as their bytes behind their length, references as the paths they lead to.
/// Law (canonical): of objects of one kind and with as many attributes, different values and attributes are different bytes.
[<Sealed>]
type internal Canonical(store: Hdf5File, pathOf: int64 -> string, hash: IncrementalHash) =
    let number (value: int64) = hash.AppendData(Bytes.i64 value)

    let lengthAnd (bytes: ReadOnlySpan<byte>) =
        number (int64 bytes.Length)
        hash.AppendData bytes

    let text (value: string) =
        lengthAnd (ReadOnlySpan(CanonicalText.bytes value))

    /// A string as it is stored, UTF-8 or not, but for the NULs that fill it up or end it.
    let stored (bytes: byte[]) =
        lengthAnd ((ReadOnlySpan bytes).TrimEnd 0uy)

    /// Are the stored bytes the canonical ones?
    let rec isPlain datatype =
        match datatype with
        | Integer(size, _, big)
        | Float(size, big) -> not big || size = 1
        | Opaque _ -> true
        | Enumeration(baseType, _) -> isPlain baseType
        | ArrayOf(_, element) -> isPlain element
        | _ -> false

    let rec value datatype (bytes: byte[]) start =
        let size = Datatype.size datatype
        let own = bytes[start .. start + size - 1]

        match datatype with
        | Integer(_, _, true)
        | Float(_, true) -> hash.AppendData(Array.rev own)
        | Integer _
        | Float _
        | Opaque _ -> hash.AppendData own
        | FixedString _ -> stored own
        | VlenString -> stored (store.Heap.Resolve(ReadOnlySpan own, 1))
        | VlenSequence element ->
            let inner = store.Heap.Resolve(ReadOnlySpan own, Datatype.size element)
            let count = inner.Length / Datatype.size element
            number (int64 count)

            for i in 0 .. count - 1 do
                value element inner (i * Datatype.size element)
        | Enumeration(baseType, _) -> value baseType bytes start
        | Compound(_, members) ->
            for _, offset, inner in members do
                value inner bytes (start + offset)
        | ArrayOf(_, element) ->
            for at in start .. Datatype.size element .. start + size - 1 do
                value element bytes at
        | Reference 8 -> text (pathOf (BitConverter.ToInt64(bytes, start)))
        | Reference _ -> text "region"

    /// A name in the description of a type; one that could end before its end says how long it is.
    let named (name: string) =
        if name <> "" && name |> Seq.forall (fun c -> Char.IsAsciiLetterOrDigit c || "_-. ".Contains c) then
            name
        else
            $"\"{name.Length}:{name}"

    /// The name of a type with everything that gives its values their meaning.
    let rec describe datatype =
        match datatype with
        | Enumeration(baseType, members) ->
            let entries =
                members |> List.map (fun (name, code) -> $"{named name}={Convert.ToHexString code}") |> String.concat ","

            $"enum {describe baseType} {{{entries}}}"
        | Compound(_, members) -> members |> List.map (fun (name, _, inner) -> $"{named name}: {inside inner}") |> String.concat "; "
        | ArrayOf(dims, element) -> $"array %A{dims} {inside element}"
        | VlenSequence element -> $"vlen {inside element}"
        | other -> Datatype.name other

    /// Members of a record in a record belong to the inner one.
    and inside datatype =
        match datatype with
        | Compound _ -> $"({describe datatype})"
        | _ -> describe datatype

    member _.Text = text

    /// The type and extent of a value.
    member _.Shape(datatype, space) =
        text (describe datatype)

        match space with
        // Nothing has fewer than no dimensions.
        | Null -> number -1L
        | Simple(dims, _) ->
            number (int64 dims.Length)
            dims |> List.iter number

    /// Some elements that lie one after another.
    member _.Elements(datatype, bytes: byte[], count) =
        let size = Datatype.size datatype

        if isPlain datatype then
            hash.AppendData(ReadOnlySpan(bytes, 0, count * size))
        else
            for i in 0 .. count - 1 do
                if i % 16384 = 0 then
                    Memory.tidyYoung ()

                value datatype bytes (i * size)

    /// All attributes, by name.
    member canonical.Attributes(header: Header) =
        for attribute in Attribute.all store.Disk header |> List.sortBy _.Name do
            text attribute.Name
            canonical.Shape(attribute.Type, attribute.Space)
            canonical.Elements(attribute.Type, attribute.Data, int (Dataspace.count attribute.Space))
