/// Draft.Rewrite on what h5py makes: whatever kind of group it is, one member and one attribute more are the only difference.
module internal SingleSharp.Properties.RewriteLaws

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

/// Gives every group of the root that has one name another member and another attribute, and the root itself too.
let extend (path: string) =
    use handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite)

    use disk =
        new RandomAccessFile(path, handle, Superblock.origin path (new FileDevice(handle)))

    use store = new Hdf5File(disk)
    let editor = FileEditor(disk, store.Superblock, [])

    let added () =
        let address = editor.Put(BitConverter.GetBytes 42)
        "added", editor.PutDataset(Integer(4, true, false), Encode.scalar, address, [])

    let rewrite name group links =
        editor.Rewrite(name, group, added () :: links, [ editor.StringAttribute("edited", "ja ✓") ])

    let groups =
        [ for link in store.Root.Links do
              match link.Target with
              | Hard address when Links.isGroup (Header.read disk address) ->
                  let group = Links.read disk address

                  if group.Header.LinkCount = 1 then
                      link.Name, rewrite link.Name group []
              | _ -> () ]

    editor.Commit(rewrite "the root group" store.Root groups)
    List.map fst groups

let private listing path = GenFiles.withStore path Listing.ofStore

let private isExtended fixture =
    testCase $"{fixture} keeps its members and attributes" (fun () ->
        GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
            let old = listing path
            let groups = extend path
            let now = listing path
            Expect.equal (List.except now old) [] "lines that were lost"

            let expected =
                [ for group in "" :: groups do
                      let path = if group = "" then "" else "/" + group
                      $"{path}/added"
                      $"{path}@edited" ]

            Expect.sequenceEqual
                (List.except old now |> List.map (fun line -> line.Substring(0, line.IndexOf '\t')) |> List.sort)
                (List.sort expected)
                "lines that came"))

/// Names of a group as PureHDF finds them, which does not follow the links that lead elsewhere.
let private namesByPureHdf (path: string) group =
    use file = H5File.OpenRead path
    (if group = "" then file :> IH5Group else file.Group group).Children() |> Seq.map _.Name |> Set

let tests =
    testList
        "Rewrite"
        [ yield!
              [ "groups"
                "groups_old"
                "user_block"
                "user_block_old"
                "heavy"
                "heavy_old"
                "chunked"
                "chunked_old" ]
              |> List.map isExtended

          test "members and attributes that come later are later in the order that a group tracks" {
              for fixture in [ "groups"; "groups_old" ] do
                  GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
                      extend path |> ignore

                      GenFiles.withStore path (fun store ->
                          let links =
                              (GenFiles.findGroup store "tracked").Links |> List.sortBy _.Order |> List.map _.Name

                          Expect.equal links [ "zeta"; "alpha"; "mid"; "soft"; "outside"; "added" ] $"links of {fixture}"
                          let header = (GenFiles.findGroup store "noted").Header

                          let notes =
                              header.Messages
                              |> List.filter (fun message -> message.Type = Header.Attribute)
                              |> List.sortBy _.Order
                              |> List.map (Attribute.nameOf store.Disk)

                          Expect.equal notes [ "note 3"; "note 1"; "note 2"; "edited" ] $"attributes of {fixture}"))
          }

          test "PureHDF reads what was rewritten" {
              for fixture in [ "groups"; "groups_old" ] do
                  GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
                      let groups = [ "holds_8"; "holds_9"; "holds_500"; "tracked_many"; "empty" ]
                      let before = groups |> List.map (namesByPureHdf path)
                      extend path |> ignore
                      let after = groups |> List.map (namesByPureHdf path)
                      Expect.equal after (before |> List.map (Set.add "added")) fixture

                      using (H5File.OpenRead path) (fun file ->
                          Expect.equal (file.Dataset("/holds_500/added").Read<int>()) 42 "a value"
                          Expect.equal (file.Group("/holds_500").Attribute("edited").Read<string>()) "ja ✓" "an attribute"))
          }

          test "a rewritten group says how it keeps links, without which HDF5 adds none" {
              for fixture in [ "groups"; "groups_old" ] do
                  GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
                      extend path |> ignore

                      GenFiles.withStore path (fun store ->
                          for name in [ ""; "holds_8"; "holds_500"; "empty" ] do
                              let header = (GenFiles.findGroup store name).Header
                              Expect.isSome (Header.tryFind Header.GroupInfo header) $"{name} of {fixture}"))
          }

          test "references to a rewritten group lead to it, or the group is refused" {
              for fixture in [ "types"; "types_old" ] do
                  GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
                      let references () =
                          listing path |> List.filter (fun line -> line.Contains "\treference\t")

                      let before = references ()

                      let isRefused =
                          try
                              // Edit.require asks this of every group before it is rewritten.
                              GenFiles.withStore path (fun store ->
                                  let references = References.find store
                                  References.requireNone store references "the root group" store.Root.Header

                                  for link in store.Root.Links do
                                      match link.Target with
                                      | Hard address -> References.requireNone store references link.Name (Header.read store.Disk address)
                                      | Elsewhere _ -> ())

                              extend path |> ignore
                              false
                          with FaultException _ ->
                              true

                      Expect.isTrue (isRefused || references () = before) fixture)
          }

          test "attributes that lie in a heap keep their order, and later ones follow" {
              for fixture in [ "heavy"; "heavy_old" ] do
                  GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
                      let names () =
                          GenFiles.withStore path (fun store ->
                              Attribute.messages store.Disk (GenFiles.findGroup store "ordered").Header
                              |> List.sortBy _.Order
                              |> List.map (Attribute.nameOf store.Disk))

                      let before = names ()
                      extend path |> ignore
                      Expect.equal (names ()) (before @ [ "edited" ]) fixture)
          }

          test "an attribute that no header has room for is refused" {
              GenFiles.withBytes (GenFiles.fixtureBytes "immense") (fun path ->
                  use disk =
                      new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)

                  use store = new Hdf5File(disk)
                  let editor = FileEditor(disk, store.Superblock, [])
                  let group = GenFiles.findGroup store "group"
                  GenFiles.isFault "shorten or delete the attribute" (fun () -> editor.Rewrite("group", group, [], [])))
          }

          test "a dataset that is replaced keeps attributes that lie in a heap" {
              for fixture in [ "heavy"; "heavy_old" ] do
                  GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
                      let attributes () =
                          listing path |> List.filter (fun line -> line.StartsWith "/loaded@")

                      let before = attributes ()

                      using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
                          use store = new Hdf5File(disk)
                          let editor = FileEditor(disk, store.Superblock, [])
                          let dataset = GenFiles.findDataset store "loaded"
                          let layout = Encode.contiguous Bytes.undefined 12L

                          editor.Commit(
                              editor.Rewrite("/", store.Root, [ "loaded", editor.PutReplacement(dataset, Float(4, false), layout) ], [])
                          ))

                      Expect.hasLength before 14 "attributes"
                      Expect.equal (attributes ()) before fixture)
          } ]
