// Plots of a file in one page: dotnet fsi charts.fsx FILE [PAGE]
#r "nuget: SingleSharp.Core"
#r "nuget: Plotly.NET, 6.0.0"

open SingleSharp
open SingleSharp.Core
open Plotly.NET

let input = fsi.CommandLineArgs[1]

let page =
    if fsi.CommandLineArgs.Length > 2 then fsi.CommandLineArgs[2] else "charts.html"

let need result =
    match result with
    | Ok value -> value
    | Error fault -> failwith (Fault.sentence fault)

let work =
    System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"charts-{System.Guid.NewGuid()}.h5ad")

let recipe =
    Recipe.full
    |> Recipe.add (
        Hvg.step
            { Hvg.defaults with
                NTopGenes = Some 1000 }
    )
    |> Recipe.add (Pca.step { Pca.defaults with NComps = Some 10 })

Pipeline.run recipe Settings.standard (Input.file input) (Output.NewFile work) |> need |> ignore

let charts =
    use file = H5ad.openFile Settings.standard work |> need
    let obs name = file.Obs[name].Read<float>()
    let pca = file.Obsm "X_pca"
    let values = pca.Read<float32>()

    let scores number =
        Array.init (int pca.Rows) (fun row -> float values[row * pca.Columns + number])

    [ Chart.Point(obs "total_counts", obs "n_genes_by_counts", Name = "cells")
      |> Chart.withXAxisStyle "total counts"
      |> Chart.withYAxisStyle "genes"
      Chart.Histogram(X = obs "pct_counts_mt", Name = "mt %") |> Chart.withXAxisStyle "mt %"
      Chart.Point(scores 0, scores 1, Name = "PCA") |> Chart.withXAxisStyle "PC1" |> Chart.withYAxisStyle "PC2" ]

System.IO.File.Delete work
charts |> Chart.Grid(1, 3) |> Chart.withSize (1500, 500) |> Chart.saveHtml page
printfn $"{List.length charts} plots in {page}"
