/// Lines come as they are written, whatever ends them and however the file is packed.
module internal SingleSharp.Properties.TextLinesLaws

open System
open System.IO
open System.IO.Compression
open System.Text
open Expecto
open SingleSharp.Core.Reading

let gzipped (bytes: byte[]) =
    use packed = new MemoryStream()
    using (new GZipStream(packed, CompressionLevel.Fastest, true)) (fun stream -> stream.Write(ReadOnlySpan bytes))
    packed.ToArray()

let private read (bytes: byte[]) =
    GenFiles.withBytes bytes (fun path ->
        use lines = new TextLines(path)

        [ while lines.Next() do
              lines.Text ])

let private utf8 (text: string) = Encoding.UTF8.GetBytes text

let tests =
    testList
        "TextLines"
        [ Law.holds "lines" (fun (texts: GenHdf5.AnyText list) (windows: bool) (ended: bool) (packed: bool) ->
              let texts =
                  texts |> List.map (fun (GenHdf5.AnyText text) -> text.Replace('\n', ' ').Replace('\r', ' ').Replace('\uFEFF', ' '))

              let ending = if windows then "\r\n" else "\n"
              let whole = String.Join(ending, texts)
              let whole = if ended && not texts.IsEmpty then whole + ending else whole
              // A last line that is empty and not ended is no line.
              let expected =
                  if ended || texts.IsEmpty || List.last texts <> "" then
                      texts
                  else
                      List.take (texts.Length - 1) texts

              let bytes = utf8 whole
              read (if packed then gzipped bytes else bytes) = expected)

          test "members of a gzip file follow one another" {
              Expect.equal (read (Array.append (gzipped (utf8 "a\nb")) (gzipped (utf8 "c\nd\n")))) [ "a"; "bc"; "d" ] "the lines"
          }

          test "a line that is far too long, and one that is just not" {
              Expect.equal (read (utf8 (String('x', 60_000) + "\ny"))) [ String('x', 60_000); "y" ] "long ones"
              GenFiles.isFault "line 2: it is far too long" (fun () -> read (utf8 ("a\n" + String('x', 3_000_000))))
          }

          test "what cannot be unpacked" {
              let packed = gzipped (Array.init 100_000 (fun i -> byte (i * i % 251)))
              packed[packed.Length / 2] <- packed[packed.Length / 2] ^^^ 0xFFuy
              GenFiles.isFault "it cannot be decompressed" (fun () -> read packed)
          } ]
