/// Links lead where they should after any edit of any graph of groups, and every object counts them.
module internal SingleSharp.Properties.HardLinkUpdateLaws

open System
open System.Collections.Generic
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

/// Groups, of which the first is the root, then datasets; each group's links by name.
type private Model =
    { Groups: int
      Datasets: int
      Links: Map<int, (string * int) list> }

/// A graph from any numbers: some links lead twice to one object, to the group that holds them, or back to the root.
let private modelOf (groups: byte) (datasets: byte) (links: (byte * byte) list) =
    let groups = 1 + int groups % 5
    let datasets = int datasets % 4
    let total = groups + datasets

    // Every object can be reached by a first name, so that no edit is of something that is lost.
    let first =
        [ for node in 1 .. total - 1 -> (if node < groups then node / 2 else node % groups), node ]

    let others =
        links |> List.truncate 12 |> List.map (fun (parent, target) -> int parent % groups, int target % total)

    { Groups = groups
      Datasets = datasets
      Links =
        (first @ others)
        |> List.mapi (fun i (parent, target) -> parent, ($"link {i}", target))
        |> List.groupBy fst
        |> List.map (fun (parent, links) -> parent, List.map snd links)
        |> Map.ofList }

let private linksOf model group =
    Map.tryFind group model.Links |> Option.defaultValue []

let private int64Type = Integer(8, true, false)

let private hard name address =
    { Name = name
      Target = Hard address
      Order = ValueNone }

let private putDataset (editor: FileEditor) (label: int) =
    editor.PutDataset(int64Type, Encode.scalar, editor.Put(Bytes.i64 (int64 label)), [ editor.StringAttribute("text", $"dataset {label}") ])

/// Writes the model as a file, and says where each object is.
let private write (path: string) model =
    H5File().Write path

    using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
        let editor = FileEditor(disk, Superblock.read disk, [])
        let places = Dictionary<int, int64>()
        let all = model.Links |> Map.toList |> List.collect snd

        let header group texts =
            let count =
                (all |> List.filter (fun (_, target) -> target = group)).Length + (if group = 0 then 1 else 0)

            Encode.header
                0uy
                [ Encode.linkInfo 0 0L
                  Encode.message Header.GroupInfo [| 0uy; 0uy |]
                  yield! texts
                  Encode.linkCount count
                  for name, target in linksOf model group do
                      Encode.link (hard name places[target]) ]

        for node in 0 .. model.Groups + model.Datasets - 1 do
            places[node] <- 0L

        for node in model.Groups .. model.Groups + model.Datasets - 1 do
            let count = (all |> List.filter (fun (_, target) -> target = node)).Length
            let address = putDataset editor node
            places[node] <- editor.Put(ObjectHeaderRewrite.dataset disk (Header.read disk address) count)

        let texts =
            [ for group in 0 .. model.Groups - 1 -> [ editor.StringAttribute("text", $"group {group}") ] ]

        for group in 0 .. model.Groups - 1 do
            places[group] <- editor.Reserve (header group texts[group]).LongLength

        for group in 0 .. model.Groups - 1 do
            disk.Write(places[group], ReadOnlySpan(header group texts[group]))

        editor.Commit places[0]
        places)

/// Makes some groups other ones everywhere, and leads some single links to other objects; both in the file and in the model.
let private edit (path: string) model (places: Dictionary<int, int64>) everywhere singles =
    use disk =
        new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)

    let editor = FileEditor(disk, Superblock.read disk, [])
    let mutable next = model.Groups + model.Datasets
    let mutable after = model.Links

    let fresh () =
        next <- next + 1
        next - 1

    let grown group =
        let label = fresh ()
        let address = putDataset editor label

        editor.Rewrite(
            $"group {group}",
            Links.read disk places[group],
            [ "added", address ],
            [ editor.StringAttribute("new", $"text {label}") ]
        ),
        label

    let moved =
        [ for group in everywhere ->
              let address, label = grown group
              after <- Map.add group (linksOf model group @ [ "added", label ]) after
              places[group], address ]

    let single =
        [ for parent, name, target in singles ->
              let address =
                  if target < model.Groups then
                      let address, label = grown target
                      let copy = fresh ()
                      after <- Map.add copy (linksOf model target @ [ "added", label ]) after

                      after <-
                          Map.add parent (after[parent] |> List.map (fun (link, old) -> link, (if link = name then copy else old))) after

                      address
                  else
                      let label = fresh ()

                      after <-
                          Map.add parent (after[parent] |> List.map (fun (link, old) -> link, (if link = name then label else old))) after

                      putDataset editor label

              places[parent], name, address ]

    editor.Commit(HardLinkUpdate.settle editor places[0] { Everywhere = moved; Single = single })
    after

