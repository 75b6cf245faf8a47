/// All pages of --help as one text: a page for man, and docs/cli.md.
namespace SingleSharp.Cli

open SingleSharp
open SingleSharp.Core

/// A part of the manual, whatever it is written in.
type private Part =
    | Chapter of string
    | Section of string
    | Text of string
    /// Command lines that follow one another.
    | Lines of string list
    /// An option or a command, and what there is to say about it.
    | Entry of name: string * text: string

[<RequireQualifiedAccess>]
module Manual =
    let private nameOf (form: OptionForm) =
        if form.Group = OptionGroup.Input then form.Values.Trim() else form.Spelling + form.Values

    let private forms group =
        Argument.forms () |> List.filter (fun form -> form.Group = group)

    /// What a command says of its own, and the names of the other options that it takes.
    let private ofCommand (command: Command) =
        let common = command.Groups |> List.collect forms
        // Where the command says something else of it.
        let own, shared =
            common |> List.partition (fun form -> Command.usage command form <> form.Usage)

        let shared = shared |> List.filter (fun form -> form.Group <> OptionGroup.Input)

        [ Section command.Name
          Text command.About
          Lines [ $"singlesharp {command.Name} {command.Syntax}".TrimEnd() ]
          for step in command.Steps do
              for option in step.Info.Options do
                  // One command takes the step alone, and there its options are explained.
                  if not command.IsPipeline then
                      Entry(
                          StepArguments.spelling false option + StepArguments.values option,
                          OptionText.spell StepArguments.inSentences option.Doc
                      )

                  elif StepArguments.spelling true option <> StepArguments.spelling false option then
                      Entry(
                          StepArguments.spelling true option + StepArguments.values option,
                          $"{StepArguments.spelling false option} of {step.Name}."
                      )
          for form in own do
              Entry(nameOf form, Command.usage command form)
          if command.IsPipeline then
              Text $"Takes the options of {Command.enumerated (command.Steps |> List.map _.Name)}."
          if not shared.IsEmpty then
              Text $"""Options of several commands that it takes: {shared |> List.map _.Spelling |> String.concat ", "}."""
          Lines command.Examples ]

    let private shared =
        lazy
            [ Chapter "Options of several commands"
              for title, groups in
                  Command.all
                  |> List.collect _.Groups
                  |> List.distinct
                  |> List.append [ OptionGroup.General; OptionGroup.Front ]
                  |> List.distinct
                  |> List.groupBy Help.title do
                  Section(title)

                  for group in groups do
                      for form in forms group do
                          Entry(nameOf form, form.Usage) ]

    let private parts () =
        [ Chapter "Description"
          Text Help.purpose
          Text
              "Results go to stdout, as text or with --json; progress, warnings and errors go to stderr. Options have scanpy's names, with dashes or underscores. What follows -- is a file."
          Lines Help.examples
          Chapter "Commands"
          for command in Command.all do
              Entry(command.Name, command.Line)
          for command in Command.all do
              yield! ofCommand command
          yield! shared.Value
          Chapter "Exit status"
          Text
              "0 done, 1 the file or the output is at fault, 2 the command line is, 70 a bug; cancelled: 130 by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP."
          Chapter "Environment"
          Entry("COLUMNS", "the width of the pages of --help, between 60 and 100.")
          Entry("NO_COLOR", "no colours, if it is not empty.") ]

    let private lines (lines: string list) = String.concat "\n" lines + "\n"

    /// What roff would take for something else, in lines that are not too long for those who read it as it is.
    let private roff (text: string) =
        [ for line in WordWrap.wrap 78 (text.Replace("\\", "\\e").Replace("-", "\\-")) do
              if line.StartsWith '.' || line.StartsWith '\'' then "\\&" + line else line ]

    let private roffLine (text: string) =
        text.Replace("\\", "\\e").Replace("-", "\\-")

    /// The page for man. It has no version, so that a release changes it only where it changes.
    let man () =
        let written (before, part) =
            match before, part with
            | _, Chapter title -> [ $".SH {title.ToUpperInvariant()}" ]
            | _, Section title -> [ $".SS {title}" ]
            // A heading begins a paragraph by itself.
            | (Chapter _ | Section _), Text text -> roff text
            | _, Text text -> ".PP" :: roff text
            | _, Lines lines -> [ ".PP"; ".RS 4"; ".nf"; yield! List.map roffLine lines; ".fi"; ".RE" ]
            | _, Entry(name, text) -> [ ".TP"; $".B {roffLine name}"; yield! roff text ]

        [ ".TH SINGLESHARP 1 \"\" \"SingleSharp\" \"User Commands\""
          ".SH NAME"
          "singlesharp \\- preprocess single\\-cell count matrices without loading them"
          ".SH SYNOPSIS"
          ".B singlesharp"
          ".I COMMAND"
          "[options]"
          yield! Chapter "" :: parts () |> List.pairwise |> List.collect written ]
        |> lines

    let private plain (text: string) =
        text.Replace("<", "\\<").Replace("*", "\\*")

    /// docs/cli.md.
    let markdown () =
        let written (before, part) =
            match before, part with
            | _, Chapter title -> [ ""; $"## {title}" ]
            | _, Section title -> [ ""; $"### {title}" ]
            | _, Text text -> [ ""; plain text ]
            | _, Lines lines -> [ ""; "```console"; yield! lines; "```" ]
            | Entry _, Entry(name, text) -> [ $"- `{name}`: {plain text}" ]
            | _, Entry(name, text) -> [ ""; $"- `{name}`: {plain text}" ]

        [ "# Command line"
          ""
          "This page is made from the code, as the pages of `--help` and of `singlesharp man` are. [reference.md](reference.md) says what is written where."
          yield! Chapter "" :: parts () |> List.pairwise |> List.collect written ]
        |> lines
