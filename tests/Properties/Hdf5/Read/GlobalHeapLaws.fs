/// Strings of variable length come back from any file, and from any spot of the heap.
module internal SingleSharp.Properties.GlobalHeapLaws

open System
open Expecto
open PureHDF
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

let private stringsOf path name =
    GenFiles.withStore path (fun store ->
        let dataset = GenFiles.findDataset store name
        let bytes = DatasetReader(store.Disk, dataset).ReadAll()

        [ for i in 0 .. int dataset.Count - 1 -> store.Heap.String(ReadOnlySpan(bytes, 16 * i, 16)) ])

let tests =
    testList
        "GlobalHeap"
        [ Law.holdsFor 60 "strings as PureHDF writes them" (fun (first: AnyText) (rest: AnyText list) ->
              let texts = first :: rest |> List.map (fun (AnyText text) -> text)

              GenFiles.withPath (fun path ->
                  let file = H5File()
                  file["x"] <- Array.ofList texts
                  file.Write path
                  stringsOf path "x" = texts))

          test "more collections than are kept at a time" {
              let texts = [ for i in 0..20_000 -> $"name of row {i}" ]

              GenFiles.withPath (fun path ->
                  let file = H5File()
                  file["x"] <- Array.ofList texts
                  file.Write path
                  Expect.sequenceEqual (stringsOf path "x") texts "in order"

                  GenFiles.withStore path (fun store ->
                      let dataset = GenFiles.findDataset store "x"
                      let bytes = DatasetReader(store.Disk, dataset).ReadAll()

                      for step in [ 997; 20_000 ] do
                          for i in 0..step..20_000 do
                              Expect.equal (store.Heap.String(ReadOnlySpan(bytes, 16 * i, 16))) texts[i] "from here and there"))
          }

          test "a reference to nowhere is a fault, and one to nothing is empty" {
              GenFiles.withPath (fun path ->
                  let file = H5File()
                  file["x"] <- [| "one"; "two" |]
                  file.Write path

                  GenFiles.withStore path (fun store ->
                      let bytes = DatasetReader(store.Disk, GenFiles.findDataset store "x").ReadAll()

                      let reference length address index =
                          Bytes.concat [ Bytes.u32 length; Bytes.i64 address; Bytes.u32 index ]

                      let address = BitConverter.ToInt64(bytes, 4)

                      let read (reference: byte[]) =
                          store.Heap.String(ReadOnlySpan reference)

                      Expect.equal (read (reference 0u address 1u)) "" "no length"
                      Expect.equal (read (reference 3u 0L 0u)) "" "no address"
                      Expect.equal (read (reference 3u Bytes.undefined 0u)) "" "an undefined address"
                      GenFiles.isFault "has no entry 99" (fun () -> read (reference 3u address 99u))
                      GenFiles.isFault "has no entry 1" (fun () -> read (reference 4_000_000_000u address 1u))
                      GenFiles.isFault "GCOL" (fun () -> read (reference 3u 8L 1u))
                      GenFiles.isFault "cut off" (fun () -> read (reference 3u 99_999_999L 1u))
                      GenFiles.isFault "cut off" (fun () -> read (reference 3u -5L 1u))))
          } ]
