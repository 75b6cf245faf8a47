/// How commands are found by their names, and which options they take.
namespace SingleSharp.Cli

open SingleSharp.Core

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Command =
    let all = CommandList.all

    /// The one that tells what another would do.
    let plan = CommandList.plan

    let private names = all |> List.map _.Name

    /// Does it take steps itself, rather than look at a file or say what other machines do?
    let runs (command: Command) =
        not command.Steps.IsEmpty && command.Name <> CommandList.shard.Name

    /// "a, b and c"
    let enumerated (names: string list) =
        match List.rev names with
        | []
        | [ _ ] -> String.concat "" names
        | last :: others -> (others |> List.rev |> String.concat ", ") + " and " + last

    /// The command of a name, with underscores or dashes.
    let tryFind (name: string) =
        all |> List.tryFind (fun command -> command.Name = name.Replace('-', '_'))

    /// What scanpy calls some of them.
    let private translations =
        [ "calculate_qc_metrics", "qc"
          "filter_cells", "filter"
          "filter_genes", "filter"
          "highly_variable_genes", "hvg" ]

    /// Is it the name of a command, here or in scanpy, rather than of a file?
    let isName (name: string) =
        (tryFind name).IsSome
        || translations |> List.exists (fun (other, _) -> other = name.Replace('-', '_'))
        || ScanpyFunctions.isName name

    /// The command of a name, or what its name means in scanpy.
    let find (name: string) : Validated<Command> =
        match
            tryFind name, List.tryFind (fun (other, _) -> other = name.Replace('-', '_')) translations, ScanpyFunctions.tryExplain name []
        with
        | Some command, _, _ -> Ok command
        | None, Some(_, ours), _ -> Validated.mistake $"scanpy's {name} is called {ours} here."
        | None, None, Some sentence -> Validated.mistake sentence
        | None, None, None ->
            Validated.mistake $"there is no command {name}{DidYouMean.hint names name} The commands are {enumerated names}."

    /// The spellings of the options of its steps.
    let stepSpellings (command: Command) =
        [ for step in command.Steps do
              for option in step.Info.Options do
                  StepArguments.spelling command.IsPipeline option ]

    /// The same with those that are taken, but not listed.
    let acceptedSpellings (command: Command) =
        [ for step in command.Steps do
              for option in step.Info.Options do
                  yield! StepArguments.accepted command.IsPipeline option ]

    /// What its page says of an option.
    let usage (command: Command) (form: OptionForm) =
        match command.Name, form.Group with
        | ("digest" | "verify" | "history"), OptionGroup.Input -> "the file to read: one HDF5 file, such as an .h5ad file."
        | "export", OptionGroup.Input -> "the .h5ad file to read, and what of it is meant, as obs or obsm/X_pca."
        | "export", OptionGroup.NewFile when form.Spelling = "--out" ->
            "write to this file, or with - to stdout. One that is there is replaced once the new one is complete."
        | "report", OptionGroup.Input -> "the .h5ad file to read."
        | "head", OptionGroup.Input -> "the .h5ad file to read, and what of it."
        | "report", OptionGroup.Clobber -> "refuse to replace a page that is there."
        | "shard", OptionGroup.Input ->
            "plan, run, merge, status or script. Behind plan, the files to read; behind the others, the plan, then of run and merge the stage, and of run the task, from 0. Without a task it is that of SLURM_ARRAY_TASK_ID, AWS_BATCH_JOB_ARRAY_INDEX or JOB_COMPLETION_INDEX."
        | "split", OptionGroup.Clobber -> "refuse to replace files that are there; nothing is written then."
        | "split", OptionGroup.Folder -> "the folder for the files; it is made where it is missing."
        | "report", OptionGroup.NewFile -> "write the page to this file. One that is there is replaced once the new one is complete."
        | _ -> form.Usage

    /// The commands that take an option.
    let thatTake isTaken =
        all |> List.filter isTaken |> List.map _.Name
