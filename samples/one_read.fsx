// Statistics of one's own and a column of obs, in the one read that preprocess takes: dotnet fsi one_read.fsx FILE [OUTPUT]
#r "nuget: SingleSharp.Core"

open SingleSharp
open SingleSharp.Core

let input = fsi.CommandLineArgs[1]

let output =
    if fsi.CommandLineArgs.Length > 2 then fsi.CommandLineArgs[2] else "one_read.h5ad"

/// A sum over all cells. States are merged in block order, so that it has the same bits with any number of workers.
let sum (ofBatch: CsrBatch -> float) =
    Fold.ofSteps
        { Fresh = fun () -> 0.0
          Step = fun total batch -> total + ofBatch batch
          Merge = (+)
          Finish = id }

let square x = x * x

/// Both moments of the stored counts, from one read.
let spread =
    fold {
        let! count = sum (fun batch -> float batch.Count)
        and! total = sum (fun batch -> Array.sum (batch.Values.ToArray()))
        and! squares = sum (fun batch -> batch.Values.ToArray() |> Array.sumBy square)
        let mean = total / count
        return mean, sqrt (squares / count - square mean)
    }

let asked = Also.fold spread

/// The largest count of each cell, as a column of obs beside those of qc.
let largest =
    Also.obs
        "largest_count"
        DType.Float32
        (RowValue(fun row ->
            let mutable most = 0.0

            for value in row.Values do
                most <- max most value

            most))

let recipe =
    { Recipe.standard with
        Also = [ asked; largest ] }

match Pipeline.run recipe Settings.standard (Input.file input) (Output.NewFile output) with
| Error fault ->
    eprintfn $"{Fault.sentence fault}"
    exit 1
| Ok report ->
    let mean, deviation = asked.Value
    printfn $"{report.Output}: X was read {report.Reads} time"
    printfn $"stored counts: mean {mean:F4}, standard deviation {deviation:F4}"
    printfn $"""new columns of obs: {report.ObsColumns |> Seq.filter (fun name -> name.StartsWith "largest") |> String.concat ", "}"""
