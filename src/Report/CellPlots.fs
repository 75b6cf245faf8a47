/// Plots with a point, or a place in a distribution, for each cell.
namespace SingleSharp.Reporting

open System.Text.Json.Nodes

/// A limit of the filter, to be drawn beside what it was for.
type internal Limit = { Name: string; Value: float }

/// What is known of the cells that are drawn.
type internal CellData =
    {
        Sample: Sample
        /// Names of columns of obs that are there, with their numbers.
        Counts: (string * float[]) option
        Genes: (string * float[]) option
        Mitochondrial: (string * float[]) option
        /// A column of obs, its labels, and the place among them of each cell.
        Groups: (string * string[] * int[]) option
        /// Principal components: the first four, or fewer.
        Components: float[][]
    }

[<RequireQualifiedAccess>]
module internal CellPlots =
    open Numbers

    /// More distributions than this side by side are no picture any more.
    let mostGroups = 30

    /// Densities of more cells than this take a browser long and look the same.
    let private mostInViolin = 20_000L

    let private sampled (sample: Sample) =
        if sample.Every = 1L then
            []
        else
            [ $"One of every {sample.Every} cells is drawn, from the first on: {sample.Count:N0} of {sample.Cells:N0}." ]

    let private axis title =
        object' [ "title", object' [ "text", text title ] ]

    let private shownGroups (cells: CellData) =
        cells.Groups |> Option.filter (fun (_, labels, _) -> labels.Length <= mostGroups)

    /// Lines across a distribution, each with its name.
    let private limitLines (limits: Limit list) =
        [ "shapes",
          list
              [ for limit in limits do
                    object'
                        [ "type", text "line"
                          "xref", text "paper"
                          "x0", integer 0L
                          "x1", integer 1L
                          "y0", number limit.Value
                          "y1", number limit.Value
                          "line", object' [ "dash", text "dash"; "width", integer 1L; "color", text "$limit" ] ] ]
          "annotations",
          list
              [ for limit in limits do
                    object'
                        [ "text", text limit.Name
                          "xref", text "paper"
                          "x", integer 1L
                          "xanchor", text "right"
                          "y", number limit.Value
                          "yanchor", text "bottom"
                          "showarrow", flag false ] ] ]

    let violin id title column (limits: Limit list) (cells: CellData) =
        let every = max 1L ((cells.Sample.Count + mostInViolin - 1L) / mostInViolin)
        let groups = shownGroups cells

        { Id = id
          Title = title
          Notes =
            [ if cells.Sample.Every * every > 1L then
                  $"Of one of every {cells.Sample.Every * every} cells, from the first on."
              match groups, cells.Groups with
              | Some(name, _, _), _ -> $"One for each {name}."
              | None, Some(name, labels, _) -> $"obs/{name} has {labels.Length:N0} values, too many for a distribution each."
              | None, None -> () ]
          Traces =
            [ object'
                  [ "type", text "violin"
                    "y", object' [ "$column", text column; "every", integer every ]
                    match groups with
                    | Some(name, _, _) ->
                        "x", object' [ "$column", text "group"; "every", integer every; "labels", flag true ]
                        "name", text name
                    | None -> "name", text " "
                    "box", object' [ "visible", flag true ]
                    "points", flag false
                    "spanmode", text "hard"
                    "showlegend", flag false
                    "hoverinfo", text "y" ] ]
          Layout = object' ([ "yaxis", axis column; "xaxis", object' [ "type", text "category" ] ] @ limitLines limits)
          IsWide = groups |> Option.exists (fun (_, labels, _) -> labels.Length > 6) }

    let countsByGenes (counts, _) (genes, _) (cells: CellData) =
        { Id = "counts-genes"
          Title = "Counts and genes of each cell"
          Notes = sampled cells.Sample
          Traces =
            [ object'
                  [ "type", text "$points"
                    "mode", text "markers"
                    "x", column counts
                    "y", column genes
                    "marker",
                    object'
                        [ "size", integer 3L
                          match cells.Mitochondrial with
                          | Some(name, _) ->
                              "color", column name
                              "colorscale", text "Viridis"
                              "colorbar", object' [ "title", object' [ "text", text "mt %" ]; "thickness", integer 10L ]
                          | None -> () ] ] ]
          Layout = object' [ "xaxis", axis counts; "yaxis", axis genes ]
          IsWide = false }

    let private components (first: int) (cells: CellData) =
        let trace more =
            object' ([ "type", text "$points"; "mode", text "markers" ] @ more)

        let xy = [ "x", $"PC{first}"; "y", $"PC{first + 1}" ]

        match shownGroups cells, cells.Counts with
        | Some(_, labels, codes), _ ->
            /// Cells without a label have the code null.
            let group (code: int option) (label: string) =
                let code () : JsonNode =
                    match code with
                    | Some code -> integer (int64 code)
                    | None -> null

                trace
                    [ for name, values in xy do
                          name, object' [ "$column", text values; "group", code () ]
                      "name", text label
                      "marker", object' [ "size", integer 3L ] ]

            [ for code in 0 .. labels.Length - 1 do
                  group (Some code) labels[code]
              if codes |> Array.exists (fun code -> code < 0) then
                  // So the distributions call them, too.
                  group None "(none)" ]
        | None, Some(name, _) ->
            [ trace
                  [ for at, values in xy do
                        at, column values
                    "marker",
                    object'
                        [ "size", integer 3L
                          "color", column name
                          "colorscale", text "Viridis"
                          "colorbar", object' [ "title", object' [ "text", text "counts" ]; "thickness", integer 10L ] ] ] ]
        | None, None ->
            [ trace
                  [ for at, values in xy do
                        at, column values
                    "marker", object' [ "size", integer 3L ] ] ]

    /// Two principal components against each other.
    let scores first (cells: CellData) =
        { Id = $"pc{first}-pc{first + 1}"
          Title = $"Components {first} and {first + 1}"
          Notes =
            [ yield! sampled cells.Sample
              match shownGroups cells, cells.Counts with
              | Some(name, _, _), _ -> $"Coloured by obs/{name}."
              | None, Some(name, _) -> $"Coloured by obs/{name}."
              | None, None -> () ]
          Traces = components first cells
          Layout = object' [ "xaxis", axis $"PC{first}"; "yaxis", axis $"PC{first + 1}" ]
          IsWide = false }

    /// More points than this are no better a curve.
    let private mostOfCurve = 5_000

    let knee column (points: (float * float)[]) =
        let every = max 1 ((points.Length + mostOfCurve - 1) / mostOfCurve)

        let points =
            points |> Array.indexed |> Array.filter (fun (at, _) -> at % every = 0 || at = points.Length - 1) |> Array.map snd

        { Id = "knee"
          Title = "Knee: counts by rank"
          Notes = [ "All cells, from the one with most counts on; values above 255 are grouped to within 0.8 %." ]
          Traces =
            [ object'
                  [ "type", text "scatter"
                    "mode", text "lines"
                    "x", numbers (points |> Array.map fst)
                    "y", numbers (points |> Array.map snd) ] ]
          Layout =
            let log title =
                object' [ "type", text "log"; "title", object' [ "text", text title ] ]

            object' [ "xaxis", log "rank of the cell"; "yaxis", log column ]
          IsWide = false }

    /// The numbers that the plots of cells share.
    let columns (cells: CellData) =
        [ for column in [ cells.Counts; cells.Genes; cells.Mitochondrial ] do
              match column with
              | Some(name, values) -> name, packed values
              | None -> ()
          for at in 0 .. cells.Components.Length - 1 do
              $"PC{at + 1}", packed cells.Components[at]
          match shownGroups cells with
          | Some(_, labels, codes) ->
              let packed =
                  packed (codes |> Array.map (fun code -> if code < 0 then nan else float code))

              packed.AsObject().Add("labels", texts labels)
              "group", packed
          | None -> () ]
