/// What each command says about itself, and the pages that --help prints.
namespace SingleSharp.Cli

open Argu

[<RequireQualifiedAccess>]
module Help =
    let parser = ArgumentParser.Create<Arguments>(programName = "singlesharp")

    let private front =
        """Preprocesses single-cell count matrices in .h5ad files without loading them:
QC metrics, normalize_total and log1p with scanpy's results, in bounded memory,
and with the same bits for any number of workers.

    singlesharp demo
    singlesharp info counts.h5ad
    singlesharp preprocess counts.h5ad --out normalized.h5ad

USAGE: singlesharp COMMAND [options]"""

    let private demo =
        """Writes a small file of synthetic blood cells, preprocesses it and says what to
try next. The file holds the same values on every machine.

USAGE: singlesharp demo [--out-dir DIR]"""

    let private info =
        """Says what is in a file, whether its X looks like raw counts, and what
singlesharp preprocess would do with it. Nothing is written.

USAGE: singlesharp info FILE [options]"""

    let private qc =
        """Computes scanpy's calculate_qc_metrics: total counts, genes per cell, shares of
mitochondrial and other genes, and so on, as columns of obs and var. X does not
change.

USAGE: singlesharp qc FILE (--out FILE | --in-place) [options]"""

    let private normalizeTotal =
        """Scales every cell to the same total, as scanpy's normalize_total. Whole numbers
become float32.

USAGE: singlesharp normalize_total FILE (--out FILE | --in-place) [options]"""

    let private log1p =
        """Takes ln(1 + x) of every value of X, as scanpy's log1p, and notes it in
uns/log1p. Whole numbers become float64, as they do there.

USAGE: singlesharp log1p FILE (--out FILE | --in-place) [options]"""

    let private preprocess =
        """Computes QC metrics, then normalize_total, then log1p, with one read and one
write of X; a median target and --exclude-highly-expressed take one more read
each. Everything else in the file is kept as it is.

USAGE: singlesharp preprocess FILE (--out FILE | --in-place) [options]"""

    let private digest =
        """Prints a SHA-256 for every object in the file and, last, one for the whole file.
It covers values and attributes, not how they are stored, so that two people can
compare results.

USAGE: singlesharp digest FILE [options]"""

    let private abouts =
        [ "demo", demo
          "info", info
          "qc", qc
          "normalize_total", normalizeTotal
          "normalize-total", normalizeTotal
          "log1p", log1p
          "preprocess", preprocess
          "digest", digest ]

    /// The command that a command line names.
    let commandOf (words: string list) =
        words |> List.tryFind (fun word -> abouts |> List.exists (fun (name, _) -> name = word))

    let commands = "demo, info, qc, normalize_total, log1p, preprocess and digest"

    let isWanted (words: string list) =
        words |> List.exists (fun word -> word = "--help" || word = "-h")

    /// The help page for a command, or for all of them.
    let page command =
        match command with
        | None -> parser.PrintUsage(message = front, hideSyntax = true)
        | Some name ->
            let about = abouts |> List.find (fun (known, _) -> known = name) |> snd
            let primary = if name = "normalize-total" then "normalize_total" else name

            let ofCommand =
                parser.GetSubCommandParsers() |> List.find (fun sub -> sub.ParentInfo.Value.Name.Value = primary)

            ofCommand.PrintUsage(message = about, hideSyntax = true)
