/// The same file, bit for bit, whatever the workers, the memory, the storage and the processor.
module SingleSharp.Golden.DeterminismGolden

open System
open System.IO
open System.Security.Cryptography
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared

let private datasets = [ "pbmc3k"; "hsmm_fpkm"; "heart_1k_v2" ]

let private input dataset = require $"data/real/{dataset}.h5ad"

/// Every kind of pass: two preliminary ones, sums in scratch files, all columns, new values.
let private thorough =
    { Recipe.standard with
        NormalizeTotal =
            Some
                { Recipe.normalizeTotal with
                    TargetSum = MedianOfPositive
                    ExcludeHighlyExpressed = true
                    KeyAdded = Some "factor" }
        Log1p = Some { Base = Some 2.0 }
        AllowInvalid = true }

let private recipes = [ "standard", Recipe.standard; "thorough", thorough ]

let private need outcome =
    match outcome with
    | Ok result -> result
    | Error fault -> failtest (Fault.sentence fault)

let private run recipe settings input output =
    Pipeline.run recipe settings input (NewFile output) |> need |> ignore

let private whole path =
    (Pipeline.digest Settings.standard path |> need).Whole

let private bytes (path: string) =
    use stream = File.OpenRead path
    Convert.ToHexStringLower(SHA256.HashData stream)

let private gibibyte = 1L <<< 30

let private settings workers memory =
    { Settings.standard with
        Workers = workers
        Memory = memory }

/// The smallest budget that is not refused.
let private smallest recipe workers input =
    match Pipeline.info recipe (settings workers 1L) input with
    | Error(OverBudget(needed, _)) -> needed
    | other -> failtest $"one byte of memory should not be enough: {other}"

let private budgets recipe workers input =
    let least = smallest recipe workers input

    match Pipeline.info recipe (settings workers (least - 1L)) input with
    | Error(OverBudget _) -> ()
    | other -> failtest $"a byte less than the smallest budget should be refused: {other}"

    [ least; 256L <<< 20; gibibyte ] |> List.filter (fun memory -> memory >= least)

let private anyWorkers dataset recipe =
    let input = input dataset
    use sandbox = new Sandbox()
    let reference = sandbox.File "reference.h5ad"
    run recipe (settings 1 gibibyte) input reference
    let sameBytes = bytes reference
    let sameDigest = whole reference

    for workers in [ 1; 2; 3; 8 ] do
        for memory in budgets recipe workers input do
            let output = sandbox.File "output.h5ad"
            run recipe (settings workers memory) input output
            let how = $"{workers} workers, {memory} bytes of memory"
            // Equal bytes have equal digests; where the bytes differ the digest says whether it matters.
            if bytes output <> sameBytes then
                Expect.equal (whole output) sameDigest $"the digest with {how}"
                failtest $"the same digest but other bytes with {how}"

let private inPlace dataset recipe =
    let input = input dataset
    use sandbox = new Sandbox()
    let output = sandbox.File "output.h5ad"
    run recipe Settings.standard input output
    let copy = sandbox.Copy input
    Pipeline.run recipe Settings.standard copy InPlace |> need |> ignore
    Expect.equal (whole copy) (whole output) "in place and to a new file"

let private elements path =
    (Pipeline.digest Settings.standard path |> need).Elements |> List.map (fun element -> element.Path, element.Sha256)

let private anyStorage dataset =
    let input = input dataset
    use sandbox = new Sandbox()
    let reference = sandbox.File "reference.h5ad"
    run Recipe.standard Settings.standard input reference
    let expected = elements reference

    let layouts =
        (Child.script "layouts.py" [ input; sandbox.Folder ] "").Split('\n', StringSplitOptions.RemoveEmptyEntries)

    Expect.isNonEmpty layouts "some layouts"

    for layout in layouts do
        let output = sandbox.File $"output_{layout}"
        run Recipe.standard Settings.standard (sandbox.File layout) output

        /// Wider indices are other objects, and nothing else may differ.
        let comparable =
            List.filter (fun (path, _) -> not (layout.Contains "int64" && (path = "X/indices" || path = "X/indptr")))

        Expect.sequenceEqual (comparable (elements output)) (comparable expected) layout
        File.Delete output
        File.Delete(sandbox.File layout)

/// .NET 10 has no switches of its own for FMA, which goes with AVX2, and for AVX512F, which goes with AVX512.
let private switches =
    [ "EnableHWIntrinsic"; "EnableAVX2"; "EnableAVX512"; "TieredCompilation" ]

/// What a child does for us: preprocess each input and print the digest of its output.
let digestOf (inputs: string list) =
    use sandbox = new Sandbox()

    for number, input in List.indexed inputs do
        let output = sandbox.File $"{number}.h5ad"
        run thorough Settings.standard input output
        Console.Out.WriteLine(whole output)

/// Empty cells, NaN, infinities and negative values: which NaN comes out of them is up to the processor.
let private oddCases =
    [ "empty_cell"; "nan_sparse"; "inf_sparse"; "negative_values" ] |> List.map (fun case -> here $"edge/{case}/input.h5ad")

let private ownDigests =
    lazy
        (use sandbox = new Sandbox()

         List.map input datasets @ oddCases
         |> List.mapi (fun number input ->
             let output = sandbox.File $"{number}.h5ad"
             run thorough Settings.standard input output
             whole output))

let private anyProcessor switch =
    let inputs = List.map input datasets @ oddCases
    let digests = Child.self ("--digest-of" :: inputs) [ $"DOTNET_{switch}", "0" ]
    Expect.sequenceEqual digests ownDigests.Value $"digests with DOTNET_{switch}=0"

let all =
    testSequenced
    <| testList
        "Determinism"
        [ for dataset in datasets do
              for name, recipe in recipes do
                  test $"{dataset}, {name}: any workers and memory" { anyWorkers dataset recipe }
                  test $"{dataset}, {name}: in place" { inPlace dataset recipe }

              test $"{dataset}: any storage" { anyStorage dataset }
          for switch in switches do
              test $"any processor: DOTNET_{switch}=0" { anyProcessor switch } ]
