/// How a pass reads within the memory allowed.
namespace SingleSharp.Core

/// What a pass keeps while it runs, in bytes.
type Need =
    {
        /// The state of one block.
        State: int64
        /// What waits to leave of one block.
        Page: int64
        /// What is kept once.
        Once: int64
    }

/// How to read: values per slice, blocks in flight, and the bytes of memory that this takes.
type Fit =
    { ValuesPerSlice: int
      Window: int
      Memory: int64 }

[<RequireQualifiedAccess>]
module Budget =
    /// Enough values for a slice to be worth its trouble, few enough to stay in a processor's cache.
    let private bestSlice = 1 <<< 17

    let private smallestSlice = 1 <<< 12

    let nothing = { State = 0L; Page = 0L; Once = 0L }

    /// The roomiest way to read the rows of a matrix that fits, or the least memory that one needs; slices give way before blocks in flight do.
    let tryFit (matrix: Matrix) (settings: Settings) need =
        let workers = max 1 settings.Workers

        let memory window slice =
            let blocks = Checked.(*) (int64 (window + 2)) (need.State + need.Page)
            Checked.(+) need.Once (blocks + int64 workers * Reader.memory matrix slice)

        let slices =
            bestSlice |> List.unfold (fun slice -> if slice < smallestSlice then None else Some(slice, slice / 2))

        let candidates =
            [ for window in [ workers + 2; workers ] do
                  for slice in slices do
                      { ValuesPerSlice = slice
                        Window = window
                        Memory = memory window slice } ]

        match candidates |> List.tryFind (fun fit -> fit.Memory <= settings.Memory) with
        | Some fit -> Ok fit
        | None -> Error (List.last candidates).Memory

    /// The same, where anything else is a fault.
    let fit matrix (settings: Settings) need =
        match tryFit matrix settings need with
        | Ok fit -> fit
        | Error needed -> Fault.throw (OverBudget(needed, settings.Memory))
