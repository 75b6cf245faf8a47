/// Writes what stays of a whole AnnData file, all but X: everything that has an entry for every cell or gene.
namespace SingleSharp.Core.Subset

open System.Collections.Generic
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing

[<RequireQualifiedAccess>]
module internal Subset =
    /// The genes of raw are its own: what runs along them stays, and must not be what runs along those of X.
    let private requireOwnRaw (store: Hdf5File) =
        match store.TryFind("", store.Root, "raw") with
        | Some(GroupObject raw) ->
            for name in [ "var"; "varm"; "varp" ] do
                match store.TryPlace("", store.Root, name), store.TryPlace("raw", raw, name) with
                | Some mine, Some its when mine.Address = its.Address ->
                    store.Disk.Unsupported $"raw/{name}" $"it is the same group as {name}, which genes are to be dropped from; copy it"
                | _ -> ()
        | _ -> ()

    /// Refuses, before anything is written, what could not be subset, if cells and genes may be dropped.
    let require (file: AnnDataFile) cells genes cancel =
        let store = file.Store
        let references = References.find store

        /// Everything above what is written anew, and what other groups hold of it.
        let moved = List<int64>()

        let editable (path, group: Group) =
            if group.Header.LinkCount > 1 then
                moved.Add group.Header.Address

                for link in group.Links do
                    match link.Target with
                    | Hard address -> moved.Add address
                    | Elsewhere _ -> ()

            FileEditor.RequireEditable(store.Disk, path, group)
            References.requireNone store references path group.Header

        let replaceable (dataset: Dataset) =
            ObjectHeaderRewrite.requireAttributes store.Disk dataset.Path dataset.Header
            References.requireNone store references dataset.Path dataset.Header

        let shrinks along =
            if along = Along.Cells then cells else genes

        let parts = SubsetColumns.withTidied file cancel shrinks

        for part in parts do
            editable (part.Name, part.Group)

            for column, _, aligned in part.Members do
                Aligned.groups aligned |> List.iter editable
                Aligned.datasets aligned |> List.iter replaceable

                match SubsetColumns.tryOld store part column aligned with
                | Some old ->
                    editable (old.Path, old.Group)
                    // The codes point to them, and will point to what takes their place.
                    AlignedArray.requireStored store old.Categories
                    ObjectHeaderRewrite.requireAttributes store.Disk old.Categories.Path old.Categories.Header
                | None -> ()

        for _, dataset in SubsetColumns.colors file parts do
            AlignedArray.requireStored store dataset
            replaceable dataset

            match file.Store.TryFind("", file.Store.Root, "uns") with
            | Some(GroupObject uns) -> editable ("uns", uns)
            | _ -> ()

        References.requireMovable store references moved

        if genes then
            requireOwnRaw store

    let private keptOf (selection: Selection) along =
        let kept =
            match along with
            | Along.Cells -> selection.Cells
            | Along.Genes -> selection.Genes

        if kept.IsAll then ValueNone else ValueSome kept

    /// Writes what stays of an element and returns its address. Categories of which nothing is left stay, as in anndata's
    /// frames other than obs and var.
    let rec private writeShared (store: Hdf5File) (editor: FileEditor) cancel isShared (kept: RowMask voption list) aligned =
        match aligned with
        | Plain dataset -> SubsetArray.write store editor cancel isShared dataset kept
        | Sparse matrix -> SubsetSparse.write store editor cancel matrix kept.Head (kept |> List.tryItem 1 |> Option.defaultValue ValueNone)
        | Categorical(path, group, codes, _, _) ->
            editor.Rewrite(path, group, [ "codes", SubsetArray.write store editor cancel isShared codes kept ], [])
        | Members(path, group, members) ->
            let links =
                members |> List.map (fun (name, inner) -> name, writeShared store editor cancel isShared kept inner)

            editor.Rewrite(path, group, links, [])

    let private write store editor cancel kept aligned =
        writeShared store editor cancel (Aligned.hasOtherNames aligned) kept aligned

    /// Writes an element once more, all of it, and returns the address.
    let again (file: AnnDataFile) (editor: FileEditor) cancel aligned =
        writeShared file.Store editor cancel true [] aligned

    /// Writes what stays of an element that runs along these dimensions, and returns its address.
    let element (file: AnnDataFile) (editor: FileEditor) selection cancel alongs aligned =
        write file.Store editor cancel (alongs |> List.map (keptOf selection)) aligned

    /// A column of codes whose categories stand apart, those that are left, and their new address if some are not.
    let private writeOld (store: Hdf5File) (editor: FileEditor) cancel kept (codes: Dataset) (old: OldCategories) =
        let used = SubsetCategories.used store cancel codes old.Categories.Count kept

        if used.IsAll then
            struct (write store editor cancel [ kept ] (Plain codes), ValueNone, ValueNone)
        else
            let address =
                SubsetArray.write store editor cancel (old.Categories.Header.LinkCount > 1) old.Categories [ ValueSome used ]

            let codes = OldCategories.pointedTo store address codes

            struct (SubsetCategories.writeCodes store editor cancel codes used kept, ValueSome used, ValueSome address)

    /// A column of obs or var, and the categories that are left if it is categorical. A group may hold columns in its turn.
    let rec private writeColumnShared (store: Hdf5File) (editor: FileEditor) cancel isShared kept aligned =
        match aligned with
        | Categorical(path, group, codes, categories, count) ->
            let used = SubsetCategories.used store cancel codes count kept

            if used.IsAll then
                struct (writeShared store editor cancel isShared [ kept ] aligned, ValueNone)
            else
                let links =
                    [ "codes", SubsetCategories.writeCodes store editor cancel codes used kept
                      "categories", writeShared store editor cancel isShared [ ValueSome used ] categories ]

                struct (editor.Rewrite(path, group, links, []), ValueSome used)
        | Members(path, group, members) ->
            let links =
                [ for name, inner in members do
                      let struct (address, _) = writeColumnShared store editor cancel isShared kept inner
                      name, address ]

            struct (editor.Rewrite(path, group, links, []), ValueNone)
        | _ -> struct (writeShared store editor cancel isShared [ kept ] aligned, ValueNone)

    let private writeColumn store editor cancel kept aligned =
        writeColumnShared store editor cancel (Aligned.hasOtherNames aligned) kept aligned

    /// Writes everything that stays, all but the matrix that is read, and says which links of which groups of the root lead to
    /// it: members of obs, var, obsm, varm, layers, obsp, varp, raw, the root itself and, for the colors of categories, uns. What runs along nothing that shrinks
    /// has no link here, unless it is a column with categories that no row has: it stays where it is.
    let links (file: AnnDataFile) (editor: FileEditor) (selection: Selection) cancel : (string * (string * int64) list) list =
        let store = file.Store
        let shrinks along = (keptOf selection along).IsSome
        let parts = SubsetColumns.withTidied file cancel shrinks

        /// What is left of categories that stand apart from their columns, by the place where they do.
        let apart = List<(string * OldCategories) * (string * int64)>()

        let written =
            [ for part in parts ->
                  part,
                  [ for name, alongs, aligned in part.Members do
                        let kept = alongs |> List.map (keptOf selection)

                        match part.Name, aligned, SubsetColumns.tryOld store part name aligned with
                        | _, Plain codes, Some old ->
                            let struct (address, used, categories) =
                                writeOld store editor cancel kept.Head codes old

                            categories |> ValueOption.iter (fun categories -> apart.Add((part.Name, old), (name, categories)))
                            name, address, used
                        | ("obs" | "var"), _, _ ->
                            let struct (address, used) = writeColumn store editor cancel kept.Head aligned
                            name, address, used
                        | _ -> name, write store editor cancel kept aligned, ValueNone ] ]

        /// The groups of categories that stand apart, with what is left of them.
        let categories =
            apart
            |> List.ofSeq
            |> List.groupBy (fun ((part, old), _) -> part, old.Path)
            |> List.map (fun ((part, path), members) ->
                let (_, old), _ = members.Head
                part, editor.Rewrite(path, old.Group, List.map snd members, []))

        let colors =
            [ for _, members in written do
                  for column, _, used in members do
                      match used with
                      | ValueSome used ->
                          match SubsetColumns.tryColors file column used.Length with
                          | Some(name, dataset) ->
                              name, SubsetArray.write store editor cancel (dataset.Header.LinkCount > 1) dataset [ ValueSome used ]
                          | None -> ()
                      | ValueNone -> () ]
            |> List.distinctBy fst

        [ for part, members in written do
              part.Name,
              [ for name, address, _ in members do
                    yield name, address
                for place, address in categories do
                    if place = part.Name then
                        yield OldCategories.Name, address ]
          if not colors.IsEmpty then
              "uns", colors ]

    /// What a selection writes anew and leaves to nobody else.
    let rec private renewed aligned =
        match aligned with
        | _ when Aligned.hasOtherNames aligned -> []
        | Plain dataset -> [ dataset ]
        | Sparse matrix -> [ matrix.Data; matrix.Indices; matrix.Indptr ]
        | Categorical(_, _, codes, _, _) -> [ codes ]
        | Members(_, _, members) -> members |> List.collect (snd >> renewed)

    let private allRenewed (file: AnnDataFile) selection =
        [ for part in Parts.find file (fun along -> (keptOf selection along).IsSome) do
              for _, _, aligned in part.Members do
                  yield! renewed aligned ]

    /// Ranges of bytes, sorted and joined, that nobody will read again once all links lead to what stays: a clone need not copy
    /// them, and new chunks may take their room. What has a second hard link is not among them.
    let givenUp (file: AnnDataFile) selection : struct (int64 * int64) list =
        if (References.find file.Store).AreAll then
            allRenewed file selection
            |> OutputStorage.own file.Store
            |> Array.ofList
            |> Array.collect (OutputStorage.stored file.Store.Disk)
            |> OutputStorage.ranges
        else
            []
