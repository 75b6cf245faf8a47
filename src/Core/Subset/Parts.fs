/// Which elements of an AnnData file run along its cells or genes.
namespace SingleSharp.Core.Subset

open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// Members of one group of the root that run along what shrinks.
type internal Part =
    { Name: string
      Group: Group
      Members: (string * Along list * Aligned) list }

[<RequireQualifiedAccess>]
module internal Parts =
    /// The mappings of AnnData, and what their elements run along (scanpy-semantics, section 9).
    let private mappings =
        [ "obsm", [ Along.Cells ]
          "varm", [ Along.Genes ]
          "layers", [ Along.Cells; Along.Genes ]
          "obsp", [ Along.Cells; Along.Cells ]
          "varp", [ Along.Genes; Along.Genes ] ]

    /// The same in raw, whose genes are its own.
    let private mappingsOfRaw =
        [ "obsm", [ Along.Cells ]
          "layers", [ Along.Cells ]
          "obsp", [ Along.Cells; Along.Cells ] ]

    let private tryGroup (store: Hdf5File) path (parent: Group) name =
        match store.TryFind(path, parent, name) with
        | Some(GroupObject group) -> Some group
        | Some(DatasetObject dataset) ->
            store.Disk.Unsupported
                dataset.Path
                "it is a dataset, not a group, as in anndata 0.6 or older; read the file with anndata and write it again"
        | None -> None

    let private membersOf aligned =
        match aligned with
        | Aligned.Members(_, _, members) -> members
        | _ -> []

    let private raw (file: AnnDataFile) =
        let store = file.Store

        if store.Root.Links |> List.exists (fun link -> link.Name = "raw.X") then
            store.Disk.Unsupported "raw.X" "it was written by anndata 0.6 or older; read the file with anndata and write it again"

        [ match tryGroup store "" store.Root "raw" with
          | None -> ()
          | Some group ->
              { Name = "raw"
                Group = group
                Members =
                  [ match store.TryFind("raw", group, "X") with
                    | Some node -> "X", [ Along.Cells ], AlignedElement.ofNode file "raw/X" node [ Along.Cells ]
                    | None -> ()
                    match tryGroup store "raw" group "obs" with
                    | Some obs -> "obs", [ Along.Cells ], AlignedFrame.frame file "raw/obs" obs Along.Cells
                    | None -> ()
                    for name, alongs in mappingsOfRaw do
                        match tryGroup store "raw" group name with
                        | Some mapping when not mapping.Links.IsEmpty ->
                            name, alongs, AlignedElement.mapping file $"raw/{name}" mapping alongs
                        | _ -> () ] } ]

    /// A part without the matrix that a run reads, which takes a way of its own.
    let private without path (part: Part) =
        { part with
            Members = part.Members |> List.filter (fun (name, _, _) -> $"{part.Name}/{name}" <> path) }

    /// X, when it is not what a run reads: a member of the root.
    let private otherX (file: AnnDataFile) =
        let alongs = [ Along.Cells; Along.Genes ]

        [ match file.Store.TryFind("", file.Store.Root, "X") with
          | Some node ->
              { Name = ""
                Group = file.Store.Root
                Members = [ "X", alongs, AlignedElement.ofNode file "X" node alongs ] }
          | None -> () ]

    /// Distances between cells as scanpy kept them before there was obsp: where anndata finds some, it moves them there as it reads.
    let private neighbors (file: AnnDataFile) =
        let store = file.Store
        let alongs = [ Along.Cells; Along.Cells ]

        let isMatrix node =
            match node with
            | DatasetObject dataset -> dataset.Dims.Length = 2
            | GroupObject group -> (Links.tryFind "indptr" group).IsSome

        let members (group: Group) =
            [ for name in [ "connectivities"; "distances" ] do
                  match store.TryFind("uns/neighbors", group, name) with
                  | Some node when isMatrix node -> name, AlignedElement.ofNode file $"uns/neighbors/{name}" node alongs
                  | _ -> () ]

        [ match store.TryFind("", store.Root, "uns") with
          | Some(GroupObject uns) ->
              match store.TryFind("uns", uns, "neighbors") with
              | Some(GroupObject group) ->
                  match members group with
                  | [] -> ()
                  | found ->
                      { Name = "uns"
                        Group = uns
                        Members = [ "neighbors", alongs, Aligned.Members("uns/neighbors", group, found) ] }
              | _ -> ()
          | _ -> () ]

    /// The categorical columns of obs and var, where nothing is dropped along them.
    let categorical (file: AnnDataFile) (shrinks: Along -> bool) =
        [ for frame, along in [ file.Obs, Along.Cells; file.Var, Along.Genes ] do
              match frame.Body with
              | ByColumn group when not (shrinks along) ->
                  { Name = frame.Path
                    Group = group
                    Members =
                      [ for name, aligned in AlignedFrame.categorical file frame.Path group along do
                            name, [ along ], aligned ] }
              | _ -> () ]
        |> List.filter (fun part -> not part.Members.IsEmpty)

    /// All elements that run along something that shrinks, all but the matrix that is read, by their group of the root. Refuses what could not be
    /// subset.
    let find (file: AnnDataFile) (shrinks: Along -> bool) =
        let store = file.Store

        let part name group alongs aligned =
            { Name = name
              Group = group
              Members = membersOf aligned |> List.map (fun (name, inner) -> name, alongs, inner) }

        [ for frame, along in [ file.Obs, Along.Cells; file.Var, Along.Genes ] do
              if shrinks along then
                  part frame.Path frame.Group [ along ] (AlignedFrame.frame file frame.Path frame.Group along)
          for name, alongs in mappings do
              if List.exists shrinks alongs then
                  match tryGroup store "" store.Root name with
                  | Some group -> part name group alongs (AlignedElement.mapping file name group alongs) |> without file.X.Path
                  | None -> ()
          if file.X.Path <> "X" then
              yield! otherX file
          if shrinks Along.Cells then
              yield! raw file
              yield! neighbors file ]
        |> List.filter (fun part -> not part.Members.IsEmpty)
