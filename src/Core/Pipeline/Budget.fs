/// How a pass reads within the memory allowed.
namespace SingleSharp.Core

/// What a pass keeps while it runs, in bytes.
type Need =
    {
        /// The state of one block.
        State: int64
        /// What waits to leave of one block.
        Page: int64
        /// What each worker computes with, beside what it reads with.
        Worker: int64
        /// What is kept once.
        Once: int64
        /// What is kept once the read is done and only its answer is left.
        After: int64
    }

/// How to read: by how many workers, values per slice, blocks in flight, and the bytes of memory that this takes.
type Fit =
    { Workers: int
      ValuesPerSlice: int
      Window: int
      Memory: int64 }

[<RequireQualifiedAccess>]
module Budget =
    /// Enough values for a slice to be worth its trouble, few enough to stay in a processor's cache.
    let private bestSlice = 1 <<< 17

    /// Smaller slices are for those who have no other choice.
    let private fairSlice = 1 <<< 15

    let private smallestSlice = 1 <<< 12

    let nothing =
        { State = 0L
          Page = 0L
          Worker = 0L
          Once = 0L
          After = 0L }

    /// Slices of these sizes, the largest first.
    let private slices largest smallest =
        largest |> List.unfold (fun slice -> if slice < smallest then None else Some(slice, slice / 2))

    /// How many workers there may be, the most first: those that are asked for, or as many as there are processors down to one. There
    /// is nothing to do for more of them than there are blocks.
    let private workers blocks (settings: Settings) =
        let atMost workers = int (min (int64 workers) blocks)

        if settings.Workers > 0 then
            [ atMost settings.Workers ]
        else
            [ atMost Machine.processors .. -1 .. 1 ]

    /// The roomiest way to read the rows of a matrix that fits, or the least memory that one needs; slices give way before blocks in
    /// flight do, and these before workers that nobody asked for.
    let tryFit (matrix: Matrix) (settings: Settings) need =
        let blocks = max 1L (Blocks.count matrix.Cells)

        let memory workers window slice =
            // Two more than are in flight: the segment and the result that they are merged into.
            let states = min (int64 window + 2L) (blocks + 1L)

            let ofWorkers =
                Checked.(*) (int64 workers) (need.Worker + Reader.memory matrix slice)

            let during = Checked.(+) (Checked.(*) states (need.State + need.Page)) ofWorkers
            Checked.(+) need.Once (max during need.After)

        let workers = workers blocks settings

        let candidates =
            seq {
                for slices in [ slices bestSlice fairSlice; slices (fairSlice / 2) smallestSlice ] do
                    for workers in workers do
                        for window in [ workers + 2; workers ] do
                            for slice in slices do
                                { Workers = workers
                                  ValuesPerSlice = slice
                                  Window = window
                                  Memory = memory workers window slice }
            }

        match candidates |> Seq.tryFind (fun fit -> fit.Memory <= settings.Memory) with
        | Some fit -> Ok fit
        | None -> Error (Seq.last candidates).Memory

    /// The same, where anything else is a fault.
    let fit matrix (settings: Settings) need =
        match tryFit matrix settings need with
        | Ok fit -> fit
        | Error needed -> Fault.throw (OverBudget(needed, settings.Memory))
