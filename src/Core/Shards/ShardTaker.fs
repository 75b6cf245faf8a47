/// Takes the passes of a run over shards: a share of one, or the merge of one. What is over by then is answered from parts.
namespace SingleSharp.Core.Shards

open System
open System.IO
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Reading

/// The stage is over for this machine, and what follows is for later ones.
exception internal StageOver

/// What is to be done of a stage.
type internal StageWork =
    /// The share of a task.
    | Share of task: int * PartFile.Writer
    /// The merge of its parts; the program goes on to the next stage.
    | Merge of PartFile.Writer
    /// The merge of the last stage; the program goes on to the end and writes the output.
    | Output

[<RequireQualifiedAccess>]
module internal ShardTaker =
    /// `isTaken` becomes true once the pass of the current stage has come.
    let make
        (folder: PartFolder)
        (stages: (string * int) list)
        (cancel: CancellationToken)
        (current: string)
        (work: StageWork)
        (isTaken: bool ref)
        : Taker =
        let placeOf stage =
            stages |> List.findIndex (fun (name, _) -> name = stage)

        let here = placeOf current
        let tasksOf stage = stages[placeOf stage] |> snd

        let readerOf isThorough stage task =
            let path = folder.Part(stage, task)
            let inner = PartFile.reader isThorough path (folder.NameOf(stage, task))

            { new PartReader with
                member _.Rows visit =
                    folder.Naming path (fun () ->
                        inner.Rows(fun reader ->
                            cancel.ThrowIfCancellationRequested()
                            visit reader))

                member _.States visit =
                    folder.Naming path (fun () ->
                        inner.States(fun range reader ->
                            cancel.ThrowIfCancellationRequested()
                            visit range reader)) }

        let reader = readerOf false
        let readers stage = Seq.init (tasksOf stage) (reader stage)

        let isWanted usage =
            match usage with
            | SinkUse.Always -> true
            | SinkUse.InTheEnd -> work.IsOutput
            | SinkUse.OnDemand -> false

        let merged stage read =
            let path = folder.Merged stage
            folder.Naming path (fun () -> read path (folder.NameOf(stage, -1)))

        let damaged stage : 'a =
            folder.Naming (folder.Merged stage) (fun () -> raise (PartTrouble "is damaged"))

        /// The answer that the merge of a stage has found.
        let replay stage (sink: Sink<'a>) (fold: Fold<'a, 'r>) (aside: Aside) =
            Parts.restore false sink isWanted true (readers stage)
            merged stage (fun path name -> PartFile.counts' path name aside.AddCounts)
            let mutable answer = ValueNone
            merged stage (fun path name -> PartFile.values path name (fun reader -> answer <- ValueSome(Parts.answer fold reader)))

            answer |> ValueOption.defaultWith (fun () -> damaged stage)

        let merge stage (source: Source<'a>) (sink: Sink<'a>) (fold: Fold<'a, 'r>) (aside: Aside) keep keepCounts =
            for task in 0 .. tasksOf stage - 1 do
                let path = folder.Part(stage, task)
                folder.Naming path (fun () -> PartFile.counts' path (folder.NameOf(stage, task)) aside.AddCounts)

            keepCounts aside.SaveCounts
            // Damage shall show while the tasks are known that can make the parts again, whoever would read there later.
            Parts.restore true sink isWanted true (Seq.init (tasksOf stage) (readerOf true stage))
            Parts.merge source.Rows fold (readers stage) keep

        { new Taker with
            member _.IsSaved = true

            member _.Take(stage, schedule, source, sink, fold, aside) =
                match compare (placeOf stage) here, work with
                | place, _ when place < 0 -> replay stage sink fold aside
                | place, _ when place > 0 -> raise StageOver
                | _, Share(task, part) ->
                    isTaken.Value <- true
                    Parts.take schedule source sink fold (ShardCut.range source.Rows (tasksOf stage) task) part
                    part.Counts aside.SaveCounts
                    raise StageOver
                | _, Merge file ->
                    isTaken.Value <- true
                    merge stage source sink fold aside file.Value file.Counts
                | _, Output -> merge stage source sink fold aside ignore ignore

            member _.Remember(stage, form, make) =
                match compare (placeOf stage) here, work with
                | place, _ when place < 0 ->
                    let mutable known = ValueNone
                    merged stage (fun path name -> PartFile.known path name (fun reader -> known <- ValueSome(form.Read reader)))
                    known |> ValueOption.defaultWith (fun () -> damaged stage)
                | 0, Merge file ->
                    let value = make ()
                    file.Known(fun writer -> form.Write writer value)
                    value
                | _ -> make ()

            member _.Restore(stage, sink) =
                let parts =
                    match work with
                    | Share(task, _) -> Seq.singleton (reader stage task)
                    | _ -> readers stage

                Parts.restore false sink (fun usage -> usage = SinkUse.OnDemand) false parts }
