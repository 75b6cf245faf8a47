/// Objects that no writer makes, with checksums that fit: each ends in a fault or in a value, soon and in little memory.
module internal SingleSharp.Properties.MalformedLaws

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5

let private int32 = Integer(4, true, false)

let private dataspace dims =
    Encode.message Header.Dataspace (Encode.dataspaceBody (Simple(dims, dims)))

let private datatype body = Encode.message Header.Datatype body
let private typed kind = datatype (Encode.datatypeBody kind)

/// Version 1, its class, three bytes of bits, the size.
let private typeHead kind (bits: byte list) (size: uint32) =
    Bytes.concat [ [| 0x10uy ||| kind |]; Array.ofList bits; Bytes.u32 size ]

let private unwritten = Encode.contiguous Bytes.undefined 0L

let private dataset dims kind layout =
    [ dataspace dims; typed kind; Encode.zeroFillValue; layout ]

/// An attribute message of version 3 from parts that may be anything.
let private attribute (typeBody: byte[]) (spaceBody: byte[]) (data: byte[]) =
    let sizes =
        Bytes.concat [ Bytes.u16 2; Bytes.u16 typeBody.Length; Bytes.u16 spaceBody.Length ]

    Encode.message Header.Attribute (Bytes.concat [ [| 3uy; 0uy |]; sizes; [| 1uy |]; "a\000"B; typeBody; spaceBody; data ])

let private group messages =
    Encode.linkInfo 0 0L :: Encode.message Header.GroupInfo [| 0uy; 0uy |] :: messages

let private space dims =
    Encode.dataspaceBody (Simple(dims, dims))

/// A gzipped dataset of one chunk with a parameter that may be anything.
let private filtered (filter: byte[]) =
    dataset [ 4L ] int32 (Encode.chunked [| 4L |] 4 Bytes.undefined) @ [ Encode.message Header.Filters filter ]

