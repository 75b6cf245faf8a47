/// Exports of columns and arrays of every kind hold what pandas and NumPy write (exports.py).
module internal SingleSharp.Golden.ExportGolden

open System
open System.IO
open System.IO.Compression
open System.Text
open System.Text.Json
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Arrow
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Answers

/// A file with columns and arrays of every kind.
let private made =
    lazy
        (Child.requirePython ()
         let path = lasting.Value.File "exports.h5ad"
         Child.script "exports.py" [ "make"; path ] "" |> ignore
         path)

let private edge =
    lazy
        [ for folder in Directory.GetDirectories(here "edge") |> Array.sort do
              Path.Combine(folder, "input.h5ad") ]

let private others =
    lazy
        [ for folder in [ "data/wild"; "data/real" ] do
              for name in list folder "*.h5ad" -> Path.Combine(require folder, name) ]

/// The tables and arrays of a file by what they are in it, each with the file that pandas or NumPy wrote.
type private Written =
    { Csv: (string * string) list
      Npy: (string * string) list }

/// Of each file that anndata reads, all in one go.
let private writtenOf name (files: Lazy<string list>) =
    lazy
        (Child.requirePython ()
         let folder = lasting.Value.File name
         Directory.CreateDirectory folder |> ignore

         use found =
             JsonDocument.Parse((Child.script "exports.py" ([ "write"; folder ] @ files.Value) ""): string)

         let pairs (element: JsonElement) (form: string) =
             [ for part in element.GetProperty(form).EnumerateObject() -> part.Name, part.Value.GetString() ]

         [ for file in found.RootElement.EnumerateObject() do
               if file.Value.ValueKind <> JsonValueKind.Null then
                   file.Name,
                   { Csv = pairs file.Value "csv"
                     Npy = pairs file.Value "npy" } ])

let private here' = writtenOf "exports-here" (lazy (made.Value :: edge.Value))
let private there = writtenOf "exports-there" others

let private exported element format path =
    use stream = new MemoryStream()

    Pipeline.exportTo element [] format Settings.standard path stream
    |> Result.map (fun told ->
        Expect.equal told.Bytes stream.Length $"{element} of {path}: the bytes that are told"
        stream.ToArray())

/// Files of anndata 0.6 keep frames, obsm and raw in ways of their own, which are refused.
let private isOld fault =
    match fault with
    | Unsupported(_, _, what) -> what.Contains "of anndata 0.6 or older"
    | _ -> false

let private text (bytes: byte[]) = Encoding.UTF8.GetString bytes

let private sameTables (written: (string * Written) list) =
    let mutable compared = 0

    for path, parts in written do
        for element, expected in parts.Csv do
            match exported element ExportFormat.Csv path with
            | Error fault when isOld fault -> ()
            | Error fault -> failtest $"{element} of {path}: {Fault.sentence fault}"
            | Ok bytes ->
                compared <- compared + 1
                Expect.equal (text bytes) (File.ReadAllText expected) $"{element} of {path}"

    compared

/// The header and the numbers of an array. How far a header is padded differs between versions of NumPy.
let private array (bytes: byte[]) =
    let ends = 10 + int (BitConverter.ToUInt16(bytes, 8))
    Encoding.ASCII.GetString(bytes, 10, ends - 10).TrimEnd(), Convert.ToHexString(bytes[ends..]), bytes[..7], ends % 64

let private sameArrays (written: (string * Written) list) =
    let mutable compared = 0

    for path, parts in written do
        for element, expected in parts.Npy do
            match exported element ExportFormat.Npy path with
            | Error fault when isOld fault -> ()
            | written ->
                compared <- compared + 1
                Expect.equal (need written |> array) (File.ReadAllBytes expected |> array) $"{element} of {path}"

    compared

/// Larger tables are compared as CSV alone, to save time.
let private mostBytes = 200_000

