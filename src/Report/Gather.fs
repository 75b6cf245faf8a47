/// From a file to the sections of its page.
namespace SingleSharp.Reporting

open System
open System.Text.Json.Nodes
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.AnnData

/// The run that made a file, for its page.
type FinishedRun =
    {
        /// The command, such as pipeline.
        Command: string
        /// The paths that it read.
        Inputs: string list
        Recipe: Recipe
        Plan: Plan
        Report: SingleSharp.Report
        /// What took how long: a name and seconds.
        Seconds: (string * float) list
    }

[<RequireQualifiedAccess>]
module internal Gather =
    let private tryFirst (file: AnnDataFile) names find =
        names |> List.tryPick (fun name -> find file name |> Option.map (fun found -> name, found))

    let private ofCells (sample: Sample) (file: AnnDataFile) names =
        tryFirst file names (fun file name ->
            Stored.tryNumbers file file.Obs name |> Option.map (fun batches -> (Sample.rows sample 1 1 batches)[0]))

    let private countsNames = [ "total_counts"; "n_counts" ]
    let private genesNames = [ "n_genes_by_counts"; "n_genes" ]
    let private mitochondrialName = "pct_counts_mt"

    let private groups (sample: Sample) file =
        tryFirst file [ "sample"; "batch" ] Stored.tryCategories
        |> Option.map (fun (name, (labels, codes)) ->
            let drawn =
                codes |> Seq.map (fun code -> [| float code |]) |> Sample.rows sample 1 1

            name, Shortened.labels labels, drawn[0] |> Array.map int)

    let private components sample file =
        match Stored.tryCoordinates file "obsm/X_pca" with
        | Some(width, batches) -> Sample.rows sample width (min 4 width) batches
        | None -> [||]

    let private cells (file: AnnDataFile) =
        let sample = Sample.ofCells file.Obs.Rows
        // Numbers of the cells that are drawn, and batches of what they are chosen from.
        file.Store.Disk.Require(80L * sample.Count)

        { Sample = sample
          Counts = ofCells sample file countsNames
          Genes = ofCells sample file genesNames
          Mitochondrial = ofCells sample file [ mitochondrialName ]
          Groups = groups sample file
          Components = components sample file }

    let private genes (file: AnnDataFile) (names: Lazy<string[]>) =
        match Stored.tryGeneNumbers file "means", tryFirst file [ "dispersions_norm"; "variances_norm" ] Stored.tryGeneNumbers with
        | Some means, Some(column, spread) ->
            Some
                { Names = names.Value
                  Spread = column, spread
                  Means = means
                  IsChosen =
                    match Stored.tryGeneNumbers file "highly_variable" with
                    | Some flags -> flags |> Array.map ((=) 1.0)
                    | None -> Array.create means.Length false }
        | _ -> None

    /// The limits of a run that are about one column; of gene sets, those of mt.
    let private limits (run: FinishedRun option) names =
        [ match run |> Option.bind (fun run -> Recipe.tryFind "filter" run.Recipe) with
          | None -> ()
          | Some filter ->
              for name, value in filter.Body.Json do
                  if List.contains name names then
                      let limit =
                          match value with
                          | Contract.JsonValue.Object sets -> sets |> List.tryFind (fun (set, _) -> set = "mt") |> Option.map snd
                          | single -> Some single

                      match limit |> Option.bind Contract.JsonValue.tryFloat with
                      | Some number when Numbers.isDrawn number ->
                          { Name = $"{name} {Contract.JsonValue.line limit.Value}"
                            Value = number }
                      | _ -> () ]

    let private qc what = $"{what}, which singlesharp qc writes"

    let private ofCellPlots run (file: AnnDataFile) (cells: CellData) =
        let violin id title column limits why =
            match column with
            | Some(name, _) -> Section.Drawn(CellPlots.violin id title name limits cells)
            | None -> Section.Missing(title, why)

        if file.Obs.Rows = 0L then
            [ Section.Missing("Plots of cells", "at least one cell") ]
        else
            [ violin "counts" "Counts per cell" cells.Counts (limits run [ "min_counts"; "max_counts" ]) (qc "obs/total_counts")
              violin "genes" "Genes per cell" cells.Genes (limits run [ "min_genes"; "max_genes" ]) (qc "obs/n_genes_by_counts")
              violin
                  "mt"
                  "Mitochondrial share"
                  cells.Mitochondrial
                  (limits run [ "min_pct"; "max_pct" ])
                  (qc $"obs/{mitochondrialName}" + " where genes begin with MT- or mt-")
              match cells.Counts, cells.Genes with
              | Some counts, Some genes -> Section.Drawn(CellPlots.countsByGenes counts genes cells)
              | _ -> Section.Missing("Counts and genes of each cell", qc "obs/total_counts and obs/n_genes_by_counts")
              match cells.Counts with
              | Some(name, _) ->
                  match Stored.tryNumbers file file.Obs name |> Option.map Ranks.curve with
                  | Some points when points.Length > 0 -> Section.Drawn(CellPlots.knee name points)
                  | _ -> Section.Missing("Knee", $"a value above 0 in obs/{name}")
              | None -> Section.Missing("Knee", qc "obs/total_counts") ]

    let private pcaPlots (file: AnnDataFile) (cells: CellData) =
        [ match Stored.tryList file "uns/pca/variance_ratio" with
          | Some ratios when ratios.Length > 0 -> Section.Drawn(GenePlots.variance ratios)
          | _ -> Section.Missing("Variance of the components", "uns/pca/variance_ratio, which singlesharp pca writes")
          for first in [ 1; 3 ] do
              if file.Obs.Rows > 0L && cells.Components.Length > first then
                  Section.Drawn(CellPlots.scores first cells)
              else
                  Section.Missing(
                      $"Components {first} and {first + 1}",
                      $"obsm/X_pca with {first + 1} components of one cell or more, which singlesharp pca writes"
                  ) ]

    let private lost (losses: seq<LimitLoss>) =
        [ for loss in losses -> loss.Limit, loss.Lost ]

    let private losses (run: FinishedRun option) =
        match run with
        | None -> [ Section.Missing("Lost by each limit", "the run itself: give --report where the limits are given") ]
        | Some run ->
            match lost run.Report.Dropped.OfCells, lost run.Report.Dropped.OfGenes with
            | [], [] -> [ Section.Missing("Lost by each limit", "a limit, such as --min-genes 200") ]
            | cells, genes -> [ Section.Drawn(GenePlots.losses cells genes) ]

    /// All sections in the order of the page, the numbers that their plots share, and the cells that are drawn.
    let sections (file: AnnDataFile) run : Section list * JsonNode * Sample =
        let cells = cells file
        let names = lazy (Stored.geneNames file)

        let expressed =
            tryFirst file countsNames Stored.tryGeneNumbers
            |> Option.bind (fun (column, totals) -> GenePlots.expressed names.Value column totals)

        let dispersion = genes file names |> Option.map GenePlots.dispersion

        [ yield! ofCellPlots run file cells
          yield! losses run
          match expressed with
          | Some figure -> Section.Drawn figure
          | None -> Section.Missing("The most expressed genes", qc "var/total_counts with a value above 0")
          match dispersion with
          | Some(figure, _) -> Section.Drawn figure
          | None ->
              Section.Missing(
                  "Mean and dispersion of each gene",
                  "var/means and var/dispersions_norm (or var/variances_norm), which singlesharp hvg writes"
              )
          yield! pcaPlots file cells ],
        Numbers.object' (CellPlots.columns cells @ (dispersion |> Option.map snd |> Option.defaultValue [])),
        cells.Sample
