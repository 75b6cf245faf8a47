/// The text of a matrix: every entry is found, and whatever is wrong is told with its line.
module internal SingleSharp.Properties.MatrixMarketLaws

open System.Collections.Generic
open System.Text
open System.Threading
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Reading
open SingleSharp.Core.Inputs

let private read (text: string) =
    GenFiles.withBytes (Encoding.UTF8.GetBytes text) (fun path ->
        use lines = new TextLines(path)
        let head = MatrixMarket.readHead lines
        let found = List()
        MatrixMarket.read lines head (fun cell gene value -> found.Add(struct (cell, gene, value))) CancellationToken.None ignore
        head, List.ofSeq found)

let private banner = "%%MatrixMarket matrix coordinate integer general\n"

let private refused (part: string) (text: string) =
    let shown = text.Replace('\n', '|')
    test $"{part}, of {shown[max 0 (shown.Length - 30) ..]}" { GenFiles.isFault part (fun () -> read text) }

let tests =
    testList
        "MatrixMarket"
        [ Law.holds "entries are those that are written" (fun (entries: (uint16 * uint16 * int16) list) ->
              let text =
                  StringBuilder(banner + "% a comment\n\n").Append $"65536 65536 {entries.Length}\n"

              for gene, cell, value in entries do
                  text.Append(string (int gene + 1)).Append("\t ").Append(int cell + 1).Append("  ").Append(int value).Append(" \n%\n")
                  |> ignore

              let head, found = read (string text)

              head.Genes = 65536 && found = [ for gene, cell, value in entries -> struct (int64 cell, int gene, float32 value) ])

          test "reals and patterns" {
              let head = "%%matrixmarket MATRIX Coordinate real General\n2 2 2\n"
              Expect.equal (snd (read (head + "1 1 0.1\n2 2 -1e3\n"))) [ struct (0L, 0, 0.1f); struct (1L, 1, -1000.0f) ] "reals"
              let head = "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n"
              Expect.equal (snd (read (head + "2 1\n"))) [ struct (0L, 1, 1.0f) ] "a pattern"
          }

          refused "it does not begin with %%MatrixMarket" "gene,cell\n1,2\n"
          refused "it does not begin with %%MatrixMarket" ""
          refused "\"matrix array real general\"" "%%MatrixMarket matrix array real general\n1 1\n3\n"
          refused "\"matrix coordinate real symmetric\"" "%%MatrixMarket matrix coordinate real symmetric\n1 1 1\n1 1 3\n"
          refused "is missing" banner
          refused "line 2: it should hold the numbers" (banner + "3 4\n")
          refused "line 2: it should hold the numbers" (banner + "3 99999999999 1\n")
          refused "line 3: it should hold the numbers" (banner + "%\n-3 4 1\n")
          refused "more than 3 genes and 4 cells" (banner + "3 4 13\n")
          refused "more than the file can hold" (banner + "2000000000 2000000000 4000000000000000\n")
          refused "line 3: gene 4 is not one of 1 to 3" (banner + "3 4 1\n4 1 1\n")
          refused "line 3: cell 0 is not one of 1 to 4" (banner + "3 4 1\n1 0 1\n")
          refused "line 3: it should hold a gene" (banner + "3 4 1\n1 x 1\n")
          refused "line 3: its third part" (banner + "3 4 1\n1 1\n")
          refused "line 3: its third part" (banner + "3 4 1\n1 1 1 1\n")
          refused "line 4: there are more entries than the 1" (banner + "3 4 1\n1 1 1\n2 1 1\n")
          refused "it has 1 entry instead of 2" (banner + "3 4 2\n1 1 1\n")

          Law.holds "any text at all is a matrix or a fault" (fun (GenHdf5.AnyText text) (at: uint16) (extra: string) ->
              let good = banner + "3 4 2\n1 1 1\n2 3 5\n"
              let at = int at % good.Length

              for text in [ text; good.Insert(at, string extra); good.Remove at; good.Insert(at, text) ] do
                  try
                      read text |> ignore
                  with FaultException _ ->
                      ()) ]
