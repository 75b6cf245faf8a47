/// Runs a recipe on a file: plan, read, write, publish.
namespace SingleSharp.Core

open System
open System.IO

[<RequireQualifiedAccess>]
module Preprocess =
    /// The target of normalize_total and the genes left out of its totals, once the reads that they need have been made.
    let private scaling job folder precision (normalize: NormalizeRecipe) =
        let excluded =
            if normalize.ExcludeHighlyExpressed then
                ValueSome(Pass.highlyExpressed job 1 precision normalize.MaxFraction)
            else
                ValueNone

        let median isCounted =
            Pass.medianTotal job (job.Plan.Passes.Length - 1) precision excluded isCounted folder

        {
            Target =
                match normalize.TargetSum with
                | Counts target -> target
                | MedianOfPositive -> median (fun total -> total > 0.0)
                | MedianOfAll -> median (fun _ -> true)
            Excluded = excluded
        }

    let private transformation job folder =
        let recipe = job.Plan.Recipe
        let before = job.File.X.Type
        let precision = Precision.afterNormalize before

        let between =
            if recipe.NormalizeTotal.IsSome then Precision.numeric precision else before

        {
            Scaling =
                match recipe.NormalizeTotal with
                | Some normalize -> ValueSome(scaling job folder precision normalize, precision)
                | None -> ValueNone
            Logarithm =
                match recipe.Log1p with
                | Some log1p -> ValueSome(Option.toValueOption log1p.Base, Precision.afterLog1p between)
                | None -> ValueNone
        }

    /// scipy numbers stored values in int32 as long as they fit.
    let private rowCountType (matrix: Matrix) =
        if matrix.Stored > int64 Int32.MaxValue then Numeric.Int64 else Numeric.Int32

    let private cellColumns (file: H5adFile) (plan: Plan) =
        let matrix = file.X

        CellColumns.concat
            [
                match plan.Recipe.Qc with
                | Some qc ->
                    Qc.perCell
                        matrix.Type
                        (rowCountType matrix)
                        {
                            Sets = plan.Sets
                            PercentTop = plan.PercentTop
                            Log1p = qc.Log1p
                        }
                | None -> ()
                match plan.Recipe.NormalizeTotal with
                | Some { KeyAdded = Some name } -> Normalize.factorColumn name (Precision.afterNormalize matrix.Type)
                | _ -> ()
            ]

    let private geneColumns (file: H5adFile) (plan: Plan) =
        match plan.Recipe.Qc with
        | Some qc -> Qc.geneColumns file.X.Type qc.Log1p
        | None -> []

    /// The last read with everything that it lets out, `also` with what somebody else wants of it, and the commit.
    let private write (job: Job) transformation (draft: Draft) also =
        let file = job.File
        let plan = job.Plan
        let columns = cellColumns file plan

        let addresses =
            columns.Columns |> List.map (fun column -> draft.Reserve(file.X.Cells * int64 (Numeric.size column.Type)))

        let precision =
            if plan.TypeAfter = Numeric.Float32 then Precision.Single else Precision.Double

        let values = Place.sink draft file plan.Values precision

        let cells = ColumnOutlet.toPlaces draft.Disk (Array.ofList addresses) columns

        let tallied =
            Pass.final job transformation (Outlet.both also (Outlet.both cells values.Outlet))

        Edit.commit
            file
            draft
            {
                CellColumns = List.zip columns.Columns addresses
                GeneColumns =
                    match tallied.Genes with
                    | Some tallies -> geneColumns file plan |> List.map (fun (column, values) -> column, values tallies)
                    | None -> []
                Logarithm = plan.Recipe.Log1p |> Option.toValueOption |> ValueOption.map (fun log1p -> Option.toValueOption log1p.Base)
                Values = values.Finish()
            }

        tallied

    /// What is worth a word after a run, in the order of importance.
    let private remarks (plan: Plan) (findings: Findings) =
        [
            yield! plan.Warnings
            if findings.NotFinite > 0L then
                $"X holds {findings.NotFinite} values that are NaN or infinite; results are those of scanpy, which does not check"
            if findings.Negative > 0L then
                $"X holds {findings.Negative} negative values; results are those of scanpy, which does not check"
            if findings.Fractional > 0L then
                $"X holds {findings.Fractional} values that are not whole numbers; are these raw counts?"
            if plan.Recipe.NormalizeTotal.IsSome && findings.EmptyCells > 0L then
                $"{findings.EmptyCells} cells have zero counts and stay as they are"
        ]

    let private report (job: Job) output transformation tallied : Report =
        let file = job.File
        let plan = job.Plan

        let perCell total =
            tallied.Genes
            |> Option.bind (fun tallies -> if tallies.Cells = 0L then None else Some(total tallies / float tallies.Cells))

        let names columns =
            columns |> List.map (fun (column: Column) -> column.Name)

        {
            Input = file.Path
            Output = output
            Steps = Recipe.steps plan.Recipe
            Cells = file.X.Cells
            Genes = file.X.Genes
            StoredValues = file.X.Stored
            Reads = plan.Passes.Length
            TypeBefore = Numeric.name file.X.Type
            TypeAfter = Numeric.name plan.TypeAfter
            TargetSum =
                match transformation.Scaling with
                | ValueSome(scaling, _) -> Some scaling.Target
                | ValueNone -> None
            ExcludedGenes =
                match transformation.Scaling with
                | ValueSome({ Excluded = ValueSome genes }, _) -> genes |> Array.sumBy (fun excluded -> if excluded then 1 else 0)
                | _ -> 0
            GeneSets = plan.SetSizes
            ObsColumns = names (cellColumns file plan).Columns
            VarColumns = names (geneColumns file plan |> List.map fst)
            MeanCountsPerCell = perCell (fun tallies -> Array.sum tallies.Totals)
            MeanGenesPerCell = perCell (fun tallies -> float (Array.sum tallies.CellsByCounts))
            Findings = tallied.Findings
            Warnings = remarks plan tallied.Findings
        }

    /// A clone of the input takes the place of the target once it is complete.
    let private toClone job (target: string) =
        let file = job.File
        let source = file.Store.Disk
        let cancel = job.Settings.Cancel

        let transformation =
            transformation job (Path.GetDirectoryName(Publish.resolve target))

        let before = Publish.stateOf file.Path

        let tallied =
            Publish.replace target source.Origin (fun disk ->
                let indices = Place.pieces source file.X.Indices
                let data = Place.pieces source file.X.Data
                let isKept = job.Plan.Values = Untouched
                let read = if isKept then Array.sort (Array.append indices data) else indices

                let free =
                    if job.Plan.Values = Restore && file.X.Data.Header.Links = 1 then
                        Place.room (Place.ranges data)
                    else
                        []

                Clone.copy source disk file.Store.Superblock.EndOfFile (Place.ranges (Array.append indices data)) cancel

                let tallied =
                    write job transformation (Draft(disk, file.Store.Superblock, free)) (Clone.asRead source disk read cancel)

                if Publish.stateOf file.Path <> before then
                    Fault.throw (InputChanged file.Path)

                tallied)

        report job target transformation tallied

    /// New columns are appended to the input itself; only the last write makes them visible.
    let private toInput job =
        let store = job.File.Store

        let transformation =
            transformation job (Path.GetDirectoryName(Publish.resolve store.Path))

        let length = store.Disk.Length

        try
            let tallied =
                write job transformation (Draft(store.Disk, store.Superblock, [])) Outlet.none

            report job store.Path transformation tallied
        with _ ->
            // Nothing points behind the old end yet, so cutting there restores the file to the byte.
            if (Superblock.read store.Disk).EndOfFile = store.Superblock.EndOfFile then
                store.Disk.SetLength length

            reraise ()

    let private requireOther (input: string) (target: string) =
        if Publish.resolve input = Publish.resolve target then
            Fault.throw (CannotWrite(target, "it is the input itself; use --in-place to change it"))

    /// Runs the recipe on the input. Throws a FaultException for expected trouble and OperationCanceledException when cancelled.
    let run recipe (settings: Settings) (input: string) output =
        let appends = output = InPlace && not (Recipe.changesValues recipe)
        use file = if appends then Schema.openWrite input else Schema.openRead input

        let job =
            {
                File = file
                Plan = Plan.make file recipe settings
                Settings = settings
            }

        Edit.require
            file
            (cellColumns file job.Plan).Columns
            (geneColumns file job.Plan |> List.map fst)
            (Recipe.changesValues recipe)
            recipe.Log1p.IsSome

        match output with
        | NewFile target ->
            requireOther input target
            toClone job target
        | InPlace when appends -> toInput job
        | InPlace -> toClone job input
