/// The members of obsm, layers and the like, whatever form they have.
namespace SingleSharp.Core.Subset

open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal AlignedElement =
    /// Is a group nothing but the beginning of names with slashes? Its members say what they are.
    let rec private holdsElements (store: Hdf5File) path (group: Group) =
        let isElement (link: Link) =
            let path = $"{path}/{link.Name}"

            match link.Target with
            | Elsewhere _ -> true
            | Hard address ->
                match store.TryAt(path, address) with
                | Some(DatasetObject dataset) -> (store.Text(dataset.Header, "encoding-type")).IsSome
                | Some node ->
                    match Hdf5Element.read store path node with
                    | Element.Mapping(inner, None) -> holdsElements store path inner
                    | _ -> true
                | None -> true

        not group.Links.IsEmpty && List.forall isElement group.Links

    /// An element of obsm, layers and the like. Where its first dimension alone is said, the others are its own. What anndata
    /// keeps under a name with a slash lies in groups that say nothing of themselves.
    let rec ofNode (file: AnnDataFile) path node alongs =
        match Hdf5Element.read file.Store path node, alongs with
        | Element.AnyArray dataset, _ -> AlignedArray.plain file dataset alongs
        | Element.Csr arrays, _ -> AlignedArray.sparse file path arrays true alongs
        | Element.Csc arrays, _ -> AlignedArray.sparse file path arrays false alongs
        | Element.DataFrame group, [ along ] -> AlignedFrame.frame file path group along
        | Element.Mapping(group, None), _ when holdsElements file.Store path group -> mapping file path group alongs
        | element, [ along ] -> AlignedArray.column file path element along
        | element, _ -> AlignedArray.refuse file.Store path element

    /// All elements of a mapping such as obsm or layers.
    and mapping (file: AnnDataFile) path (group: Group) alongs =
        Members(path, group, [ for name, path, node in AlignedFrame.members file.Store path group -> name, ofNode file path node alongs ])
