/// What Store finds in a file, line by line as fixtures/make.py lists what h5py finds in it.
module internal SingleSharp.Properties.Listing

open System
open System.Security.Cryptography
open System.Text
open Expecto
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

let private text (value: string) = Encoding.UTF8.GetBytes(value + "\000")

/// Numbers little-endian, strings and referenced paths with a final NUL, sequences behind their length.
let rec private canonical (store: Hdf5File) (pathOf: int64 -> string) datatype (bytes: byte[]) start : byte[] =
    let inner datatype bytes start =
        canonical store pathOf datatype bytes start

    let size = Datatype.size datatype
    let own = bytes[start .. start + size - 1]

    let elements element (bytes: byte[]) =
        let size = Datatype.size element
        [ for i in 0 .. bytes.Length / size - 1 -> inner element bytes (i * size) ] |> Bytes.concat

    match datatype with
    | Integer(_, _, big)
    | Float(_, big) -> if big then Array.rev own else own
    | Opaque _ -> own
    | Enumeration(baseType, _) -> inner baseType bytes start
    | FixedString(_, padding) -> text (Datatype.fixedText padding (ReadOnlySpan own))
    | VlenString -> text (store.Heap.String(ReadOnlySpan own))
    | VlenSequence element ->
        let all = store.Heap.Resolve(ReadOnlySpan own, Datatype.size element)

        Bytes.concat
            [ Encoding.ASCII.GetBytes $"{all.Length / Datatype.size element}:"
              elements element all ]
    | Compound(_, members) -> members |> List.map (fun (_, offset, element) -> inner element own offset) |> Bytes.concat
    | ArrayOf(_, element) -> elements element own
    | Reference _ -> text (pathOf (BitConverter.ToInt64(own, 0)))

let private row store pathOf path datatype space (data: unit -> byte[]) =
    match space with
    | Null -> $"{path}\t{Datatype.name datatype}\tnull\t"
    | Simple(dims, _) ->
        let shape = if dims.IsEmpty then "scalar" else String.Join('x', dims)
        let size = Datatype.size datatype
        let bytes = data ()

        let all =
            [ for i in 0 .. int (Dataspace.count space) - 1 -> canonical store pathOf datatype bytes (i * size) ] |> Bytes.concat

        let hash = Convert.ToHexStringLower(SHA256.HashData all)
        $"{path}\t{Datatype.name datatype}\t{shape}\t{hash.Substring(0, 16)}"

/// Every address by its path.
let rec private places (store: Hdf5File) path (group: Group) : (string * int64) list =
    [ for link in group.Links do
          match link.Target with
          | Hard address ->
              let child = $"{path}/{link.Name}"
              yield child, address

              if Links.isGroup (Header.read store.Disk address) then
                  yield! places store child (Links.read store.Disk address)
          | Elsewhere _ -> () ]

let ofStore (store: Hdf5File) =
    let paths =
        places store "" store.Root |> List.map (fun (path, address) -> address, path) |> Map.ofList

    let pathOf address =
        Map.tryFind address paths |> Option.defaultValue ""

    let attributes path header =
        [ for attribute in Attribute.all store.Disk header do
              row store pathOf $"{path}@{attribute.Name}" attribute.Type attribute.Space (fun () -> attribute.Data) ]

    let rec visit path (group: Group) =
        [ for link in group.Links do
              let child = $"{path}/{link.Name}"

              match link.Target with
              | Elsewhere _ -> $"{child}\tlink\t\t"
              | Hard address when not (Links.isGroup (Header.read store.Disk address) || Dataset.isDataset (Header.read store.Disk address)) ->
                  $"{child}\tcommitted\t\t"
              | Hard address ->
                  match store.At(child, address) with
                  | GroupObject group ->
                      yield! attributes child group.Header
                      $"{child}\tgroup\t\t"
                      yield! visit child group
                  | DatasetObject dataset ->
                      yield! attributes child dataset.Header
                      row store pathOf child dataset.Type dataset.Space (fun () -> DatasetReader(store.Disk, dataset).ReadAll()) ]

    attributes "" store.Root.Header @ visit "" store.Root

/// Fails unless Store finds in the file what h5py found.
let agrees (listing: string) path =
    let expected = listing.Split('\n', StringSplitOptions.RemoveEmptyEntries)

    GenFiles.withStore path (fun store ->
        let found = ofStore store
        let extra = List.except expected found
        let missing = List.except found (List.ofArray expected)
        Expect.equal extra missing "found instead of what h5py finds")

/// The same for a committed file, whose listing may be that of another with the same content.
let fixture name listing =
    testCase $"{name} is read as h5py reads it" (fun () ->
        GenFiles.withBytes (GenFiles.fixtureBytes name) (agrees (GenFiles.fixtureText $"{listing}.txt")))

let golden name =
    testCase $"{name} of the golden suite is read as h5py reads it" (fun () ->
        agrees (GenFiles.fixtureText $"edge_{name}.txt") (GenFiles.goldenEdge name))
