/// Bad input gives one clear sentence, and nothing is written.
module internal SingleSharp.Golden.FaultGolden

open System
open System.IO
open System.Security.Cryptography
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private sha256 (path: string) =
    Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes path))

/// The state of a folder: the names of its files with their contents.
let private state (sandbox: Sandbox) =
    sandbox.Names
    |> List.map (fun name -> name, (if Directory.Exists(sandbox.File name) then "a folder" else sha256 (sandbox.File name)))

/// Runs the recipe to a new file and in place. Both must fail in the same way and leave everything as it was.
let private faultOf recipe (sandbox: Sandbox) (input: string) =
    let before = state sandbox

    let attempt output =
        match Pipeline.run recipe Settings.standard (Input.file input) output with
        | Error fault ->
            Expect.equal (state sandbox) before "nothing is written"
            fault
        | Ok _ -> failtest "a fault is expected"

    let fault = attempt (NewFile(sandbox.File "output.h5ad"))
    // Sentences, because a fault about NaN does not even equal itself.
    Expect.equal (Fault.sentence (attempt InPlace)) (Fault.sentence fault) "the fault in place"
    fault

let private requireKind kind words fault =
    let sentence = Fault.sentence fault
    Expect.equal (Fault.kind fault) kind sentence

    for word in words do
        Expect.stringContains sentence word "the sentence"

    Expect.isTrue (sentence.EndsWith '.' && not (sentence.Contains '\n')) $"one sentence: {sentence}"

/// A file that `write` makes gives a fault of this kind, with these words in its sentence.
let private bad name kind words (write: string -> unit) =
    test name {
        use sandbox = new Sandbox()
        let path = sandbox.File "input.h5ad"
        write path
        faultOf Recipe.standard sandbox path |> requireKind kind (path :: words)
    }

let private small = Made.counts 60 40
let private stored = small.Data.Length

/// The small counts, broken by a change.
let private changed change (path: string) =
    NewFile.write path (InChunks 100) (change small)

let private cut length (path: string) =
    File.WriteAllBytes(path, (File.ReadAllBytes sample)[.. length - 1])

let private whole = int (FileInfo sample).Length

let private files =
    [ bad "no such file" FaultKind.NotFound [] ignore
      bad "a folder" FaultKind.Unreadable [ "folder" ] (fun path -> Directory.CreateDirectory path |> ignore)
      bad "a text file" FaultKind.NotAnnData [ "not an HDF5 file" ] (fun path ->
          File.WriteAllText(path, String.replicate 500 "gene,cell\n"))
      bad "an empty file" FaultKind.NotAnnData [ "not an HDF5 file" ] (fun path -> File.WriteAllText(path, ""))

      for length in [ 1; 7 ] do
          bad $"cut after {length} bytes" FaultKind.NotAnnData [ "not an HDF5 file" ] (cut length)
      for length in [ 8; 20; 95; 96; 800; 2048; whole / 2; whole - 1 ] do
          bad $"cut after {length} of {whole} bytes" FaultKind.Damaged [ "cut off" ] (cut length) ]

