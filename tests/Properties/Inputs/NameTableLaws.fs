/// Tables of names are read as R and Python write them.
module internal SingleSharp.Properties.NameTableLaws

open System
open System.Collections.Generic
open System.Text
open Expecto
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs
open SingleSharp.Core.Concat

let private rows count (text: string) =
    GenFiles.withBytes (Encoding.UTF8.GetBytes text) (fun path ->
        let found = List<string list>()
        NameTable.visit path count "gene" (fun _ fields -> found.Add(List.ofArray fields))
        List.ofSeq found, List.ofSeq (NameTable.firsts path))

let private refused (part: string) count text =
    test $"{part}" { GenFiles.isFault part (fun () -> rows count text) }

let private quoted (field: string) =
    "\"" + field.Replace("\"", "\"\"") + "\""

let private genes name isAllWanted (text: string) =
    let folder = IO.Directory.CreateTempSubdirectory "singlesharp-names-"

    try
        let path = IO.Path.Combine(folder.FullName, name)
        IO.File.WriteAllText(path, text)
        let count = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).LongLength
        GeneTable.read path count isAllWanted (NameMemory(1L <<< 20))
    finally
        folder.Delete true

let tests =
    testList
        "NameTable"
        [ Law.holds "fields" (fun (table: (GenHdf5.AnyText * GenHdf5.AnyText * bool) list) ->
              let clean (GenHdf5.AnyText text) =
                  text.Substring(0, min 1000 text.Length).TrimEnd('\uD835').Replace('\n', ' ').Replace('\r', ' ')

              let table =
                  table |> List.map (fun (first, second, isQuoted) -> [ "n" + clean first; clean second ], isQuoted)

              let written (fields: string list, isQuoted) =
                  // What has a tab or begins with a quote can only be written in quotes.
                  let write (field: string) =
                      if isQuoted || field.Contains '\t' || field.StartsWith '"' then quoted field else field

                  fields |> List.map write |> String.concat "\t"

              let text =
                  table |> List.map (written >> fun line -> line + "\n") |> String.concat "\n"

              let expected = List.map fst table
              rows (int64 table.Length) text = (expected, List.map List.head expected))

          test "quotes of R, a mark of the encoding, empty last lines" {
              let expected = [ [ "E1"; "MT-A" ]; [ "E2"; "5\"-B" ] ], [ "E1"; "E2" ]
              Expect.equal (rows 2L "\uFEFF\"E1\"\t\"MT-A\"\r\n\"E2\"\t5\"-B\r\n\r\n \n") expected "the names"
              Expect.equal (rows 1L "\"a\tb\"\"c\"d\te") ([ [ "a\tb\"cd"; "e" ] ], [ "a\tb\"cd" ]) "in quotes"
              Expect.equal (rows 1L "\t\n") ([ [ ""; "" ] ], [ "" ]) "empty names are names"
          }

          refused "line 2: a quote begins that does not end on this line" 2L "a\tb\nc\t\"d\n"
          refused "it names 1 gene, but the matrix has 2 (2 empty lines do not count)" 2L "a\n\n\n"
          refused "line 3: the matrix has only 2 genes" 2L "a\nb\nc\n"

          test "text in two bytes a letter" {
              GenFiles.withBytes (Array.append [| 0xFFuy; 0xFEuy |] (Encoding.Unicode.GetBytes "a\nb\n")) (fun path ->
                  GenFiles.isFault "it is UTF-16" (fun () -> NameTable.visit path 2L "cell" (fun _ _ -> ())))
          }

          test "types of features" {
              let table = genes "features.tsv" false "a\tA\tGene Expression\tx\nb\tB\tPeaks\n"
              Expect.equal table.Types (Some [| "Gene Expression"; "Peaks" |]) "types"
              Expect.equal (genes "features.tsv" false "a\tA\nb\tB\t\n").Types None "no feature has one"
              Expect.equal (genes "genes.tsv" false "a\tA\tGene Expression\nb\tB\n").Types None "genes.tsv has none"
              let some = "a\tA\tGene Expression\nb\tB\n"
              GenFiles.isFault "line 2 has none where others have one" (fun () -> genes "features.tsv" false some)
              Expect.equal (genes "features.tsv" true some).Types (Some [| "Gene Expression"; "" |]) "where all are wanted"
              GenFiles.isFault "its line 1 has one column" (fun () -> genes "genes.tsv" false "a\nb\n")
          }

          test "names that do not fit into memory" {
              let names = Seq.init 1000 (fun i -> $"name {i}")
              let held = NameMemory 20_000L
              GenFiles.isFault "at least 1 MiB of memory" (fun () -> names |> Seq.iter (held.Add >> ignore))
              let held = NameMemory 20_000L
              names |> Seq.iter (fun _ -> held.Word "Gene Expression" |> ignore)
              Expect.isLessThan held.Bytes 10_000L "a word is kept once"
          }

          Law.holds "repeats" (fun (codes: uint16 list) (room: uint16) ->
              let names = codes |> List.map (fun code -> $"cell {code % 60us}")
              let seen = HashSet<string>()
              let expected = names |> List.tryFind (fun name -> not (seen.Add name))

              RepeatedName.tryFirst (1L + int64 room) (int64 names.Length) names = expected
              && RepeatedName.tryFirst (1L <<< 30) (int64 names.Length) names = expected)

          Law.holds "a file in memory is an array of bytes" (fun (writes: (uint32 * byte[]) list) (at: uint32) (count: uint16) ->
              let device: Device = new MemoryDevice()
              let bytes: byte[] = Array.zeroCreate 300_000
              let mutable length = 0

              for position, written in writes do
                  let position = int (position % 200_000u)
                  device.Write(int64 position, ReadOnlySpan written)
                  written.CopyTo(bytes, position)
                  length <- max length (position + written.Length)

              let at = int (at % 250_000u)
              let target: byte[] = Array.zeroCreate (int count)
              let got = device.Read(int64 at, Span target)

              device.Length = int64 length
              && got = max 0 (min target.Length (length - at))
              && target.AsSpan(0, got).SequenceEqual(ReadOnlySpan(bytes, at, got))) ]
