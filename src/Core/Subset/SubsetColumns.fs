/// Categorical columns of obs and var whose categories a subset leaves without rows, and the colors of these.
namespace SingleSharp.Core.Subset

open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal SubsetColumns =
    /// The colors that scanpy keeps for the categories of a column, one for each.
    let tryColors (file: AnnDataFile) column (categories: int64) =
        match file.Store.TryFind("", file.Store.Root, "uns") with
        | Some(GroupObject uns) ->
            let name = $"{column}_colors"

            file.Store.TryFind("uns", uns, name)
            |> Option.bind (fun node ->
                match node with
                | DatasetObject dataset when dataset.Dims = [| categories |] -> Some(name, dataset)
                | _ -> None)
        | _ -> None

    /// The categories of a column of obs or var, where they stand apart from it.
    let tryOld store (part: Part) column aligned =
        match aligned with
        // What cannot be pointed elsewhere stays what it is: a column of numbers.
        | Plain codes when (part.Name = "obs" || part.Name = "var") && Integers.isStored codes.Type ->
            OldCategories.tryFind store part.Name part.Group column codes |> Option.filter _.Target.IsSome
        | _ -> None

    /// Of a categorical column, or of what it lies in, that which holds categories of no row; none where there are none.
    let rec private withUnused store cancel (part: Part) name aligned =
        let isUnused (codes: Dataset) count =
            not (SubsetCategories.used store cancel codes count ValueNone).IsAll

        match aligned with
        | Categorical(_, _, codes, _, count) when isUnused codes count -> Some aligned
        | Members(path, group, members) ->
            members
            |> List.choose (fun (name, inner) -> withUnused store cancel part name inner |> Option.map (fun left -> name, left))
            |> function
                | [] -> None
                | left -> Some(Members(path, group, left))
        | Plain codes ->
            tryOld store part name aligned
            |> Option.filter (fun old -> isUnused codes old.Categories.Count)
            |> Option.map (fun _ -> aligned)
        | _ -> None

    /// Can a column be written anew? One along which nothing is dropped is left as it is otherwise.
    let private isRenewable (store: Hdf5File) (references: Lazy<_>) (part: Part) aligned =
        try
            for path, group in (part.Name, part.Group) :: Aligned.groups aligned do
                FileEditor.RequireEditable(store.Disk, path, group)
                References.requireNone store references.Value path group.Header

            for dataset in Aligned.datasets aligned do
                ObjectHeaderRewrite.requireAttributes store.Disk dataset.Path dataset.Header
                References.requireNone store references.Value dataset.Path dataset.Header

            true
        with
        | FaultException(InsufficientMemory _) -> reraise ()
        | FaultException _ -> false

    let private tryUnused (store: Hdf5File) cancel references part name aligned =
        let left =
            try
                withUnused store cancel part name aligned
            with
            | FaultException(InsufficientMemory _) -> reraise ()
            | FaultException _ -> None

        left |> Option.filter (isRenewable store references part)

    /// Columns of obs and var along which nothing is dropped, but with categories that no row has: anndata drops these from both
    /// frames of every subset, even of one that leaves out nothing.
    let private tidied (file: AnnDataFile) cancel shrinks =
        let references = lazy References.find file.Store

        [ for part in Parts.categorical file shrinks do
              let members =
                  [ for name, alongs, aligned in part.Members do
                        match tryUnused file.Store cancel references part name aligned with
                        | Some left -> name, alongs, left
                        | None -> () ]

              if not members.IsEmpty then
                  { part with Members = members } ]

    /// Parts that shrink and parts that are tidied up; where both frames have a column of one name, its colors are those of obs.
    let withTidied (file: AnnDataFile) cancel shrinks =
        Parts.find file shrinks @ tidied file cancel shrinks |> List.sortBy (fun part -> part.Name <> "obs")

    /// The categorical columns of obs and var, and their colors.
    let colors (file: AnnDataFile) (parts: Part list) =
        [ for part in parts do
              if part.Name = "obs" || part.Name = "var" then
                  for column, _, aligned in part.Members do
                      match aligned with
                      | Aligned.Categorical(_, _, _, _, count) -> yield! Option.toList (tryColors file column count)
                      | _ ->
                          match tryOld file.Store part column aligned with
                          | Some old -> yield! Option.toList (tryColors file column old.Categories.Count)
                          | None -> () ]
        |> List.distinctBy fst
