/// The folder of the parts of a plan, which all machines see.
namespace SingleSharp.Core.Shards

open System
open System.IO
open System.Threading
open SingleSharp
open SingleSharp.Core

[<Sealed>]
type internal PartFolder(path: string, plan: ShardPlan) =
    let id = Convert.FromHexString plan.Id
    let output = UnfinishedOutput(path, plan)

    let tasksOf stage =
        (plan.Stages |> Seq.find (fun (other: ShardStage) -> other.Name = stage)).Tasks

    member _.Path = path
    member _.Output = output

    member _.Make() =
        try
            Directory.CreateDirectory path |> ignore
        with Fault.WriteTrouble trouble ->
            Fault.throw (Fault.ofWrite path trouble)

    member _.Part(stage, task: int) =
        Path.Combine(path, $"{stage}.{task:D4}.part")

    member _.Merged stage = Path.Combine(path, $"{stage}.merged")

    member _.NameOf(stage, task) : PartName =
        { Plan = id
          Stage = stage
          Task = task
          Tasks = tasksOf stage }

    /// Trouble with a part as a fault that names it.
    member _.Naming part (work: unit -> 'r) =
        try
            work ()
        with PartTrouble why ->
            Fault.throw (NotYet(path, $"{Path.GetFileName(part: string)} {why}"))

    member private folder.HasMerged(require: string -> PartName -> unit, stage) =
        try
            require (folder.Merged stage) (folder.NameOf(stage, -1))
            true
        with PartTrouble _ ->
            false

    member folder.IsMerged stage =
        folder.HasMerged(PartFile.requireThere, stage)

    /// The same, and each byte is what was written.
    member folder.IsMergedWhole stage =
        folder.HasMerged(PartFile.requireWhole, stage)

    /// Throws PartTrouble where values of a part are in an output that is gone, unless the run is over.
    member folder.RequireOutput(stage, task, isThere: string -> bool, isOver: unit -> bool) =
        match PartFile.tryOutput (folder.Part(stage, task)) (folder.NameOf(stage, task)) with
        | Some name when not (isThere name || isOver ()) -> raise (PartTrouble "has its values in an unfinished output that is gone")
        | _ -> ()

    /// The tasks of a stage whose part is not there, and why.
    member folder.Missing(stage, isOver: unit -> bool) =
        let isOver = lazy isOver ()
        let isThere = output.Looking()

        [ for task in 0 .. tasksOf stage - 1 do
              try
                  PartFile.requireThere (folder.Part(stage, task)) (folder.NameOf(stage, task))
                  folder.RequireOutput(stage, task, isThere, isOver.Force)
              with PartTrouble why ->
                  task, why ]

    /// Waits until all parts of a stage are there: what another machine has just renamed may be seen late.
    member folder.Await(stage, isOver, patience: TimeSpan, cancel: CancellationToken) =
        let until = DateTime.UtcNow + patience

        let rec look () =
            match folder.Missing(stage, isOver) with
            | [] -> ()
            | missing when DateTime.UtcNow >= until ->
                let named =
                    missing |> List.truncate 5 |> List.map (fun (task, why) -> $"{Path.GetFileName(folder.Part(stage, task))} {why}")

                let more =
                    if missing.Length > named.Length then
                        [ $"and {missing.Length - named.Length} more are not there either" ]
                    else
                        []

                Fault.throw (NotYet(path, String.concat ", " (named @ more)))
            | _ ->
                cancel.WaitHandle.WaitOne 500 |> ignore
                cancel.ThrowIfCancellationRequested()
                look ()

        look ()

    /// The unfinished output that values of a stage are in, if they are in one.
    member folder.OutputOf stage =
        let isThere = output.Looking()

        let names =
            [ for task in 0 .. tasksOf stage - 1 do
                  let path = folder.Part(stage, task)

                  folder.Naming path (fun () ->
                      folder.RequireOutput(stage, task, isThere, (fun () -> false))
                      PartFile.tryOutput path (folder.NameOf(stage, task))) ]

        match List.distinct names with
        | [ name ] -> name
        | _ -> Fault.throw (NotYet(path, $"parts of {stage} have their values in several unfinished outputs"))
