/// How to run, and where the result goes.
namespace SingleSharp.Core

open System
open System.Threading

/// Where the result goes.
type Output =
    /// A new file; one that is there is replaced once the new one is complete.
    | NewFile of path: string
    /// The input itself.
    | InPlace

/// How far a run is.
type Progress =
    {
        /// Which read of X this is, from 1, and how many there will be.
        Pass: int
        Passes: int
        CellsDone: int64
        Cells: int64
        /// Bytes of X as stored that one read goes through.
        Bytes: int64
        /// What is done after the read, such as "pca: eigenvectors", and the share of it that is done; none during the read.
        Task: (string * float) option
    }

/// How to run; nothing here can change a result.
type Settings =
    {
        /// Threads that read and compute.
        Workers: int
        /// Bytes of memory for buffers and states, the runtime's own aside.
        Memory: int64
        Progress: Progress -> unit
        /// Told what is worth a word as soon as it is known; the report repeats all of it.
        Warn: string -> unit
        Cancel: CancellationToken
    }

[<RequireQualifiedAccess>]
module Settings =
    /// All processors, up to 1 GiB, in silence.
    let standard =
        { Workers = Environment.ProcessorCount
          Memory = 1L <<< 30
          Progress = ignore
          Warn = ignore
          Cancel = CancellationToken.None }
