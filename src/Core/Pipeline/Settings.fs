/// How to run, and where the result goes.
namespace SingleSharp.Core

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
        /// Threads that read and compute, no more of them than X has blocks; 0 for as many as processors and memory allow.
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
    /// As many workers as processors and memory allow, and a quarter of the memory that the machine or the container has, between
    /// 256 MiB and 4 GiB; in silence.
    let standard =
        { Workers = 0
          Memory = Machine.usualMemory.Value
          Progress = ignore
          Warn = ignore
          Cancel = CancellationToken.None }
