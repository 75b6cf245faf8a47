/// verify says what is wrong with a file, where, and how bad it is; and comes to an end on every file there is.
module internal SingleSharp.Golden.VerifyGolden

open System
open System.IO
open System.Text.Json
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private verify path =
    match Pipeline.verify Settings.standard path with
    | Ok verification -> verification
    | Error fault -> failtest (Fault.sentence fault)

/// The file that `write` makes has a finding of this severity, at this path and with these words, and no other error.
let private found name severity path words (write: string -> unit) =
    test name {
        use sandbox = new Sandbox()
        let file = sandbox.File "input.h5ad"
        write file
        let verification = verify file

        let told =
            verification.Findings |> Seq.map (fun finding -> $"{finding.Severity} {finding.Path}: {finding.Sentence}") |> List.ofSeq

        Expect.exists
            verification.Findings
            (fun finding -> finding.Severity = severity && finding.Path = path && finding.Sentence.Contains(words: string))
            $"{told}"

        Expect.equal verification.IsSound (severity <> Severity.Error) $"{told}"

        for finding in verification.Findings do
            Expect.isFalse (finding.Sentence.EndsWith '.' || finding.Sentence.Contains '\n') finding.Sentence
    }

let private small = Made.counts 60 40

let private changed change (path: string) =
    NewFile.write path (InChunks 100) (change small)

let private matrices =
    [ found "offsets that decrease" Severity.Error "X/indptr" "decrease" (changed (Made.withOffset 30 1))
      found "a first offset that is not 0" Severity.Error "X/indptr" "the first offset is 1" (changed (Made.withOffset 0 1))
      found
          "a last offset that is too small"
          Severity.Error
          "X/indptr"
          "the last offset is"
          (changed (Made.withOffset 60 (small.Data.Length - 1)))
      found "an index that is too large" Severity.Error "X/indices" "the index 40 in row" (changed (Made.withIndex 77 40))
      found "a negative index" Severity.Error "X/indices" "the index -1 in row" (changed (Made.withIndex 77 -1))
      found "an index that comes twice" Severity.Warning "X/indices" "more than once" (changed (Made.withIndex 1 small.Indices[0]))
      found
          "indices that are not sorted"
          Severity.Note
          "X/indices"
          "not sorted, first in row 0"
          (changed (fun counts ->
              { counts with
                  Indices =
                      counts.Indices
                      |> Array.permute (fun i ->
                          if i = 0 then 1
                          elif i = 1 then 0
                          else i) }))
      found "NaN" Severity.Note "X/data" "1 of its values is NaN or infinite" (changed (Made.withValues [ 5, nanf ]))
      found "negative values" Severity.Note "X/data" "2 of its values are negative" (changed (Made.withValues [ 5, -1.0f; 6, -2.0f ]))
      found
          "cells and genes that come twice"
          Severity.Note
          "obs/_index"
          "1 name comes again, such as cell_0"
          (changed (fun counts ->
              { counts with
                  CellNames = counts.CellNames |> Array.mapi (fun i name -> if i = 7 then "cell_0" else name) })) ]

