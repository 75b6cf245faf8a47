/// Object headers of both versions, in one block or many, and superblocks.
module internal SingleSharp.Properties.ObjectHeaderLaws

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

let private versionsOf fixture =
    GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
        GenFiles.withStore path (fun store -> store.Superblock.Version, store.Root.Header.Version))

/// What opening the file says after its bytes were changed.
let private faultOf fixture (change: byte[] -> byte[]) =
    GenFiles.withBytes (change (GenFiles.fixtureBytes fixture)) (fun path -> GenFiles.faultOf (fun () -> GenFiles.withStore path ignore))

let private set at (value: byte) (bytes: byte[]) =
    bytes[at] <- value
    bytes

let tests =
    testList
        "ObjectHeader"
        [ test "the fixtures have old and new superblocks and headers" {
              Expect.equal (versionsOf "groups_old") (0, 1) "by default"
              Expect.equal (versionsOf "groups") (3, 2) "libver latest"
          }

          test "messages in continuation blocks are found" {
              for fixture in [ "heavy_old"; "groups_old" ] do
                  GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
                      GenFiles.withStore path (fun store ->
                          for link in store.Root.Links do
                              match link.Target with
                              | Hard address ->
                                  let header = Header.read store.Disk address

                                  Expect.isFalse
                                      (header.Messages |> List.exists (fun message -> message.Type = Header.Continuation))
                                      "followed"
                              | Elsewhere _ -> ()

                          if fixture = "heavy_old" then
                              let header = (GenFiles.findGroup store "heavy").Header

                              let attributes =
                                  header.Messages |> List.filter (fun message -> message.Type = Header.Attribute)

                              Expect.hasLength attributes 30 "attributes"))
          }

          test "hard links are counted" {
              for fixture in [ "groups"; "groups_old" ] do
                  GenFiles.withBytes (GenFiles.fixtureBytes fixture) (fun path ->
                      GenFiles.withStore path (fun store ->
                          Expect.equal (GenFiles.findGroup store "shared").Header.LinkCount 2 "two names"
                          Expect.equal (GenFiles.findGroup store "empty").Header.LinkCount 1 "one name"))
          }

          test "what is no HDF5 file is told so" {
              for bytes in
                  [ [||]
                    [| 1uy |]
                    Array.zeroCreate 5000
                    Text.Encoding.ASCII.GetBytes "\137HDF" ] do
                  GenFiles.withBytes bytes (fun path ->
                      Expect.equal
                          (Fault.kind (GenFiles.faultOf (fun () -> GenFiles.withStore path ignore)))
                          FaultKind.NotAnnData
                          "its kind")

              Expect.equal
                  (Fault.kind (GenFiles.faultOf (fun () -> GenFiles.withStore "/nowhere/x.h5ad" ignore)))
                  FaultKind.NotFound
                  "no file"

              Expect.equal
                  (Fault.kind (GenFiles.faultOf (fun () -> GenFiles.withStore (Path.GetTempPath()) ignore)))
                  FaultKind.Unreadable
                  "a folder"
          }

          test "a file that was cut off is told so, wherever it was cut" {
              for fixture in [ "heavy"; "heavy_old" ] do
                  let bytes = GenFiles.fixtureBytes fixture

                  for length in [ 8; 20; 47; 48; 95; 96; 100; bytes.Length / 2; bytes.Length - 1 ] do
                      let fault = faultOf fixture (Array.truncate length)
                      Expect.contains [ FaultKind.Damaged; FaultKind.NotAnnData ] (Fault.kind fault) $"{length} bytes of {fixture}"
          }

          test "superblocks that we cannot read are refused" {
              Expect.equal (Fault.kind (faultOf "heavy" (set 8 4uy))) FaultKind.Unsupported "a version to come"
              Expect.equal (Fault.kind (faultOf "heavy" (set 44 0uy))) FaultKind.Damaged "its checksum"
              Expect.equal (Fault.kind (faultOf "heavy_old" (set 13 4uy))) FaultKind.Unsupported "addresses of four bytes"
          }

          Law.holds "a moved superblock says where the root and the end are" (fun (root: uint32) (length: uint32) ->
              [ "heavy"; "heavy_old" ]
              |> List.forall (fun fixture ->
                  let bytes = GenFiles.fixtureBytes fixture
                  let endOfFile = int64 bytes.Length - int64 length % 1000L

                  GenFiles.withDisk bytes (fun disk ->
                      let moved = Superblock.moved (int64 root) endOfFile (Superblock.read disk)
                      disk.Write(0L, ReadOnlySpan moved.Image)
                      Superblock.read disk = moved)))

          test "PureHDF opens a file whose superblock was moved to where it was" {
              GenFiles.withBytes (GenFiles.fixtureBytes "heavy_old") (fun path ->
                  using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
                      let superblock = Superblock.read disk
                      let moved = Superblock.moved superblock.Root superblock.EndOfFile superblock
                      disk.Write(0L, ReadOnlySpan moved.Image))

                  use file = H5File.OpenRead path
                  Expect.equal (file.Group("light").Attribute("one").Read<int64>()) 1L "an attribute")
          } ]
