/// What other programs are told, and these tests by their children, as JSON. The types are public, for a serializer sees no others.
module SingleSharp.Golden.Jobs

open System

/// One output to judge, as conformance.py reads it.
type ConformanceJob =
    {
        name: string
        input: string
        output: string
        obs: string list
        var: string list
        members: string list
        target: Nullable<float>
        log: bool
        sum: bool
        /// What is done with it once it has been read.
        trials: string list
    }

/// One filtered file to judge, as filtered.py reads it.
type FilteredJob =
    {
        name: string
        input: string
        output: string
        min_genes: Nullable<int64>
        min_cells: Nullable<int64>
        /// Which cells and genes stay, a letter 1 or 0 for each; null where the limits say it.
        cells: string | null
        genes: string | null
        /// Is the output used, as uses.py does it, beside being read?
        used: bool
    }

/// One conversion to judge, as imports.py reads it.
type ImportJob =
    { output: string
      inputs: string list
      genome: string | null
      feature_type: string | null
      unique: bool
      join: string
      key: string
      samples: string list
      separator: string | null
      stored: int64
      // Is its output used, as uses.py does it, beside being read?
      used: bool }

/// A command line for the resident tool, and the folder that it is given in.
type CommandRequest = { words: string[]; folder: string }

/// How it ended, and what it wrote to stdout and stderr.
type CommandAnswer =
    { code: int
      output: string
      errors: string }

/// What became of so many mutants.
type Tally =
    {
        Mutants: int
        /// How commands ended: each command with the kind of ending, and how often.
        Endings: (string * int) list
        /// What h5py says about outputs, and how often.
        Outputs: (string * int) list
        /// What must not happen, with the seed that makes it happen again.
        Troubles: string list
    }
