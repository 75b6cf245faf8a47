/// The table of a split gives the names of its files back, whatever their values are, and no other table is taken for one.
module internal SingleSharp.Properties.SplitManifestLaws

open System.Text
open Expecto
open SingleSharp.Core.Run

let private odd =
    [ ""; ","; "\""; "\"\""; "a\nb"; "a\r\n"; " x "; "a,b.h5ad"; "\r"; "é" ]

/// Tables that no split wrote.
let private others =
    [ ""
      "\n"
      "value,file\n"
      "value,file,cells"
      "file,value,cells\na.h5ad,a,1\n"
      "value,file,cells\na,a.h5ad\n"
      "value,file,cells\na,a.h5ad,one\n"
      "value,file,cells\na,a.h5ad,-1\n"
      "value,file,cells\na,../a.h5ad,1\n"
      "value,file,cells\na,/a.h5ad,1\n"
      "value,file,cells\na,a.csv,1\n"
      "value,file,cells\na,a.h5ad,1\nb,b.h5ad"
      "value,file,cells\n\"a,a.h5ad,1\n"
      "value,file,cells\n\"a\"x,a.h5ad,1\n"
      "value,file,cells\nx\"a\",a.h5ad,1\n" ]

let tests =
    testList
        "SplitManifest"
        [ Law.holds "manifest" (fun (places: byte list) (others: string list) ->
              let values =
                  [ for place in places do
                        odd[int place % odd.Length]
                    for other in others do
                        if not (isNull other) then
                            other ]

              let names = PartNames.ofValues values

              let table =
                  SplitManifest.bytes [ for value, name in List.zip values names -> struct (value, name, int64 name.Length) ]

              SplitManifest.tryRead table = Some names)

          test "other tables are none of a split" {
              for other in others do
                  Expect.isNone (SplitManifest.tryRead (Encoding.UTF8.GetBytes other)) other
          }

          test "a table that a spreadsheet has saved" {
              Expect.equal (SplitManifest.tryRead "value,file,cells\r\n\"a\",a.h5ad,1\r\n"B) (Some [ "a.h5ad" ]) "its file"
          } ]
