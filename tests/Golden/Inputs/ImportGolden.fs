/// Conversions against scanpy's readers and anndata.concat, as imports.py writes them out.
module internal SingleSharp.Golden.ImportGolden

open System
open System.Collections.Generic
open System.IO
open System.Text.Json
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Concat
open SingleSharp.Golden.Jobs
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private job (options: ConvertOptions) (conversion: Conversion) : ImportJob =
    { output = conversion.Output
      inputs = List.ofSeq conversion.Inputs
      genome = Option.toObj options.Genome
      feature_type = Option.toObj options.FeatureType
      unique = options.MakeUnique
      join = (string options.Join).ToLowerInvariant()
      key = options.SampleKey
      samples = options.SampleNames
      separator = Option.toObj options.IndexUnique
      stored = conversion.StoredValues
      used = true }

let private requireGood (jobs: ImportJob list) =
    let answer =
        Child.script "imports.py" [ "judge" ] (JsonSerializer.Serialize(Array.ofList jobs))

    let found = JsonDocument.Parse(answer).RootElement

    let problems =
        [ for job in jobs do
              for problem in found.GetProperty(job.output).EnumerateArray() do
                  let inputs = job.inputs |> List.map Path.GetFileName |> String.concat ", "
                  $"{inputs}: {problem.GetString()}" ]

    if not problems.IsEmpty then
        failtest (String.concat "\n" problems)

/// Workers and memory of a conversion that is made again: one after the other takes the next pair.
let private otherSettings = [ 1, 1L <<< 30; 3, 80L <<< 20 ]

/// A conversion whose file is the same to the byte however it is made.
let private converted (sandbox: Sandbox) number (request: ConvertRequest) inputs =
    let input =
        { Paths = inputs
          Convert = request.Options }

    let output = sandbox.File $"{Guid.NewGuid():N}.h5ad"

    let conversion =
        Pipeline.convert request.Matrix request.SumDuplicates Settings.standard input output |> need

    let workers, memory = otherSettings[number % otherSettings.Length]
    let again = sandbox.File "again.h5ad"

    Pipeline.convert
        request.Matrix
        request.SumDuplicates
        { Settings.standard with
            Workers = workers
            Memory = memory }
        input
        again
    |> need
    |> ignore

    let isSame =
        File.ReadAllBytes(again).AsSpan().SequenceEqual(ReadOnlySpan(File.ReadAllBytes output))

    Expect.isTrue isSame $"{inputs}: the same bytes with {workers} workers"
    File.Delete again
    job request.Options conversion

/// All conversions. Of outputs that are made of the same inputs the first one is used: the others have more or fewer genes of them.
let private convertedAll sandbox (find: string -> string) cases =
    let known = HashSet<string list>()

    [ for number, (request, inputs) in List.indexed cases ->
          { converted sandbox number request (List.map find inputs) with
              used = known.Add inputs } ]

let private standard = Input.convert

let private ofType featureType =
    { standard with
        FeatureType = Some featureType }

/// X as it is stored.
let private plain options : ConvertRequest =
    { Options = options
      Matrix = MatrixName.X
      SumDuplicates = false }

/// What is stored twice is added up.
let private summed options =
    { plain options with
        SumDuplicates = true }

/// What is made by imports.py, and how it is converted.
let private cases =
    [ plain standard, [ "v3" ]
      plain standard, [ "v3_shuffled" ]
      plain (ofType "all"), [ "v3_shuffled" ]
      plain (ofType "Antibody Capture"), [ "v3" ]
      plain standard, [ "v2" ]
      plain standard, [ "real" ]
      plain standard, [ "pattern" ]
      plain standard, [ "quoted" ]
      plain standard, [ "edited" ]
      summed standard, [ "twice" ]
      summed standard, [ "real" ]
      summed standard, [ "twice.h5" ]
      summed { standard with Join = Join.Outer }, [ "twice.h5"; "short.h5" ]
      summed { standard with MakeUnique = true }, [ "twice"; "v2" ]
      plain standard, [ "double.h5" ]
      plain standard, [ "long.h5" ]
      plain standard, [ "short.h5" ]
      plain standard, [ "long.h5"; "short.h5" ]
      plain { standard with Join = Join.Outer }, [ "probes.h5"; "double.h5"; "short.h5" ]
      plain { standard with Genome = Some "mm10" }, [ "two_genomes.h5" ]
      plain standard, [ "probes.h5" ]
      plain { standard with Genome = Some "hg19" }, [ "probes.h5" ]
      plain standard, [ "first.h5ad"; "second.h5ad" ]
      plain { standard with Join = Join.Outer }, [ "first.h5ad"; "second.h5ad" ]
      plain
          { standard with
              Join = Join.Outer
              SampleKey = "batch"
              SampleNames = [ "b"; "a"; "c" ]
              IndexUnique = Some "-" },
      [ "second.h5ad"; "whole.h5ad"; "first.h5ad" ]
      plain standard, [ "whole.h5ad"; "first.h5ad"; "whole_again.h5ad" ]
      plain standard, [ "whole.h5ad"; "whole_again.h5ad" ]
      plain { standard with Join = Join.Outer }, [ "whole.h5ad"; "whole_again.h5ad" ]
      plain standard, [ "first.h5ad"; "apart.h5ad" ]
      plain { standard with Join = Join.Outer }, [ "first.h5ad"; "apart.h5ad" ]
      plain { standard with Join = Join.Outer }, [ "empty.h5ad"; "first.h5ad" ]
      plain standard, [ "kinds_1.h5ad"; "kinds_2.h5ad" ]
      plain { standard with Join = Join.Outer }, [ "kinds_1.h5ad"; "kinds_2.h5ad" ]
      plain { standard with Join = Join.Outer }, [ "kinds_2.h5ad"; "first.h5ad"; "kinds_1.h5ad" ]
      plain standard, [ "v3"; "v3_shuffled" ]
      plain { standard with Join = Join.Outer }, [ "first.h5ad"; "v2"; "probes.h5" ] ]

