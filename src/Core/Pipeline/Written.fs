/// The columns and members that a plan writes.
namespace SingleSharp.Core

open System

[<RequireQualifiedAccess>]
module Written =
    /// scipy numbers stored values in int32 as long as they fit; from there scanpy has the numbers of whatever the matrix is
    /// compressed by, and counts all others in int64.
    let private countType (matrix: Matrix) isCompressedBy =
        if isCompressedBy && matrix.Stored <= int64 Int32.MaxValue then Numeric.Int32 else Numeric.Int64

    /// The columns of obs that the filter notes: a cell's numbers before anything was dropped.
    let filterColumns (file: H5adFile) (plan: Plan) : CellColumns =
        match plan.Recipe.Filter with
        | Some filter -> Filter.cellColumns file.X.Type (Limits.ofCells filter)
        | None -> CellColumns.concat []

    /// The gene sets of qc, over the genes that stay.
    let sets (file: H5adFile) (plan: Plan) (genes: Kept) =
        match plan.Recipe.Qc with
        | Some qc when not genes.IsAll -> GeneSets.masks file plan.Recipe.GeneSymbols genes qc.Mitochondrial qc.GeneSets
        | _ -> plan.Sets

    /// The columns of obs that the other steps write, in scanpy's order, for the genes that stay.
    let cellColumns (file: H5adFile) (plan: Plan) (genes: Kept) : CellColumns =
        let matrix = file.X

        CellColumns.concat
            [ match plan.Recipe.Qc with
              | Some qc ->
                  Qc.perCell
                      matrix.Type
                      (countType matrix matrix.Form.IsRows)
                      { Sets = sets file plan genes |> Membership.ofMasks (int genes.Count)
                        PercentTop = Plan.percentTop (int genes.Count) qc |> fst
                        Log1p = qc.Log1p
                        Dense = if matrix.Form.IsDense then ValueSome(int genes.Count) else ValueNone }
              | None -> ()
              match plan.Recipe.NormalizeTotal with
              | Some { KeyAdded = Some name } -> Normalize.factorColumn name (Precision.afterNormalize matrix.Type)
              | _ -> () ]

    /// All columns of obs, for the genes that stay.
    let obsColumns file plan genes =
        (filterColumns file plan).Columns @ (cellColumns file plan genes).Columns

    /// The columns of var that come from tallies over the cells, and how.
    let geneColumns (file: H5adFile) (plan: Plan) =
        match plan.Recipe.Qc with
        | Some qc -> Qc.geneColumns file.X.Type (countType file.X file.X.Form.IsColumns) qc.Log1p
        | None -> []

    /// The columns of var that the filter notes.
    let filterGeneColumns (file: H5adFile) (plan: Plan) =
        match plan.Recipe.Filter with
        | Some filter -> Filter.geneColumns file.X.Type (Limits.ofGenes filter)
        | None -> []

    /// The columns of var that a flavor writes.
    let private hvgColumns (hvg: HvgRecipe) =
        let isBatched = hvg.BatchKey.IsSome

        [ "highly_variable", Numeric.Bool
          if Recipe.fitsTrend hvg then
              yield!
                  [ "highly_variable_rank", Numeric.Float32
                    "means", Numeric.Float64
                    "variances", Numeric.Float64
                    "variances_norm", Numeric.Float64 ]
          else
              yield!
                  [ "means", Numeric.Float64
                    "dispersions", Numeric.Float64
                    "dispersions_norm", Numeric.Float32 ]
          if isBatched then
              "highly_variable_nbatches", Numeric.Int64
          if isBatched && not (Recipe.fitsTrend hvg) then
              "highly_variable_intersection", Numeric.Bool ]
        |> List.map (fun (name, kind) -> { Name = name; Type = kind })

    let varColumns file plan =
        [ yield! filterGeneColumns file plan |> List.map fst
          yield! geneColumns file plan |> List.map fst
          match plan.Recipe.Hvg with
          | Some hvg -> yield! hvgColumns hvg
          | None -> () ]

    /// The groups of the root that get new members.
    let groups (recipe: Recipe) =
        [ if recipe.Pca.IsSome then
              yield! [ "obsm"; "varm" ]
          if recipe.Log1p.IsSome || recipe.Hvg.IsSome || recipe.Pca.IsSome then
              "uns" ]

    /// The bytes that a run adds to a file, about: columns of obs, scores, and values that are stored anew without compression.
    let addedBytes (file: H5adFile) (plan: Plan) =
        let columns =
            obsColumns file plan (Kept.all (int64 file.X.Genes))
            |> List.sumBy (fun column -> file.X.Cells * int64 (Numeric.size column.Type))

        let values =
            if (plan.Values = StoreAnew || plan.Values = RowByRow) && file.X.Values.Filters.IsEmpty then
                file.X.Stored * int64 (Numeric.size plan.TypeAfter)
            else
                0L

        let scores =
            match plan.Recipe.Pca with
            | Some pca -> Checked.(*) (4L * file.X.Cells) (int64 (defaultArg pca.NComps Pca.usual))
            | None -> 0L

        columns + scores + values
