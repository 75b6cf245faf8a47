/// Plots with a point or a bar for each gene, component or limit.
namespace SingleSharp.Reporting

open System
open System.Text.Json
open System.Text.Json.Nodes
open SingleSharp.Core

/// Genes as hvg saw them.
type internal GeneData =
    {
        Names: string[]
        /// The column and its values: how far a gene varies beyond what its mean lets expect.
        Spread: string * float[]
        Means: float[]
        IsChosen: bool[]
    }

[<RequireQualifiedAccess>]
module internal GenePlots =
    open Numbers

    /// Genes that are not chosen are as many points as show the cloud, and chosen ones as many as anybody tells apart,
    let private mostOthers, mostChosen = 15_000, 5_000

    /// as long as their names take no more bytes of the page than this.
    let private roomOfOthers, roomOfChosen = 280_000, 120_000

    /// Every k-th gene, from the first on, with the smallest k that is enough.
    let private thinned most room (names: string[]) (genes: int[]) =
        let bytes gene =
            JsonEncodedText.Encode(Escaped.whole (Shortened.name names[gene])).EncodedUtf8Bytes.Length + 3

        let rec every k =
            let shown = [| for at in 0..k .. genes.Length - 1 -> genes[at] |]
            if Array.sumBy bytes shown <= room then k, shown else every (k + 1)

        every (max 1 ((genes.Length + most - 1) / most))

    let private axis more title =
        object' (("title", object' [ "text", text title ]) :: more)

    /// How many genes are told as the most expressed.
    let private mostExpressed = 20

    /// Shares of all counts; none where nothing is counted.
    let expressed (names: string[]) (column: string) (totals: float[]) =
        let finite =
            totals |> Array.mapi (fun gene total -> gene, total) |> Array.filter (fun (_, total) -> isDrawn total && total > 0.0)

        let all = finite |> Array.sumBy snd

        let first =
            finite |> Array.sortBy (fun (gene, total) -> -total, gene) |> Array.truncate mostExpressed

        if first.Length = 0 then
            None
        else
            Some
                { Id = "expressed"
                  Title = $"The {first.Length} most expressed genes"
                  Notes = [ $"Shares of all {all:N0} counts, by var/{column}." ]
                  Traces =
                    [ object'
                          [ "type", text "bar"
                            "orientation", text "h"
                            "x", numbers (first |> Array.map (fun (_, total) -> Math.Round(100.0 * total / all, 3)))
                            // Bars have numbers as their places: two genes may have one name.
                            "y", first |> Array.mapi (fun at _ -> integer (int64 at)) |> list
                            "hovertext", texts (first |> Array.map (fun (gene, _) -> Shortened.name names[gene]))
                            "hovertemplate", text "%{hovertext}: %{x} %<extra></extra>" ] ]
                  Layout =
                    object'
                        [ "height", integer 480L
                          "xaxis", axis [] "% of all counts"
                          "yaxis",
                          object'
                              [ "autorange", text "reversed"
                                "automargin", flag true
                                "showgrid", flag false
                                "tickvals", first |> Array.mapi (fun at _ -> integer (int64 at)) |> list
                                "ticktext", texts (first |> Array.map (fun (gene, _) -> Shortened.name names[gene])) ] ]
                  IsWide = false }

    let private cloud name prefix =
        object'
            [ "type", text "$points"
              "mode", text "markers"
              "name", text name
              "x", column $"{prefix}-x"
              "y", column $"{prefix}-y"
              "text", column $"{prefix}-names"
              "hovertemplate", text "%{text}<br>mean %{x:.4g}, %{y:.4g}<extra></extra>"
              "marker", object' [ "size", integer 4L; "color", text $"${prefix}" ] ]

    /// Mean against dispersion, and the numbers that it takes; genes without a mean or a dispersion are not drawn.
    let dispersion (genes: GeneData) =
        let name, spread = genes.Spread

        let drawn =
            [| 0 .. genes.Means.Length - 1 |]
            |> Array.filter (fun gene -> genes.Means[gene] > 0.0 && isDrawn genes.Means[gene] && isDrawn spread[gene])

        let chosen, others = drawn |> Array.partition (fun gene -> genes.IsChosen[gene])
        let every, shown = thinned mostOthers roomOfOthers genes.Names others
        let everyChosen, shownChosen = thinned mostChosen roomOfChosen genes.Names chosen

        let columns prefix (of': int[]) =
            [ $"{prefix}-x", singles (of' |> Array.map (fun gene -> genes.Means[gene]))
              $"{prefix}-y", singles (of' |> Array.map (fun gene -> spread[gene]))
              $"{prefix}-names", texts (of' |> Array.map (fun gene -> Shortened.name genes.Names[gene])) ]

        { Id = "dispersion"
          Title = "Mean and dispersion of each gene"
          Notes =
            [ $"Chosen as highly variable: {chosen.Length:N0}. Point at a gene to see its name."
              if everyChosen > 1 then
                  $"Of {chosen.Length:N0} chosen genes one of every {everyChosen} is drawn."
              if every > 1 then
                  $"Of {others.Length:N0} other genes one of every {every} is drawn."
              if drawn.Length < genes.Means.Length then
                  $"Genes without a mean above 0 or a finite {name} are not drawn: {genes.Means.Length - drawn.Length:N0}." ]
          Traces = [ cloud "not chosen" "others"; cloud "chosen" "chosen" ]
          Layout = object' [ "xaxis", axis [ "type", text "log" ] "mean"; "yaxis", axis [] name ]
          IsWide = false },
        columns "others" shown @ columns "chosen" shownChosen

    /// The component that lies farthest below the straight line from the first to the last one; none where fewer than three are there.
    let elbow (ratios: float[]) =
        if ratios.Length < 3 || not (Array.forall Double.IsFinite ratios) then
            None
        else
            let last = ratios.Length - 1

            let below at =
                ratios[0] + (ratios[last] - ratios[0]) * float at / float last - ratios[at]

            match Array.maxBy below [| 0..last |] with
            | at when below at > 0.0 -> Some at
            | _ -> None

    /// Of more components nobody sees the first ones.
    let private mostComponents = 1_000

    let variance (ratios: float[]) =
        let elbow = elbow ratios
        let drawn = Array.truncate mostComponents ratios

        { Id = "variance"
          Title = "Variance of the components"
          Notes =
            [ $"{ratios.Length} components explain {100.0 * Array.sum ratios:F1} %% of the variance of the chosen genes."
              if drawn.Length < ratios.Length then
                  $"The first {drawn.Length:N0} are drawn."
              match elbow with
              | Some at ->
                  $"The elbow, component {at + 1}, is the one that lies farthest below the straight line from the first to the last; it is a hint, not a test."
              | None -> () ]
          Traces =
            [ object'
                  [ "type", text "scatter"
                    "mode", text "lines+markers"
                    "x", [ 1 .. drawn.Length ] |> List.map (int64 >> integer) |> list
                    "y", numbers (drawn |> Array.map (fun ratio -> 100.0 * ratio))
                    "marker", object' [ "size", integer 4L ] ] ]
          Layout =
            object'
                [ "xaxis", axis [] "component"
                  "yaxis", axis [ "rangemode", text "tozero" ] "% of the variance"
                  match elbow with
                  | Some at ->
                      "shapes",
                      list
                          [ object'
                                [ "type", text "line"
                                  "yref", text "paper"
                                  "y0", integer 0L
                                  "y1", integer 1L
                                  "x0", integer (int64 (at + 1))
                                  "x1", integer (int64 (at + 1))
                                  "line", object' [ "dash", text "dash"; "width", integer 1L; "color", text "$limit" ] ] ]

                      "annotations",
                      list
                          [ object'
                                [ "text", text $"elbow: {at + 1}"
                                  "x", integer (int64 (at + 1))
                                  "xanchor", text "left"
                                  "xshift", integer 4L
                                  "yref", text "paper"
                                  "y", integer 1L
                                  "yanchor", text "top"
                                  "showarrow", flag false ] ]
                  | None -> () ]
          IsWide = false }

    /// Bars that still are a picture.
    let private mostLimits = 30

    /// Cells, or genes, that each limit dropped.
    let losses (cells: (string * int64) list) (genes: (string * int64) list) =
        let named what list =
            list |> List.map (fun (limit, lost) -> $"{what}: {limit}", lost)

        let all = named "cells" cells @ named "genes" genes
        let bars = List.truncate mostLimits all

        let label: JsonNode list =
            bars |> List.map (fun (_, lost) -> text (lost.ToString "N0"))

        { Id = "losses"
          Title = "Lost by each limit"
          Notes =
            [ "What did not meet several limits is counted for each."
              if bars.Length < all.Length then
                  $"The first {bars.Length} of {all.Length} limits." ]
          Traces =
            [ object'
                  [ "type", text "bar"
                    "orientation", text "h"
                    "x", bars |> List.map (snd >> integer) |> list
                    "y", texts (bars |> List.map (fst >> Shortened.name))
                    "text", list label
                    "textposition", text "auto"
                    "hoverinfo", text "x+y" ] ]
          Layout =
            object'
                [ "height", integer (int64 (140 + 40 * bars.Length))
                  "xaxis", axis [ "rangemode", text "tozero" ] "lost"
                  "yaxis", object' [ "autorange", text "reversed"; "automargin", flag true ] ]
          IsWide = false }
