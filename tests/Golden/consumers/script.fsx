// SingleSharp from an F# script: dotnet fsi script.fsx counts.h5ad pca.h5ad
#r "nuget: SingleSharp.Core"

open SingleSharp.Core

let input, output = fsi.CommandLineArgs[1], fsi.CommandLineArgs[2]

let orStop result =
    match result with
    | Ok answer -> answer
    | Error fault -> failwith (Fault.sentence fault)

let ribosomal =
    { Name = "ribo"
      Rule = Prefix [ "RPS"; "RPL" ] }

let recipe =
    { Recipe.full with
        Filter =
            Some
                { Recipe.filter with
                    MinGenes = Some 10L
                    MinCells = Some 3L }
        Qc =
            Some
                { Recipe.qc with
                    GeneSets = [ ribosomal ] }
        Hvg = Some { Recipe.hvg with NTopGenes = Some 200 } }

let plan = Pipeline.plan recipe Settings.standard input |> orStop

for pass in plan.Passes do
    printfn $"pass: {pass.Purpose}"

let report =
    Pipeline.run recipe Settings.standard input (Output.NewFile output) |> orStop

printfn $"kept: {report.CellsKept} cells, {report.GenesKept} genes"
printfn $"target sum: {report.TargetSum.Value}"

for name, genes in report.GeneSets do
    printfn $"gene set: {name} {genes}"

printfn $"highly variable: {report.HighlyVariableGenes.Value}"
printfn $"components: {report.VarianceRatio.Length}"

let digest = Pipeline.digest Settings.standard output |> orStop
printfn $"digest: {digest.Whole}"

// A statistic of one's own: three questions, one read.
let total count =
    Fold.ofSteps
        { Fresh = fun () -> 0L
          Step = fun sum (slice: Slice) -> sum + count slice
          Merge = (+)
          Finish = id }

let density =
    fold {
        let! stored = total (fun slice -> int64 slice.Count)
        and! cells = total (fun slice -> int64 slice.Cells)
        return float stored / float cells
    }

match Pipeline.fold density Settings.standard input with
| Ok perCell -> printfn $"stored values per cell: {perCell}"
| Error fault -> failwith (Fault.sentence fault)

match Pipeline.info recipe Settings.standard "nowhere.h5ad" with
| Ok _ -> failwith "nowhere is somewhere"
| Error fault -> printfn $"fault: {Fault.kind fault}: {Fault.sentence fault}"
