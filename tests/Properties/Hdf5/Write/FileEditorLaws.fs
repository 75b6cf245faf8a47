/// Edits show all at once and harm nothing; until they show, the file is the old one.
module internal SingleSharp.Properties.FileEditorLaws

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

let private opened (path: string) =
    new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)

/// The file's bytes before and after the edits.
let private edited path free edits =
    EditModel.write path (EditModel.before edits)
    let old = File.ReadAllBytes path
    using (opened path) (fun disk -> EditModel.edit disk free (EditModel.before edits) (EditModel.after edits))
    old, File.ReadAllBytes path

/// PureHDF writes superblocks of version 3.
let private superblockBytes = 48

let private draftOver endOfFile free work =
    GenFiles.withDisk (Array.zeroCreate 64) (fun disk ->
        let superblock =
            { Version = 3
              EndOfFile = endOfFile
              Root = 48L
              ChunkNodeK = 32
              Image = Array.zeroCreate 48 }

        work (FileEditor(disk, superblock, free)))

let private overlap ranges =
    ranges |> List.sort |> List.pairwise |> List.exists (fun ((start, length), (next, _)) -> start + length > next)

let tests =
    testList
        "FileEditor"
        [ Law.holdsFor 150 "edits are found by both readers, and nothing else has changed" (fun edits ->
              GenFiles.withPath (fun path ->
                  edited path [] edits |> ignore
                  EditModel.isIn path (EditModel.after edits) "the new content"))

          Law.holdsFor 50 "before the superblock is written, the old content is there, to the byte" (fun edits ->
              GenFiles.withPath (fun path ->
                  let old, now = edited path [] edits
                  Expect.isGreaterThanOrEqual now.Length old.Length "the file grows"
                  Array.Copy(old, now, superblockBytes)
                  Expect.equal now[.. old.Length - 1] old "only the superblock of the old bytes changes"
                  File.WriteAllBytes(path, now)
                  EditModel.isIn path (EditModel.before edits) "the old content"))

          Law.holdsFor 50 "edits can be edited" (fun edits ->
              GenFiles.withPath (fun path ->
                  edited path [] edits |> ignore
                  let now = EditModel.after edits
                  let next = now |> Map.add "later" (Map.find "" now)
                  using (opened path) (fun disk -> EditModel.edit disk [] now next)
                  EditModel.isIn path next "the newer content"))

          Law.holds "room is given once, and only where it is free" (fun (AnyHoles(endOfFile, holes)) (sizes: uint16 list) ->
              draftOver endOfFile holes (fun editor ->
                  let given =
                      [ for size in sizes do
                            let size = int64 (size % 3000us)
                            editor.Reserve size, max 8L (Bytes.align8 size) ]

                  let isFree (start, length) =
                      start >= endOfFile || List.exists (fun (struct (low, room)) -> start >= low && start + length <= low + room) holes

                  List.forall isFree given && not (overlap given) && List.forall (fun (start, _) -> start % 8L = 0L) given))

          Law.holds "strings of any length come back, whatever is put between them" (fun (steps: Choice<AnyText, uint16> list) ->
              draftOver 64L [] (fun editor ->
                  let references =
                      [ for step in steps do
                            match step with
                            | Choice1Of2(AnyText text) -> text, editor.StringReference text
                            | Choice2Of2 size -> editor.Put(Array.create (int size) 255uy) |> ignore ]

                  editor.Commit 48L
                  let heap = GlobalHeap editor.Disk
                  references |> List.forall (fun (text, reference) -> heap.String(ReadOnlySpan reference) = text)))

          Law.holds "one link each" (fun (codes: byte list) ->
              draftOver 64L [] (fun editor ->
                  let names =
                      codes |> List.map (fun code -> [ "a"; "b"; "c"; "d/e"; "."; ""; "f\000"; "g" ][int code % 8])

                  let links =
                      [ for name in names do
                            { Name = name
                              Target = Hard 48L
                              Order = ValueNone } ]

                  let isGood =
                      List.distinct names = names && List.forall (fun name -> List.contains name [ "a"; "b"; "c"; "g" ]) names

                  try
                      let group = Links.read editor.Disk (editor.PutGroup(links, []))
                      isGood && List.map _.Name group.Links = names
                  with FaultException(Unsupported _) ->
                      not isGood))

          test "a group with a damaged attribute is not rewritten" {
              GenFiles.withPath (fun path ->
                  let file = PureHDF.H5File()
                  file["x"] <- PureHDF.H5Dataset [| 1; 2; 3 |]
                  file.Write path
                  use store = Hdf5File.openWriteWithin Int64.MaxValue path
                  let editor = FileEditor(store.Disk, store.Superblock, [])

                  let whole =
                      Encode.attribute "whole" (Integer(4, true, false)) Encode.scalar [| 1uy; 0uy; 0uy; 0uy |]

                  // Its name is said to be longer than the message.
                  let damaged =
                      { whole with
                          Body = whole.Body |> Array.mapi (fun i byte -> if i = 2 || i = 3 then 255uy else byte) }

                  let group attribute =
                      Links.read store.Disk (editor.PutGroup([], [ attribute ]))

                  editor.Rewrite("whole", group whole, [], []) |> ignore
                  GenFiles.isFault "ends before its last field" (fun () -> editor.Rewrite("damaged", group damaged, [], [])))
          } ]
