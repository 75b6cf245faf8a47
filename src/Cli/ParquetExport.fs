/// Parquet files. Whatever belongs to them is loaded by this function alone, so that other commands start without it.
namespace SingleSharp.Cli

open System.Runtime.CompilerServices
open SingleSharp
open SingleSharp.Core
open SingleSharp.Arrow

[<RequireQualifiedAccess>]
module ParquetExport =
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    let write element columns settings path target : Result<Exported, Fault> =
        ParquetFile.TryWrite(element, columns, settings, path, target)
