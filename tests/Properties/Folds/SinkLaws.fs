/// What two sinks side by side tell each of the two.
module internal SingleSharp.Properties.SinkLaws

open System.Collections.Generic
open Expecto
open SingleSharp.Core.Folds

/// What a sink is told.
type private Told =
    | Begun of int64
    | Filled of int
    | Flushed of count: int
    | Recycled
    | Completed

/// Writes down what it is told; a buffer is full from so many elements on.
let private recorder limit (told: List<Told>) : Sink<int> =
    Sink.ofBuffer
        { Begin =
            fun row ->
                told.Add(Begun row)
                ref 0
          Fill =
            fun buffer element ->
                told.Add(Filled element)
                buffer.Value <- buffer.Value + 1
          IsFull = fun buffer -> buffer.Value >= limit
          Flush =
            fun buffer ->
                told.Add(Flushed buffer.Value)
                buffer.Value <- 0
          Recycle = fun _ -> told.Add Recycled
          Complete = fun () -> told.Add Completed }

/// Goes through blocks as a lone worker does. (A user's answer must not be unit.)
let private drive (blocks: int list list) (sink: Sink<int>) =
    sink.Open
        { new SinkUser<int, Sink<int>> with
            member _.Use(pages, _) =
                blocks
                |> List.iteri (fun i block ->
                    let buffer = pages.Begin(int64 i)

                    for element in block do
                        pages.Fill buffer element

                        if pages.IsFull buffer then
                            pages.Flush buffer

                    pages.Flush buffer
                    pages.Recycle buffer)

                pages.Complete()
                sink }
    |> ignore

/// What each of two sinks is to be told where a buffer leaves after so many elements.
let private expected limit (blocks: int list list) =
    [ for i, block in List.indexed blocks do
          Begun(int64 i)

          for part in List.chunkBySize limit block do
              yield! List.map Filled part

              if part.Length = limit then
                  Flushed limit

          Flushed(block.Length % limit)
          Recycled
      Completed ]

let private told (left: int) (right: int) blocks =
    let leftTold = List<Told>()
    let rightTold = List<Told>()
    drive blocks (Sink.both (recorder left leftTold) (recorder right rightTold))
    List.ofSeq leftTold, List.ofSeq rightTold

let tests =
    testList
        "Sink"
        [ Law.holds
              "both: a page leaves when either is full, and each is told everything"
              (fun (blocks: int list list) (a: byte) (b: byte) ->
                  let left, right = 1 + int a % 9, 1 + int b % 9
                  let wanted = expected (min left right) blocks
                  told left right blocks = (wanted, wanted))

          Law.holds "none beside an outlet changes nothing" (fun (blocks: int list list) (limit: byte) ->
              let limit = 1 + int limit % 9
              let alone = List<Told>()
              drive blocks (recorder limit alone)

              [ fun sink -> Sink.both Sink.none sink
                fun sink -> Sink.both sink Sink.none ]
              |> List.forall (fun beside ->
                  let told = List<Told>()
                  drive blocks (beside (recorder limit told))
                  List.ofSeq told = List.ofSeq alone)) ]
