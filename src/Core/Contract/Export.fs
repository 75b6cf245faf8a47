/// What an export writes, and what is told of it.
namespace SingleSharp

/// The formats of an export.
type ExportFormat =
    /// Comma-separated values as pandas' to_csv writes them, in UTF-8; compressed where the name ends in .gz.
    | Csv = 0
    /// One array of NumPy.
    | Npy = 1
    /// Apache Parquet, which the package SingleSharp.Arrow writes.
    | Parquet = 2

/// What was exported.
type Exported =
    {
        Input: string
        /// What of the input it is, such as obs or obsm/X_pca.
        Element: string
        Output: string
        Format: ExportFormat
        Rows: int64
        /// How many columns there are beside the names of the rows; of an array, how many numbers there are in a row.
        Columns: int
        /// The length of the output.
        Bytes: int64
    }

namespace SingleSharp.Core

open System
open SingleSharp

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module ExportFormat =
    let private all =
        [ "csv", ExportFormat.Csv
          "parquet", ExportFormat.Parquet
          "npy", ExportFormat.Npy ]

    /// The names of all formats.
    let names = all |> List.map fst

    /// csv, parquet or npy.
    let name (format: ExportFormat) =
        all |> List.find (fun (_, known) -> known = format) |> fst

    /// Is the file compressed, by its name?
    let internal isCompressed (target: string) =
        target.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)

    /// Reads csv, parquet or npy.
    let ofText (text: string) : Result<ExportFormat, Fault> =
        match all |> List.tryFind (fun (name, _) -> name = text.ToLowerInvariant()) with
        | Some(_, format) -> Ok format
        | None -> Error(InvalidOption("to", $"it must be csv, parquet or npy, not '{text}'"))

    /// The format of a file by the ending of its name: .csv, .csv.gz, .parquet or .npy.
    let ofFile (target: string) : Result<ExportFormat, Fault> =
        let endsIn (ending: string) =
            target.EndsWith(ending, StringComparison.OrdinalIgnoreCase)

        let byEnding =
            if endsIn ".csv.gz" then
                Some ExportFormat.Csv
            else
                all |> List.tryPick (fun (name, format) -> if endsIn ("." + name) then Some format else None)

        match byEnding with
        | Some format -> Ok format
        | None ->
            Error(
                InvalidOption(
                    "to",
                    $"the name {target} does not say which format is meant; end it in .csv, .csv.gz, .parquet or .npy, or choose one with ⟨to⟩"
                )
            )
