/// What looks on while a long computation runs, and may end it.
namespace SingleSharp.Core.Numerics

/// Two functions that a computation calls; what they throw ends it. Neither changes a result.
type internal Watch =
    {
        /// Called at least every few milliseconds of work.
        Pause: unit -> unit
        /// Told the share of the work that is done, from 0 to 1.
        Tell: float -> unit
    }

[<RequireQualifiedAccess>]
module internal Watch =
    let none = { Pause = ignore; Tell = ignore }
