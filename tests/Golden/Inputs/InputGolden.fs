/// Whatever people name as an input: it is read where it lies, or one sentence says what it is and what to do next.
module internal SingleSharp.Golden.InputGolden

open System
open System.IO
open System.IO.Compression
open System.Text
open System.Text.Json
open System.Threading.Tasks
open Expecto
open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let tool (arguments: string list) environment input =
    Child.run "dotnet" (Child.tool :: arguments) environment input

/// What is refused is refused at once: whoever opens a pipe without a writer waits for ever.
let promptly (work: unit -> 'r) =
    let task = Task.Run work

    if not (task.Wait(TimeSpan.FromSeconds 60.0)) then
        failtest "it waits"

    task.Result

let sentenceOf (result: Result<'a, Fault>) =
    match result with
    | Ok _ -> failtest "a fault is expected"
    | Error fault -> Fault.sentence fault

/// Every command that reads says the same of an input, in one sentence with these words, and leaves nothing behind.
let refused (sandbox: Sandbox) path (words: string list) =
    let before = sandbox.Names
    let output = sandbox.File "output.h5ad"
    let settings = Settings.standard

    let sentences =
        [ fun () -> Pipeline.info Recipe.standard settings (Input.file path) |> sentenceOf
          fun () -> Pipeline.plan Recipe.full settings (Input.file path) |> sentenceOf
          fun () -> Pipeline.run (Recipe.ofSteps [ Qc.step Qc.defaults ]) settings (Input.file path) (NewFile output) |> sentenceOf
          fun () ->
              Pipeline.convert MatrixName.X false settings (Input.files [ path; here "edge/plain_csr_f32/input.h5ad" ]) output
              |> sentenceOf ]
        |> List.map promptly
        |> List.distinct

    Expect.hasLength sentences 1 $"one sentence for {path}: {sentences}"

    for word in path :: words do
        Expect.stringContains sentences.Head word "the sentence"

    Expect.isTrue (sentences.Head.EndsWith '.' && not (sentences.Head.Contains '\n')) sentences.Head
    Expect.equal sandbox.Names before "nothing is left behind"

let bytes (content: byte[]) (path: string) = File.WriteAllBytes(path, content)

let text (content: string) = bytes (Encoding.UTF8.GetBytes content)

let gzipped (content: byte[]) =
    use packed = new MemoryStream()
    using (new GZipStream(packed, CompressionLevel.Optimal, true)) (fun stream -> stream.Write(ReadOnlySpan content))
    packed.ToArray()

let mtx = "%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 1 7\n"

/// A small folder of Cell Ranger with one of its files changed.
let private changed (sandbox: Sandbox) name (file: string) (write: string -> unit) =
    let path = sandbox.File name
    Directory.CreateDirectory path |> ignore

    for other, content in
        [ "matrix.mtx", mtx
          "genes.tsv", "E1\tMT-A\nE2\tB\n"
          "barcodes.tsv", "a\nb\n" ] do
        File.WriteAllText(Path.Combine(path, other), content)

    File.Delete(Path.Combine(path, file))
    write (Path.Combine(path, file))
    path

let private sentences =
    [ test "one column of genes" {
          use sandbox = new Sandbox()
          refused sandbox (changed sandbox "one" "genes.tsv" (text "A\nB\n")) [ "genes.tsv"; "one column"; "an identifier and a name" ]
      }
      test "a feature without a type" {
          use sandbox = new Sandbox()
          let path = changed sandbox "untyped" "genes.tsv" ignore
          File.WriteAllText(Path.Combine(path, "features.tsv"), "E1\tA\nE2\tB\tGene Expression\n")

          refused sandbox path [ "features.tsv"; "line 1 has none where others have one"; "feature_type=all" ]
      }
      test "gzip that is cut off" {
          use sandbox = new Sandbox()

          for file, content in
              [ "matrix.mtx", mtx
                "genes.tsv", "E1\tMT-A\nE2\tB\n"
                "barcodes.tsv", "a\nb\n" ] do
              let packed = gzipped (Encoding.UTF8.GetBytes content)

              for less in [ 1; 8; 9; 12 ] do
                  let path = changed sandbox $"{file} {less}" file ignore
                  File.WriteAllBytes(Path.Combine(path, file + ".gz"), packed[.. packed.Length - 1 - less])
                  let output = sandbox.File "output.h5ad"

                  let sentence =
                      Pipeline.convert MatrixName.X false Settings.standard (Input.files [ path ]) output |> sentenceOf

                  Expect.stringContains sentence "is it cut off?); download or copy the file again" $"{file} without {less} bytes"
                  Expect.isFalse (File.Exists output) "no output"
      }
      test "a folder where one file is needed" {
          use sandbox = new Sandbox()
          let path = changed sandbox "mtx" "barcodes.tsv" (text "a\nb\n")

          let expected =
              "it is a folder with a matrix.mtx; make an .h5ad file of it first (singlesharp convert)"

          Expect.stringContains (Pipeline.digest Settings.standard path |> sentenceOf) expected "digest"
          Expect.stringContains (Pipeline.verify Settings.standard path |> sentenceOf) expected "verify"
      }
      test "a list of genes that is cut off, and one of several members" {
          use sandbox = new Sandbox()
          let list = sandbox.File "genes.txt.gz"
          let input = here "edge/plain_csr_f32/input.h5ad"

          let qc () =
              tool
                  [ "qc"
                    input
                    "--out"
                    sandbox.File "output.h5ad"
                    "--gene-set"
                    $"some=file:{list}"
                    "--json" ]
                  []
                  ""

          File.WriteAllBytes(list, (gzipped (Encoding.UTF8.GetBytes "\uFEFFA\nB\n"))[..20])
          let outcome = qc ()
          Expect.equal outcome.ExitCode 1 "the code"
          Expect.stringContains outcome.Errors "cut off" "the sentence"

          let names =
              using (AnnDataFile.openReadWithin Int64.MaxValue MatrixName.X input) (fun file -> AnnDataFile.geneNames file.Store file.Var)
              |> Array.truncate 3

          File.WriteAllBytes(
              list,
              Array.append
                  (gzipped (Encoding.UTF8.GetBytes $"\uFEFF{names[0]}\n"))
                  (gzipped (Encoding.UTF8.GetBytes $"{names[1]}\n{names[2]}"))
          )

          let outcome = qc ()
          Expect.equal outcome.ExitCode 0 outcome.Errors

          Expect.equal
              (JsonDocument.Parse(outcome.Output).RootElement.GetProperty("gene_sets").GetProperty("some").GetInt32())
              3
              "all genes"
      } ]

let private makePipe path =
    let outcome = Child.run "mkfifo" [ path ] [] ""

    if outcome.ExitCode <> 0 then
        skiptest "skipped: no pipe can be made here"

let private pipe = [ "it is a pipe"; "write what comes through it to a file first" ]

let private pipes =
    [ test "a pipe without a writer" {
          use sandbox = new Sandbox()
          let path = sandbox.File "pipe"
          makePipe path
          refused sandbox path pipe
          File.CreateSymbolicLink(sandbox.File "link", path) |> ignore
          refused sandbox (sandbox.File "link") pipe

          for sentence in
              [ fun () -> Pipeline.run (Recipe.ofSteps [ Qc.step Qc.defaults ]) Settings.standard (Input.file path) InPlace |> sentenceOf
                fun () -> Pipeline.digest Settings.standard path |> sentenceOf
                fun () -> Pipeline.verify Settings.standard path |> sentenceOf ] do
              Expect.stringContains (promptly sentence) "it is a pipe" "the sentence"
      }
      test "a pipe in a folder of Cell Ranger" {
          use sandbox = new Sandbox()

          for file in [ "matrix.mtx"; "genes.tsv"; "barcodes.tsv" ] do
              refused sandbox (changed sandbox $"with {file}" file makePipe) (file :: pipe)
      }
      test "what comes through a pipe of the shell" {
          for arguments in
              [ [ "info"; "/dev/stdin" ]
                [ "digest"; "/dev/stdin" ]
                [ "qc"; "/dev/stdin"; "--out"; "nowhere/x.h5ad" ] ] do
              let outcome = tool arguments [] "some bytes"
              Expect.equal (outcome.ExitCode, outcome.Output) (1, "") "code and stdout"
              Expect.stringContains outcome.Errors "error: /dev/stdin cannot be opened: it is a pipe" "stderr"
      }
      test "a device" {
          use sandbox = new Sandbox()
          refused sandbox "/dev/zero" [ "it is a device" ]
      } ]

let private modest =
    { Settings.standard with
        Workers = 1
        Memory = 48L <<< 20 }

/// A folder of so many cells and genes with one entry each.
let private wide (sandbox: Sandbox) cells genes =
    let path = sandbox.File $"{cells} cells, {genes} genes"
    Directory.CreateDirectory path |> ignore

    let write name (lines: seq<string>) =
        File.WriteAllLines(Path.Combine(path, name), lines)

    let head =
        [ "%%MatrixMarket matrix coordinate integer general"
          $"{genes} {cells} {cells}" ]

    write "matrix.mtx" (Seq.append head (Seq.init cells (fun cell -> $"{cell % genes + 1} {cell + 1} {cell % 5 + 1}")))
    write "genes.tsv" (Seq.init genes (fun gene -> $"ENSG{gene:D11}\tGENE{gene}"))
    write "barcodes.tsv" (Seq.init cells (fun cell -> $"AAACCTGAGAAACCAT-{cell:D12}"))
    path

let private memory =
    [ test "names of genes count" {
          use sandbox = new Sandbox()
          let output = sandbox.File "output.h5ad"
          let path = wide sandbox 10 400_000

          for result in
              [ Pipeline.convert MatrixName.X false modest (Input.files [ path ]) output |> Result.map ignore
                Pipeline.info Recipe.standard modest (Input.file path) |> Result.map ignore ] do
              match result with
              | Error(InsufficientMemory(_, needed, allowed, _)) ->
                  Expect.isTrue (needed > allowed && allowed = modest.Memory) "the numbers"
              | other -> failtest $"over the budget, not {other}"

          Pipeline.convert MatrixName.X false { modest with Memory = 1L <<< 29 } (Input.files [ path ]) output |> need |> ignore
      }
      test "names of cells are not held" {
          use sandbox = new Sandbox()
          let path = wide sandbox 1_500_000 10

          // Names of so many cells held as strings are 150 MB. The limit is on what is alive, garbage is cleared away before.
          let limit = [ "DOTNET_GCHeapHardLimit", (80L <<< 20).ToString "X" ]

          let outcome =
              tool
                  [ "convert"
                    path
                    "--out"
                    sandbox.File "output.h5ad"
                    "--workers"
                    "1"
                    "--memory"
                    "48M"
                    "--json" ]
                  limit
                  ""

          Expect.equal outcome.ExitCode 0 outcome.Errors
          Expect.equal (JsonDocument.Parse(outcome.Output).RootElement.GetProperty("n_obs").GetInt32()) 1_500_000 "all cells"
      }
      test "lines that are far too long" {
          use sandbox = new Sandbox()

          for file in [ "matrix.mtx"; "genes.tsv"; "barcodes.tsv" ] do
              let path =
                  changed sandbox $"long {file}" file (fun path ->
                      use packed = File.Create(path + ".gz")
                      use stream = new GZipStream(packed, CompressionLevel.Fastest)
                      let zeros = Array.create (1 <<< 20) (byte 'A')

                      for _ in 1..64 do
                          stream.Write(ReadOnlySpan zeros))

              Pipeline.convert MatrixName.X false modest (Input.files [ path ]) (sandbox.File "output.h5ad")
              |> sentenceOf
              |> fun sentence -> Expect.stringContains sentence "far too long" file
      } ]

let tests =
    testList
        "Inputs"
        [ testList "sentences" sentences
          testList "pipes" pipes
          testSequenced (testList "memory" memory) ]
