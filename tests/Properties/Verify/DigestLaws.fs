/// A digest says whether two files mean the same, and nothing about how they are stored.
module internal SingleSharp.Properties.DigestLaws

open System
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Writing
open SingleSharp.Core.Verify
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenHdf5
open SingleSharp.Answers

let private digestOf (write: string -> unit) =
    GenFiles.withPath (fun path ->
        write path
        digest path)

let private matrix: Rows =
    { Genes = 4
      Rows = [ [ 0, 1.0; 2, 5.0 ]; []; [ 3, 2.0 ] ] }

/// A small file after one change.
let private changed (change: H5File -> unit) =
    digestOf (fun path ->
        let file =
            AnnDataFiles.file
                (AnnDataFiles.usual Unchunked)
                matrix.Genes
                (AnnDataFiles.csr matrix.Rows)
                [ "uns", AnnDataFiles.group "dict" [ "a", box [| 1; 2 |] ] ]

        change file
        file.Write path)

let private uns (file: H5File) = file["uns"] :?> H5Group

let private golden name = digest (GenFiles.goldenEdge name)

let tests =
    testList
        "Digest"
        [ Law.holdsFor 60 "storage does not matter" (fun (CountRows rows) (AnyStorage storage) ->
              let written storage =
                  digestOf (fun path -> NewFile.write path storage (AnnDataFiles.counts rows))

              written storage = written Unchunked)

          Law.holdsFor 40 "datasets of several dimensions do not depend on their chunks" (fun (dataset: AnyDataset) ->
              let written dataset =
                  digestOf (fun path -> DatasetReaderLaws.write path dataset)

              written dataset =
                  written
                      { dataset with
                          Chunk = None
                          Compact = false })

          Law.holdsFor 40 "one changed value changes the digest" (fun (CountRows rows) (at: uint16) ->
              let counts = AnnDataFiles.counts rows

              counts.Data.Length = 0
              || (let other = Array.copy counts.Data
                  let at = int at % other.Length
                  other[at] <- other[at] + 1.0f

                  // One more makes no difference to the largest counts.
                  other[at] = counts.Data[at]
                  || digestOf (fun path -> NewFile.write path Unchunked counts)
                     <> digestOf (fun path -> NewFile.write path Unchunked { counts with Data = other })))

          test "one changed attribute, name, type, extent or member changes the digest" {
              let changes: (string * (H5File -> unit)) list =
                  [ "nothing", ignore
                    "a value", (fun file -> (uns file)["a"] <- [| 1; 3 |])
                    "a type", (fun file -> (uns file)["a"] <- [| 1L; 2L |])
                    "a sign", (fun file -> (uns file)["a"] <- [| 1u; 2u |])
                    "a kind", (fun file -> (uns file)["a"] <- [| 1.0f; 2.0f |])
                    "an extent", (fun file -> (uns file)["a"] <- H5Dataset([| 1; 2 |], fileDims = [| 2UL; 1UL |]))
                    "more values", (fun file -> (uns file)["a"] <- [| 1; 2; 0 |])
                    "an attribute", (fun file -> (uns file).Attributes[ "encoding-type" ] <- "other")
                    "one attribute more", (fun file -> (uns file).Attributes[ "note" ] <- 1)
                    "an attribute of the root", (fun file -> file.Attributes["note"] <- 1)
                    "a member", (fun file -> (uns file)["b"] <- [| 1; 2 |])
                    "an empty group", (fun file -> (uns file)["b"] <- H5Group())
                    "a name",
                    (fun file ->
                        (uns file).Remove "a" |> ignore
                        (uns file)["A"] <- [| 1; 2 |])
                    "a text", (fun file -> (uns file)["a"] <- [| "1"; "2" |])
                    "other texts", (fun file -> (uns file)["a"] <- [| "12"; "" |])
                    "texts cut elsewhere", (fun file -> (uns file)["a"] <- [| "1"; "22" |]) ]

              let wholes = changes |> List.map (fun (_, change) -> (changed change).Whole)
              Expect.hasLength (List.distinct wholes) changes.Length "all differ"
          }

          test "strings are hashed as they are stored, whether UTF-8 or not" {
              // What no writer of texts writes is put in the place of what it wrote.
              let stored (bytes: byte[]) =
                  GenFiles.withPath (fun path ->
                      (AnnDataFiles.file
                          (AnnDataFiles.usual Unchunked)
                          matrix.Genes
                          (AnnDataFiles.csr matrix.Rows)
                          [ "uns", AnnDataFiles.group "dict" [ "s", box [| "Q#Q"; "x" |] ] ])
                          .Write
                          path

                      let file = IO.File.ReadAllBytes path
                      let at = file.AsSpan().IndexOf("Q#Q"B)
                      bytes.CopyTo(file, at)
                      IO.File.WriteAllBytes(path, file)
                      digest path)

              let wholes =
                  [ [| 0xe4uy; 0x41uy; 0x41uy |]
                    [| 0xf6uy; 0x41uy; 0x41uy |]
                    [| 0xefuy; 0xbfuy; 0xbduy |]
                    [| 0xe4uy; 0xe4uy; 0x41uy |]
                    [| 0x41uy; 0uy; 0x42uy |]
                    [| 0x41uy; 0uy; 0x43uy |]
                    [| 0x41uy; 0uy; 0uy |] ]
                  |> List.map (stored >> _.Whole)

              Expect.hasLength (List.distinct wholes) wholes.Length "all differ"
          }

          test "texts are bytes, and different texts different ones" {
              // The compiler keeps no half of a surrogate pair in a text.
              let half (code: int) = string (char code)

              let texts =
                  [ "ä"
                    "\ufffd"
                    half 0xdce4
                    half 0xdcf6
                    half 0xd83d
                    half 0xd83e
                    half 0xde00 + half 0xd83d
                    "😀"
                    half 0xdce4 + "a"
                    "a" + half 0xdce4 ]

              let bytes = texts |> List.map CanonicalText.bytes
              Expect.hasLength (List.distinct bytes) texts.Length "all differ"
              Expect.equal (CanonicalText.bytes "ä😀") (Text.Encoding.UTF8.GetBytes "ä😀") "UTF-8"
              Expect.equal (CanonicalText.bytes ("T" + half 0xdce4)) [| 0x54uy; 0xe4uy |] "the byte that it stands for"
          }

          test "no name can stand for another line" {
              let plain =
                  changed (fun file ->
                      (uns file)["b"] <- [| 1 |]
                      (uns file)["c"] <- [| 2 |])

              let hashOf path =
                  (plain.Elements |> Seq.find (fun element -> element.Path = path)).Sha256

              let hash = hashOf "uns/c"

              let forging = changed (fun file -> (uns file)[$"b\n{hash}  uns_c"] <- [| 1 |])

              Expect.notEqual forging.Whole plain.Whole "a forged line"

              let lines (digest: Digest) =
                  [ for element in digest.Elements -> $"{element.Sha256}  {Printable.line element.Path}" ]

              Expect.hasLength (String.concat "\n" (lines forging) |> _.Split('\n')) forging.Elements.Count "one line for each"
          }

          test "elements are in the order of their paths, and the whole is that of all that is told of them" {
              let found = changed ignore
              use told = new IO.MemoryStream()

              for element in found.Elements do
                  let name = Text.Encoding.UTF8.GetBytes element.Path

                  // 0: a group, 1: a dataset; then how many attributes it has.
                  let kind, attributes =
                      match element.Path with
                      | "/" -> 0L, 0L
                      | "uns" -> 0L, 1L
                      | "X"
                      | "obs"
                      | "var" -> 0L, 2L
                      | _ -> 1L, 0L

                  for number in [ name.LongLength; kind; attributes ] do
                      told.Write(ReadOnlySpan(BitConverter.GetBytes number))

                  told.Write(ReadOnlySpan name)
                  told.Write(ReadOnlySpan(Convert.FromHexString element.Sha256))

              let whole =
                  Convert.ToHexStringLower(Security.Cryptography.SHA256.HashData(told.ToArray()))

              Expect.equal found.Whole whole "as anybody can compute it"

              Expect.equal
                  ([ for element in found.Elements -> element.Path ])
                  [ "/"
                    "X"
                    "X/data"
                    "X/indices"
                    "X/indptr"
                    "obs"
                    "obs/_index"
                    "uns"
                    "uns/a"
                    "var"
                    "var/_index" ]
                  "paths"
          }

          test "a file in the old format and one in the new have the same digest" {
              for name in [ "chunked"; "long"; "groups"; "types"; "heavy" ] do
                  let found, other =
                      GenFiles.withBytes (GenFiles.fixtureBytes name) digest,
                      GenFiles.withBytes (GenFiles.fixtureBytes (name + "_old")) digest

                  Expect.sequenceEqual found.Elements other.Elements $"elements of {name}"
                  Expect.equal found.Whole other.Whole $"of {name}"
          }

          test "the storage of golden files does not matter" {
              let contiguous = (golden "layout_contiguous").Whole

              for name in
                  [ "layout_chunked"
                    "layout_gzip"
                    "layout_shuffle_gzip"
                    "layout_libver_latest"
                    "layout_big_endian" ] do
                  Expect.equal (golden name).Whole contiguous name
          } ]
