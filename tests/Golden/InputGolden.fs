/// Whatever people name as an input: it is read where it lies, or one sentence says what it is and what to do next.
module SingleSharp.Golden.InputGolden

open System
open System.IO
open System.IO.Compression
open System.Text
open System.Text.Json
open System.Threading.Tasks
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Golden.Shared

let private tool (arguments: string list) environment input =
    Child.run "dotnet" (Path.Combine(AppContext.BaseDirectory, "singlesharp.dll") :: arguments) environment input

/// What is refused is refused at once: whoever opens a pipe without a writer waits for ever.
let private promptly (work: unit -> 'r) =
    let task = Task.Run work

    if not (task.Wait(TimeSpan.FromSeconds 60.0)) then
        failtest "it waits"

    task.Result

let private sentenceOf (result: Result<'a, Fault>) =
    match result with
    | Ok _ -> failtest "a fault is expected"
    | Error fault -> Fault.sentence fault

/// Every command that reads says the same of an input, in one sentence with these words, and leaves nothing behind.
let private refused (sandbox: Sandbox) path (words: string list) =
    let before = sandbox.Names
    let output = sandbox.File "output.h5ad"
    let settings = Settings.standard

    let sentences =
        [ fun () -> Pipeline.info Recipe.standard settings path |> sentenceOf
          fun () -> Pipeline.plan Recipe.full settings path |> sentenceOf
          fun () -> Pipeline.qc Recipe.qc settings path (NewFile output) |> sentenceOf
          fun () -> Pipeline.convert Conversion.standard settings [ path; here "edge/plain_csr_f32/input.h5ad" ] output |> sentenceOf ]
        |> List.map promptly
        |> List.distinct

    Expect.hasLength sentences 1 $"one sentence for {path}: {sentences}"

    for word in path :: words do
        Expect.stringContains sentences.Head word "the sentence"

    Expect.isTrue (sentences.Head.EndsWith '.' && not (sentences.Head.Contains '\n')) sentences.Head
    Expect.equal sandbox.Names before "nothing is left behind"

let private hdf5 (members: (string * obj) list) (path: string) =
    let file = H5File()

    for name, value in members do
        file[name] <- value

    file.Write path

let private empty () = box (H5Group())

let private bytes (content: byte[]) (path: string) = File.WriteAllBytes(path, content)

let private text (content: string) = bytes (Encoding.UTF8.GetBytes content)

let private gzipped (content: byte[]) =
    use packed = new MemoryStream()
    using (new GZipStream(packed, CompressionLevel.Optimal, true)) (fun stream -> stream.Write(ReadOnlySpan content))
    packed.ToArray()

let private folder (names: string list) (path: string) =
    Directory.CreateDirectory path |> ignore

    for name in names do
        let file = Path.Combine(path, name)
        Directory.CreateDirectory(Path.GetDirectoryName file) |> ignore
        File.WriteAllText(file, "")

let private mtx = "%%MatrixMarket matrix coordinate integer general\n2 2 1\n1 1 7\n"

/// What other programs write, and what is to be said of it.
let private strangers =
    [ "a.loom",
      hdf5
          [ "matrix", box [| 1.0 |]
            "row_attrs", empty ()
            "col_attrs", empty ()
            "layers", empty () ],
      [ "loom"; "read_loom" ]
      "a.h5mu",
      hdf5
          [ "mod",
            (let modalities = H5Group()
             modalities["rna"] <- H5Group()
             modalities["atac"] <- H5Group()
             box modalities)
            "obs", empty ()
            "var", empty () ],
      [ "MuData"; "rna"; "mudata.read" ]
      "a.h5seurat", hdf5 [ "assays", empty (); "cell.names", box [| "a" |] ], [ "h5Seurat"; "SeuratDisk" ]
      "molecule_info.h5", hdf5 [ "barcode_idx", box [| 1 |]; "feature_idx", box [| 1 |] ], [ "molecules"; "filtered_feature_bc_matrix.h5" ]
      "a.h5ad.gz", bytes (gzipped (File.ReadAllBytes(here "edge/plain_csr_f32/input.h5ad"))), [ "gzip"; "gunzip" ]
      "a.rds", bytes (gzipped "X\n\000\000\000\002rest"B), [ "object of R"; "writeH5AD" ]
      "b.rds", bytes (gzipped "who knows"B), [ "object of R" ]
      "a.RData", text "RDX3\nX\n", [ "object of R" ]
      "GSM1_matrix.mtx", text mtx, [ "MatrixMarket"; "barcodes.tsv"; "name the folder" ]
      "GSM1_matrix.mtx.gz", bytes (gzipped (Encoding.UTF8.GetBytes mtx)), [ "MatrixMarket"; "name the folder" ]
      "counts.csv", text "gene,cell\nA,1\n", [ "text"; "read_csv" ]
      "a.zip", bytes (Array.append "PK\003\004"B (Array.zeroCreate 600)), [ "archive"; "unzip" ]
      "a.h5ad.bz2", bytes "BZh91AY"B, [ "bzip2" ]
      "a.h5ad.xz", bytes (Array.append [| 0xFDuy |] "7zXZ\000"B), [ "packed with xz" ]
      "a.h5ad.zst", bytes [| 0x28uy; 0xB5uy; 0x2Fuy; 0xFDuy; 0uy |], [ "Zstandard" ]
      "page.h5ad", text "<!DOCTYPE html><html>404</html>", [ "page of a web site"; "download" ]
      "lfs.h5ad", text "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", [ "git lfs pull" ]
      "a.parquet", bytes "PAR1\000\000"B, [ "Arrow" ]
      "rubbish.h5ad", bytes (Array.init 900 byte), [ "not an HDF5 file" ]
      "a.zarr", folder [ "X/0.0" ], [ "zarr"; "read_zarr" ]
      "store", folder [ ".zgroup" ], [ "zarr"; "read_zarr" ]
      "parse", folder [ "DGE.mtx"; "all_genes.csv"; "cell_metadata.csv" ], [ "Parse" ]
      "kb", folder [ "cells_x_genes.mtx"; "cells_x_genes.barcodes.txt" ], [ "kb"; "--h5ad" ]
      "alevin", folder [ "quants_mat.gz"; "quants_mat_rows.txt" ], [ "alevin" ]
      "outs", folder [ "filtered_feature_bc_matrix/matrix.mtx.gz" ], [ "name filtered_feature_bc_matrix in it" ]
      "run", folder [ "outs/filtered_feature_bc_matrix.h5" ], [ "name outs/filtered_feature_bc_matrix.h5 in it" ]
      "geo", folder [ "GSM1_matrix.mtx.gz"; "GSM1_barcodes.tsv.gz" ], [ "GSM1_matrix.mtx.gz"; "folder of their own" ]
      "photos", folder [ "a.png" ], [ "matrix.mtx(.gz)"; "all three files" ] ]

let private addresses =
    [ "s3://bucket/x.h5ad", [ "aws s3 cp" ]
      "gs://bucket/x.h5ad", [ "gcloud" ]
      "https://example.org/x.h5", [ "download it first" ]
      "file:///data/x.h5ad", [ "leave out" ] ]

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
    [ for name, make, words in strangers do
          test name {
              use sandbox = new Sandbox()
              make (sandbox.File name)
              refused sandbox (sandbox.File name) words
          }
      for address, words in addresses do
          test address {
              use sandbox = new Sandbox()
              refused sandbox address words
          }
      test "one column of genes" {
          use sandbox = new Sandbox()
          refused sandbox (changed sandbox "one" "genes.tsv" (text "A\nB\n")) [ "genes.tsv"; "one column"; "an identifier and a name" ]
      }
      test "a feature without a type" {
          use sandbox = new Sandbox()
          let path = changed sandbox "untyped" "genes.tsv" ignore
          File.WriteAllText(Path.Combine(path, "features.tsv"), "E1\tA\nE2\tB\tGene Expression\n")

          refused
              sandbox
              path
              [ "features.tsv"
                "line 1 has none where others have one"
                "--feature-type all" ]
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
                      Pipeline.convert Conversion.standard Settings.standard [ path ] output |> sentenceOf

                  Expect.stringContains sentence "cut off" $"{file} without {less} bytes"
                  Expect.isFalse (File.Exists output) "no output"
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

          let names = using (Schema.openRead input) Schema.geneNames |> Array.truncate 3

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
              [ fun () -> Pipeline.qc Recipe.qc Settings.standard path InPlace |> sentenceOf
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

let private made =
    lazy
        (Child.requirePython ()
         ImportFaults.made.Value)

/// Inputs that are converted, the options that this takes, and whether genes are left out.
let private conversions =
    [ [ "probes.h5" ], Conversion.standard
      [ "two_genomes.h5" ],
      { Conversion.standard with
          Genome = Some "mm10" }
      [ "long.h5" ], Conversion.standard
      [ "double.h5" ], Conversion.standard
      [ "v3_shuffled" ], Conversion.standard
      [ "v3" ],
      { Conversion.standard with
          FeatureType = Some "all" }
      [ "real" ], Conversion.standard
      [ "first.h5ad"; "second.h5ad" ], Conversion.standard
      [ "second.h5ad"; "v2"; "whole.h5ad" ],
      { Conversion.standard with
          Join = Outer
          MakeUnique = true } ]

let private recipes =
    [ Recipe.standard
      Recipe.full
      { Recipe.nothing with
          Qc =
              Some
                  { Recipe.qc with
                      GeneSets = [ { Name = "g1"; Rule = Prefix [ "g1" ] } ] }
          Filter =
              Some
                  { Recipe.filter with
                      MinCells = Some 2L } } ]

let private need result =
    match result with
    | Ok value -> value
    | Error fault -> failtest (Fault.sentence fault)

/// Of what a conversion has to say itself.
let private without (warnings: string list) (plan: Plan) =
    { plan with
        Memory = 0L
        Warnings = plan.Warnings |> List.except warnings }

let private looks =
    [ test "a plan is that of the file that would be made" {
          use sandbox = new Sandbox()

          for names, conversion in conversions do
              let inputs = names |> List.map (fun name -> Path.Combine(made.Value, name))
              let output = sandbox.File $"{Guid.NewGuid():N}.h5ad"

              let converted = Pipeline.convert conversion Settings.standard inputs output |> need

              for recipe in recipes do
                  let recipe =
                      { recipe with
                          Hvg =
                              recipe.Hvg
                              |> Option.map (fun hvg ->
                                  { hvg with
                                      BatchKey = if names.Length > 1 then Some "sample" else None }) }

                  let seen =
                      Inputs.plan conversion recipe Settings.standard inputs (fun _ recipe -> recipe, [])

                  let file = Pipeline.plan recipe Settings.standard output |> need
                  Expect.equal (without converted.Warnings seen) (without converted.Warnings file) $"the plan of {names}"
                  Expect.isGreaterThanOrEqual seen.Memory file.Memory "what converting needs is in it"

              let seen = Inputs.info conversion Recipe.standard Settings.standard inputs

              let file = Pipeline.info Recipe.standard Settings.standard output |> need

              Expect.equal
                  { seen with
                      Path = file.Path
                      Bytes = file.Bytes
                      Matrix = file.Matrix
                      CellsExamined = file.CellsExamined
                      Plan = without converted.Warnings seen.Plan }
                  { file with
                      Plan = without converted.Warnings file.Plan }
                  $"what {names} hold"

              Expect.isTrue (seen.Matrix |> List.forall (fun stored -> not (stored.Name.StartsWith "X/"))) "as they are stored"
      }
      test "fractions are no counts, in whatever they are stored" {
          for name, areCounts in [ "real", false; "double.h5", false; "long.h5", true; "v2", true ] do
              let info =
                  Pipeline.info Recipe.standard Settings.standard (Path.Combine(made.Value, name)) |> need

              Expect.equal info.LooksLikeCounts areCounts name
      }
      test "info and plan copy nothing" {
          use sandbox = new Sandbox()
          // Whoever made a file there would fail.
          let nowhere = [ "TMPDIR", sandbox.File "nowhere" ]

          for command in [ [ "info" ]; [ "plan" ]; [ "plan"; "pipeline" ] ] do
              for inputs in
                  [ [ "probes.h5" ]
                    [ "v3_shuffled" ]
                    [ "v3/matrix.mtx.gz" ]
                    [ "first.h5ad"; "second.h5ad" ] ] do
                  let inputs = inputs |> List.map (fun name -> Path.Combine(made.Value, name))
                  let outcome = tool (command @ inputs @ [ "--json" ]) nowhere ""
                  Expect.equal outcome.ExitCode 0 $"{command}: {outcome.Errors}"
      }
      test "what is put aside is for nobody else" {
          use sandbox = new Sandbox()
          let mutable modes = None

          let settings =
              { Settings.standard with
                  Progress =
                      fun _ ->
                          if modes.IsNone then
                              modes <- Some(sandbox.Names |> List.map (fun name -> File.GetUnixFileMode(sandbox.File name))) }

          Pipeline.qc Recipe.qc settings (Path.Combine(made.Value, "probes.h5")) (NewFile(sandbox.File "output.h5ad"))
          |> need
          |> ignore

          Expect.equal modes (Some [ UnixFileMode.UserRead ||| UnixFileMode.UserWrite ]) "the file that the counts wait in"
          Expect.equal sandbox.Names [ "output.h5ad" ] "nothing else is left"
      }
      test "the matrix stands for its folder" {
          use sandbox = new Sandbox()

          let convert (name: string) =
              let output = sandbox.File $"{Path.GetFileName name}.h5ad"

              Pipeline.convert Conversion.standard Settings.standard [ Path.Combine(made.Value, name) ] output |> need |> ignore

              File.ReadAllBytes output

          Expect.isTrue (convert "v2" = convert "v2/matrix.mtx") "plain"
          Expect.isTrue (convert "v3" = convert "v3/matrix.mtx.gz") "gzipped"

          let joined =
              Pipeline.convert
                  { Conversion.standard with
                      MakeUnique = true }
                  Settings.standard
                  [ Path.Combine(made.Value, "v2/matrix.mtx"); Path.Combine(made.Value, "v3") ]
                  (sandbox.File "joined.h5ad")
              |> need

          Expect.equal (joined.Samples |> List.map fst) [ "v2"; "v3" ] "the samples"
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
              [ Pipeline.convert Conversion.standard modest [ path ] output |> Result.map ignore
                Pipeline.info Recipe.standard modest path |> Result.map ignore ] do
              match result with
              | Error(OverBudget(needed, allowed)) -> Expect.isTrue (needed > allowed && allowed = modest.Memory) "the numbers"
              | other -> failtest $"over the budget, not {other}"

          Pipeline.convert Conversion.standard { modest with Memory = 1L <<< 29 } [ path ] output |> need |> ignore
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

              Pipeline.convert Conversion.standard modest [ path ] (sandbox.File "output.h5ad")
              |> sentenceOf
              |> fun sentence -> Expect.stringContains sentence "far too long" file
      } ]

let tests =
    testList
        "Inputs"
        [ testList "sentences" sentences
          testList "pipes" pipes
          testList "looks" looks
          testSequenced (testList "memory" memory) ]
