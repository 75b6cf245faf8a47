/// Folds and columns of one's own, and what they must have seen.
module internal SingleSharp.Properties.GenAlso

open System
open System.IO
open Expecto
open PureHDF
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Properties.Gen
open SingleSharp.Properties.RowSource
open SingleSharp.Answers

let countsOf (matrix: Rows) =
    { CellNames = Array.init matrix.Rows.Length (fun cell -> $"cell{cell}")
      GeneNames = Array.init matrix.Genes (fun gene -> if gene % 5 = 0 then $"MT-{gene}" else $"gene{gene}")
      Indptr = matrix.Rows |> List.scan (fun total row -> total + row.Length) 0 |> Array.ofList
      Indices = matrix.Rows |> List.concat |> List.map fst |> Array.ofList
      Data = matrix.Rows |> List.concat |> List.map (snd >> float32) |> Array.ofList }

let inFolder work =
    let folder = Directory.CreateTempSubdirectory "singlesharp"

    try
        work (fun name -> Path.Combine(folder.FullName, name + ".h5ad"))
    finally
        folder.Delete true

/// A row that was seen: its cell, and its genes with the bits of values and of output.
type Seen =
    { Cell: int64
      Values: (int * int64) list
      Output: (int * int64) list }

let see (batch: CsrBatch) row =
    let row = batch.Row row

    let cell, genes, values, output =
        row.Cell, row.Genes.ToArray(), row.Values.ToArray(), row.Output.ToArray()

    { Cell = cell
      Values = Array.zip genes (Array.map bits values) |> List.ofArray
      Output = Array.zip genes (Array.map bits output) |> List.ofArray }

let transcript: Fold<CsrBatch, Seen list> =
    Fold.ofSteps
        { Fresh = fun () -> []
          Step = fun seen batch -> List.rev [ for row in 0 .. batch.Cells - 1 -> see batch row ] @ seen
          Merge = fun left right -> right @ left
          Finish = List.rev }

/// A sum of fractions, whose bits tell in which order it was added up, over the cells that are wanted.
let sumOf isWanted : Fold<CsrBatch, float> =
    let addTo sum (batch: CsrBatch) row =
        let row = batch.Row row
        let mutable sum = sum

        if isWanted row.Cell then
            for value in row.Values do
                sum <- sum + Math.Log(1.5 + value) / 3.0

        sum

    Fold.ofSteps
        { Fresh = fun () -> 0.0
          Step =
            fun sum batch ->
                let mutable sum = sum

                for row in 0 .. batch.Cells - 1 do
                    sum <- addTo sum batch row

                sum
          Merge = (+)
          Finish = id }

let thirds =
    RowValue(fun row ->
        let mutable sum = 0.0

        for value in row.Output do
            sum <- sum + value / 3.0

        sum + float row.Cell)

let ofThirds (seen: Seen) =
    (0.0, seen.Output)
    ||> List.fold (fun sum (_, value) -> sum + BitConverter.Int64BitsToDouble value / 3.0)
    |> fun sum -> sum + float seen.Cell

/// Columns of every type, and what they must hold.
let columns: (Also * string * (Seen -> float)) list =
    [ Also.obs "thirds" DType.Float64 thirds, "thirds", ofThirds
      Also.obs "single" DType.Float32 thirds, "single", (fun seen -> float (float32 (ofThirds seen)))
      Also.obs "stored" DType.Int32 (RowValue(fun row -> float row.Genes.Length)), "stored", (fun seen -> float seen.Values.Length)
      Also.obs "cell" DType.Int64 (RowValue(fun row -> float row.Cell)), "cell", (fun seen -> float seen.Cell)
      Also.obs "silent" DType.Bool (RowValue(fun row -> if row.Genes.IsEmpty then 1.0 else 0.0)),
      "silent",
      (fun seen -> if seen.Values.IsEmpty then 1.0 else 0.0) ]

let numbers (path: string) name =
    use file = H5File.OpenRead path
    let dataset = file.Dataset $"obs/{name}"

    match dataset.Type.Class, dataset.Type.Size with
    | H5DataTypeClass.FloatingPoint, 8 -> dataset.Read<float[]>()
    | H5DataTypeClass.FloatingPoint, _ -> dataset.Read<float32[]>() |> Array.map float
    | _, 8 -> dataset.Read<int64[]>() |> Array.map float
    | _, 4 -> dataset.Read<int[]>() |> Array.map float
    | _ -> dataset.Read<sbyte[]>() |> Array.map float
    |> List.ofArray

let values fold path =
    need (Pipeline.fold fold Settings.standard (Input.file path))

let small =
    { Genes = 4
      Rows = [ [ 0, 1.0; 2, 3.0 ]; []; [ 1, 2.0 ] ] }

let refused part result =
    match result with
    | Ok _ -> failtest "a fault is expected"
    | Error fault ->
        Expect.equal (Fault.kind fault) FaultKind.InvalidOption "its kind"
        Expect.stringContains (Fault.sentence fault) part "its sentence"

let withSmall work =
    inFolder (fun path ->
        NewFile.write (path "in") Unchunked (countsOf small)
        work path)
