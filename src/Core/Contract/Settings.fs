/// How to run, and where the result goes.
namespace SingleSharp

open System

/// What is done between reads of X or after them, such as "pca: eigenvectors", and the share of it that is done, between 0 and 1.
[<Struct>]
type ProgressTask = { Name: string; Done: float }

/// How far a run is.
type Progress =
    {
        /// Which read of X this is, from 1, and how many there will be.
        Pass: int
        Passes: int
        CellsDone: int64
        Cells: int64
        /// Bytes of X, not compressed, that one read goes through.
        Bytes: int64
        /// What is done after the read; null during the read.
        Task: Nullable<ProgressTask>
    }

namespace SingleSharp.Core

open System.Threading
open SingleSharp
open SingleSharp.Core.Contract

/// Where the result goes.
type Output =
    /// A new file; one that is there is replaced once the new one is complete.
    | NewFile of path: string
    /// The input itself. Columns alone are appended to it; where X changes, a complete new file takes its place.
    | InPlace

/// How to run; nothing here can change a value.
type Settings =
    {
        /// Threads that read and compute, no more of them than X has blocks; 0 for as many as processors and memory allow.
        Workers: int
        /// Bytes of memory for buffers and states, the runtime's own aside.
        Memory: int64
        /// Note in uns/singlesharp what was done: version, bits, inputs and recipe, behind the notes of earlier runs.
        Provenance: bool
        /// How X, layers and whatever else a run stores anew are compressed, and X of a conversion; none for as they were. New columns and
        /// results are never compressed.
        Compression: Compression option
        /// The folder for scratch files; none for that of the output.
        Scratch: string option
        Progress: Progress -> unit
        /// Told each warning as soon as it is known; the report repeats all of them.
        Warn: string -> unit
        Cancel: CancellationToken
        /// How warnings and faults spell options.
        Spelling: OptionSpelling
    }

[<RequireQualifiedAccess>]
module Settings =
    /// As many workers as processors and memory allow, and a quarter of the memory that the machine or the container has, between
    /// 256 MiB and 4 GiB; in silence; options under scanpy's names.
    let standard =
        { Workers = 0
          Memory = Machine.usualMemory.Value
          Provenance = true
          Compression = None
          Scratch = None
          Progress = ignore
          Warn = ignore
          Cancel = CancellationToken.None
          Spelling = OptionText.plain }
