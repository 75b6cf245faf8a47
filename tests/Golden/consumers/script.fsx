// SingleSharp from an F# script: dotnet fsi script.fsx counts.h5ad pca.h5ad
#r "nuget: SingleSharp.Core"

open SingleSharp.Core

let input, output = fsi.CommandLineArgs[1], fsi.CommandLineArgs[2]

let orStop result =
    match result with
    | Ok answer -> answer
    | Error fault -> failwith (Fault.sentence fault)

let recipe =
    { Recipe.ofSteps
          [ Filter.step
                { Filter.defaults with
                    MinGenes = Some 10L
                    MinCells = Some 3L }
            Qc.step Qc.defaults
            NormalizeTotal.step NormalizeTotal.defaults
            Log1p.step Log1p.defaults
            Hvg.step
                { Hvg.defaults with
                    NTopGenes = Some 200 }
            Pca.step Pca.defaults ] with
        GeneSets = [ GeneSet.WithPrefix("ribo", "RPS", "RPL") ] }

let plan = Pipeline.plan recipe Settings.standard (Input.file input) |> orStop

for pass in plan.Passes do
    printfn $"pass: {pass.Purpose}"

let report =
    Pipeline.run recipe Settings.standard (Input.file input) (Output.NewFile output) |> orStop

printfn $"kept: {report.CellsKept} cells, {report.GenesKept} genes"
printfn $"target sum: {report.TargetSum.Value}"

for set in report.GeneSets do
    printfn $"gene set: {set.Name} {set.Genes}"

printfn $"highly variable: {report.HighlyVariableGenes.Value}"
printfn $"components: {report.VarianceRatio.Count}"

let digest = Pipeline.digest Settings.standard output |> orStop
printfn $"digest: {digest.Whole}"

// A statistic of one's own: three questions, one read.
let total count =
    Fold.ofSteps
        { Fresh = fun () -> 0L
          Step = fun sum (batch: CsrBatch) -> sum + count batch
          Merge = (+)
          Finish = id }

let density =
    fold {
        let! stored = total (fun batch -> int64 batch.Count)
        and! cells = total (fun batch -> int64 batch.Cells)
        return float stored / float cells
    }

match Pipeline.fold density Settings.standard (Input.file input) with
| Ok perCell -> printfn $"stored values per cell: {perCell}"
| Error fault -> failwith (Fault.sentence fault)

// The same beside a step, in its read, and a column of obs.
let answer = Also.fold density

let column =
    Also.obs "n_stored" DType.Int32 (RowValue(fun row -> float row.Genes.Length))

let beside =
    { Recipe.ofSteps [ Qc.step Qc.defaults ] with
        Also = [ answer; column ] }

match Pipeline.run beside Settings.standard (Input.file input) (Output.NewFile "beside.h5ad") with
| Ok report -> printfn $"beside qc: {answer.Value} in {report.Reads} read, {Seq.last report.ObsColumns}"
| Error fault -> failwith (Fault.sentence fault)

match Pipeline.info recipe Settings.standard (Input.file "nowhere.h5ad") with
| Ok _ -> failwith "nowhere is somewhere"
| Error fault -> printfn $"fault: {Fault.kind fault}: {Fault.sentence fault}"
