/// What a run has from larger work that it is part of.
namespace SingleSharp.Core.Run

open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading

/// A new file beside the target that this run completes.
type internal BegunOutput =
    {
        /// Takes it for this run, once nothing else can be refused, and gives its path.
        Claim: unit -> string
        /// Called once all of it is on the device, just before it takes its place.
        Complete: string -> RandomAccessFile -> unit
        /// Called where it was not completed, and all that was written is on the device.
        GiveBack: string -> unit
    }

/// What a run that is part of larger work shares with the rest of it.
type internal RunSurroundings =
    {
        Taker: Taker
        /// Rows that have been put together for several runs.
        Rows: CsrView option
        /// What is written beside all else: links by the group of the root that holds them; and its bytes, about.
        Kept: AnnDataFile -> FileEditor -> (string * (string * int64) list) list
        KeptBytes: int64
        /// What is done once a new file is complete, just before it takes its place; where that throws, the target is as it was.
        Complete: unit -> unit
        /// The new file, where several machines have written to it already.
        Begun: BegunOutput option
    }

/// A new file that several machines write together: the share of this one.
type internal OutputShare =
    {
        /// Opens it; whoever gives the share closes it.
        Open: AnnDataFile -> RandomAccessFile
        /// Throws where nothing is to be written to it any more.
        Agree: unit -> unit
        Task: int
        Tasks: int
    }

[<RequireQualifiedAccess>]
module internal RunSurroundings =
    /// A run by itself.
    let alone =
        { Taker = Taker.alone
          Rows = None
          Kept = fun _ _ -> []
          KeptBytes = 0L
          Complete = ignore
          Begun = None }
