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
        | GramOverBudget _
        | OutOfMemory -> fault

    let private requireNewFile inputs output =
        match output with
        | NewFile target -> target
        | InPlace when Converting.isAnnData inputs ->
            Fault.throw (BadOption("--use-raw", "only qc works on raw in place; anything else makes a new file of it, so say --out FILE"))
        | InPlace -> Fault.throw (BadOption("--in-place", $"{shown inputs} is not one .h5ad file that could be changed; say --out FILE"))

    /// Is the input a file that needs no conversion? Steps that change values or genes and start from raw, which has genes of its
    /// own, need one.
    let private isTakenAsItIs inputs (recipe: Recipe) conversion =
        let startsFromRaw =
            recipe.Matrix = MatrixName.Raw && Recipe.steps recipe <> [ "qc" ]

        let isAnnData = Converting.isAnnData inputs
        Conversion.requireUses isAnnData conversion inputs
        isAnnData && not startsFromRaw

    /// What is asked of the conversion, and of what comes out of it.
    let private apart (conversion: ConvertRecipe) (recipe: Recipe) =
        { conversion with
            Matrix = recipe.Matrix
            SumDuplicates = recipe.SumDuplicates },
        { recipe with
            Matrix = MatrixName.X
            SumDuplicates = false }

    /// What is logged is not logged again by mistake, and a file that is made of several no longer says that they are.
    let private requireUnlogged (recipe: Recipe) (settings: Settings) inputs =
        if recipe.Log1p.IsSome && recipe.Matrix = MatrixName.X && not recipe.AllowLogged then
            for input in inputs do
                if Converting.isAnnData [ input ] then
                    using (Schema.openReadWithin settings.Memory MatrixName.X input) (fun file -> Plan.requireUnlogged file recipe)

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
        if isTakenAsItIs inputs recipe conversion then
            work inputs.Head recipe []
        else
            requireUnlogged recipe settings inputs
            let conversion, recipe = apart conversion recipe
            let target = output |> Option.map (requireNewFile inputs)

            // What cannot be written in the end is not worth converting for.
            target
            |> Option.iter (fun target ->
                Publish.require target 0L
                Publish.requireReplaceable target false)

            let folder =
                match target with
                | Some target -> Path.GetDirectoryName(Publish.resolve target)
                | None -> Path.GetTempPath()

            let temporary = Temporary.pathIn (Publish.resolve folder)

            try
                try
                    // Beside the output, it is for the readers of that; among the temporary files of all users, for nobody else.
                    let converted = Converting.runFor target.IsNone conversion settings inputs temporary

                    // Held for as long as it is needed, so that no other run takes it for left behind.
                    use _ =
                        Store.openHandle temporary FileAccess.Read (FileShare.Read ||| FileShare.Delete)

                    work temporary recipe converted.Warnings
                with trouble when (Fault.tryFind trouble).IsSome ->
                    Fault.throw (told temporary (shown inputs) (Option.defaultValue temporary target) (Fault.tryFind trouble).Value)
            finally
                Temporary.remove temporary

    /// Runs a recipe on what the inputs hold.
    let run conversion recipe (settings: Settings) (inputs: string list) output =
        Check.recipe recipe

        asFile conversion recipe settings inputs (Some output) (fun file recipe warnings ->
            let report = Preprocess.run recipe settings file output

            { report with
                Input = shown inputs
                Warnings = warnings @ report.Warnings })

    /// What would be converted, without a copy of it: `look` gets a sketch of the file, the recipe as it applies to it, what the
    /// inputs make together, and the memory that converting needs. Unless it has to be exact, values of genes that are not taken
    /// count as well.
    let private sketched conversion (recipe: Recipe) (settings: Settings) inputs isExact look =
        let conversion, recipe = apart conversion recipe

        Converting.gather conversion settings inputs (Path.GetTempPath()) (fun combination all ->
            let held = all.Bytes

            let memory =
                combination.Inputs
                |> List.collect Intake.matrices
                |> List.map (fun matrix -> (matrix.Fit settings held).Memory)
                |> List.fold max all.Most

            let looked =
                if isExact then Some(Converting.look settings held combination) else None

            let stored =
                match looked with
                | Some looked -> looked |> List.sumBy _.Values
                | None -> combination.Inputs |> List.sumBy _.Stored

            let batchKey = recipe.Hvg |> Option.bind _.BatchKey
            use file = Sketch.make (shown inputs) all combination stored batchKey
            look file recipe combination looked memory)

    let private beside memory (plan: Plan) =
        { plan with
            Memory = max memory plan.Memory }

    /// What a recipe means for what the inputs hold, which are read where they lie. `complete` makes the recipe complete once the
    /// file is known, and says what gives cause to warn.
    let plan conversion (recipe: Recipe) (settings: Settings) (inputs: string list) (complete: H5adFile -> Recipe -> Recipe * string list) =
        let planned file recipe warnings =
            let recipe, remarks = complete file recipe
            let plan = Plan.ofFile file recipe settings
            plan.Warnings |> List.iter settings.Warn

            { plan with
                Warnings = warnings @ remarks @ plan.Warnings }

        if isTakenAsItIs inputs recipe conversion then
            using (Schema.openReadWithin settings.Memory recipe.Matrix inputs.Head) (fun file -> planned file recipe [])
        else
            requireUnlogged recipe settings inputs

            sketched conversion recipe settings inputs false (fun file recipe combination _ memory ->
                combination.Warnings |> List.iter settings.Warn
                planned file recipe combination.Warnings |> beside memory)

    /// What the inputs hold and what a recipe would do to it; they are read where they lie.
    let info conversion (recipe: Recipe) (settings: Settings) (inputs: string list) =
        if isTakenAsItIs inputs recipe conversion then
            using (Schema.openReadWithin settings.Memory recipe.Matrix inputs.Head) (fun file ->
                { Info.ofFile file recipe settings with
                    Path = inputs.Head })
        else
            sketched conversion recipe settings inputs true (fun file recipe combination looked memory ->
                let looked = Option.get looked

                let info =
                    Info.ofLooked file recipe settings (looked |> List.forall _.AreCounts) (looked |> List.sumBy _.CellsExamined)

                /// Of several inputs, each dataset with the input that it is in.
                let named (intake: Intake) (stored: Stored) =
                    if inputs.Length = 1 then
                        stored
                    else
                        { stored with
                            Name = $"{intake.Path}: {stored.Name}" }

                { info with
                    Path = shown inputs
                    Bytes = combination.Inputs |> List.collect _.Files |> List.sumBy (fun file -> FileInfo(file).Length)
                    Matrix =
                        List.zip combination.Inputs looked |> List.collect (fun (intake, looked) -> List.map (named intake) looked.Matrix)
                    Others = [ for name, _, _ in combination.Layers -> $"layers/{name}" ]
                    Plan =
                        { beside memory info.Plan with
                            Warnings = combination.Warnings @ info.Plan.Warnings } })