/// Walks file and model side by side: same names, same objects behind all names of one, links counted.
let private agrees (path: string) (links: Map<int, (string * int) list>) =
    GenFiles.withStore path (fun store ->
        let disk = store.Disk
        let seen = Dictionary<int, int64>()
        let waiting = Queue [ struct (0, store.Superblock.Root) ]

        while waiting.Count > 0 do
            let struct (node, address) = waiting.Dequeue()

            match seen.TryGetValue node with
            | true, known -> Expect.equal address known $"object {node} under all its names"
            | _ ->
                seen[node] <- address
                let header = Header.read disk address

                if Links.isGroup header then
                    let found = (Links.read disk address).Links
                    let expected = Map.tryFind node links |> Option.defaultValue []
                    Expect.equal (List.map _.Name found) (List.map fst expected) $"links of {node}"

                    for link in found do
                        match link.Target with
                        | Hard target -> waiting.Enqueue(struct (expected |> List.find (fun (name, _) -> name = link.Name) |> snd, target))
                        | Elsewhere _ -> failtest "a soft link"
                else
                    match store.At("", address) with
                    | DatasetObject dataset ->
                        let label = BitConverter.ToInt64(DatasetReader(disk, dataset).ReadAll(), 0)
                        Expect.equal label (int64 node) "the dataset that the model has here"
                    | GroupObject _ -> failtest "a group"

        let graph = Graph.ofRoot disk store.Superblock.Root

        for KeyValue(address, count) in graph.Stored do
            Expect.isGreaterThanOrEqual count (Graph.count graph address) "the links that an object counts"

        // A string that two attributes refer to would be freed with the first.
        let references =
            [ for address in graph.Stored.Keys do
                  for attribute in Attribute.all disk (Header.read disk address) -> Convert.ToHexString attribute.Data ]

        Expect.hasLength (List.distinct references) references.Length "strings of their own")

/// The single links that some numbers choose; none twice.
let private singlesOf model (numbers: byte list) =
    let all =
        [ for KeyValue(parent, links) in model.Links do
              for name, target in links -> parent, name, target ]

    if all.IsEmpty then
        []
    else
        numbers |> List.truncate 3 |> List.map (fun number -> all[int number % all.Length]) |> List.distinct

let tests =
    testList
        "HardLinkUpdate"
        [ Law.holdsFor 300 "hard links" (fun (groups: byte, datasets: byte) links (everywhere: byte list) (singles: byte list) ->
              GenFiles.withPath (fun path ->
                  let model = modelOf groups datasets links
                  let places = write path model
                  agrees path model.Links

                  let everywhere =
                      everywhere |> List.truncate 3 |> List.map (fun group -> int group % model.Groups) |> List.distinct

                  edit path model places everywhere (singlesOf model singles) |> agrees path))

          test "a soft link that leads elsewhere becomes a hard one, and what it led to stays" {
              GenFiles.withPath (fun path ->
                  H5File().Write path

                  using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
                      let editor = FileEditor(disk, Superblock.read disk, [])
                      let old = putDataset editor 1

                      let soft =
                          { hard "soft" 0L with
                              Target = Elsewhere(Array.concat [ Bytes.u16 4; "/old"B ], 1uy) }

                      let root = editor.PutGroup([ hard "old" old; soft ], [])
                      let next = putDataset editor 2

                      editor.Commit(
                          HardLinkUpdate.settle
                              editor
                              root
                              { Everywhere = []
                                Single = [ root, "soft", next ] }
                      )

                      let root = (Superblock.read disk).Root

                      Expect.equal
                          [ for link in (Links.read disk root).Links -> link.Name, link.Target ]
                          [ "old", Hard old; "soft", Hard next ]
                          "links"))
          }

          test "without moves nothing is written" {
              GenFiles.withPath (fun path ->
                  let model = modelOf 4uy 3uy [ 1uy, 2uy; 3uy, 0uy ]
                  let places = write path model
                  let before = File.ReadAllBytes path
                  edit path model places [] [] |> agrees path
                  Expect.isTrue (File.ReadAllBytes path = before) "the file")
          }

          test "an object with too many names for what can be read is not moved" {
              GenFiles.withPath (fun path ->
                  let model = modelOf 4uy 3uy [ 1uy, 2uy ]
                  let places = write path model

                  using (File.OpenWrite path) (fun stream ->
                      stream.Position <- places[3]
                      stream.Write("XXXX"B))

                  GenFiles.withStore path (fun store ->
                      let references = References.find store
                      Expect.isFalse references.AreAll "not all can be read"
                      GenFiles.isFault "2 names" (fun () -> References.requireMovable store references [ places[2] ])
                      References.requireMovable store references [ places[1] ]))
          } ]
