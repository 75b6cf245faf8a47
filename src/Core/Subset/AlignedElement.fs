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
                | Some(GroupObject inner) -> (AlignedArray.formatOf store inner).IsSome || holdsElements store path inner
                | None -> true

        not group.Links.IsEmpty
        && not (AlignedArray.has group [ "codes"; "categories" ] || AlignedArray.has group [ "values"; "mask" ])
        && List.forall isElement group.Links

    /// An element of obsm, layers and the like. Where its first dimension alone is said, the others are its own. What anndata
    /// keeps under a name with a slash lies in groups that say nothing of themselves.
    let rec ofNode (file: AnnDataFile) path node alongs =
        match node with
        | DatasetObject dataset -> AlignedArray.plain file dataset alongs
        | GroupObject group ->
            match AlignedArray.formatOf file.Store group, alongs with
            | Some("csr_matrix" | "csr"), _ -> AlignedArray.sparse file path group true alongs
            | Some("csc_matrix" | "csc"), _ -> AlignedArray.sparse file path group false alongs
            | Some "dataframe", [ along ] -> AlignedFrame.frame file path group along
            | None, _ when holdsElements file.Store path group -> mapping file path group alongs
            | _, [ along ] -> AlignedArray.column file path node along
            | _ -> AlignedArray.refuse file.Store path group

    /// All elements of a mapping such as obsm or layers.
    and mapping (file: AnnDataFile) path (group: Group) alongs =
        Members(path, group, [ for name, path, node in AlignedFrame.members file.Store path group -> name, ofNode file path node alongs ])
