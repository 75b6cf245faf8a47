/// The limits of a recipe's filter, as the kernels take them.
namespace SingleSharp.Core

[<RequireQualifiedAccess>]
module Limits =
    let ofCells (filter: FilterRecipe) : CellRule =
        { MinCounts = filter.MinCounts
          MaxCounts = filter.MaxCounts
          MinGenes = filter.MinGenes
          MaxGenes = filter.MaxGenes
          MinPct = filter.MinPct
          MaxPct = filter.MaxPct }

    let ofGenes (filter: FilterRecipe) : GeneLimits =
        { MinCells = filter.MinCells
          MaxCells = filter.MaxCells
          MinCounts = filter.GeneMinCounts
          MaxCounts = filter.GeneMaxCounts }
