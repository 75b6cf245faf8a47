/// Categories as anndata 0.7 kept them: in __categories, apart from the column of codes, an attribute of which points to them.
namespace SingleSharp.Core

/// The categories of one column.
type OldCategories =
    {
        /// Where __categories is.
        Path: string
        Group: Group
        Categories: Dataset
    }

[<RequireQualifiedAccess>]
module OldCategories =
    [<Literal>]
    let Name = "__categories"

    let private pointer (store: Store) (codes: Dataset) =
        Attribute.tryFind store.Disk "categories" codes.Header
        |> Option.filter (fun attribute ->
            match attribute.Type with
            | Reference 8 -> Dataspace.count attribute.Space = 1L && attribute.Data.Length >= 8
            | _ -> false)

    /// The categories of a column of a frame, if it is one of codes that point to them.
    let tryFind (store: Store) path (frame: Group) column (codes: Dataset) =
        match pointer store codes, store.TryFind(path, frame, Name) with
        | Some _, Some(GroupNode group) when Whole.isStored codes.Type ->
            match store.TryFind($"{path}/{Name}", group, column) with
            | Some(DatasetNode categories) when categories.Dims.Length = 1 ->
                Some
                    { Path = $"{path}/{Name}"
                      Group = group
                      Categories = categories }
            | _ -> None
        | _ -> None

    /// The codes, pointing to categories at another address.
    let pointedTo (store: Store) address (codes: Dataset) =
        let turned (message: Message) =
            let attribute = Attribute.parse store.Disk message
            let body = Array.copy message.Body
            (Bytes.i64 address).CopyTo(body, body.Length - attribute.Data.Length)
            { message with Body = body }

        { codes with
            Header =
                codes.Header
                |> Attribute.changed store.Disk (fun name message -> Some(if name = "categories" then turned message else message)) }
