/// AnnData elements in HDF5.
namespace SingleSharp.Core.AnnData

open SingleSharp.Core.Hdf5

type internal SparseArrays = SparseArrays<Group, Dataset>
type internal CategoricalElement = CategoricalElement<Group, Dataset>

/// HDF5 as a store of elements. Soft links are followed.
[<Sealed>]
type internal Hdf5ElementStore(store: Hdf5File) =
    interface IElementStore<Group, Dataset> with
        member _.TryMember(path, group, name) =
            store.TryFind(path, group, name) |> Option.map Hdf5ElementStore.Node

        member _.Has(group, name) = (Links.tryFind name group).IsSome
        member _.Text(group, name) = store.Text(group.Header, name)
        member _.Integers(group, name) = store.Integers(group.Header, name)

        member _.IsTrue(group, name) =
            Attribute.tryFind store.Disk name group.Header |> Option.exists Attribute.isTrue

        member _.Kind dataset =
            match dataset.Type with
            | _ when dataset.Dims.Length = 0 -> ArrayKind.Scalar
            | VlenString
            | FixedString _ -> ArrayKind.Strings
            | Compound _ -> ArrayKind.Records
            | _ -> ArrayKind.Values

        member _.Damaged(path, what) = store.Disk.Damaged path what

    static member Node(node: Hdf5Object) =
        match node with
        | GroupObject group -> GroupNode group
        | DatasetObject dataset -> ArrayNode dataset

[<RequireQualifiedAccess>]
module internal Hdf5Element =
    /// The element behind an object of the file.
    let read (store: Hdf5File) path node : Element<Group, Dataset> =
        Element.read (Hdf5ElementStore store) path (Hdf5ElementStore.Node node)

    /// A column of a data frame. What has its categories apart from its codes is categorical as well.
    let tryColumn (store: Hdf5File) path (frame: Group) name : Element<Group, Dataset> option =
        match store.TryFind(path, frame, name) with
        | Some(DatasetObject codes) when OldCategories.areOf store codes ->
            match OldCategories.tryFind store path frame name codes with
            | Some old ->
                Some(
                    Element.Categorical
                        { Group = None
                          Codes = codes
                          Categories = Categories.Array old.Categories
                          IsOrdered = Attribute.tryFind store.Disk "ordered" old.Categories.Header |> Option.exists Attribute.isTrue }
                )
            | None -> store.Disk.Damaged codes.Path "its categories are missing, or no list"
        | found -> found |> Option.map (read store $"{path}/{name}")
