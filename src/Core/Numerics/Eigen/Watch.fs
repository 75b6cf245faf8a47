/// What looks on while a long computation runs, and may end it, and how many threads it may take.
namespace SingleSharp.Core.Numerics

/// Two functions that a computation calls; what they throw ends it. Nothing of this changes a result.
type internal Watch =
    {
        /// How many threads may share the work.
        Workers: int
        /// Called at least every few milliseconds of work, by any of them.
        Pause: unit -> unit
        /// Told the share of the work that is done, from 0 to 1.
        Tell: float -> unit
    }

[<RequireQualifiedAccess>]
module internal Watch =
    let none =
        { Workers = 1
          Pause = ignore
          Tell = ignore }
