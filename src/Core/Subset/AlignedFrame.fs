/// Data frames along cells or genes: the index, the columns, and whatever else has an entry for every row.
namespace SingleSharp.Core.Subset

open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal AlignedFrame =
    /// Does a soft link lead to a neighbour, or from a layer to X? Then it goes on leading to what these become.
    let private leadsBeside (store: Hdf5File) path (group: Group) name =
        match store.TryPlace(path, group, name) with
        | Some place ->
            place.Parent = group.Header.Address || path = "layers" && place.Parent = store.Root.Header.Address && place.Name = "X"
        | None -> false

    /// What is under each name of a group. A datatype with a name of its own has no entries.
    let members (store: Hdf5File) path (group: Group) =
        [ for link in group.Links do
              let child = $"{path}/{link.Name}"

              match link.Target with
              | Elsewhere _ when leadsBeside store path group link.Name -> ()
              | Elsewhere _ ->
                  store.Disk.Unsupported
                      child
                      $"it is a soft link to {Option.get (Links.softPath link)}; copy what is there to the place of the link before rows are dropped"
              | Hard address ->
                  match store.TryAt(child, address) with
                  | Some node -> link.Name, child, node
                  | None -> () ]

    /// By which attributes anndata-rs says what the names of an index are made of, instead of reading them: a count, or intervals.
    let private describing =
        set
            [ "index_type"
              "start"
              "end"
              "starts"
              "ends"
              "names"
              "size"
              "sizes"
              "step"
              "steps" ]

    /// An index that is known by its names alone: what was said of all of them is not true of some.
    let private undescribed (store: Hdf5File) aligned =
        match aligned with
        | Plain dataset ->
            match store.Text(dataset.Header, "index_type") with
            | None
            | Some "list" -> aligned
            | Some _ ->
                Plain
                    { dataset with
                        Header =
                            dataset.Header
                            |> Attribute.changed store.Disk (fun name message -> if describing.Contains name then None else Some message) }
        | _ -> aligned

    /// The address of what a member of a group is.
    let private addressOf node =
        match node with
        | DatasetObject dataset -> dataset.Header.Address
        | GroupObject group -> group.Header.Address

    /// The index, the columns, and whatever else has as many entries. What belongs to a column a/b lies in a group a.
    let frame (file: AnnDataFile) path (group: Group) along =
        let store = file.Store
        let found = HashSet<int64>()
        let rows = fst (AlignedArray.length file along)
        let index = store.Text(group.Header, "_index") |> Option.defaultValue "_index"
        let order = store.Strings(group.Header, "column-order")

        // Before anndata 0.8 a column held codes, with a reference to its categories in here, which do not run along the rows.
        let isCategories name = (name = OldCategories.Name)

        let names = index :: Option.defaultValue [] order

        let hasRows name path node =
            match node with
            | DatasetObject dataset -> dataset.Dims.Length > 0 && dataset.Dims[0] = rows
            | GroupObject _ when isCategories name -> false
            | GroupObject _ ->
                try
                    (AlignedArray.tryGroup store path (Hdf5Element.read store path node) rows).IsSome
                with FaultException(Damaged _ | Unsupported _) ->
                    false

        /// Columns by the names that lead to them from this group on.
        let rec within path (group: Group) (columns: string list list) =
            Members(
                path,
                group,
                [ for name, path, node in members store path group do
                      let isColumn =
                          List.contains [ name ] columns || (order.IsNone && not (isCategories name))

                      let inside = Links.through name columns

                      match node with
                      | GroupObject inner when not (isColumn || inside.IsEmpty) -> name, within path inner inside
                      | _ when isColumn || hasRows name path node ->
                          found.Add(addressOf node) |> ignore
                          let aligned = AlignedArray.column file path (Hdf5Element.read store path node) along
                          name, (if name = index then undescribed store aligned else aligned)
                      | _ -> () ]
            )

        let aligned = within path group (List.map Links.along names)

        // A soft link, a path from the root, or a column inside of another one.
        for name in names do
            match store.TryPlace(path, group, name) with
            | Some place when not (found.Contains place.Address) ->
                store.Disk.Unsupported
                    $"{path}/{name}"
                    "it lies where its rows cannot be dropped together with those of its frame; give the column a name without a slash"
            | _ -> ()

        aligned

    /// The categorical columns of a frame, whatever else is in it. Of those whose categories stand apart there are the codes.
    let categorical (file: AnnDataFile) path (group: Group) along =
        let store = file.Store
        let rows = fst (AlignedArray.length file along)

        let columns =
            match store.Strings(group.Header, "column-order") with
            | Some order -> order |> List.map Links.along
            | None -> [ for link in group.Links -> [ link.Name ] ]

        let tryColumn (parent: Group) name place node =
            try
                match node with
                | DatasetObject codes when parent.Header.Address = group.Header.Address ->
                    OldCategories.tryFind store path group name codes |> Option.map (fun _ -> Plain codes)
                | DatasetObject _ -> None
                | GroupObject _ ->
                    AlignedArray.tryGroup store place (Hdf5Element.read store place node) rows
                    |> Option.filter (fun array ->
                        match array with
                        | Categorical _ -> true
                        | _ -> false)
            with
            | FaultException(InsufficientMemory _) -> reraise ()
            // It stays as it is, which nobody who drops nothing of it should be refused for.
            | FaultException _ -> None

        let tryAt place address =
            try
                store.TryAt(place, address)
            with
            | FaultException(InsufficientMemory _) -> reraise ()
            | FaultException _ -> None

        let rec within path (parent: Group) columns =
            [ for link in parent.Links do
                  let place = $"{path}/{link.Name}"

                  match link.Target with
                  | Elsewhere _ -> ()
                  | Hard address ->
                      match tryAt place address, Links.through link.Name columns with
                      | Some node, _ when List.contains [ link.Name ] columns ->
                          yield! tryColumn parent link.Name place node |> Option.map (fun column -> link.Name, column) |> Option.toList
                      | Some(GroupObject inner), (_ :: _ as inside) ->
                          match within place inner inside with
                          | [] -> ()
                          | found -> link.Name, Members(place, inner, found)
                      | _ -> () ]

        within path group columns
