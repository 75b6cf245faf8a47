/// What a command line asks to be done with a file: a recipe of some steps.
namespace SingleSharp.Cli

open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Recipes =
    /// The matrix that is meant, or the usual one where none is named.
    let matrix usual args : Validated<MatrixName> =
        match ParsedArgs.tryValue Argument.Layer args, ParsedArgs.has Argument.Use_Raw args with
        | Some _, true -> Validated.mistake "--layer and --use-raw each name a matrix; give one of them."
        | Some layer, false -> Values.inFile "--layer" layer |> Result.map MatrixName.Layer
        | None, true -> Ok MatrixName.Raw
        | None, false -> Ok usual

    let private noEffect option why =
        $"{option} has no effect: {why}; leave it out."

    let private given (command: Command) args step =
        StepArguments.ofStep command.IsPipeline args.OfSteps step

    let private spelling (command: Command) (step: Step) name =
        step.Info.Options |> Seq.find (fun option -> option.Name = name) |> StepArguments.spelling command.IsPipeline

    let private named option argument (steps: Step list) args =
        let known = steps |> List.map _.Name

        ParsedArgs.values argument args |> List.map (Values.steps option known) |> Validated.all |> Result.map List.concat

    /// Is a step taken, of a command that takes others too? What a recipe does not have is taken where it is asked for.
    let private isTaken (command: Command) (start: Recipe option) args skipped wished (step: Step) =
        let isUsual =
            match start with
            | Some recipe -> (Recipe.tryFind step.Name recipe).IsSome
            | None -> not (command.IsPipeline && step.Info.IsOptional)

        not (List.contains step.Name skipped)
        && (isUsual || List.contains step.Name wished || not (given command args step).IsEmpty)

    /// Options of steps that are left out, and steps that are left out anyway.
    let private inVain (command: Command) (start: Recipe option) args skipped wished =
        let isOptional (step: Step) =
            match start with
            | Some recipe -> (Recipe.tryFind step.Name recipe).IsNone
            | None -> step.Info.IsOptional

        [ for step in command.Steps do
              if List.contains step.Name skipped then
                  let options = given command args step

                  for name, _ in options do
                      noEffect (spelling command step name) $"it belongs to {step.Name}, which --skip leaves out"

                  if List.contains step.Name wished then
                      noEffect $"--with {step.Name}" "--skip leaves it out"
                  elif isOptional step && options.IsEmpty then
                      noEffect $"--skip {step.Name}" "it is only taken where it or an option of it is asked for" ]

    /// A step with the options that are given for it.
    let private read (command: Command) args (step: Step) : Validated<Step> =
        let given = given command args step

        let explained (name, ending) =
            let stop = if (ending: string).EndsWith '?' then "" else "."
            OptionText.spell StepArguments.inSentences $"{spelling command step name} {ending}{stop}"

        match StepArguments.requireOneSpelling command.IsPipeline args.OfSteps step, step.Read given with
        | Error twice, _ -> Error twice
        | Ok(), Error mistakes -> mistakes |> List.map explained |> Error
        | Ok(), Ok read ->
            match read.Idle |> List.filter (fun (name, _) -> List.exists (fun (other, _) -> other = name) given) with
            | [] -> Ok read
            | idle ->
                idle
                |> List.map (fun (name, why) -> noEffect (spelling command step name) (OptionText.spell StepArguments.inSentences why))
                |> Error

    let private values (steps: Step list) args =
        if ParsedArgs.has Argument.Allow_Invalid args && not (steps |> List.exists (fun step -> step.Info.RefusesInvalid)) then
            Validated.mistake (noEffect "--allow-invalid" "only normalize_total and log1p refuse such values")
        else
            Ok()

    /// What the core refuses whatever the data is a mistake of the command line.
    let private accepted (recipe: Recipe) =
        match Pipeline.check recipe with
        | [] -> Ok recipe
        | faults -> faults |> List.map (Fault.sentenceFor StepArguments.inSentences) |> Error

    /// The recipe that a command starts from, where a file is given with one.
    let private start (command: Command) args : Validated<Recipe option> =
        match ParsedArgs.tryValue Argument.Recipe args with
        | None -> Ok None
        | Some file ->
            RecipeFile.read file
            |> Result.bind (fun recipe ->
                match Recipe.names recipe |> List.except (command.Steps |> List.map _.Name) with
                | [] -> Ok(Some recipe)
                | others -> Validated.mistake $"--recipe {file}: {command.Name} does not take {Command.enumerated others}; pipeline does.")

    /// Sets of a recipe, and those that are given: of two with one name, the given one counts.
    let private together (own: GeneSet list) (given: GeneSet list) =
        (own |> List.filter (fun set -> given |> List.forall (fun other -> other.Name <> set.Name))) @ given

    let private ofStart (command: Command) (start: Recipe option) args : Validated<Recipe> =
        let own = start |> Option.defaultValue (Recipe.ofSteps [])

        // A step of the recipe goes on with the options that it has there.
        let known =
            command.Steps |> List.map (fun step -> Recipe.tryFind step.Name own |> Option.defaultValue step)

        let skipped = named "--skip" Argument.Skip command.Steps args

        let wished =
            named "--with" Argument.With (known |> List.filter (fun step -> start.IsSome || step.Info.IsOptional)) args

        let steps =
            known |> List.filter (isTaken command start args (Result.defaultValue [] skipped) (Result.defaultValue [] wished))

        let understood =
            check {
                let! skipped = skipped
                and! wished = wished
                and! steps = steps |> List.map (read command args) |> Validated.all
                and! matrix = matrix own.Matrix args

                and! sets =
                    args |> ParsedArgs.values Argument.Gene_Set |> List.map Values.geneSet |> Validated.all

                and! symbols = args |> ParsedArgs.optional Argument.Gene_Symbols Values.inFile

                return
                    inVain command start args skipped wished,
                    { own with
                        Steps = steps
                        Matrix = matrix
                        Mitochondrial =
                            ParsedArgs.tryValue Argument.Mt_Prefix args
                            |> Option.map Values.mitochondrial
                            |> Option.defaultValue own.Mitochondrial
                        GeneSets = together own.GeneSets sets
                        GeneSymbols = symbols |> Option.orElse own.GeneSymbols
                        SumDuplicates = own.SumDuplicates || ParsedArgs.has Argument.Sum_Duplicates args
                        AllowInvalid = own.AllowInvalid || ParsedArgs.has Argument.Allow_Invalid args
                        KeepCounts = own.KeepCounts || ParsedArgs.has Argument.Keep_Counts args }
            }

        // What is given in vain is told by its name, before the core tells of what it results in.
        match understood with
        | Error mistakes -> Error mistakes
        | Ok([], recipe) -> values recipe.Steps args |> Result.bind (fun () -> accepted recipe)
        | Ok(mistakes, _) -> Error mistakes

    /// The steps of a command, or of the recipe that is given, with the options that are given.
    let ofArgs (command: Command) args : Validated<Recipe> =
        start command args |> Result.bind (fun start -> ofStart command start args)