let private objects: (string * Message list) list =
    [ "more elements than a number can count", dataset [ 1L <<< 62; 4L ] int32 unwritten
      "a row longer than memory", dataset [ 1L; 1L <<< 40 ] int32 unwritten
      "a row of two gibibytes", dataset [ 1L; 1L <<< 29 ] int32 unwritten
      "more rows than anybody can read, none of them written", dataset [ 1L <<< 45 ] int32 unwritten
      "the same in one piece", dataset [ 1L <<< 45 ] int32 (Encode.contiguous 48L (1L <<< 47))
      "the same in chunks that were never written", dataset [ 1L <<< 45 ] int32 (Encode.chunked [| 1L <<< 31 |] 4 Bytes.undefined)
      "a chunk of two gibibytes", dataset [ 8L ] int32 (Encode.chunked [| 1L <<< 29 |] 4 Bytes.undefined)
      "a chunk beyond every size", dataset [ 8L; 8L ] int32 (Encode.chunked [| 0xffffffffL; 0xffffffffL |] 4 Bytes.undefined)
      "chunks without an extent", dataset [ 8L ] int32 (Encode.chunked [| 0L |] 4 Bytes.undefined)
      "a scalar in chunks", dataset [] int32 (Encode.chunked [||] 4 Bytes.undefined)
      "an address at the end of numbers", dataset [ 8L ] int32 (Encode.contiguous Int64.MaxValue 32L)
      "a negative address", dataset [ 8L ] int32 (Encode.contiguous -5L 32L)
      "no datatype", [ dataspace [ 1L ]; unwritten ]
      "no layout", [ dataspace [ 1L ]; typed int32 ]
      "empty messages",
      [ Encode.message Header.Dataspace [||]
        datatype [||]
        Encode.message Header.Layout [||] ]
      "an array type of negative size",
      [ dataspace [ 2L ]
        datatype (
            Bytes.concat
                [ [| 0x3Auy; 0uy; 0uy; 0uy |]
                  Bytes.u32 8u
                  [| 1uy |]
                  Bytes.u32 0xffffffffu
                  Encode.datatypeBody int32 ]
        )
        unwritten ]
      "an array type beyond every size",
      [ dataspace [ 2L ]
        datatype (
            Bytes.concat
                [ [| 0x3Auy; 0uy; 0uy; 0uy |]
                  Bytes.u32 8u
                  [| 2uy |]
                  Bytes.u32 0x7fffffffu
                  Bytes.u32 0x7fffffffu
                  Encode.datatypeBody int32 ]
        )
        unwritten ]
      // 2 · 2147418113 · 2147549185 · 4 = 2^65 + 8
      "an array type whose size wraps around",
      [ dataspace [ 2L ]
        datatype (
            Bytes.concat
                [ [| 0x3Auy; 0uy; 0uy; 0uy |]
                  Bytes.u32 8u
                  [| 3uy |]
                  Bytes.u32 2u
                  Bytes.u32 2147418113u
                  Bytes.u32 2147549185u
                  Encode.datatypeBody int32 ]
        )
        unwritten ]
      "nothing, in rows of more than a number can count", dataset [ 0L; 1L <<< 62; 4L ] int32 unwritten
      "elements whose bytes no number counts",
      [ dataspace [ 1L <<< 48 ]
        datatype (typeHead 5uy [ 0uy; 0uy; 0uy ] 0xffff00u)
        Encode.chunked [| 1L |] 0xffff00 Bytes.undefined ]
      "chunks beyond every number beside one another",
      dataset [ 8L; 1L <<< 40 ] int32 (Encode.chunked [| 0xffffffffL; 0xffffffffL |] 4 Bytes.undefined)
      "elements without bytes",
      [ dataspace [ 1L <<< 40 ]
        datatype (typeHead 3uy [ 0uy; 0uy; 0uy ] 0u)
        unwritten ]
      "sequences of elements without bytes",
      [ dataspace [ 1L ]
        datatype (Bytes.concat [ typeHead 9uy [ 0uy; 0uy; 0uy ] 16u; typeHead 5uy [ 0uy; 0uy; 0uy ] 0u ])
        unwritten ]
      "an attribute of strings without bytes", group [ attribute (typeHead 3uy [ 0uy; 0uy; 0uy ] 0u) (space [ 1L <<< 60 ]) [||] ]
      "an attribute of numbers without bytes",
      group [ attribute (Bytes.concat [ typeHead 0uy [ 8uy; 0uy; 0uy ] 0u; Bytes.u16 0; Bytes.u16 0 ]) (space [ 1L <<< 60 ]) [||] ]
      "an attribute of more elements than a number can count",
      group [ attribute (Encode.datatypeBody int32) (space [ 1L <<< 62; 4L ]) [||] ]
      "an attribute whose bytes wrap around", group [ attribute (Encode.datatypeBody int32) (space [ 1L <<< 62 ]) [||] ]
      "an attribute message that is too short", group [ Encode.message Header.Attribute [| 3uy |] ]
      "a note of attributes that is too short", group [ Encode.message Header.AttributeInfo [| 0uy |] ]
      "a note of links that is too short", [ Encode.message Header.LinkInfo [| 0uy |] ]
      "a link without a name", group [ Encode.message Header.Link [| 1uy; 0uy; 5uy |] ]
      "a link to nowhere",
      group
          [ Encode.link
                { Name = "x"
                  Target = Hard 1_000_000_000L
                  Order = ValueNone } ]
      "a link to the superblock",
      group
          [ Encode.link
                { Name = "x"
                  Target = Hard 0L
                  Order = ValueNone } ]
      "a gzip level beyond nine", filtered (Bytes.concat [ [| 2uy; 1uy |]; Bytes.u16 1; Bytes.u16 0; Bytes.u16 1; Bytes.u32 0x80000004u ])
      "more filters than bytes", filtered [| 2uy; 255uy |]
      "a fill value without an end",
      [ dataspace [ 2L ]
        typed int32
        Encode.message Header.FillValue [| 3uy; 0x2Auy; 255uy; 255uy; 255uy; 127uy |]
        unwritten ] ]

let private withObject messages work =
    GenFiles.withPath (fun path ->
        H5File().Write path

        using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
            use store = new Hdf5File(disk)
            let editor = FileEditor(disk, store.Superblock, [])
            let address = editor.Put(Encode.header 0uy messages)
            editor.Commit(editor.Rewrite("the root group", store.Root, [ "bad", address ], [])))

        work path)

/// A chunk whose extents take eight bytes each.
let private wideChunks (shape: int64 list) =
    let extents = shape @ [ 4L ] |> List.map Bytes.i64

    Encode.message
        Header.Layout
        (Bytes.concat ([ [| 4uy; 2uy; 0uy; byte extents.Length; 8uy |] ] @ extents @ [ [| 1uy |]; Bytes.i64 Bytes.undefined ]))

