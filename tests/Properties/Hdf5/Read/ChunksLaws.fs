/// Every index of chunks that HDF5 knows leads to the same values.
module internal SingleSharp.Properties.ChunksLaws

open System
open System.Text
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

let private indexOf fixture path =
    GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun file ->
        GenFiles.withStore file (fun store ->
            match (GenFiles.findDataset store path).Layout with
            | Chunked(_, index, _, _) -> index
            | _ -> failtest $"{path} is not chunked"))

let private chunksOf fixture path =
    GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun file ->
        GenFiles.withStore file (fun store -> Chunks.load store.Disk (GenFiles.findDataset store path)))

/// The fault of loading a chunk table after the fixture's bytes were changed.
let private faultOf fixture path (change: byte[] -> unit) =
    let bytes = GenFiles.fixtureBytes fixture
    change bytes

    GenFiles.withBytes bytes (fun file ->
        GenFiles.withStore file (fun store ->
            GenFiles.faultOf (fun () -> Chunks.load store.Disk (GenFiles.findDataset store path)) |> Fault.kind))

let tests =
    testList
        "Chunks"
        [
          // Boxes and filters in old and new files; largest extents that differ from the extents, open dimensions in every place.
          Listing.fixture "chunked" "chunked"
          Listing.fixture "chunked_old" "chunked"
          // Thousands of chunks in a line, few of them written; masks; datasets that shrank and grew.
          Listing.fixture "long" "long"
          Listing.fixture "long_old" "long"
          // Data blocks with buffers.
          Listing.fixture "paged" "paged"

          test "the fixtures have every kind of index" {
              let kinds =
                  [ "chunked", "one_chunk"
                    "long", "all_at_once"
                    "long", "line_fixed"
                    "long", "line"
                    "chunked", "two_open"
                    "chunked_old", "two_open" ]
                  |> List.map (fun (fixture, path) -> indexOf fixture path)

              Expect.equal
                  kinds
                  [ SingleChunk(ValueNone, 0u)
                    Implicit
                    FixedArray
                    ExtensibleArray
                    TreeVersion2
                    TreeVersion1 ]
                  "the index of a dataset for each"
          }

          test "chunks that were never written have no address" {
              let written = [ 0; 3; 4; 19; 500; 501; 1000; 4100; 8999 ]

              for fixture in [ "long"; "long_old" ] do
                  let chunks = chunksOf fixture "sparse"
                  Expect.hasLength chunks.Entries 9000 "chunks"

                  let found =
                      chunks.Entries |> Array.indexed |> Array.filter (fun (_, entry) -> entry.Address <> Bytes.undefined) |> Array.map fst

                  Expect.sequenceEqual found written fixture
          }

          test "filters that were skipped are in the mask" {
              for fixture in [ "long"; "long_old" ] do
                  let masks = (chunksOf fixture "masked").Entries |> Array.map _.Mask
                  Expect.sequenceEqual masks [ 3u; 2u; 1u; 0u ] fixture
          }

          test "a damaged index is a fault" {
              let find (signature: string) (bytes: byte[]) =
                  MemoryExtensions.IndexOf(ReadOnlySpan bytes, ReadOnlySpan(Encoding.ASCII.GetBytes signature))

              let spoil signature offset (value: byte) (bytes: byte[]) =
                  bytes[find signature bytes + offset] <- value

              Expect.equal (faultOf "long" "line" (spoil "EAHD" 0 0uy)) FaultKind.Damaged "the signature of an extensible array"
              Expect.equal (faultOf "long" "line" (spoil "EAHD" 6 9uy)) FaultKind.Damaged "the width of its entries"
              Expect.equal (faultOf "long" "line_fixed" (spoil "FAHD" 0 0uy)) FaultKind.Damaged "the signature of a fixed array"
          }

          test "a flipped bit under a checksum never gives other values" {
              let places (bytes: byte[]) (signature: string) =
                  let wanted = Encoding.ASCII.GetBytes signature
                  let at = MemoryExtensions.IndexOf(ReadOnlySpan bytes, ReadOnlySpan wanted)
                  if at < 0 then [] else [ for offset in [ 6; 8; 14; 22 ] -> at + offset ]

              let listing bytes =
                  GenFiles.withBytes bytes (fun path -> GenFiles.withStore path Listing.ofStore)

              let unnoticed =
                  [ for fixture, signatures in
                        [ "long", [ "FAHD"; "FADB"; "EAHD"; "EAIB"; "EASB"; "EADB" ]
                          "chunked", [ "BTHD"; "BTLF"; "BTIN" ]
                          "groups", [ "FRHP"; "FHIB"; "FHDB"; "BTHD"; "BTLF"; "BTIN" ] ] do
                        let bytes = GenFiles.fixtureBytes fixture
                        let before = listing bytes

                        for signature in signatures do
                            for at in places bytes signature do
                                let spoiled = Array.copy bytes
                                spoiled[at] <- spoiled[at] ^^^ 8uy

                                let isNoticed =
                                    try
                                        listing spoiled = before
                                    with FaultException _ ->
                                        true

                                if not isNoticed then
                                    $"{signature} of {fixture}, byte {at}" ]

              Expect.equal unnoticed [] "changes that nobody noticed"
          } ]
