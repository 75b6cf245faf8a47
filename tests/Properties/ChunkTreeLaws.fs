/// The index that ChunkTree writes is the one that Chunks and PureHDF read.
module SingleSharp.Properties.ChunkTreeLaws

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core

/// An empty file of PureHDF, to which one chunked dataset of whole numbers is added: the number i at place i.
let private withChunks (path: string) k extent count rest (work: Store -> Dataset -> StoredChunk[] -> unit) =
    H5File().Write path

    let written =
        use disk =
            new Disk(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)

        use store = new Store(disk)
        let draft = Draft(disk, store.Superblock, [])
        let length = max 0L (int64 count * extent - rest)

        let chunks =
            [| for chunk in 0 .. count - 1 do
                   let bytes =
                       Array.init (int extent) (fun i -> BitConverter.GetBytes(chunk * int extent + i)) |> Array.concat

                   { Address = draft.Put bytes
                     Size = bytes.Length } |]

        let index = ChunkTree.write draft k extent 4 chunks

        let dataset =
            draft.Put(
                Encode.header
                    0uy
                    [ Encode.message Header.Dataspace (Encode.dataspaceBody (Encode.line length))
                      { Encode.message Header.Datatype (Encode.datatypeBody (Integer(4, true, false))) with
                          Flags = 1uy }
                      Encode.zeroFillValue
                      Encode.chunked [| extent |] 4 index ]
            )

        draft.Commit(draft.Rewrite("the root group", store.Root, [ "x", dataset ], []))
        chunks

    GenFiles.withStore path (fun store -> work store (GenFiles.findDataset store "x") written)

let private isFound k extent count rest =
    GenFiles.withPath (fun path ->
        withChunks path k extent count rest (fun store dataset written ->
            let found = (Chunks.load store.Disk dataset).Entries

            let expected =
                written
                |> Array.map (fun chunk ->
                    { ChunkEntry.Address = chunk.Address
                      Size = int64 chunk.Size
                      Mask = 0u })

            Expect.equal found expected $"{count} chunks of {extent} in nodes of {2 * k}"
            let values = SlabReader(store.Disk, dataset).ReadAll()
            Expect.equal values (Array.collect (fun (i: int) -> BitConverter.GetBytes i) [| 0 .. int dataset.Count - 1 |]) "values")

        // PureHDF takes the nodes to have their usual size.
        if k = 32 then
            use file = H5File.OpenRead path

            if count > 0 then
                Expect.equal (file.Dataset("x").Read<int[]>()) [| 0 .. int (int64 count * extent - rest) - 1 |] "by PureHDF")

let tests =
    testList
        "ChunkTree"
        [ test "as many chunks as fill a leaf, one more, two levels, one more, thousands" {
              for count in [ 0; 1; 2; 64; 65; 128; 64 * 64; 64 * 64 + 1; 10_007 ] do
                  isFound 32 2L count 0L
          }

          test "the last chunk may be longer than what is left for it" { isFound 32 10L 7 9L }

          Law.holdsFor 60 "any number of chunks in nodes of any size" (fun (k: byte) (extent: byte) (count: uint16) (rest: byte) ->
              let extent = 1L + int64 extent % 9L
              isFound (1 + int k % 5) extent (int count % 300) (int64 rest % extent)) ]
