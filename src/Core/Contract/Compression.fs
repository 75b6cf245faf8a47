/// How datasets are compressed that a run stores anew.
namespace SingleSharp

/// How datasets are compressed.
[<RequireQualifiedAccess>]
type Compression =
    /// Not at all.
    | None
    /// HDF5's deflate, which every reader knows. Levels from 0 to 9.
    | Gzip of level: int
    /// Zstandard, for which readers need a plugin, such as hdf5plugin for h5py. Levels from 1 to 22.
    | Zstd of level: int
    /// LZF, which h5py brings along: fast, and without levels.
    | Lzf

namespace SingleSharp.Core

open System
open System.Globalization
open SingleSharp

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Compression =
    /// At h5py's usual level.
    let gzip = Compression.Gzip 4

    /// At the usual level of zstd.
    let zstd = Compression.Zstd 3

    let private refusal why = InvalidOption("compression", why)

    /// What is wrong with a level.
    let internal mistake compression =
        match compression with
        | Compression.Gzip level when level < 0 || level > 9 -> Some(refusal $"gzip has the levels 0 to 9, not {level}")
        | Compression.Zstd level when level < 1 || level > 22 -> Some(refusal $"zstd has the levels 1 to 22, not {level}")
        | _ -> Option.None

    let private leveled (text: string) make : Result<Compression, Fault> =
        match Int32.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
        | true, level ->
            match mistake (make level) with
            | Some fault -> Error fault
            | Option.None -> Ok(make level)
        | _ -> Error(refusal $"a level is an integer, as in gzip:9, not '{text}'")

    /// Reads gzip, zstd, lzf or none, with a level as gzip:9.
    let ofText (text: string) : Result<Compression, Fault> =
        match text.ToLowerInvariant().Split(':', 2) with
        | [| "gzip" |] -> Ok gzip
        | [| "zstd" |] -> Ok zstd
        | [| "lzf" |] -> Ok Compression.Lzf
        | [| "none" |] -> Ok Compression.None
        | [| "gzip"; level |] -> leveled level Compression.Gzip
        | [| "zstd"; level |] -> leveled level Compression.Zstd
        | [| ("lzf" | "none") as name; _ |] -> Error(refusal $"{name} has no levels; leave it out")
        | _ -> Error(refusal $"it must be gzip, zstd, lzf or none, with a level as gzip:9, not '{text}'")
