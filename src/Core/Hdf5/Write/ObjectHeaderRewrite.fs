/// The header of an object that takes another's place: whatever is not said anew is kept.
namespace SingleSharp.Core.Hdf5

open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal ObjectHeaderRewrite =
    /// Refuses an object whose attributes could not be carried over: damaged ones, which nobody knows how to read, and those that
    /// are longer than a message can be, because they lie in a heap.
    let requireAttributes (disk: RandomAccessFile) path header =
        Attribute.all disk header |> ignore

        for message in Attribute.messages disk header do
            if not (Encode.fits message) then
                disk.Unsupported
                    path
                    $"its attribute {Attribute.nameOf disk message} has {message.Body.Length} bytes, and only 65535 can be written anew; shorten or delete the attribute"

    /// The attributes of a header, with some replaced or added.
    let private attributes (disk: RandomAccessFile) (header: Header) (changes: Message list) =
        let nameOf = Attribute.nameOf disk

        let old =
            Attribute.messages disk header |> List.map (fun message -> nameOf message, message)

        let next =
            old |> List.fold (fun most (_, message) -> max most (message.Order + 1)) 0

        let isNew change =
            not (List.exists (fun (name, _) -> name = nameOf change) old)

        // Replaced attributes keep their number in the order; they follow the others.
        let place (change: Message) : Message =
            { change with
                Order = old |> List.find (fun (name, _) -> name = nameOf change) |> snd |> _.Order }

        let added = changes |> List.filter isNew

        if header.OrderFlags <> 0uy && next + added.Length > 65536 then
            disk.Unsupported $"the object at byte {header.Address}" "the numbers for the order of its attributes are used up"

        let changed = changes |> List.map nameOf |> Set.ofList

        [ yield! old |> List.filter (fun (name, _) -> not (changed.Contains name)) |> List.map snd
          yield! changes |> List.filter (isNew >> not) |> List.map place
          for i, change in List.indexed added do
              { change with
                  Message.Order = if header.OrderFlags <> 0uy then next + i else 0 } ]

    /// The message that says how many hard links lead to an object; one need not be said.
    let private linkCount count =
        if count > 1 then [ Encode.linkCount count ] else []

    let private isDropped (message: Message) =
        match message.Type with
        | Header.Attribute
        | Header.AttributeInfo
        | Header.SymbolTable
        | Header.LinkInfo
        | Header.Link
        | Header.ReferenceCount
        | Header.ModificationTimeOld
        | Header.ModificationTime -> true
        | _ -> false

    /// A group with these links, to which N hard links lead.
    let group disk (group: Group) (links: Link list) changes count =
        let header = group.Header

        let nextOrder =
            links |> List.fold (fun next link -> max next (1L + ValueOption.defaultValue -1L link.Order)) 0L

        Encode.header
            header.OrderFlags
            [ Encode.linkInfo group.OrderFlags nextOrder
              // Without it HDF5 adds no links.
              if (Header.tryFind Header.GroupInfo header).IsNone then
                  Encode.message Header.GroupInfo [| 0uy; 0uy |]
              yield! header.Messages |> List.filter (isDropped >> not)
              yield! attributes disk header changes
              yield! linkCount count
              yield! List.map Encode.link links ]

    /// The links of a group with some replaced, where they are, or added.
    let links (group: Group) (changes: (string * int64) list) =
        let replaced = Map.ofList changes
        let known = group.Links |> List.map _.Name |> Set.ofList

        let next =
            group.Links |> List.fold (fun next link -> max next (1L + ValueOption.defaultValue -1L link.Order)) 0L

        let added =
            changes |> List.filter (fun (name, _) -> not (known.Contains name)) |> List.distinctBy fst

        [ for link in group.Links do
              match Map.tryFind link.Name replaced with
              | Some address -> { link with Target = Hard address }
              | None -> link
          for i, (name, _) in List.indexed added do
              { Name = name
                Target = Hard replaced[name]
                Order = if group.OrderFlags <> 0 then ValueSome(next + int64 i) else ValueNone } ]

    /// A dataset with everything that the old one has, to which N hard links lead.
    let dataset disk (header: Header) count =
        Encode.header
            header.OrderFlags
            [ yield! header.Messages |> List.filter (isDropped >> not)
              yield! attributes disk header []
              yield! linkCount count ]

    /// A dataset with another extent, type and layout, the same attributes, and the same filters where it is chunked.
    let reshaped disk (old: Dataset) datatype space (layout: Message) =
        let isSameType = (old.Type = datatype)

        let stays (message: Message) =
            match message.Type with
            | Header.Filters -> layout.Body[1] = 2uy
            | Header.Datatype
            | Header.FillValue -> isSameType
            | _ -> false

        Encode.header
            old.Header.OrderFlags
            [ Encode.message Header.Dataspace (Encode.dataspaceBody space)
              if not isSameType then
                  { Encode.message Header.Datatype (Encode.datatypeBody datatype) with
                      Flags = 1uy }

                  Encode.zeroFillValue
              layout
              yield! List.filter stays old.Header.Messages
              yield! attributes disk old.Header [] ]
