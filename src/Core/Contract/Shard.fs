/// A run over many machines: its shards, its stages, and how far it is.
namespace SingleSharp

open System.Collections.Generic

/// Into how many shards a run is cut.
type ShardCount =
    /// So many; never more than X has blocks of 4,096 cells.
    | Shards of int
    /// As many as it takes for no shard to have more cells than this, about.
    | CellsPerShard of int64

/// One stage of a run over shards: a task for each shard, then one merge.
type ShardStage =
    {
        /// Its name in commands and in names of files, such as main, pca or scores.
        Name: string
        /// What it is for, such as qc + normalize_total + log1p + hvg.
        Purpose: string
        /// How many tasks it has, which are numbered from 0.
        Tasks: int
        /// Bytes of memory that a task, and the merge, take for buffers and states.
        Memory: int64
        MergeMemory: int64
        /// Bytes that a task reads, and that its part has, about.
        Reads: int64
        Part: int64
    }

/// A run over shards, as plan.json has it.
type ShardPlan =
    {
        /// The SHA-256, in hexadecimal digits, of all that results depend on. Parts carry it.
        Id: string
        /// The version that made the plan; tasks are taken by one that computes the same bits.
        Version: string
        Bits: int
        Inputs: IReadOnlyList<string>
        Out: string
        Cells: int64
        Genes: int64
        Shards: int
        /// The stages in order. Each needs the merge of the one before; the merge of the last one writes the output.
        Stages: IReadOnlyList<ShardStage>
        Warnings: IReadOnlyList<string>
    }

/// How far one stage is.
type ShardProgress =
    {
        Stage: string
        Tasks: int
        /// The tasks whose part is there, and ends as it should. Damage inside of it shows when it is read.
        Finished: int
        /// The tasks whose part is missing, cut off or of another plan, in order, and why.
        Missing: IReadOnlyList<KeyValuePair<int, string>>
        IsMerged: bool
    }

namespace SingleSharp.Core

open System

/// Where the parts of a run over shards lie: a folder that all machines see.
type ShardParts =
    {
        Folder: string
        /// How long is waited for what another machine has just written.
        Patience: TimeSpan
    }
