/// Categories as anndata 0.7 kept them: in __categories, apart from the column of codes, an attribute of which points to them.
namespace SingleSharp.Core.AnnData

open System
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

/// The categories of one column.
type internal OldCategories =
    {
        /// Where __categories is.
        Path: string
        Group: Group
        Categories: Dataset
        /// Where the column points to; none where what it holds is no reference to one object.
        Target: int64 voption
    }

    /// Does the column point to them? anndata goes by nothing else.
    member old.IsPointedTo = old.Target = ValueSome old.Categories.Header.Address

[<RequireQualifiedAccess>]
module internal OldCategories =
    [<Literal>]
    let Name = "__categories"

    let private pointer (store: Hdf5File) (codes: Dataset) =
        Attribute.tryFind store.Disk "categories" codes.Header

    /// Does a column say of itself that its values are codes, whose categories stand apart?
    let areOf store codes = (pointer store codes).IsSome

    /// The categories of a column in the group of a frame, if it is one whose categories stand apart and they are there.
    let tryFind (store: Hdf5File) path (frame: Group) column (codes: Dataset) =
        match pointer store codes, store.TryFind(path, frame, Name) with
        | Some pointer, Some(GroupObject group) ->
            match store.TryFind($"{path}/{Name}", group, column) with
            | Some(DatasetObject categories) when categories.Dims.Length = 1 ->
                Some
                    { Path = $"{path}/{Name}"
                      Group = group
                      Categories = categories
                      Target =
                        match pointer.Type with
                        | Reference 8 when Dataspace.count pointer.Space = 1L && pointer.Data.Length >= 8 ->
                            ValueSome(BitConverter.ToInt64(pointer.Data, 0))
                        | _ -> ValueNone }
            | _ -> None
        | _ -> None

    /// The codes, pointing to categories at another address.
    let pointedTo (store: Hdf5File) address (codes: Dataset) =
        let turned (message: Message) =
            let attribute = Attribute.parse store.Disk message
            let body = Array.copy message.Body
            (Bytes.i64 address).CopyTo(body, body.Length - attribute.Data.Length)
            { message with Body = body }

        { codes with
            Header =
                codes.Header
                |> Attribute.changed store.Disk (fun name message -> Some(if name = "categories" then turned message else message)) }
