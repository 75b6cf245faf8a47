/// Records come back as they were written, and can be passed over unread.
module internal SingleSharp.Properties.FrameLaws

open System
open System.IO
open System.Security.Cryptography
open Expecto
open FsCheck.FSharp
open SingleSharp.Core.Shards

/// What is written to a record, piece by piece, and how much of it is passed over and read in turn.
type AnyRecord =
    { Kind: byte
      Pieces: int list
      Turns: int list }

let private length =
    Gen.frequency
        [ 2, Gen.constant 0
          8, Gen.choose (1, 300)
          1, Gen.elements [ Frame.room - 1; Frame.room; Frame.room + 1; 2 * Frame.room ] ]

let private records =
    gen {
        let record =
            gen {
                let! kind = Gen.choose (0, 255)

                let! pieces =
                    Gen.choose (0, 4) |> Gen.bind (fun count -> Gen.listOfLength count length)

                let! turns =
                    Gen.choose (0, 6) |> Gen.bind (fun count -> Gen.listOfLength count length)

                return
                    { Kind = byte kind
                      Pieces = pieces
                      Turns = turns }
            }

        let! count = Gen.choose (0, 5)
        return! Gen.listOfLength count record
    }

let private contentOf number record =
    let bytes = Array.zeroCreate (List.sum record.Pieces)
    Random(number: int).NextBytes bytes
    bytes

let private write path records =
    use file =
        new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1)

    use frames = new FrameWriter(file)

    for number, record in List.indexed records do
        let content = contentOf number record

        frames.Record(
            record.Kind,
            fun writer ->
                let mutable at = 0

                for piece in record.Pieces do
                    writer.Write(ReadOnlySpan(content, at, piece))
                    at <- at + piece
        )

    frames.Hash()

let private withFrames path (work: FileStream -> FrameReader -> 'r) =
    use file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1)
    use frames = new FrameReader(file)
    work file frames

/// Passes over some bytes and reads some, in turn, as long as there are enough.
let private isReadInTurns (frames: FrameReader) (content: byte[]) turns =
    let mutable at = 0
    let mutable isSame = true

    for number, turn in List.indexed turns do
        let turn = min turn (content.Length - at)

        if number % 2 = 0 then
            frames.Seek(int64 turn, SeekOrigin.Current) |> ignore
        else
            let bytes = Array.zeroCreate turn
            frames.ReadExactly(bytes, 0, turn)
            isSame <- isSame && bytes.AsSpan().SequenceEqual(ReadOnlySpan(content, at, turn))

        at <- at + turn

    isSame

let tests =
    testList
        "Frames"
        [ Law.holdsFor 60 "any bytes come back" (fun () ->
              Prop.forAll (Arb.fromGen records) (fun records ->
                  GenFiles.withPath (fun path ->
                      let hash = write path records

                      hash = SHA256.HashData(File.ReadAllBytes path)
                      && withFrames path (fun file frames ->
                          records
                          |> List.indexed
                          |> List.forall (fun (number, record) ->
                              let content = contentOf number record
                              let isKind = frames.Next() = record.Kind
                              frames.Begin()
                              let found = Array.zeroCreate content.Length
                              frames.ReadExactly(found, 0, found.Length)
                              isKind && found = content && frames.Read(Array.zeroCreate 1, 0, 1) = 0)
                          && file.Position = file.Length))))

          Law.holdsFor 60 "records are passed over, whole or in part" (fun (chosen: byte) ->
              Prop.forAll (Arb.fromGen records) (fun records ->
                  GenFiles.withPath (fun path ->
                      write path records |> ignore

                      withFrames path (fun _ frames ->
                          records
                          |> List.indexed
                          |> List.forall (fun (number, record) ->
                              let isKind = frames.Next() = record.Kind

                              isKind
                              && if (int chosen >>> number) &&& 1 = 1 then
                                     frames.Pass()
                                     true
                                 else
                                     frames.Begin()
                                     isReadInTurns frames (contentOf number record) record.Turns)))))

          test "nothing is read of what is passed over" {
              // The second of three frames is damaged: whoever passes over it does not see that, whoever reads it does.
              GenFiles.withPath (fun path ->
                  let record =
                      { Kind = 7uy
                        Pieces = [ 3 * Frame.room ]
                        Turns = [] }

                  write path [ record; { record with Pieces = [ 5 ] } ] |> ignore
                  let bytes = File.ReadAllBytes path
                  let place = 2 * Frame.head + Frame.room + 1000
                  bytes[place] <- bytes[place] ^^^ 1uy
                  File.WriteAllBytes(path, bytes)

                  withFrames path (fun _ frames ->
                      frames.Next() |> ignore
                      frames.Begin()
                      frames.Seek(2L * int64 Frame.room, SeekOrigin.Current) |> ignore
                      let rest = Array.zeroCreate 10
                      frames.ReadExactly(rest, 0, 10)
                      let content = contentOf 0 record
                      Expect.equal rest content[2 * Frame.room .. 2 * Frame.room + 9] "behind the damage"
                      Expect.equal (frames.Next()) 7uy "the next record")

                  withFrames path (fun _ frames ->
                      frames.Next() |> ignore
                      frames.Begin()

                      Expect.throwsT<PartTrouble>
                          (fun () -> frames.Seek(int64 (Frame.room + 5), SeekOrigin.Current) |> ignore)
                          "what is read is checked"))
          }

          test "checksums are CRC-32C" {
              // The check value of the Rocksoft model, and that of RFC 3720, B.4: 32 bytes of zeros.
              Expect.equal (Frame.checksum (ReadOnlySpan("123456789"B))) 0xE3069283u "nine digits"
              Expect.equal (Frame.checksum (ReadOnlySpan(Array.zeroCreate<byte> 32))) 0x8A9136AAu "zeros"
          } ]