let private made (sandbox: Sandbox) =
    Child.script "imports.py" [ "make"; sandbox.Folder ] "" |> ignore
    sandbox.Copy(sandbox.File "whole.h5ad", "whole_again.h5ad") |> ignore

let private tenx =
    [ plain standard, [ "1K_pbmc_citeseq.h5" ]
      plain (ofType "all"), [ "1K_pbmc_citeseq.h5" ]
      plain (ofType "Antibody Capture"), [ "1K_pbmc_citeseq.h5" ]
      plain { standard with Genome = Some "GRCh38" }, [ "1K_pbmc_citeseq.h5" ]
      plain standard, [ "heart_1k_v2__filtered_gene_bc_matrices_h5.h5" ]
      plain { standard with Genome = Some "mm10" }, [ "heart_1k_v2__filtered_gene_bc_matrices_h5.h5" ]
      plain standard, [ "scanpy_10x_3.0.0" ]
      plain (ofType "all"), [ "scanpy_10x_3.0.0" ]
      plain standard, [ "scanpy_10x_1.2.0_chr21" ]
      plain
          { standard with
              MakeUnique = true
              Join = Join.Outer },
      [ "1K_pbmc_citeseq.h5"; "scanpy_10x_3.0.0"; "scanpy_10x_1.2.0_chr21" ]
      plain { standard with MakeUnique = true }, [ "1K_pbmc_citeseq.h5"; "scanpy_10x_3.0.0" ] ]

/// The counts of a stored .h5ad file, which were read by scanpy.
let private sameCounts recipe input (real: string) =
    test $"the counts of {real}" {
        use sandbox = new Sandbox()
        let output = sandbox.File "output.h5ad"

        Pipeline.convert
            MatrixName.X
            false
            Settings.standard
            { Paths = [ require $"data/tenx/{input}" ]
              Convert = recipe }
            output
        |> need
        |> ignore

        use ours = new Expected.Results(output)
        use theirs = new Expected.Results(require $"data/real/{real}")

        for name in [ "X/data"; "X/indices"; "X/indptr" ] do
            Tolerance.values name Tolerance.Exact (ours.Numbers name).Values (theirs.Numbers name).Values

        for name in [ "obs/_index"; "var/_index"; "var/gene_ids" ] do
            Expect.isTrue (Seq.toList (ours.Texts name) = Seq.toList (theirs.Texts name)) name
    }

let all =
    testList
        "Import"
        [ test "made inputs" {
              use sandbox = new Sandbox()
              made sandbox

              cases |> convertedAll sandbox sandbox.File |> requireGood
          }
          test "tenx" {
              use sandbox = new Sandbox()

              tenx |> convertedAll sandbox (fun input -> require $"data/tenx/{input}") |> requireGood
          }
          test "every entry of tenx is tried" {
              let entries =
                  Directory.GetFileSystemEntries(require "data/tenx") |> Array.map Path.GetFileName |> Array.except [ "README.md" ]

              Expect.containsAll (List.collect snd tenx) entries "the entries of data/tenx"
          }
          sameCounts { ofType "all" with MakeUnique = true } "1K_pbmc_citeseq.h5" "pbmc1k_citeseq.h5ad"
          sameCounts { standard with MakeUnique = true } "heart_1k_v2__filtered_gene_bc_matrices_h5.h5" "heart_1k_v2.h5ad" ]
