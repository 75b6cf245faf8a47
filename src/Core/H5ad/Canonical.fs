/// Stored values in one form, whatever their byte order and storage, so that they can be compared by a hash.
namespace SingleSharp.Core

open System
open System.Security.Cryptography
open System.Text

/// Feeds values to a hash: numbers little-endian, strings as UTF-8 behind their length, references as the paths they lead to.
[<Sealed>]
type Canonical(store: Store, pathOf: int64 -> string, hash: IncrementalHash) =
    let number (value: int64) = hash.AppendData(Bytes.i64 value)

    let text (value: string) =
        let bytes = Encoding.UTF8.GetBytes value
        number bytes.LongLength
        hash.AppendData bytes

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
        | FixedString _ -> text (Bytes.text (ReadOnlySpan own))
        | VlenString -> text (store.Heap.String(ReadOnlySpan own))
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

    /// The name of a type with everything that gives its values their meaning.
    let rec describe datatype =
        match datatype with
        | Enumeration(baseType, members) ->
            let entries =
                members |> List.map (fun (name, code) -> $"{name}={Convert.ToHexString code}") |> String.concat ","

            $"enum {describe baseType} {{{entries}}}"
        | Compound(_, members) -> members |> List.map (fun (name, _, inner) -> $"{name}: {describe inner}") |> String.concat "; "
        | ArrayOf(dims, element) -> $"array %A{dims} {describe element}"
        | other -> Datatype.name other

    member _.Text = text

    /// The type and extent of a value.
    member _.Shape(datatype, space) =
        text (describe datatype)

        match space with
        | Null -> text "null"
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
