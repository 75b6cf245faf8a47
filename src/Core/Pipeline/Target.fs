/// What the cells are scaled to, once the reads that tell it have been made.
namespace SingleSharp.Core

open System

[<RequireQualifiedAccess>]
module Target =
    /// The target of normalize_total and the genes left out of its totals, once the reads that they need have been made.
    let private scaling (job: Job) folder precision (normalize: NormalizeRecipe) =
        let excluded =
            if normalize.ExcludeHighlyExpressed then
                ValueSome(Pass.highlyExpressed job precision normalize.MaxFraction)
            else
                ValueNone

        let median isCounted =
            Pass.medianTotal job precision excluded isCounted folder

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

    /// What becomes of each value, in which order and with which roundings.
    let transformation (job: Job) folder =
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
