/// Lets everything that works on an .h5ad file work on other inputs too: through a temporary file that is gone afterwards.
namespace SingleSharp.Core

open System
open System.IO

[<RequireQualifiedAccess>]
module Inputs =
    /// How inputs are called in a report.
    let shown (inputs: string list) = String.concat ", " inputs

    /// A fault as people know their files, who know nothing of a temporary one.
    let private told (temporary: string) (input: string) (target: string) fault =
        let name path =
            if path = temporary then input else path

        match fault with
        | Missing path -> Missing(name path)
        | Unreadable(path, why) -> Unreadable(name path, why)
        | NotAnnData(path, why) -> NotAnnData(name path, why)
        | Damaged(path, where, what) -> Damaged(name path, where, what)
        | Unsupported(path, where, what) -> Unsupported(name path, where, what)
        | InvalidValue(path, cell, gene, value) -> InvalidValue(name path, cell, gene, value)
        | StoredTwice(path, cell, gene) -> StoredTwice(name path, cell, gene)
        | CannotWrite(path, why) -> CannotWrite((if path = temporary then target else path), why)
        | InputChanged path -> InputChanged(name path)
        | BadOption _
        | Unsuitable _
        | OverBudget _
        | GramOverBudget _ -> fault

    let private requireNewFile inputs output =
        match output with
        | NewFile target -> target
        | InPlace when Converting.isAnnData inputs ->
            Fault.throw (BadOption("--use-raw", "only qc works on raw in place; anything else makes a new file of it, so say --out FILE"))
        | InPlace -> Fault.throw (BadOption("--in-place", $"{shown inputs} is not one .h5ad file that could be changed; say --out FILE"))

    /// Gives `work` an .h5ad file with what the inputs hold, the recipe as it applies to this file, and what converting gave
    /// cause to warn of. A single .h5ad file is given as it is, unless steps that change values or genes are to start from its
    /// raw, which has genes of its own. Anything else is converted to a temporary file beside the output, or among the temporary
    /// files of this machine where there is none; it is removed whatever happens.
    let asFile
        (conversion: ConvertRecipe)
        (recipe: Recipe)
        (settings: Settings)
        (inputs: string list)
        (output: Output option)
        (work: string -> Recipe -> string list -> 'r)
        =
        let startsFromRaw =
            recipe.Matrix = MatrixName.Raw && Recipe.steps recipe <> [ "qc" ]

        let isAnnData = Converting.isAnnData inputs
        Conversion.requireUses isAnnData conversion inputs

        if isAnnData && not startsFromRaw then
            work inputs.Head recipe []
        else
            let conversion =
                { conversion with
                    Matrix = recipe.Matrix
                    SumDuplicates = recipe.SumDuplicates }

            let recipe =
                { recipe with
                    Matrix = MatrixName.X
                    SumDuplicates = false }

            let target = output |> Option.map (requireNewFile inputs)

            let folder =
                match target with
                | Some target -> Path.GetDirectoryName(Publish.resolve target)
                | None -> Path.GetTempPath()

            let temporary =
                Path.Combine(Publish.resolve folder, $".singlesharp-{Guid.NewGuid():N}.tmp")

            try
                try
                    let converted = Converting.run conversion settings inputs temporary
                    work temporary recipe converted.Warnings
                with trouble when (Fault.tryFind trouble).IsSome ->
                    Fault.throw (told temporary (shown inputs) (Option.defaultValue temporary target) (Fault.tryFind trouble).Value)
            finally
                if File.Exists temporary then
                    File.Delete temporary

    /// Runs a recipe on what the inputs hold.
    let run conversion recipe (settings: Settings) (inputs: string list) output =
        asFile conversion recipe settings inputs (Some output) (fun file recipe warnings ->
            let report = Preprocess.run recipe settings file output

            { report with
                Input = shown inputs
                Warnings = warnings @ report.Warnings })
