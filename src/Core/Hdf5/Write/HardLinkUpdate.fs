/// Leads links to the objects that have taken the place of others, and keeps count of them.
namespace SingleSharp.Core.Hdf5

open System
open System.Collections.Generic
open SingleSharp.Core.Files

/// What leads elsewhere once an edited copy becomes visible.
type internal LinkChanges =
    {
        /// Old addresses and new ones: every name of the old object leads to the new one.
        Everywhere: (int64 * int64) list
        /// The address of a group, the name of one of its links, and where it leads, even if it was a soft link: other names of
        /// the old object stay.
        Single: (int64 * string * int64) list
    }

[<RequireQualifiedAccess>]
module internal HardLinkUpdate =
    let private where address = $"the object at byte {address}"

    let private isAttribute (message: Message) = message.Type = Header.Attribute

    /// The header with copies of its own of the strings in its attributes, because the header that it was copied from, whose
    /// strings they are, stays in the file.
    let withOwnStrings (editor: FileEditor) disk heap (header: Header) =
        let own (message: Message) =
            let attribute = Attribute.parse disk message
            let body = Array.copy message.Body
            // Behind the elements there may be padding.
            let start = body.Length - attribute.Data.Length

            let stop =
                start + int (Dataspace.count attribute.Space) * Datatype.size attribute.Type

            editor.Rehouse(heap, attribute.Type, body, start, stop)
            { message with Body = body }

        // A named type counts those who are of it, and cannot move, because they know it by its address.
        if
            header.Messages
            |> List.exists (fun message -> message.Flags &&& 2uy <> 0uy || isAttribute message && Attribute.hasNamedType message)
        then
            editor.Disk.Unsupported
                (where header.Address)
                "it has a second hard link, and it or one of its attributes is of a named type; write the file again with anndata"

        { header with
            Messages = header.Messages |> List.map (fun message -> if isAttribute message then own message else message) }

    /// The root group of an edited copy, of which `root` was the group so far, once the moves are made. Objects to which more links
    /// lead than they say are given new headers that count right, and the groups above get new headers that lead there: nothing
    /// old changes, and whoever deletes one name of an object later frees nothing that another name leads to.
    /// Law (hard links): every name leads to what it led to or to what took its place, and no object counts fewer links than lead to it.
    let settle (editor: FileEditor) root (moves: LinkChanges) =
        let disk = editor.Disk
        let everywhere = dict moves.Everywhere

        let now address =
            match everywhere.TryGetValue address with
            | true, moved -> moved
            | _ -> address

        let root = now root

        let single =
            dict [ for parent, name, address in moves.Single -> struct (now parent, name), address ]

        let isSingle parent (link: Link) =
            single.ContainsKey(struct (parent, link.Name))

        let lead parent (link: Link) =
            match link.Target, single.TryGetValue(struct (parent, link.Name)) with
            | _, (true, address) -> address
            | Hard address, _ -> now address
            | Elsewhere _, _ -> Bytes.undefined

        let graph = Graph.walk disk root lead

        /// Copies that stay in the file together with what they were copied from, or with another copy of it.
        let copies =
            editor.Rewrites
            |> Seq.filter (fun (struct (copy, _)) -> graph.Stored.ContainsKey copy)
            |> Seq.groupBy (fun (struct (_, original)) -> original)
            |> Seq.filter (fun (original, copies) -> graph.Stored.ContainsKey original || Seq.length copies > 1)
            |> Seq.collect snd
            |> Seq.map (fun (struct (copy, _)) -> copy)
            |> HashSet

        let isNew =
            let addresses = HashSet [ for struct (copy, _) in editor.Rewrites -> copy ]
            addresses.Contains

        /// Links have been added only to what is new and to what a copy holds as well.
        let miscounted =
            [ for KeyValue(address, count) in graph.Stored do
                  if Graph.count graph address > count && (isNew address || graph.Parents[address] |> Seq.exists copies.Contains) then
                      address ]

        let misled =
            [ for address in graph.GroupAddresses do
                  if
                      (Links.read disk address).Links
                      |> List.exists (fun link -> (link.Target.IsHard || isSingle address link) && link.Target <> Hard(lead address link))
                  then
                      address ]

        editor.FlushStrings()
        let heap = GlobalHeap disk
        let renewed = Dictionary<int64, int64>()

        /// The header of an object as it will be, while addresses are not yet known and after.
        let images =
            [ for address in Graph.above graph (miscounted @ misled @ List.ofSeq copies) do
                  let header = Header.read disk address

                  let header =
                      if copies.Contains address then withOwnStrings editor disk heap header else header

                  let count =
                      if graph.AreAll then Graph.count graph address else max header.LinkCount (Graph.count graph address)

                  let final (link: Link) =
                      if link.Target.IsHard || isSingle address link then
                          let target = lead address link

                          match renewed.TryGetValue target with
                          | true, place -> { link with Target = Hard place }
                          | _ -> { link with Target = Hard target }
                      else
                          link

                  if Links.isGroup header then
                      let group =
                          { Links.read disk address with
                              Header = header }

                      address, (fun () -> ObjectHeaderRewrite.group disk group (List.map final group.Links) [] count)
                  elif Dataset.isDataset header then
                      address, (fun () -> ObjectHeaderRewrite.dataset disk header count)
                  else
                      disk.Unsupported (where address) "it is neither a group nor a dataset, and a second group would have to hold it" ]

        for address, image in images do
            renewed[address] <- editor.Reserve (image ()).LongLength

        for address, image in images do
            disk.Write(renewed[address], ReadOnlySpan(image ()))

        match renewed.TryGetValue root with
        | true, place -> place
        | _ -> root
