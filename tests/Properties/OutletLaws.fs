/// What two outlets side by side tell each of the two.
module SingleSharp.Properties.OutletLaws

open System.Collections.Generic
open Expecto
open SingleSharp.Core

/// What an outlet is told.
type private Told =
    | Begun of int64
    | Filled of int
    | Flushed of count: int
    | Recycled
    | Completed

/// Writes down what it is told; a page is full from so many elements on.
let private recorder limit (told: List<Told>) : Outlet<int> =
    Outlet.ofPages
        { Begin =
            fun row ->
                told.Add(Begun row)
                ref 0
          Fill =
            fun page element ->
                told.Add(Filled element)
                page.Value <- page.Value + 1
          IsFull = fun page -> page.Value >= limit
          Flush =
            fun page ->
                told.Add(Flushed page.Value)
                page.Value <- 0
          Recycle = fun _ -> told.Add Recycled
          Complete = fun () -> told.Add Completed }

/// Goes through blocks as a lone worker does. (A user's answer must not be unit.)
let private drive (blocks: int list list) (outlet: Outlet<int>) =
    outlet.Open
        { new OutletUser<int, Outlet<int>> with
            member _.Use pages =
                blocks
                |> List.iteri (fun i block ->
                    let page = pages.Begin(int64 i)

                    for element in block do
                        pages.Fill page element

                        if pages.IsFull page then
                            pages.Flush page

                    pages.Flush page
                    pages.Recycle page)

                pages.Complete()
                outlet }
    |> ignore

/// What each of two outlets is to be told where a page leaves after so many elements.
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
    drive blocks (Outlet.both (recorder left leftTold) (recorder right rightTold))
    List.ofSeq leftTold, List.ofSeq rightTold

let tests =
    testList
        "Outlet"
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

              [ fun outlet -> Outlet.both Outlet.none outlet
                fun outlet -> Outlet.both outlet Outlet.none ]
              |> List.forall (fun beside ->
                  let told = List<Told>()
                  drive blocks (beside (recorder limit told))
                  List.ofSeq told = List.ofSeq alone)) ]
