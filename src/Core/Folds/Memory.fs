/// Memory that is used again, and memory that is given back before the runtime would think of it.
namespace SingleSharp.Core.Folds

open System
open System.Collections.Concurrent

/// Arrays of one length that the states of a fold hand to one another; Drain gives up those that nobody has.
[<Sealed>]
type internal ArrayStock<'a when 'a: struct and 'a: (new: unit -> 'a) and 'a :> ValueType>(length: int) =
    let spare = ConcurrentBag<'a[]>()

    /// An array of zeros.
    member _.Rent() : 'a[] =
        match spare.TryTake() with
        | true, array ->
            Array.Clear array
            array
        | _ -> Array.zeroCreate length

    member _.Return(array: 'a[]) = spare.Add array

    /// How arrays of N elements in use are saved.
    member stock.Form count : Saved<'a[]> =
        { Write = fun writer array -> Saved.write writer array count
          Read =
            fun reader ->
                let array = stock.Rent()
                Saved.readInto reader array count
                array }

    member _.Drain() = spare.Clear()

[<RequireQualifiedAccess>]
module internal Memory =
    /// Collecting what is less is not worth the time.
    let worthwhile = 16L <<< 20

    let mutable private known = 0L

    /// Gives N bytes back that were let go of. The runtime collects large arrays when they have grown by a share of what is
    /// there; a limit of memory does not wait for that.
    let release bytes =
        if bytes >= worthwhile then
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, true, true)
            known <- GC.GetTotalAllocatedBytes false

    /// Bytes of two things together; more than a number counts is as much as one does, and no memory has that.
    let plus (left: int64) (right: int64) =
        if left > Int64.MaxValue - right then Int64.MaxValue else left + right

    /// The same of N things of N bytes each.
    let times (count: int64) (bytes: int64) =
        if bytes > 0L && count > Int64.MaxValue / bytes then Int64.MaxValue else count * bytes

    /// The same of a box of N things along each side.
    let ofBox (sides: int64[]) bytes = Array.foldBack times sides bytes

    /// How long an array of N elements is; where no array is that long, there is no memory for it.
    let length (elements: int64) =
        if elements > int64 Array.MaxLength then
            raise (OutOfMemoryException())

        int elements

    /// What may lie about of small objects that live for a moment.
    let mostYoung = 8L <<< 20

    let mutable private knownYoung = 0L

    /// Collects the small objects that a loop lets go of, such as names that were looked at, and those that lived a little longer, such
    /// as collections of strings. By itself the runtime waits until they fill the processor's cache, which may be larger than what is
    /// allowed.
    let tidyYoung () =
        let allocated = GC.GetTotalAllocatedBytes false

        if allocated - knownYoung >= mostYoung then
            GC.Collect(1, GCCollectionMode.Forced, true)
            knownYoung <- allocated

    /// Gives back what a loop lets go of in large arrays again and again, once these are worth it.
    let tidy () =
        let allocated = GC.GetTotalAllocatedBytes false

        if allocated - known >= worthwhile then
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, true, false)
            known <- allocated
