/// A file as PureHDF writes it, edits of it, and what must be in it afterwards, for the laws of Draft.
module internal SingleSharp.Properties.EditModel

open System
open Expecto
open PureHDF
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

/// What a group holds: numbers by name, and texts of attributes by name.
type Content =
    { Datasets: Map<string, int[]>
      Attributes: Map<string, string list> }

/// Groups by name; the root group's own members are those of "".
type Contents = Map<string, Content>

let private nothing =
    { Datasets = Map.empty
      Attributes = Map.empty }

/// What a generated base means.
let before (AnyEdits(groups, _)) : Contents =
    Map
        [ "", nothing
          for name, datasets, attributes in groups do
              name,
              { Datasets = Map datasets
                Attributes = Map attributes } ]

/// What generated edits make of it.
let after (AnyEdits(_, edits) as all) =
    (before all, edits)
    ||> List.fold (fun contents edit ->
        let change group (work: Content -> Content) =
            Map.add group (work (Map.tryFind group contents |> Option.defaultValue nothing)) contents

        match edit with
        | PutNumbers(group, name, values) ->
            change group (fun content ->
                { content with
                    Datasets = Map.add name values content.Datasets })
        | PutTexts(group, name, texts) ->
            change group (fun content ->
                { content with
                    Attributes = Map.add name texts content.Attributes }))

let write (path: string) (contents: Contents) =
    let fill (group: H5Group) content =
        for KeyValue(name, values) in content.Datasets do
            group[name] <- H5Dataset values

        for KeyValue(name, texts) in content.Attributes do
            group.Attributes[name] <- Array.ofList texts

    let file = H5File()

    for KeyValue(name, content) in contents do
        if name = "" then
            fill file content
        else
            let group = H5Group()
            fill group content
            file[name] <- group

    file.Write path

/// Brings the file from one content to another in one editor; whatever is the same in both is not touched.
let edit (disk: RandomAccessFile) free (old: Contents) (wanted: Contents) =
    let superblock = Superblock.read disk
    let store = new Hdf5File(disk)
    let editor = FileEditor(disk, superblock, free)

    let changed (before: Map<string, 'a>) (now: Map<string, 'a>) =
        now |> Map.filter (fun name value -> Map.tryFind name before <> Some value) |> Map.toList

    let parts name content =
        let before = Map.tryFind name old |> Option.defaultValue nothing

        let datasets =
            [ for name, values in changed before.Datasets content.Datasets do
                  let address =
                      editor.Put(Array.collect (BitConverter.GetBytes: int -> byte[]) values)

                  name, editor.PutDataset(Integer(4, true, false), Encode.line values.LongLength, address, []) ]

        datasets, [ for name, texts in changed before.Attributes content.Attributes -> editor.StringsAttribute(name, texts) ]

    let groups =
        [ for KeyValue(name, content) in Map.remove "" wanted do
              let datasets, attributes = parts name content

              match store.TryFind("", store.Root, name) with
              | Some(GroupObject group) when not (datasets.IsEmpty && attributes.IsEmpty) ->
                  name, editor.Rewrite(name, group, datasets, attributes)
              | Some _ -> ()
              | None ->
                  let links =
                      [ for name, address in datasets ->
                            { Name = name
                              Target = Hard address
                              Order = ValueNone } ]

                  name, editor.PutGroup(links, attributes) ]

    let datasets, attributes =
        parts "" (Map.tryFind "" wanted |> Option.defaultValue nothing)

    editor.Commit(editor.Rewrite("the root group", store.Root, groups @ datasets, attributes))

/// What Store finds, in the terms of the model.
let ofStore path : Contents =
    GenFiles.withStore path (fun store ->
        let content name (group: Group) =
            let path link =
                if name = "" then link else $"{name}/{link}"

            { Datasets =
                Map
                    [ for link in group.Links do
                          match GenFiles.find store (path link.Name) with
                          | DatasetObject dataset ->
                              let bytes = DatasetReader(store.Disk, dataset).ReadAll()
                              link.Name, Array.init (bytes.Length / 4) (fun i -> BitConverter.ToInt32(bytes, 4 * i))
                          | GroupObject _ -> () ]
              Attributes =
                Map [ for attribute in Attribute.all store.Disk group.Header -> attribute.Name, Attribute.strings store.Heap attribute ] }

        Map
            [ "", content "" store.Root
              for link in store.Root.Links do
                  match GenFiles.find store link.Name with
                  | GroupObject group -> link.Name, content link.Name group
                  | DatasetObject _ -> () ])

/// What PureHDF finds.
let ofPureHdf (path: string) : Contents =
    use file = H5File.OpenRead path

    let content (group: IH5Group) =
        { Datasets =
            Map
                [ for child in group.Children() do
                      match child with
                      | :? IH5Dataset as dataset ->
                          dataset.Name, (if dataset.Space.Dimensions[0] = 0UL then [||] else dataset.Read<int[]>())
                      | _ -> () ]
          Attributes =
            Map
                [ for attribute in group.Attributes() do
                      let texts =
                          if attribute.Space.Dimensions[0] = 0UL then
                              []
                          else
                              // PureHDF reads a string without bytes as null.
                              attribute.Read<string[]>() |> Array.map (fun text -> if isNull text then "" else text) |> List.ofArray

                      attribute.Name, texts ] }

    Map
        [ "", content file
          for child in file.Children() do
              match child with
              | :? IH5Group as group -> group.Name, content group
              | _ -> () ]

/// Fails unless both readers find the content.
let isIn path (contents: Contents) what =
    Expect.equal (ofStore path) contents $"{what}, by Store"
    Expect.equal (ofPureHdf path) contents $"{what}, by PureHDF"
