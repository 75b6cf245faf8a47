/// What a command line may ask for, as values.
namespace SingleSharp.Cli

open SingleSharp
open SingleSharp.Core

/// Who reads what is said beside the work.
[<RequireQualifiedAccess>]
type Listener =
    | Person
    | Program
    | Nobody

/// What is asked for of a run over shards.
type ShardTask =
    | PlanShards of Input * Recipe * ShardCount * withFiles: bool * output: string
    | RunShard of plan: string * stage: string * task: int
    | MergeShards of plan: string * stage: string
    | ShardStatus of plan: string
    | ShardScript of plan: string * engine: string

/// What is asked for.
type Task =
    | Help of Command option
    | Version
    | Completion of shell: string
    | Man
    | Demo of folder: string
    | Info of Input
    | Convert of Input * MatrixName * sumDuplicates: bool * target: string
    | Split of Input * column: string * folder: string * replaces: bool
    | Head of path: string * parts: string list * rows: int * columns: string list
    | Digest of path: string
    | Verify of path: string
    | Report of path: string * page: string
    | History of path: string
    | Export of path: string * element: string * columns: string list * ExportFormat * target: string
    | Plan of command: string * Input * Recipe
    /// With the memory and the folder of parts, where they are named, and the seconds that are waited for parts.
    | Shard of ShardTask * memory: int64 option * parts: string option * wait: int
    | Run of command: string * Input * Recipe * Output

/// A task and how to do it.
type Request =
    {
        Task: Task
        /// The page that a run writes beside its result.
        Page: string option
        /// Does a page tell the digest?
        Digest: bool
        Workers: int
        Memory: int64
        Json: bool
        Listener: Listener
        /// The file with the recipe that the task starts from.
        Recipe: string option
        /// Where the recipe is written that the task takes.
        SaveRecipe: string option
        /// Files that must not be there yet.
        Kept: string list
        /// Where what happens is noted with times.
        Log: string option
        /// Is what was done noted in the output?
        Provenance: bool
        Compression: Compression option
        /// The folder for scratch files.
        Scratch: string option
    }

    /// No progress and no warnings.
    member request.Quiet = (request.Listener = Listener.Nobody)
