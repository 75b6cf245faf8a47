/// Takes the passes of a run over shards: a share of one, or the merge of one. What is over by then is answered from parts.
namespace SingleSharp.Core.Shards

open System
open System.IO
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
    let make (folder: PartFolder) (stages: (string * int) list) (current: string) (work: StageWork) : Taker =
        let placeOf stage =
            stages |> List.findIndex (fun (name, _) -> name = stage)

        let here = placeOf current
        let tasksOf stage = stages[placeOf stage] |> snd

        let reader stage task =
            let path = folder.Part(stage, task)
            let inner = PartFile.reader path (folder.NameOf(stage, task))

            { new PartReader with
                member _.Rows visit =
                    folder.Naming path (fun () -> inner.Rows visit)

                member _.States visit =
                    folder.Naming path (fun () -> inner.States visit) }

        let readers stage = Seq.init (tasksOf stage) (reader stage)

        // What this task finds out once more, since it does not see what a merge has found, takes the rows of all shards.
        let findsAnew = ref false

        let isWanted usage =
            match usage with
            | SinkUse.Always -> true
            | SinkUse.InTheEnd -> work.IsOutput
            | SinkUse.OnDemand -> false

        let merged stage read =
            let path = folder.Merged stage
            folder.Naming path (fun () -> read path (folder.NameOf(stage, -1)))

        /// The answer that the merge of a stage has found.
        let replay stage (source: Source<'a>) (sink: Sink<'a>) (fold: Fold<'a, 'r>) (aside: Aside) =
            Parts.restore sink isWanted true (readers stage)
            merged stage (fun path name -> PartFile.counts' path name aside.AddCounts)
            let mutable answer = ValueNone
            merged stage (fun path name -> PartFile.values path name (fun reader -> answer <- ValueSome(Parts.answer fold reader)))

            match answer with
            | ValueSome answer -> answer
            // The merge found what it would have made of the answer, and did not ask for it again.
            | ValueNone -> Parts.merge source.Rows fold (readers stage) ignore

        let merge stage (source: Source<'a>) (sink: Sink<'a>) (fold: Fold<'a, 'r>) (aside: Aside) keep keepCounts =
            for task in 0 .. tasksOf stage - 1 do
                let path = folder.Part(stage, task)
                folder.Naming path (fun () -> PartFile.counts' path (folder.NameOf(stage, task)) aside.AddCounts)

            keepCounts aside.SaveCounts
            Parts.restore sink isWanted true (readers stage)
            Parts.merge source.Rows fold (readers stage) keep

        { new Taker with
            member _.IsSaved = true

            member _.Take(stage, schedule, source, sink, fold, aside) =
                match compare (placeOf stage) here, work with
                | place, _ when place < 0 -> replay stage source sink fold aside
                | place, _ when place > 0 -> raise StageOver
                | _, Share(task, part) ->
                    Parts.take schedule source sink fold (ShardCut.range source.Rows (tasksOf stage) task) part
                    part.Counts aside.SaveCounts
                    raise StageOver
                | _, Merge file -> merge stage source sink fold aside file.Value file.Counts
                | _, Output -> merge stage source sink fold aside ignore ignore

            member _.Remember(name, form, make) =
                let path = folder.Known name
                let mutable known = ValueNone

                try
                    PartFile.values path (folder.NameOfKnown name) (fun reader -> known <- ValueSome(form.Read reader))
                with PartTrouble _ ->
                    known <- ValueNone

                match known, work with
                | ValueSome value, _ -> value
                | ValueNone, Share _ ->
                    findsAnew.Value <- true
                    make ()
                | ValueNone, _ ->
                    let value = make ()
                    PartFile.write path (folder.NameOfKnown name) (fun file -> file.Value(fun writer -> form.Write writer value))
                    value

            member _.Restore(stage, sink) =
                let parts =
                    match work with
                    | Share(task, _) when not findsAnew.Value -> Seq.singleton (reader stage task)
                    | _ -> readers stage

                Parts.restore sink (fun usage -> usage = SinkUse.OnDemand) false parts }
