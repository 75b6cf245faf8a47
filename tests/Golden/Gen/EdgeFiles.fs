/// Small inputs, one for each peculiarity, and the files that scanpy's steps over them start from.
module internal SingleSharp.Golden.EdgeFiles

open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Step

/// The names of all cases.
let cases =
    Directory.GetDirectories(here "edge") |> Array.map Path.GetFileName |> Array.sort |> List.ofArray

/// The case whose cells have several values of a gene; no step follows scanpy's there.
let ambiguous = "duplicate_indices"

/// Can this version read the X of a case, without being told how?
let isReadable case =
    case <> "x_missing" && case <> ambiguous

/// Without a note, since hashes of these results are stored, and a note has the version.
let run recipe input output =
    Pipeline.run recipe SingleSharp.Answers.withoutNote (Input.file input) (NewFile output)

let steps case = ofCase (here $"edge/{case}")

/// scanpy never refuses a value, and takes logarithms of logarithms, so results to compare with its own need this.
let asScanpy step =
    let recipe = recipe step

    { (if step.Op = "log1p" then
           recipe
           |> Recipe.add (
               Log1p.step
                   { log1pOptions step with
                       AllowLogged = true }
           )
       else
           recipe) with
        AllowInvalid = true }

/// The file that a step starts from, made by the steps before it.
let rec start (sandbox: Sandbox) case step =
    let input = here $"edge/{case}/input.h5ad"

    match step.From with
    | "input"
    // Truth values are counts to us, and scanpy was given them as such.
    | "input_as_float32" -> input
    | from ->
        match steps case |> List.tryFind (fun other -> other.Name = from) with
        | None -> failtest $"{case} has no step {from}"
        | Some before ->
            let output = sandbox.File $"{from}.h5ad"

            match run (asScanpy before) (start sandbox case before) output with
            | Ok _ -> output
            | Error fault -> failtest $"{from}, which {step.Name} starts from, is refused: {Fault.sentence fault}"

/// A case whose X is dense, as compressed rows.
let inRows (sandbox: Sandbox) case =
    use input = new Results(here $"edge/{case}/input.h5ad")
    let genes = input.Shape "X" |> List.last

    let rows =
        (input.Numbers "X").Values
        |> Array.chunkBySize genes
        |> Array.map (Array.indexed >> Array.filter (fun (_, value) -> value <> 0.0))

    let path = sandbox.File "input.h5ad"

    NewFile.write
        path
        Unchunked
        { CellNames = input.Texts "obs/_index"
          GeneNames = input.Texts "var/_index"
          Indptr = rows |> Array.scan (fun total row -> total + row.Length) 0
          Indices = rows |> Array.collect (Array.map fst)
          Data = rows |> Array.collect (Array.map (snd >> float32)) }

    path
