/// The pages that --help prints.
namespace SingleSharp.Cli

open SingleSharp
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Help =
    /// Of a page that nobody's terminal asks for.
    let usualWidth = 80

    /// The heading of some options.
    let title group =
        match group with
        | OptionGroup.Input -> "INPUT"
        | OptionGroup.Sources -> "10X AND SEVERAL FILES"
        | OptionGroup.Split -> "SPLIT"
        | OptionGroup.Shards -> "SHARDS"
        | OptionGroup.Head
        | OptionGroup.Columns -> "TABLE"
        | OptionGroup.Folder
        | OptionGroup.NewFile
        | OptionGroup.Clobber
        | OptionGroup.Output
        | OptionGroup.Format
        | OptionGroup.Trial -> "OUTPUT"
        | OptionGroup.Report
        | OptionGroup.Page -> "REPORT"
        | OptionGroup.Matrix -> "MATRIX"
        | OptionGroup.GeneSets -> "GENE SETS"
        | OptionGroup.Note -> "NOTE"
        | OptionGroup.Recipes -> "RECIPE"
        | OptionGroup.Steps -> "STEPS"
        | OptionGroup.Values
        | OptionGroup.Counts -> "VALUES"
        | OptionGroup.Compression
        | OptionGroup.Scratch -> "STORAGE"
        | OptionGroup.General
        | OptionGroup.Front -> "GENERAL"

    let private entry width name text = WordWrap.hang 4 26 width name text

    let private option width usage (form: OptionForm) =
        let name =
            if form.Group = OptionGroup.Input then form.Values.Trim() else form.Spelling + form.Values

        entry width name (usage form)

    let private heading title = [ ""; $"{title}:"; "" ]

    let private options width usage group =
        [ for form in Argument.forms () do
              if form.Group = group then
                  yield! option width usage form ]

    let private ofStep width isAmongOthers (step: Step) =
        [ if not (Seq.isEmpty step.Info.Options) then
              yield! heading (step.Name.ToUpperInvariant())

              for option in step.Info.Options do
                  yield!
                      entry
                          width
                          (StepArguments.spelling isAmongOthers option + StepArguments.values option)
                          (OptionText.spell StepArguments.inSentences option.Doc) ]

    let private help width =
        entry width "--help, -h" "display this page."

    let private text lines =
        lines |> List.map (fun line -> line + "\n") |> String.concat ""

    /// Its own options come first, those of other inputs last.
    let private ofCommand width (command: Command) =
        text
            [ yield! WordWrap.wrap width command.About
              ""
              $"USAGE: singlesharp {command.Name} {command.Syntax}"
              for step in command.Steps do
                  yield! ofStep width command.IsPipeline step
              for before, each in List.pairwise (None :: List.map Some command.Groups) do
                  let each = Option.get each

                  // Groups of one title stand below one heading.
                  if before |> Option.map title <> Some(title each) then
                      yield! heading (title each)

                  yield! options width (Command.usage command) each

                  if each = OptionGroup.General then
                      yield! help width
              yield! heading "EXAMPLES"
              for example in command.Examples do
                  "    " + example ]

    let purpose =
        "Preprocesses single-cell count matrices in .h5ad files without loading them: filters, QC metrics, normalize_total, log1p, highly variable genes and PCA with scanpy's results, in bounded memory, and with the same bits for any number of workers."

    /// What a first day looks like.
    let examples =
        [ "singlesharp demo"
          "singlesharp info counts.h5ad"
          "singlesharp plan counts.h5ad"
          "singlesharp pipeline counts.h5ad --out result.h5ad"
          "singlesharp convert filtered_feature_bc_matrix.h5 --out counts.h5ad" ]

    let private front width =
        text
            [ yield! WordWrap.wrap width purpose
              ""
              for example in examples do
                  "    " + example
              ""
              "USAGE: singlesharp COMMAND [options]"
              ""
              "COMMANDS:"
              ""
              for command in Command.all do
                  yield! entry width command.Name command.Line
              ""
              "singlesharp COMMAND --help lists the options of a command."
              yield! heading (title OptionGroup.General)
              yield! options width _.Usage OptionGroup.General
              yield! options width _.Usage OptionGroup.Front
              yield! help width ]

    let isWanted (words: string list) =
        words |> List.exists (fun word -> word = "--help" || word = "-h")

    /// The command that a command line names.
    let commandOf (words: string list) = words |> List.tryPick Command.tryFind

    /// The page of a command, or of all of them, for a terminal of some width.
    let pageWithin width command =
        match command with
        | Some command -> ofCommand width command
        | None -> front width

    /// The same where no terminal asks for another width.
    let page command = pageWithin usualWidth command
