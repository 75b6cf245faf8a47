/// The pages that --help prints.
namespace SingleSharp.Cli

[<RequireQualifiedAccess>]
module Help =
    let private width = 80

    let private title chapter =
        match chapter with
        | Chapter.Input -> "INPUT"
        | Chapter.Sources -> "10X AND SEVERAL FILES"
        | Chapter.Folder
        | Chapter.Output -> "OUTPUT"
        | Chapter.Matrix -> "MATRIX"
        | Chapter.Filter -> "FILTER"
        | Chapter.GeneSets -> "GENE SETS"
        | Chapter.Qc -> "QC"
        | Chapter.NormalizeTotal -> "NORMALIZE_TOTAL"
        | Chapter.Log1p -> "LOG1P"
        | Chapter.Hvg -> "HVG"
        | Chapter.Pca -> "PCA"
        | Chapter.Steps -> "STEPS"
        | Chapter.Values -> "VALUES"
        | Chapter.General
        | Chapter.Front -> "GENERAL"

    let private entry name text = Paragraph.hang 4 26 width name text

    let private option spelling usage form =
        let name =
            if form.Chapter = Chapter.Input then form.Values.Trim() else spelling form + form.Values

        entry name (usage form)

    let private chapter spelling usage chapter =
        [ ""
          $"{title chapter}:"
          ""
          for form in Argument.forms do
              if form.Chapter = chapter then
                  yield! option spelling usage form ]

    let private help = entry "--help, -h" "display this page."

    let private text lines =
        lines |> List.map (fun line -> line + "\n") |> String.concat ""

    let private ofCommand command =
        text
            [ yield! Paragraph.wrap width command.About
              ""
              $"USAGE: singlesharp {command.Name} {command.Syntax}"
              for each in command.Chapters do
                  yield! chapter (Command.spelling command) (Command.usage command) each
              yield! help ]

    let private front =
        text
            [ "Preprocesses single-cell count matrices in .h5ad files without loading them:"
              "filters, QC metrics, normalize_total, log1p, highly variable genes and PCA with"
              "scanpy's results, in bounded memory, and with the same bits for any number of"
              "workers."
              ""
              "    singlesharp demo"
              "    singlesharp info counts.h5ad"
              "    singlesharp plan counts.h5ad"
              "    singlesharp pipeline counts.h5ad --out result.h5ad"
              "    singlesharp convert filtered_feature_bc_matrix.h5 --out counts.h5ad"
              ""
              "USAGE: singlesharp COMMAND [options]"
              ""
              "COMMANDS:"
              ""
              for command in Command.all do
                  yield! entry command.Name command.Line
              ""
              "singlesharp COMMAND --help lists the options of a command."
              yield! chapter _.Spelling _.Usage Chapter.General
              yield! chapter _.Spelling _.Usage Chapter.Front |> List.skip 3
              yield! help ]

    let isWanted (words: string list) =
        words |> List.exists (fun word -> word = "--help" || word = "-h")

    /// The command that a command line names.
    let commandOf (words: string list) = words |> List.tryPick Command.tryFind

    /// The page of a command, or of all of them.
    let page command =
        command |> Option.map ofCommand |> Option.defaultValue front
