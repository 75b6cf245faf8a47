/// Objects that Encode makes are read back as what they were made of.
module internal SingleSharp.Properties.EncodeLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Properties.GenHdf5

let private onDisk (bytes: byte[]) (work: RandomAccessFile -> 'a) = GenFiles.withDisk bytes work

/// A header of one block, read back.
let private readBack flags messages =
    onDisk (Encode.header flags messages) (fun disk -> Header.read disk 0L)

let private link name target order =
    { Name = name
      Target = target
      Order = order }

let tests =
    testList
        "Encode"
        [ Law.holds "messages" (fun (bodies: byte[] list) (tracked: bool) ->
              let messages =
                  bodies
                  |> List.mapi (fun i body ->
                      { Encode.message (0x20 + i % 100) body with
                          Order = if tracked then i else 0 })

              (readBack (if tracked then 4uy else 0uy) messages).Messages = messages)

          Law.holds "links" (fun (names: AnyText list) (tracked: bool) ->
              let links =
                  names
                  |> List.mapi (fun i (AnyText name) ->
                      let target =
                          if i % 3 = 2 then
                              Elsewhere([| 1uy; 0uy; byte i |], (if i % 2 = 0 then 1uy else 64uy))
                          else
                              Hard(int64 i * 1000L)

                      link $"{i}{name}" target (if tracked then ValueSome(int64 i) else ValueNone))

              let messages =
                  Encode.linkInfo (if tracked then 1 else 0) (int64 links.Length) :: List.map Encode.link links

              onDisk (Encode.header 0uy messages) (fun disk ->
                  let group = Links.read disk 0L
                  group.Links = links && group.OrderFlags = (if tracked then 1 else 0)))

          Law.holds "dataspaces" (fun (dims: (uint32 * uint16 option) list) ->
              let dims = List.truncate 32 dims

              let space =
                  Simple(
                      dims |> List.map (fst >> int64),
                      dims
                      |> List.map (fun (dim, more) ->
                          match more with
                          | Some more -> int64 dim + int64 more
                          | None -> Bytes.undefined)
                  )

              onDisk [| 0uy |] (fun disk -> Dataspace.parse disk (Encode.dataspaceBody space)) = space)

          Law.holds "attributes" (fun (AnyText name) (values: int64[]) ->
              let data = values |> Array.collect (fun value -> BitConverter.GetBytes value)
              // A name ends at its first NUL.
              let attribute =
                  Encode.attribute name (Integer(8, true, false)) (Encode.line values.LongLength) data

              onDisk (Encode.header 0uy [ attribute ]) (fun disk ->
                  match Attribute.all disk (Header.read disk 0L) with
                  | [ found ] -> found.Name = name && Attribute.integers found = List.ofArray values && found.Data = data
                  | _ -> false))

          test "null and scalar dataspaces" {
              for space in [ Null; Encode.scalar; Encode.line 0L ] do
                  Expect.equal (onDisk [| 0uy |] (fun disk -> Dataspace.parse disk (Encode.dataspaceBody space))) space "there and back"
          }

          test "what is too long for a message says so" {
              let attribute size =
                  Encode.attribute "a" (Integer(1, true, false)) (Encode.line size) (Array.zeroCreate (int size))

              Expect.isTrue (Encode.fits (attribute 65000L)) "fits"
              Expect.isFalse (Encode.fits (attribute 65536L)) "does not fit"
          }

          Law.holds "a header with a flipped bit is damaged" (fun (body: byte[]) (at: uint32) ->
              let bytes = Encode.header 0uy [ Encode.message 0x20 body ]
              // Beyond the flags and the size, which say how much there is to check.
              let at = 80 + int (at % uint32 (8 * bytes.Length - 80))
              bytes[at / 8] <- bytes[at / 8] ^^^ (1uy <<< at % 8)
              onDisk bytes (fun disk -> GenFiles.faultOf (fun () -> Header.read disk 0L) |> Fault.kind = FaultKind.Damaged)) ]
