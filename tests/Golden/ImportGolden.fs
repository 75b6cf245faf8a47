/// Conversions against scanpy's readers and anndata.concat, as imports.py writes them out.
module SingleSharp.Golden.ImportGolden

open System
open System.IO
open System.Text.Json
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared

/// One conversion to judge, as imports.py reads it.
type Job =
    { output: string
      inputs: string list
      genome: string | null
      feature_type: string | null
      unique: bool
      join: string
      key: string
      samples: string list
      separator: string | null
      stored: int64 }

let private job (recipe: ConvertRecipe) (conversion: Conversion) =
    { output = conversion.Output
      inputs = conversion.Inputs
      genome = Option.toObj recipe.Genome
      feature_type = Option.toObj recipe.FeatureType
      unique = recipe.MakeUnique
      join = (string recipe.Join).ToLowerInvariant()
      key = recipe.SampleKey
      samples = recipe.SampleNames
      separator = Option.toObj recipe.IndexUnique
      stored = conversion.StoredValues }

let private need result =
    match result with
    | Ok value -> value
    | Error fault -> failtest (Fault.sentence fault)

let private requireGood (jobs: Job list) =
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

/// A conversion whose file is the same to the byte however it is made.
let private converted (sandbox: Sandbox) recipe inputs =
    let output = sandbox.File $"{Guid.NewGuid():N}.h5ad"
    let conversion = Pipeline.convert recipe Settings.standard inputs output |> need
    let bytes = File.ReadAllBytes output

    for workers, memory in [ 1, 1L <<< 30; 3, 80L <<< 20 ] do
        let again = sandbox.File "again.h5ad"

        Pipeline.convert
            recipe
            { Settings.standard with
                Workers = workers
                Memory = memory }
            inputs
            again
        |> need
        |> ignore

        Expect.isTrue (File.ReadAllBytes again = bytes) $"the same bytes with {workers} workers"
        File.Delete again

    job recipe conversion

let private standard = Conversion.standard

let private ofType featureType =
    { standard with
        FeatureType = Some featureType }

/// What is made by imports.py, and how it is converted.
let private cases =
    [ standard, [ "v3" ]
      standard, [ "v3_shuffled" ]
      ofType "all", [ "v3_shuffled" ]
      ofType "Antibody Capture", [ "v3" ]
      standard, [ "v2" ]
      standard, [ "real" ]
      standard, [ "pattern" ]
      standard, [ "quoted" ]
      standard, [ "edited" ]
      { standard with SumDuplicates = true }, [ "twice" ]
      { standard with SumDuplicates = true }, [ "real" ]
      { standard with SumDuplicates = true }, [ "twice.h5" ]
      { standard with
          SumDuplicates = true
          Join = Outer },
      [ "twice.h5"; "short.h5" ]
      { standard with
          SumDuplicates = true
          MakeUnique = true },
      [ "twice"; "v2" ]
      standard, [ "double.h5" ]
      standard, [ "long.h5" ]
      standard, [ "short.h5" ]
      standard, [ "long.h5"; "short.h5" ]
      { standard with Join = Outer }, [ "probes.h5"; "double.h5"; "short.h5" ]
      { standard with Genome = Some "mm10" }, [ "two_genomes.h5" ]
      standard, [ "probes.h5" ]
      { standard with Genome = Some "hg19" }, [ "probes.h5" ]
      standard, [ "first.h5ad"; "second.h5ad" ]
      { standard with Join = Outer }, [ "first.h5ad"; "second.h5ad" ]
      { standard with
          Join = Outer
          SampleKey = "batch"
          SampleNames = [ "b"; "a"; "c" ]
          IndexUnique = Some "-"
          Matrix = MatrixName.X
          SumDuplicates = false },
      [ "second.h5ad"; "whole.h5ad"; "first.h5ad" ]
      standard, [ "whole.h5ad"; "first.h5ad"; "whole_again.h5ad" ]
      standard, [ "whole.h5ad"; "whole_again.h5ad" ]
      { standard with Join = Outer }, [ "whole.h5ad"; "whole_again.h5ad" ]
      standard, [ "first.h5ad"; "apart.h5ad" ]
      { standard with Join = Outer }, [ "first.h5ad"; "apart.h5ad" ]
      { standard with Join = Outer }, [ "empty.h5ad"; "first.h5ad" ]
      standard, [ "kinds_1.h5ad"; "kinds_2.h5ad" ]
      { standard with Join = Outer }, [ "kinds_1.h5ad"; "kinds_2.h5ad" ]
      { standard with Join = Outer }, [ "kinds_2.h5ad"; "first.h5ad"; "kinds_1.h5ad" ]
      standard, [ "v3"; "v3_shuffled" ]
      { standard with Join = Outer }, [ "first.h5ad"; "v2"; "probes.h5" ] ]

let private made (sandbox: Sandbox) =
    Child.script "imports.py" [ "make"; sandbox.Folder ] "" |> ignore
    sandbox.Copy(sandbox.File "whole.h5ad", "whole_again.h5ad") |> ignore

let private tenx =
    [ standard, [ "1K_pbmc_citeseq.h5" ]
      ofType "all", [ "1K_pbmc_citeseq.h5" ]
      ofType "Antibody Capture", [ "1K_pbmc_citeseq.h5" ]
      { standard with Genome = Some "GRCh38" }, [ "1K_pbmc_citeseq.h5" ]
      standard, [ "heart_1k_v2__filtered_gene_bc_matrices_h5.h5" ]
      { standard with Genome = Some "mm10" }, [ "heart_1k_v2__filtered_gene_bc_matrices_h5.h5" ]
      standard, [ "scanpy_10x_3.0.0" ]
      ofType "all", [ "scanpy_10x_3.0.0" ]
      standard, [ "scanpy_10x_1.2.0_chr21" ]
      { standard with
          MakeUnique = true
          Join = Outer },
      [ "1K_pbmc_citeseq.h5"; "scanpy_10x_3.0.0"; "scanpy_10x_1.2.0_chr21" ]
      { standard with MakeUnique = true }, [ "1K_pbmc_citeseq.h5"; "scanpy_10x_3.0.0" ] ]

/// The counts of a stored .h5ad file, which were read by scanpy.
let private sameCounts recipe input (real: string) =
    test $"the counts of {real}" {
        use sandbox = new Sandbox()
        let output = sandbox.File "output.h5ad"
        Pipeline.convert recipe Settings.standard [ require $"data/tenx/{input}" ] output |> need |> ignore
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

              [ for recipe, inputs in cases -> inputs |> List.map sandbox.File |> converted sandbox recipe ] |> requireGood
          }
          test "tenx" {
              use sandbox = new Sandbox()

              [ for recipe, inputs in tenx -> inputs |> List.map (fun input -> require $"data/tenx/{input}") |> converted sandbox recipe ]
              |> requireGood
          }
          test "every entry of tenx is tried" {
              let entries =
                  Directory.GetFileSystemEntries(require "data/tenx") |> Array.map Path.GetFileName |> Array.except [ "README.md" ]

              Expect.containsAll (List.collect snd tenx) entries "the entries of data/tenx"
          }
          sameCounts { ofType "all" with MakeUnique = true } "1K_pbmc_citeseq.h5" "pbmc1k_citeseq.h5ad"
          sameCounts { standard with MakeUnique = true } "heart_1k_v2__filtered_gene_bc_matrices_h5.h5" "heart_1k_v2.h5ad" ]
