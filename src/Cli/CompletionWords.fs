/// What can stand in a command line, for shells that complete words: made from the list of commands and their options.
namespace SingleSharp.Cli

open SingleSharp
open SingleSharp.Core

/// What can stand where a value is expected.
[<RequireQualifiedAccess>]
type ValueWords =
    | Nothing
    /// Something that nobody can guess.
    | Anything
    | Files
    | Folders
    | Among of string list

/// An option as a shell completes it.
type OptionWords =
    {
        Spelling: string
        /// Without its dashes, which mark a value: such as FILE.
        Placeholder: string
        Values: ValueWords
        /// What it does, up to the first full stop.
        Line: string
    }

[<RequireQualifiedAccess>]
module CompletionWords =
    let shells = [ "bash"; "zsh"; "fish"; "powershell" ]

    /// The first sentence, without what marks a shell's words.
    let private line (text: string) =
        let text = OptionText.spell StepArguments.inSentences text

        match text.IndexOf ". ", text.IndexOf ": " with
        | -1, -1 -> text.TrimEnd '.'
        | at, -1
        | -1, at -> text[.. at - 1]
        | first, second -> text[.. min first second - 1]

    let private placeholder (text: string) = text.Trim(' ', '<', '>', '.')

    let private stepNames (steps: Step list) = steps |> List.map _.Name

    let private ofForm (form: OptionForm) =
        let values =
            match placeholder form.Values with
            | "" -> ValueWords.Nothing
            | "FILE"
            | "PAGE"
            | "JSON" -> ValueWords.Files
            | "DIR" -> ValueWords.Folders
            | _ when form.Spelling = Argument.spelling (Argument.Skip "") -> ValueWords.Among(stepNames Pipeline.steps)
            | _ when form.Spelling = Argument.spelling (Argument.With "") ->
                ValueWords.Among(Pipeline.steps |> List.filter _.Info.IsOptional |> stepNames)
            | _ when not form.Choices.IsEmpty -> ValueWords.Among form.Choices
            | _ -> ValueWords.Anything

        { Spelling = form.Spelling
          Placeholder = placeholder form.Values
          Values = values
          Line = line form.Usage }

    let private ofOption isAmongOthers (option: OptionInfo) =
        { Spelling = StepArguments.spelling isAmongOthers option
          Placeholder = placeholder option.Placeholder
          Values =
            if option.Placeholder = "" then ValueWords.Nothing
            elif option.Choices.IsEmpty then ValueWords.Anything
            else ValueWords.Among option.Choices
          Line = line option.Doc }

    let private help =
        { Spelling = "--help"
          Placeholder = ""
          Values = ValueWords.Nothing
          Line = "display this page" }

    /// The options of a command, its own first; those of plan are those of pipeline, unless another is named.
    let options (command: Command) =
        let command =
            if command.Name = Command.plan.Name then
                Command.all |> List.find (fun other -> other.Name = "pipeline")
            else
                command

        [ for step in command.Steps do
              for option in step.Info.Options do
                  ofOption command.IsPipeline option
          for group in command.Groups do
              for form in Argument.forms () do
                  if form.Group = group && group <> OptionGroup.Input then
                      ofForm
                          { form with
                              Usage = Command.usage command form }
          help ]
        |> List.distinctBy _.Spelling

    /// The options where no command is named.
    let front =
        help
        :: [ for form in Argument.forms () do
                 if form.Group = OptionGroup.Front then
                     ofForm form ]

    /// What stands behind a command, besides its options.
    let operands (command: Command) =
        match command.Name with
        | "help" -> ValueWords.Among(Command.all |> List.map _.Name)
        | "completion" -> ValueWords.Among shells
        | _ when List.contains OptionGroup.Input command.Groups -> ValueWords.Files
        | _ -> ValueWords.Nothing

    /// Every option with the values that it takes, whatever the command.
    let all () =
        Command.all |> List.collect options |> List.distinctBy _.Spelling
