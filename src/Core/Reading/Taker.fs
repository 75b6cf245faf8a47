/// Who takes the passes of a run: one machine all of each, or the shards of a run over many machines a share each.
namespace SingleSharp.Core.Reading

open System.IO
open SingleSharp.Core
open SingleSharp.Core.Folds

/// What a pass counts beside its fold, whatever the order: how that is saved, and added to what was counted here.
type internal Aside =
    { SaveCounts: BinaryWriter -> unit
      AddCounts: BinaryReader -> unit }

/// Passes come in the order of the plan, on every machine. In a run over shards, those that are over are answered from what was saved; the one
/// at hand is taken of some blocks, or merged; there the program ends.
type internal Taker =
    /// Is the output of passes saved before it leaves?
    abstract IsSaved: bool

    /// Takes a pass: reads the source for the fold and the sink.
    abstract Take: stage: string * schedule: Schedule * source: Source<'a> * sink: Sink<'a> * fold: Fold<'a, 'r> * aside: Aside -> 'r

    /// What is made of the pass of a stage once and for all.
    abstract Remember: stage: string * form: Saved<'v> * make: (unit -> 'v) -> 'v

    /// Lets out what a pass has saved of a sink that is used on demand, as far as this machine goes on with it.
    abstract Restore: stage: string * sink: Sink<'a> -> unit

[<RequireQualifiedAccess>]
module internal Aside =
    let nothing =
        { SaveCounts = ignore
          AddCounts = ignore }

[<RequireQualifiedAccess>]
module internal Taker =
    /// One machine, which takes every pass as it comes.
    let alone =
        { new Taker with
            member _.IsSaved = false
            member _.Take(_, schedule, source, sink, fold, _) = Blocks.run schedule source sink fold
            member _.Remember(_, _, make) = make ()
            member _.Restore(_, _) = () }