let private line (values: 'n list) = box (Array.ofList values)

let private shape = Some [ 2L; 3L ]

let private matrices =
    [ bad "no X" FaultKind.NotAnnData [ "no X" ] (Made.writeWithX None)
      bad "X of one dimension" FaultKind.Damaged [ "1 dimension " ] (Made.writeWithX (Some(line [ 1.0f; 2.0f ])))
      bad "X of three dimensions" FaultKind.Damaged [ "3 dimensions" ] (Made.writeWithX (Some(box (Array3D.create 2 3 1 1.0f))))

      for name, kind, words, x in
          [ "an unknown encoding", FaultKind.Unsupported, [ "coo_matrix" ], Made.sparse "coo_matrix" shape []
            "no members", FaultKind.Damaged, [ "no data" ], Made.sparse "csr_matrix" shape []
            "no shape",
            FaultKind.Damaged,
            [ "shape" ],
            Made.sparse "csr_matrix" None [ "data", line [ 1.0f ]; "indices", line [ 0 ]; "indptr", line [ 0; 1; 1 ] ]
            "more cells than row offsets",
            FaultKind.Damaged,
            [ "row offsets" ],
            Made.sparse "csr_matrix" shape [ "data", line [ 1.0f ]; "indices", line [ 0 ]; "indptr", line [ 0; 1 ] ]
            "more values than indices",
            FaultKind.Damaged,
            [ "2 values"; "1 column" ],
            Made.sparse
                "csr_matrix"
                shape
                [ "data", line [ 1.0f; 1.0f ]
                  "indices", line [ 0 ]
                  "indptr", line [ 0; 1; 2 ] ]
            "fractional indices",
            FaultKind.Damaged,
            [ "indices"; "integers" ],
            Made.sparse "csr_matrix" shape [ "data", line [ 1.0f ]; "indices", line [ 0.0f ]; "indptr", line [ 0; 1; 1 ] ]
            "text for values",
            FaultKind.Unsupported,
            [ "data"; "not counts" ],
            Made.sparse "csr_matrix" shape [ "data", line [ "1" ]; "indices", line [ 0 ]; "indptr", line [ 0; 1; 1 ] ]
            "more cells than obs",
            FaultKind.Damaged,
            [ "obs"; "2 cells" ],
            Made.sparse "csr_matrix" (Some [ 3L; 3L ]) [ "data", line [ 1.0f ]; "indices", line [ 0 ]; "indptr", line [ 0; 1; 1; 1 ] ]
            "more genes than var",
            FaultKind.Damaged,
            [ "var"; "3 genes" ],
            Made.sparse "csr_matrix" (Some [ 2L; 4L ]) [ "data", line [ 1.0f ]; "indices", line [ 0 ]; "indptr", line [ 0; 1; 1 ] ] ] do
          bad $"X with {name}" kind words (Made.writeWithX (Some(box x)))

      bad "row offsets that decrease" FaultKind.Damaged [ "X/indptr"; "decrease" ] (changed (Made.withOffset 30 1))
      bad "a first row offset that is not 0" FaultKind.Damaged [ "X/indptr"; "first" ] (changed (Made.withOffset 0 1))
      bad "a last row offset that is too small" FaultKind.Damaged [ "X/indptr"; "last" ] (changed (Made.withOffset 60 (stored - 1)))
      bad "a row offset beyond the values" FaultKind.Damaged [ "X/indptr"; "outside" ] (changed (Made.withOffset 30 (stored + 1)))
      bad "a negative row offset" FaultKind.Damaged [ "X/indptr"; "outside" ] (changed (Made.withOffset 30 -1))
      bad "a column index that is too large" FaultKind.Damaged [ "X/indices"; "40 genes" ] (changed (Made.withIndex 77 40))
      bad "a negative column index" FaultKind.Damaged [ "X/indices"; "40 genes" ] (changed (Made.withIndex 77 -1)) ]

/// Several blocks of cells, so that a later block may well be the first to stumble.
let private tall = lazy (Made.counts 20000 30)

let private changing =
    [ "normalize_total", (Recipe.ofSteps [ NormalizeTotal.step NormalizeTotal.defaults ])
      "normalize_total by the median",
      (Recipe.ofSteps
          [ NormalizeTotal.step
                { NormalizeTotal.defaults with
                    TargetSum = TargetSum.MedianOfPositive } ])
      "log1p", (Recipe.ofSteps [ Log1p.step Log1p.defaults ])
      "preprocess", Recipe.standard ]

let private invalid =
    [ for kind, value in [ "negative", -3.0f; "NaN", nanf; "infinite", infinityf ] do
          for name, recipe in changing do
              test $"{name} names the first of several values, {kind}" {
                  use sandbox = new Sandbox()
                  let path = sandbox.File "input.h5ad"
                  let first = tall.Value.Data.Length / 3
                  let later = [ first + 1, -1.0f; tall.Value.Data.Length - 1, nanf ]
                  NewFile.write path (InChunks 5000) (Made.withValues ((first, value) :: later) tall.Value)
                  let cell, gene = Made.whereIs first tall.Value

                  match faultOf recipe sandbox path with
                  | InvalidValue(file, atCell, atGene, found) ->
                      Expect.equal (file, atCell, atGene) (path, cell, gene) "the first value that is not a count"
                      Expect.isTrue (found = float value || Double.IsNaN found && Single.IsNaN value) $"its value, not {found}"
                  | other -> failtest (Fault.sentence other)
              }

      test "qc computes and warns" {
          use sandbox = new Sandbox()
          let path = sandbox.File "input.h5ad"
          changed (Made.withValues [ 3, -1.0f; 4, nanf; 5, infinityf; 6, 0.5f; 7, -2.0f ]) path
          let before = sha256 path

          match
              Pipeline.run
                  (Recipe.ofSteps [ Qc.step Qc.defaults ])
                  Settings.standard
                  (Input.file path)
                  (NewFile(sandbox.File "output.h5ad"))
          with
          | Ok report ->
              let findings = report.Findings
              Expect.equal (findings.Negative, findings.NotFinite, findings.Fractional) (2L, 2L, 1L) "what was found"
              Expect.exists report.Warnings (fun warning -> warning.Contains "negative") "a warning of negative values"
              Expect.exists report.Warnings (fun warning -> warning.Contains "NaN") "a warning of NaN"
              Expect.equal (sha256 path) before "the input"
          | Error fault -> failtest (Fault.sentence fault)
      }

      test "a logarithm of logarithms warns where it is asked for" {
          use sandbox = new Sandbox()

          match
              Pipeline.run
                  (Recipe.ofSteps
                      [ Log1p.step
                            { Log1p.defaults with
                                AllowLogged = true } ])
                  Settings.standard
                  (Input.file (here "edge/log1p_base_null/input.h5ad"))
                  (NewFile(sandbox.File "output.h5ad"))
          with
          | Ok report -> Expect.exists report.Warnings (fun warning -> warning.Contains "already log-transformed") "a warning"
          | Error fault -> failtest (Fault.sentence fault)
      } ]

let all =
    testList
        "Faults"
        [ testList "files" files
          testList "matrices" matrices
          testList "values" invalid ]