let private line (values: 'n list) = box (Array.ofList values)

let private parts =
    [ found "no X" Severity.Note "/" "it has no X" (Made.writeWithX None)
      found
          "another shape than obs and var"
          Severity.Error
          "X"
          "its shape is 3 x 3 instead of 2 x 3"
          (Made.writeWithX (
              Some(
                  box (
                      Made.sparse
                          "csr_matrix"
                          (Some [ 3L; 3L ])
                          [ "data", line [ 1.0f ]; "indices", line [ 0 ]; "indptr", line [ 0; 1; 1; 1 ] ]
                  )
              )
          ))
      found
          "fewer offsets than rows"
          Severity.Error
          "X/indptr"
          "it has 2 offsets where 2 rows need 3"
          (Made.writeWithX (
              Some(
                  box (Made.sparse "csr_matrix" (Some [ 2L; 3L ]) [ "data", line [ 1.0f ]; "indices", line [ 0 ]; "indptr", line [ 0; 1 ] ])
              )
          )) ]

/// An AnnData of three cells and one gene, with these columns of obs in this order and these members of the root.
let private annData order (columns: (string * obj) list) (members: (string * obj) list) (path: string) =
    let frame (rows: int) (order: string list) (columns: (string * obj) list) =
        let frame = H5Group()
        frame.Attributes["encoding-type"] <- "dataframe"
        frame.Attributes["encoding-version"] <- "0.2.0"
        frame.Attributes["_index"] <- "_index"
        frame.Attributes["column-order"] <- Array.ofList order
        frame["_index"] <- Array.init rows string
        columns |> List.iter (fun (name, column) -> frame[name] <- column)
        frame

    let root = H5File()
    root["obs"] <- frame 3 order columns
    root["var"] <- frame 1 [ "a" ] [ "a", box [| 1 |] ]
    root["X"] <- Array2D.create 3 1 1.0f
    members |> List.iter (fun (name, value) -> root[name] <- value)
    root.Write path

let private categorical (codes: sbyte list) =
    let column = H5Group()
    column.Attributes["encoding-type"] <- "categorical"
    column.Attributes["encoding-version"] <- "0.2.0"
    column.Attributes["ordered"] <- false
    column["codes"] <- Array.ofList codes
    column["categories"] <- [| "a"; "b" |]
    box column

let private inGroup name value =
    let group = H5Group()
    group[name] <- value
    box group

let private frames =
    [ found "a column that does not exist" Severity.Error "obs" "names the column gone" (annData [ "gone" ] [] [])
      found
          "a column that nobody names"
          Severity.Warning
          "obs"
          "does not name hidden"
          (annData [ "a" ] [ "a", line [ 1; 2; 3 ]; "hidden", line [ 1; 2; 3 ] ] [])
      found "a column that is too short" Severity.Error "obs/a" "it has 2 values for 3 rows" (annData [ "a" ] [ "a", line [ 1; 2 ] ] [])
      found
          "a code without a category"
          Severity.Error
          "obs/a/codes"
          "1 code leads to none of the 2 categories, first in row 2"
          (annData [ "a" ] [ "a", categorical [ 0y; -1y; 2y ] ] [])
      found
          "a layer of another shape"
          Severity.Error
          "layers/a"
          "its shape is 2 x 1 instead of 3 x 1"
          (annData [ "a" ] [ "a", line [ 1; 2; 3 ] ] [ "layers", inGroup "a" (Array2D.create 2 1 1.0f) ])
      found
          "an obsm of another length"
          Severity.Error
          "obsm/a"
          "its shape is 4 x 2 instead of 3"
          (annData [ "a" ] [ "a", line [ 1; 2; 3 ] ] [ "obsm", inGroup "a" (Array2D.create 4 2 1.0f) ])
      found
          "an obsp of another shape"
          Severity.Error
          "obsp/a"
          "instead of 3 x 3"
          (annData [ "a" ] [ "a", line [ 1; 2; 3 ] ] [ "obsp", inGroup "a" (Array2D.create 3 2 1.0f) ]) ]

/// The sample with some bytes changed.
let private damaged name change (path: string) =
    let bytes = File.ReadAllBytes(here $"edge/{name}/input.h5ad")
    change bytes
    File.WriteAllBytes(path, bytes)

let private invert at (bytes: byte[]) = bytes[at] <- bytes[at] ^^^ 0xFFuy

/// A byte in the middle of the first chunk of X/data, or of the dataset itself.
let private inData case =
    use store = Hdf5File.openRead (here $"edge/{case}/input.h5ad")

    match store.TryFind("", store.Root, "X") with
    | Some(GroupObject x) ->
        let data = store.Dataset("X", x, "data")

        match data.Layout with
        | Chunked _ -> int (Chunks.load store.Disk data).Entries[0].Address + 20
        | Contiguous address -> int address
        | Compact _ -> failtest "a compact dataset"
    | _ -> failtest "no X"

/// Where the address of a contiguous dataset stands: the only place that holds it, or the first.
let private addressOf case (bytes: byte[]) =
    let address = BitConverter.GetBytes(int64 (inData case))
    bytes.AsSpan().IndexOf(ReadOnlySpan address)

let private storage =
    [ found
          "a chunk that does not decompress"
          Severity.Error
          "X/data"
          "cannot be decompressed"
          (damaged "layout_gzip" (fun bytes ->
              for i in 0..9 do
                  invert (inData "layout_gzip" + i) bytes))
      found
          "values that lie where others do"
          Severity.Error
          "X/indices"
          "belong to"
          (damaged "layout_contiguous" (fun bytes ->
              let at = addressOf "layout_contiguous" bytes
              BitConverter.GetBytes(BitConverter.ToInt64(bytes, at) + 64L).CopyTo(bytes, at)))
      found
          "values outside the file"
          Severity.Error
          "X/data"
          "more than the file has"
          (damaged "layout_contiguous" (fun bytes ->
              BitConverter.GetBytes(bytes.LongLength - 8L).CopyTo(bytes, addressOf "layout_contiguous" bytes)))
      found "a header whose checksum does not fit" Severity.Error "/" "checksum" (damaged "layout_libver_latest" (invert 60))
      found "a file that is cut off" Severity.Error "/" "cut off" (fun path ->
          File.WriteAllBytes(path, (File.ReadAllBytes sample)[..20000]))
      found "something else" Severity.Error "/" "it is not an HDF5 file" (fun path -> File.WriteAllText(path, "gene,cell"))
      found "what an interrupted run left" Severity.Note "/" "behind its end 100 bytes belong to nothing" (fun path ->
          File.WriteAllBytes(path, Array.append (File.ReadAllBytes sample) (Array.zeroCreate 100))) ]

let private sound =
    [ test "every file there is comes to an end, and those that anybody made on purpose are sound" {
          for case in EdgeFiles.cases do
              let verification = verify (here $"edge/{case}/input.h5ad")

              let errors =
                  verification.Findings |> Seq.filter (fun finding -> finding.Severity = Severity.Error) |> List.ofSeq

              // One case holds what no anndata can read, to see that it is kept.
              let expected =
                  if case = "preserve_everything" then [ "obsx"; "uns/from_the_future" ] else []

              Expect.equal (errors |> List.map _.Path |> List.sort) expected $"{case}: {verification.Findings}"

          for folder in [ "data/wild"; "data/real" ] do
              for name in list folder "*.h5ad" do
                  verify (require $"{folder}/{name}") |> ignore
      }
      test "what a run makes is sound" {
          use sandbox = new Sandbox()
          let output = sandbox.File "output.h5ad"

          match Pipeline.run Recipe.standard Settings.standard (Input.file sample) (NewFile output) with
          | Ok _ -> Expect.isEmpty (verify output).Findings "findings"
          | Error fault -> failtest (Fault.sentence fault)
      }
      test "the file is missing" {
          match Pipeline.verify Settings.standard "nowhere.h5ad" with
          | Error(NotFound path) -> Expect.equal path "nowhere.h5ad" "its path"
          | other -> failtest $"{other}"
      } ]

let private run arguments = Child.runTool ("verify" :: arguments)

let private tool =
    [ test "a sound file: code 0" {
          let outcome = run [ sample ]
          Expect.equal (outcome.ExitCode, outcome.Errors) (0, "") "code and stderr"
          Expect.stringContains outcome.Output $"{sample}: no errors, no warnings, no notes" "stdout"
      }
      test "an error: code 1, also as JSON" {
          use sandbox = new Sandbox()
          let path = sandbox.File "input.h5ad"
          changed (Made.withIndex 77 40) path
          let outcome = run [ path ]
          Expect.equal (outcome.ExitCode, outcome.Errors) (1, "") "code and stderr"
          Expect.stringContains outcome.Output "error: X/indices: the index 40 in row " "stdout"
          let outcome = run [ path; "--json" ]
          Expect.equal outcome.ExitCode 1 "code"
          let answer = JsonDocument.Parse(outcome.Output).RootElement
          Expect.isFalse (answer.GetProperty("is_sound").GetBoolean()) "is_sound"
          let finding = answer.GetProperty("findings")[0]

          Expect.equal
              (finding.GetProperty("severity").GetString(), finding.GetProperty("path").GetString())
              ("error", "X/indices")
              "the finding"
      } ]

let all =
    testList
        "Verify"
        [ testList "matrices" matrices
          testList "parts" parts
          testList "frames" frames
          testList "storage" storage
          testList "sound" sound
          testList "tool" tool ]
