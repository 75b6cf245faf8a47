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

        let target =
            match normalize.TargetSum with
            | Counts target -> target
            | MedianOfPositive -> median (fun total -> total > 0.0)
            | MedianOfAll -> median (fun _ -> true)

        if not job.Plan.Recipe.AllowInvalid then
            if Double.IsNaN target then
                Fault.throw (BadOption("target_sum", "no cell has counts to take the median total of; give a number"))

            if not (Precision.round precision target > 0.0) || Double.IsInfinity(Precision.round precision target) then
                Fault.throw (BadOption("target_sum", $"{target} is zero or infinite in float32, in which X is stored"))

        { Target = target; Excluded = excluded }

    let private transformation job folder =
        let recipe = job.Plan.Recipe
        let before = job.File.X.Type
        let precision = Precision.afterNormalize before

        let between =
            if recipe.NormalizeTotal.IsSome then Precision.numeric precision else before

        { Scaling =
            match recipe.NormalizeTotal with
            | Some normalize -> ValueSome(scaling job folder precision normalize, precision)
            | None -> ValueNone
          Logarithm =
            match recipe.Log1p with
            | Some log1p -> ValueSome(Option.toValueOption log1p.Base, Precision.afterLog1p between)
            | None -> ValueNone }

    /// The last read with everything that it lets out, `also` with what somebody else wants of it, and the commit.
    let private write (job: Job) transformation (draft: Draft) also =
        let file = job.File
        let plan = job.Plan
        let columns = Plan.cellColumns file plan

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
            { CellColumns = List.zip columns.Columns addresses
              GeneColumns =
                match tallied.Genes with
                | Some tallies -> Plan.geneColumns file plan |> List.map (fun (column, values) -> column, values tallies)
                | None -> []
              Logarithm = plan.Recipe.Log1p |> Option.toValueOption |> ValueOption.map (fun log1p -> Option.toValueOption log1p.Base)
              Values = values.Finish() }

        tallied

    /// A clone of the input takes the place of the target once it is complete.
    let private toClone job (target: string) =
        let file = job.File
        Publish.require target (file.Store.Superblock.EndOfFile + Plan.addedBytes file job.Plan)

        let transformation =
            transformation job (Path.GetDirectoryName(Publish.resolve target))

        let tallied =
            Publish.replace target file.Store.Disk.Origin (fun disk ->
                let draft, following = Place.clone file disk job.Plan.Values job.Settings.Cancel
                let tallied = write job transformation draft following

                if Publish.isChanged file.Store then
                    Fault.throw (InputChanged file.Path)

                tallied)

        Report.make job target transformation tallied

    /// New columns are appended to the input itself; only the last write makes them visible.
    let private toInput job =
        let store = job.File.Store
        Publish.require store.Path (Plan.addedBytes job.File job.Plan)

        let transformation =
            transformation job (Path.GetDirectoryName(Publish.resolve store.Path))

        let length = store.Disk.Length

        /// Nothing points behind the old end before the last write, so cutting there restores the file to the byte.
        let isAsBefore () =
            try
                (Superblock.read store.Disk).EndOfFile = store.Superblock.EndOfFile
            with FaultException _ ->
                false

        try
            let tallied =
                write job transformation (Draft(store.Disk, store.Superblock, [])) Outlet.none

            Report.make job store.Path transformation tallied
        with _ ->
            if isAsBefore () then
                store.Disk.SetLength length

            reraise ()

    let private requireOther (input: string) (target: string) =
        if Publish.resolve input = Publish.resolve target then
            Fault.throw (CannotWrite(target, "it is the input itself; to change that, work in place (--in-place)"))

    /// Runs the recipe on the input. Throws a FaultException for expected trouble and OperationCanceledException when cancelled.
    let run recipe (settings: Settings) (input: string) output =
        let appends = output = InPlace && not (Recipe.changesValues recipe)
        use file = if appends then Schema.openWrite input else Schema.openRead input

        let job =
            { File = file
              Plan = Plan.make file recipe settings
              Settings = settings }

        Edit.require
            file
            (Plan.cellColumns file job.Plan).Columns
            (Plan.geneColumns file job.Plan |> List.map fst)
            job.Plan.Values
            recipe.Log1p.IsSome

        job.Plan.Warnings |> List.iter settings.Warn

        let report =
            match output with
            | NewFile target ->
                requireOther input target
                toClone job target
            | InPlace when appends -> toInput job
            | InPlace -> toClone job input

        report.Warnings |> List.skip job.Plan.Warnings.Length |> List.iter settings.Warn
        report
