/// Which hard links lead to which objects: every object of a file once, however many names it has.
namespace SingleSharp.Core.Hdf5

open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Files

type internal Graph =
    {
        Root: int64
        /// How many hard links each object says lead to it, by its address.
        Stored: Dictionary<int64, int>
        /// The groups from which hard links lead to each object, once for each link.
        Parents: Dictionary<int64, List<int64>>
        GroupAddresses: HashSet<int64>
        /// Could every object be read?
        AreAll: bool
    }

[<RequireQualifiedAccess>]
module internal Graph =
    /// Everything that can be reached from a root when `lead` says where the hard links of a group lead.
    let walk (disk: RandomAccessFile) root (lead: int64 -> Link -> int64) =
        let stored = Dictionary<int64, int>()
        let parents = Dictionary<int64, List<int64>>()
        let groups = HashSet<int64>()
        let waiting = Stack<int64>([ root ])
        let mutable areAll = true
        let mutable links = 0L

        /// The links of an object; none where it is no group or cannot be read.
        let linksOf address =
            try
                let header = Header.read disk address
                stored[address] <- header.LinkCount

                if Links.isGroup header then
                    groups.Add address |> ignore
                    (Links.read disk address).Links
                else
                    []
            with FaultException _ ->
                areAll <- false
                []

        while waiting.Count > 0 do
            let parent = waiting.Pop()

            for link in linksOf parent do
                // A link takes more than eight bytes, so only groups that share their indexes have so many.
                links <- links + 8L

                if links > disk.Length then
                    disk.Damaged $"the group at byte {parent}" "groups share their links"

                let target = lead parent link

                if target <> Bytes.undefined then
                    match parents.TryGetValue target with
                    | true, known -> known.Add parent
                    | _ ->
                        parents.Add(target, List [ parent ])

                        if target <> root then
                            waiting.Push target

        { Root = root
          Stored = stored
          Parents = parents
          GroupAddresses = groups
          AreAll = areAll }

    let private asStored _ (link: Link) =
        match link.Target with
        | Hard address -> address
        | Elsewhere _ -> Bytes.undefined

    /// The links of a file as they are.
    let ofRoot disk root = walk disk root asStored

    /// How many hard links lead to an object; the superblock is one of them for the root group.
    let count graph address =
        let links =
            match graph.Parents.TryGetValue address with
            | true, parents -> parents.Count
            | _ -> 0

        if address = graph.Root then links + 1 else links

    /// Some objects and all groups above them, by address.
    let above graph (addresses: int64 seq) =
        let found = HashSet<int64>()
        let waiting = Stack<int64> addresses

        while waiting.Count > 0 do
            let address = waiting.Pop()

            if found.Add address then
                match graph.Parents.TryGetValue address with
                | true, parents -> parents |> Seq.iter waiting.Push
                | _ -> ()

        found |> Seq.sort |> List.ofSeq
