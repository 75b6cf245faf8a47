/// Runs of a pass over some blocks only, whose states and output are saved, and the one answer that several such parts make.
namespace SingleSharp.Core.Folds

open System.IO
open SingleSharp.Core

/// Where a range of blocks is saved: what leaves of them, and their states, in order.
type internal PartWriter =
    abstract Rows: write: (BinaryWriter -> unit) -> unit
    abstract State: BlockRange * write: (BinaryWriter -> unit) -> unit

/// What was saved of a range of blocks.
type internal PartReader =
    abstract Rows: visit: (BinaryReader -> unit) -> unit
    abstract States: visit: (BlockRange -> BinaryReader -> unit) -> unit

[<RequireQualifiedAccess>]
module internal Parts =
    /// The blocks whose states are saved as one: those of a segment, as far as they are in the range from its first one on. Blocks
    /// behind the first ones of a segment that began before the range are saved one by one, since merging goes from left to right.
    let private isWhole range block =
        let segment = block - block % int64 Blocks.blocksPerSegment
        segment >= range.First

    let private partOf
        schedule
        (source: Source<'a>)
        (buffers: SinkBuffer<'a, 'p>)
        saved
        (steps: FoldSteps<'a, 's, 'r>)
        form
        range
        (part: PartWriter)
        =
        let mutable waiting = ValueNone
        let mutable first = range.First

        let save stop state =
            part.State({ First = first; Stop = stop }, (fun writer -> form.Write writer state))
            waiting <- ValueNone
            first <- stop

        let saving =
            { buffers with
                Flush = fun buffer -> part.Rows(fun writer -> saved.Save writer buffer) }

        Blocks.runRange schedule source saving steps range (fun block state buffer ->
            saving.Flush buffer
            buffers.Recycle buffer

            let state =
                match waiting with
                | ValueSome before -> steps.Merge before state
                | ValueNone -> state

            let stop = block + 1L

            if not (isWhole range block) || stop % int64 Blocks.blocksPerSegment = 0L || stop = range.Stop then
                save stop state
            else
                waiting <- ValueSome state)

    let private unsaved () =
        invalidOp "a fold whose states cannot be saved is taken by one machine"

    /// Folds some blocks, and saves states and what leaves in place of merging and letting out.
    let take (schedule: Schedule) (source: Source<'a>) (sink: Sink<'a>) (fold: Fold<'a, 'r>) range (part: PartWriter) =
        sink.Open
            { new SinkUser<'a, BlockRange> with
                member _.Use(buffers, saved) =
                    Fold.openSaved
                        fold
                        { new SavedUser<'a, 'r, BlockRange> with
                            member _.Use(steps, form) =
                                match form with
                                | ValueSome form -> partOf schedule source buffers saved steps form range part
                                | ValueNone -> unsaved ()

                                range } }
        |> ignore

    /// Answers a fold from the states that parts hold, which are those of all blocks, in order. `keep` is shown how the state of all rows is
    /// written. Law (parts): however blocks are cut into ranges, the answer is that of run.
    let merge rows (fold: Fold<'a, 'r>) (parts: seq<PartReader>) (keep: ((BinaryWriter -> unit) -> unit)) =
        Fold.openSaved
            fold
            { new SavedUser<'a, 'r, 'r> with
                member _.Use(steps, form) =
                    match form with
                    | ValueNone -> unsaved ()
                    | ValueSome form ->
                        let merger = Merger steps.Merge

                        for part in parts do
                            part.States(fun range reader -> merger.Add(range, form.Read reader))

                        if merger.Blocks <> Blocks.count rows then
                            invalidOp $"parts have states of {merger.Blocks} blocks of {Blocks.count rows}"

                        let state = merger.End |> ValueOption.defaultWith steps.Fresh
                        keep (fun writer -> form.Write writer state)
                        steps.Finish state }

    /// Answers a fold from the state of all rows, as merge has shown it.
    let answer (fold: Fold<'a, 'r>) (reader: BinaryReader) =
        Fold.openSaved
            fold
            { new SavedUser<'a, 'r, 'r> with
                member _.Use(steps, form) =
                    match form with
                    | ValueSome form -> form.Read reader |> steps.Finish
                    | ValueNone -> unsaved () }

    /// Lets out what parts hold, in order, as far as its use is wanted. Parts of which nothing is wanted are looked through all the same when
    /// they are new, so that damage shows while their tasks are still known.
    let restore areNew (sink: Sink<'a>) wanted isComplete (parts: seq<PartReader>) =
        sink.Open
            { new SinkUser<'a, bool> with
                member _.Use(buffers, saved) =
                    if areNew || saved.Leaves wanted then
                        for part in parts do
                            part.Rows(saved.Restore wanted)

                    if isComplete then
                        buffers.Complete()

                    isComplete }
        |> ignore