let private sameElsewhere (written: (string * Written) list) =
    use sandbox = new Sandbox()
    let parquet = sandbox.File "table.parquet"
    let mutable compared = 0

    for path, parts in written do
        for element, _ in parts.Csv do
            match exported element ExportFormat.Csv path with
            | Error _ -> ()
            | Ok csv when csv.Length > mostBytes -> ()
            | Ok csv ->
                compared <- compared + 1
                let told = ParquetFile.Write(path, element, parquet)
                Expect.equal told.Bytes (FileInfo parquet).Length $"{element} of {path}: bytes"
                let rows, _, metadata = Tables.ofParquet parquet
                Expect.equal (text rows) (text csv) $"{element} of {path} as Parquet"
                Expect.isTrue (metadata.ContainsKey "pandas" && metadata.ContainsKey "ARROW:schema") "what it tells of itself"
                use reader = ArrowReader.Open(path, element)
                Expect.equal (text (Tables.ofBatches reader)) (text csv) $"{element} of {path} as record batches"

    compared

let private values =
    [ test "tables are those of pandas, byte for byte: files made here" { Expect.isGreaterThan (sameTables here'.Value) 100 "tables" }
      test "tables are those of pandas, byte for byte: files of others" { Expect.isGreaterThan (sameTables there.Value) 200 "tables" }
      test "arrays are those of NumPy: files made here" { Expect.isGreaterThan (sameArrays here'.Value) 6 "arrays" }
      test "arrays are those of NumPy: files of others" { Expect.isGreaterThan (sameArrays there.Value) 40 "arrays" }
      test "Parquet and Arrow have the same rows: files made here" { Expect.isGreaterThan (sameElsewhere here'.Value) 100 "tables" }
      test "Parquet and Arrow have the same rows: files of others" { Expect.isGreaterThan (sameElsewhere there.Value) 100 "tables" } ]

let private refusals =
    [ "obss", ExportFormat.Csv, [ "the file has no obss; there is obs"; "obsm/X_umap" ]
      "obsm/X_pcb", ExportFormat.Csv, [ "there is obsm/X_pca" ]
      "obs/knd", ExportFormat.Csv, [ "obs has no column knd; there is kind" ]
      "obsm", ExportFormat.Csv, [ "name one of what it holds: obsm/"; "obsm/X_pca" ]
      "X", ExportFormat.Csv, [ ".h5ad itself is the format for a matrix"; "obs, var, raw/var" ]
      "layers/counts", ExportFormat.Npy, [ ".h5ad itself is the format" ]
      "obsm/sparse", ExportFormat.Csv, [ "it is a sparse matrix" ]
      "obsp/distances", ExportFormat.Npy, [ "it is a sparse matrix" ]
      "obsm/cube", ExportFormat.Csv, [ "it has 3 dimensions"; "write it as .npy" ]
      "obs", ExportFormat.Npy, [ "name one column, as obs/NAME" ]
      "obs/text", ExportFormat.Npy, [ "texts"; ".csv or .parquet" ]
      "obs/kind", ExportFormat.Npy, [ "categories"; ".csv or .parquet" ]
      "obs/some", ExportFormat.Npy, [ "may be missing"; ".csv or .parquet" ]
      "obs", ExportFormat.Parquet, [ "SingleSharp.Arrow" ]
      "/", ExportFormat.Csv, [ "name what of the file is meant" ] ]

let private columnMistakes =
    [ [ "kind"; "kind" ], "kind is named twice"
      [ "flg" ], "obs has no column flg; there is flag"
      [ "_index" ], "_index is the index of obs" ]

let private lines (path: string) = File.ReadAllLines path |> List.ofArray

let private behaviour =
    [ for element, format, parts in refusals do
          test $"refused: {element} as {format}" { exported element format made.Value |> refused parts }
      for columns, sentence in columnMistakes do
          test $"""refused: columns {String.concat "," columns}""" {
              use sandbox = new Sandbox()
              let target = sandbox.File "obs.csv"
              Pipeline.export "obs" columns None Settings.standard made.Value target |> refused [ sentence ]

              Pipeline.export "obsm/X_pca" columns None Settings.standard made.Value target
              |> refused [ "obsm/X_pca is no data frame" ]

              Expect.isEmpty sandbox.Names "nothing is left"
          }
      test "columns come in the order that is asked for, and one column may be named by its path" {
          use sandbox = new Sandbox()
          let target = sandbox.File "obs.csv"

          let told =
              Pipeline.export "obs" [ "flag"; "i1" ] None Settings.standard made.Value target |> need

          Expect.equal (told.Rows, told.Columns, told.Format) (60L, 2, ExportFormat.Csv) "what is told"
          Expect.equal (lines target |> List.take 2) [ ",flag,i1"; "\"AAAC,0\",True,-30" ] "lines"
          Pipeline.export "obs/a/b" [] None Settings.standard made.Value target |> need |> ignore
          Expect.equal (lines target |> List.take 3) [ ",a/b"; "\"AAAC,0\",0"; "AAAC-1,1" ] "a name with a slash"
          Pipeline.export "obs/_index" [] None Settings.standard made.Value target |> need |> ignore
          Expect.equal (lines target |> List.take 2) [ "\"\""; "\"AAAC,0\"" ] "names alone"
      }
      test ".csv.gz is the same, compressed" {
          use sandbox = new Sandbox()
          let target = sandbox.File "obs.csv.gz"
          Pipeline.export "obs" [] None Settings.standard made.Value target |> need |> ignore
          use file = File.OpenRead target
          use stream = new GZipStream(file, CompressionMode.Decompress)
          use reader = new StreamReader(stream)
          Expect.equal (reader.ReadToEnd()) (exported "obs" ExportFormat.Csv made.Value |> need |> text) "what is inside"
      }
      test "numbers of a column become an array" {
          let header, numbers, _, _ =
              exported "obs/flag" ExportFormat.Npy made.Value |> need |> array

          Expect.equal header "{'descr': '|b1', 'fortran_order': False, 'shape': (60,), }" "header"
          Expect.equal numbers[..11] "010000010000" "every third"
      }
      test "the input itself, another format by its name, and a folder are refused" {
          use sandbox = new Sandbox()
          let input = sandbox.Copy(made.Value, "input.csv")
          let before = File.ReadAllBytes input
          Pipeline.export "obs" [] None Settings.standard input input |> refused [ "it is the input itself" ]
          Expect.equal (File.ReadAllBytes input) before "the input"

          Pipeline.export "obs" [] None Settings.standard input (sandbox.File "obs.tsv")
          |> refused [ "end it in .csv, .csv.gz, .parquet or .npy" ]

          Pipeline.export "obs" [] (Some ExportFormat.Csv) Settings.standard input sandbox.Folder |> refused [ "it is a folder" ]
          Expect.equal sandbox.Names [ "input.csv" ] "nothing is left"
      }
      test "a cancelled export leaves nothing, and what was there stays" {
          use sandbox = new Sandbox()
          let target = sandbox.File "obs.csv"
          File.WriteAllText(target, "before")
          use cancel = new Threading.CancellationTokenSource()

          let settings =
              { Settings.standard with
                  Cancel = cancel.Token
                  Progress = fun _ -> cancel.Cancel() }

          // The first piece is told of once it is written, so a second one would be needed to see the end.
          cancel.Cancel()

          Expect.throwsT<OperationCanceledException>
              (fun () -> Pipeline.export "obs" [] None settings made.Value target |> ignore)
              "cancelled"

          Expect.throwsT<OperationCanceledException>
              (fun () -> ParquetFile.TryWrite("obs", [], settings, made.Value, sandbox.File "obs.parquet") |> ignore)
              "cancelled"

          Expect.equal (File.ReadAllText target, sandbox.Names) ("before", [ "obs.csv" ]) "what is there"
      }
      test "Parquet and Arrow say of pandas' index and of the order of categories" {
          use sandbox = new Sandbox()
          let target = sandbox.File "obs.parquet"
          ParquetFile.Write(made.Value, "obs", target, [ "stage"; "some" ]) |> ignore
          let _, groups, metadata = Tables.ofParquet target
          Expect.equal groups 1 "groups"
          use pandas = JsonDocument.Parse metadata["pandas"]
          Expect.equal (string (pandas.RootElement.GetProperty "index_columns")) "[\"__index_level_0__\"]" "the index"

          Expect.equal
              [ for column in pandas.RootElement.GetProperty("columns").EnumerateArray() ->
                    string (column.GetProperty "pandas_type"), string (column.GetProperty "numpy_type") ]
              [ "categorical", "int32"; "int64", "Int64"; "unicode", "object" ]
              "columns"

          use reader = ArrowReader.Open(made.Value, "obs", [ "stage" ])
          Expect.isTrue (reader.Schema.GetFieldByName("stage").DataType :?> Apache.Arrow.Types.DictionaryType).Ordered "ordered"
          Expect.equal reader.Rows 60L "rows"

          let trouble =
              Expect.throwsC (fun () -> ArrowReader.Open(made.Value, "obss") |> ignore) id

          Expect.stringContains trouble.Message "the file has no obss; there is obs" "a mistake"
      } ]

let private tool (words: string list) = Child.runTool words

let private commands =
    [ test "the command writes files and stdout" {
          use sandbox = new Sandbox()
          let csv = exported "obs" ExportFormat.Csv made.Value |> need |> text
          let target = sandbox.File "obs.csv"
          let outcome = tool [ "export"; made.Value; "obs"; "--out"; target; "--json" ]
          Expect.equal (outcome.ExitCode, outcome.Errors.Contains "error") (0, false) "done"
          use told = JsonDocument.Parse outcome.Output

          Expect.equal
              [ for name in [ "command"; "element"; "format"; "n_rows"; "n_columns"; "bytes" ] -> string (told.RootElement.GetProperty name) ]
              [ "export"; "obs"; "csv"; "60"; "22"; string (FileInfo target).Length ]
              "what is told"

          Expect.equal (File.ReadAllText target) csv "the file"
          let piped = tool [ "export"; made.Value; "obs"; "-o"; "-" ]
          Expect.equal (piped.ExitCode, piped.Output, piped.Errors) (0, csv, "") "stdout"
          let parquet = sandbox.File "obs.parquet"
          Expect.equal (tool [ "export"; made.Value; "obs"; "--out"; parquet; "--quiet" ]).ExitCode 0 "Parquet"
          let rows, _, _ = Tables.ofParquet parquet
          Expect.equal (text rows) csv "rows"
          let kept = tool [ "export"; made.Value; "obs"; "--out"; target; "--no-clobber" ]
          Expect.equal kept.ExitCode 1 "kept"
          Expect.stringContains kept.Errors "--no-clobber" "kept"
      }
      for words, sentence in
          [ [ "obs" ], "say --out FILE, or --out - for stdout"
            [ "--out"; "obs.csv" ], "which ELEMENT?"
            [ "obs"; "--out"; "obs.xlsx" ], "end it in .csv, .csv.gz, .parquet or .npy, or choose one with --to"
            [ "obs"; "--out"; "obs.csv"; "--to"; "xlsx" ], "--to: it must be csv, parquet or npy, not 'xlsx'"
            [ "obs"; "--out"; "-"; "--to"; "parquet" ], "stdout is none"
            [ "obs"; "--out"; "-"; "--json" ], "--json has no room on stdout"
            [ "obs"; "--out"; "-"; "--no-clobber" ], "--no-clobber has no effect"
            [ "obs"; "--out"; "obs.csv"; "--columns"; "a,,b" ], "--columns must be names as a,b,c"
            [ "obs"; "var"; "--out"; "obs.csv" ], "one FILE and one ELEMENT at a time"
            [ "obs"; "--out"; "obs.csv"; "--workers"; "2" ], "--workers has no effect" ] do
          test $"""a mistake: {String.concat " " words}""" {
              let outcome = tool ([ "export"; "file.h5ad" ] @ words)
              Expect.equal outcome.ExitCode 2 "exit code"
              Expect.stringContains (outcome.Errors.ToLowerInvariant()) (sentence.ToLowerInvariant()) "sentence"
          } ]

let all = testList "Exports" (values @ behaviour @ commands)
