/// What a run did.
namespace SingleSharp.Core

type Report =
    {
        Input: string
        Output: string
        Steps: string list
        /// The matrix that was read: X, layers/NAME or raw/X.
        Matrix: string
        /// Of the input.
        Cells: int64
        Genes: int
        StoredValues: int64
        /// What the filter left; the same without one.
        CellsKept: int64
        GenesKept: int
        /// How many cells, and how many genes, did not meet each limit of the filter, by the limit's name; one that did not meet several
        /// is counted for each.
        Dropped: Dropped
        /// How often X was read.
        Reads: int
        /// The type of X before and after.
        TypeBefore: string
        TypeAfter: string
        /// What cells were scaled to.
        TargetSum: float option
        /// Genes left out of the totals because they were highly expressed.
        ExcludedGenes: int
        /// Gene sets and how many genes each has.
        GeneSets: (string * int) list
        ObsColumns: string list
        VarColumns: string list
        /// Of the values before any step; none where no metrics were asked for.
        MeanCountsPerCell: float option
        MeanGenesPerCell: float option
        /// How many genes are highly variable; none where that was not asked for.
        HighlyVariableGenes: int option
        /// The share of the variance that each principal component explains.
        VarianceRatio: float list
        Findings: Findings
        Warnings: string list
    }

[<RequireQualifiedAccess>]
module Report =
    /// What the filter leaves nothing of, and which limits do that.
    let emptied (job: Job) (tallied: Tallied) =
        let by what all losses =
            let named =
                losses
                |> List.filter (fun (_, lost: int64) -> lost > 0L)
                |> List.map (fun (name, lost) -> $"{name} drops {lost}")
                |> String.concat ", "

            let because = if named = "" then "" else $": {named} of {all}"
            $"no {what} meets the limits of the filter{because}"

        [ if job.Plan.Recipe.Filter.IsSome && tallied.Cells.Count = 0L then
              by "cell" job.File.X.Cells tallied.Dropped.OfCells
          if job.Plan.Recipe.Filter.IsSome && job.Genes.Count = 0L then
              by "gene" (int64 job.File.X.Genes) tallied.Dropped.OfGenes ]

    /// What is worth a word: what the plan knew, then what the last read found.
    let private remarks (job: Job) (tallied: Tallied) (table: HvgTable option) (components: PcaResult option) =
        let plan = job.Plan
        let findings = tallied.Findings

        let asScanpy =
            if plan.Recipe.Log1p.IsSome then
                "they are computed with as they are, where scanpy's log1p would refuse NaN and infinity"
            else
                "results are those of scanpy, which does not check"

        [ yield! plan.Warnings
          match plan.Recipe.Qc with
          | Some qc when not job.Genes.IsAll ->
              match Plan.percentTop (int job.Genes.Count) qc with
              | _, [] -> ()
              | _, dropped ->
                  let list = dropped |> List.map string |> String.concat ", "
                  $"""the share of the top {list} genes is left out, because {Counted.say job.Genes.Count "gene stays" "genes stay"}"""
          | _ -> ()
          yield! emptied job tallied
          if findings.NotFinite > 0L then
              $"""{job.File.X.Path} holds {Counted.say findings.NotFinite "value that is" "values that are"} NaN or infinite; {asScanpy}"""
          if findings.Negative > 0L then
              $"""{job.File.X.Path} holds {Counted.things findings.Negative "negative value"}; {asScanpy}"""
          if findings.Fractional > 0L && Recipe.wantsCounts plan.Recipe then
              $"""{job.File.X.Path} holds {Counted.say findings.Fractional "value that is no whole number" "values that are not whole numbers"}; are these raw counts?"""
          if tallied.Unscaled > 0L then
              $"""{Counted.say tallied.Unscaled "cell has" "cells have"} zero counts, of the genes that count, and {if tallied.Unscaled = 1L then "stays as it is" else "stay as they are"}"""
          match table with
          | Some table -> yield! table.Warnings
          | None -> ()
          match components with
          | Some components -> yield! components.Warnings
          | None -> () ]

    let make (job: Job) transformation (tallied: Tallied) (table: HvgTable option) (components: PcaResult option) output : Report =
        let file = job.File
        let plan = job.Plan

        let perCell (total: GeneTallies -> float) =
            tallied.Genes
            |> Option.bind (fun (tallies: GeneTallies) -> if tallies.Cells = 0L then None else Some(total tallies / float tallies.Cells))

        let names columns =
            columns |> List.map (fun (column: Column) -> column.Name)

        { Input = file.Path
          Output = output
          Steps = Recipe.steps plan.Recipe
          Matrix = file.X.Path
          Cells = file.X.Cells
          Genes = file.X.Genes
          StoredValues = file.X.Stored
          CellsKept = tallied.Cells.Count
          GenesKept = int job.Genes.Count
          Dropped = tallied.Dropped
          Reads = plan.Passes.Length
          TypeBefore = Numeric.name file.X.Type
          TypeAfter = Numeric.name plan.TypeAfter
          TargetSum =
            match transformation.Scaling with
            | ValueSome(scaling, _) -> Some scaling.Target
            | ValueNone -> None
          ExcludedGenes =
            match transformation.Scaling with
            | ValueSome({ Excluded = ValueSome genes }, _) -> GeneSets.size genes
            | _ -> 0
          GeneSets = Written.sets file plan job.Genes |> List.map (fun (name, mask) -> name, GeneSets.size mask)
          ObsColumns = names (Written.obsColumns file plan job.Genes)
          VarColumns = names (Written.varColumns file plan)
          MeanCountsPerCell = perCell (fun (tallies: GeneTallies) -> Array.sum tallies.Totals)
          MeanGenesPerCell = perCell (fun (tallies: GeneTallies) -> float (Array.sum tallies.CellsByCounts))
          HighlyVariableGenes = table |> Option.map (fun table -> GeneSets.size table.IsHighlyVariable)
          VarianceRatio =
            match components with
            | Some components -> List.ofArray components.Components.Ratios
            | None -> []
          Findings = tallied.Findings
          Warnings = remarks job tallied table components |> List.map Shown.line }