let private matrices =
    [ "chunks beyond every number", Encode.chunked [| 0xffffffffL; 0xffffffffL |] 4 Bytes.undefined
      "chunks of wide extents", wideChunks [ 1L <<< 62; 1L <<< 62 ]
      "chunks of more bytes than any memory", wideChunks [ 1L <<< 25; 1L <<< 20 ] ]

/// A file of eight cells and four genes whose X is stored like this.
let private withX layout work =
    GenFiles.withPath (fun path ->
        GenForms.write
            path
            GenForms.AnyForm.Dense
            DType.Int32
            { Genes = 4
              Rows = List.replicate 8 [ 0, 1.0 ] }

        using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
            use store = new Hdf5File(disk)
            let editor = FileEditor(disk, store.Superblock, [])
            let address = editor.Put(Encode.header 0uy (dataset [ 8L; 4L ] int32 layout))
            editor.Commit(editor.Rewrite("the root group", store.Root, [ "X", address ], [])))

        work path)

let private commands: (string * (Settings -> string -> Result<unit, Fault>)) list =
    let planned recipe settings path =
        Pipeline.plan recipe settings (Input.file path) |> Result.map ignore

    [ "info", (fun settings path -> Pipeline.info Recipe.standard settings (Input.file path) |> Result.map ignore)
      "plan", planned Recipe.standard
      "plan pca", planned Recipe.full
      "digest", (fun settings path -> Pipeline.digest settings path |> Result.map ignore)
      "verify", (fun settings path -> Pipeline.verify settings path |> Result.map ignore)
      "qc",
      (fun settings path ->
          GenFiles.withPath (fun target ->
              Pipeline.run (Recipe.ofSteps [ Qc.step Qc.defaults ]) settings (Input.file path) (NewFile target) |> Result.map ignore)) ]

let private isSound name command =
    testCase name (fun () ->
        match command () with
        | Some trouble -> failtest trouble
        | None -> ())

let tests =
    testSequenced
    <| testList
        "Malformed"
        [ for name, messages in objects do
              isSound name (fun () ->
                  withObject messages (fun path ->
                      RobustnessLaws.troubleOf (fun settings -> Pipeline.digest settings path |> Result.map ignore)))

          for name, layout in matrices do
              for command, run in commands do
                  isSound $"{command} of X in {name}" (fun () ->
                      withX layout (fun path -> RobustnessLaws.troubleOf (fun settings -> run settings path)))

          test "elements without bytes are not counted out one by one" {
              for typeBody in
                  [ typeHead 3uy [ 0uy; 0uy; 0uy ] 0u
                    Bytes.concat [ typeHead 0uy [ 8uy; 0uy; 0uy ] 0u; Bytes.u16 0; Bytes.u16 0 ] ] do
                  withObject (group [ attribute typeBody (space [ 20_000_000L ]) [||] ]) (fun path ->
                      let asked =
                          RobustnessLaws.troubleOf (fun _ ->
                              try
                                  GenFiles.withStore path (fun store ->
                                      let header = (GenFiles.findGroup store "bad").Header
                                      Ok(store.Strings(header, "a"), store.Integers(header, "a")))
                              with FaultException fault ->
                                  Error fault)

                      Expect.isNone asked "soon and in little memory")
          }

          test "a group that holds itself twice is told so" {
              GenFiles.withPath (fun path ->
                  H5File().Write path

                  using (new RandomAccessFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite), 0L)) (fun disk ->
                      use store = new Hdf5File(disk)
                      let editor = FileEditor(disk, store.Superblock, [])

                      let link name target =
                          { Name = name
                            Target = Hard target
                            Order = ValueNone }
                      // Links have room for any address, so the length is known before the address is.
                      let size =
                          (Encode.header 0uy (group [ Encode.link (link "a" 0L); Encode.link (link "b" 0L) ])).LongLength

                      let address = editor.Reserve size

                      let bytes =
                          Encode.header 0uy (group [ Encode.link (link "a" address); Encode.link (link "b" address) ])

                      disk.Write(address, ReadOnlySpan bytes)
                      editor.Commit(editor.Rewrite("the root group", store.Root, [ "circle", address ], [])))

                  Expect.isNone
                      (RobustnessLaws.troubleOf (fun settings ->
                          match Pipeline.digest settings path with
                          | Error fault ->
                              Expect.equal (Fault.kind fault) FaultKind.Unsupported "its kind"
                              Ok()
                          | Ok _ -> failtest "a digest of a circle"))
                      "in time")
          } ]
