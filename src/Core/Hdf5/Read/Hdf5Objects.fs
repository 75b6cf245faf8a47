/// All objects of a file, by their paths.
namespace SingleSharp.Core.Hdf5

open System.Text
open SingleSharp.Core.Files

[<RequireQualifiedAccess>]
module internal Hdf5Objects =
    /// A tree that is deeper than this goes in circles.
    let private mostDepth = 64

    /// No file has so many objects, but one in which every group holds the next one twice seems to.
    let private mostObjects = 1_000_000

    /// Every object by its path, and what is behind links that are not followed.
    let all (store: Hdf5File) =
        // A datatype with a name of its own is an object too, but no part of AnnData: it stands for what it is called.
        let committedType address =
            match Header.tryFind Header.Datatype (Header.read store.Disk address) with
            | Some message ->
                // No link has the kind 0 at its end.
                Array.append (Encoding.UTF8.GetBytes(Datatype.name (DatatypeMessage.ofMessage store.Disk message))) [| 0uy |]
            | None -> [||]

        let found = ref 0
        let held = ref 0L

        let rec visit (path: string) (group: Group) depth =
            seq {
                found.Value <- found.Value + group.Links.Length

                // Whoever lists objects keeps their paths, and something about each.
                held.Value <- held.Value + (group.Links |> List.sumBy (fun link -> 256L + 2L * int64 (path.Length + link.Name.Length)))
                store.Disk.Require held.Value

                if found.Value > mostObjects then
                    store.Disk.Unsupported path $"there are more than {mostObjects} paths to its objects, so that not all can be listed"

                if depth > mostDepth then
                    store.Disk.Unsupported path "groups are nested too deeply, or a link leads back to a group that holds it"

                for link in group.Links |> List.sortBy _.Name do
                    let child = if path = "" then link.Name else $"{path}/{link.Name}"

                    match link.Target with
                    | Elsewhere(tail, kind) -> child, ValueNone, Bytes.concat [ [| kind |]; tail ]
                    | Hard address ->
                        match store.TryAt(child, address) with
                        | None -> child, ValueNone, committedType address
                        | Some node ->
                            child, ValueSome(struct (address, node)), [||]

                            match node with
                            | GroupObject inner -> yield! visit child inner (depth + 1)
                            | DatasetObject _ -> ()
            }

        visit "" store.Root 0
