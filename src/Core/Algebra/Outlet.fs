namespace SingleSharp.Core

type Pages<'a, 'p> =
    { Begin: int64 -> 'p
      Fill: 'p -> 'a -> unit
      IsFull: 'p -> bool
      Flush: 'p -> unit
      Recycle: 'p -> unit
      Complete: unit -> unit }

type OutletUser<'a, 'z> =
    abstract Use<'p> : Pages<'a, 'p> -> 'z

[<AbstractClass>]
type Outlet<'a>() =
    abstract Open: OutletUser<'a, 'z> -> 'z

[<RequireQualifiedAccess>]
module Outlet =
    let ofPages pages =
        { new Outlet<'a>() with
            member _.Open user = user.Use pages }

    let none<'a> : Outlet<'a> =
        ofPages
            { Begin = ignore
              Fill = fun () _ -> ()
              IsFull = fun () -> false
              Flush = id
              Recycle = id
              Complete = id }

    let private beside (left: Pages<'a, 'p>) (right: Pages<'a, 'q>) =
        ofPages
            { Begin = fun row -> struct (left.Begin row, right.Begin row)
              Fill =
                fun (struct (p, q)) element ->
                    left.Fill p element
                    right.Fill q element
              IsFull = fun (struct (p, q)) -> left.IsFull p || right.IsFull q
              Flush =
                fun (struct (p, q)) ->
                    left.Flush p
                    right.Flush q
              Recycle =
                fun (struct (p, q)) ->
                    left.Recycle p
                    right.Recycle q
              Complete =
                fun () ->
                    left.Complete()
                    right.Complete() }

    let both (left: Outlet<'a>) (right: Outlet<'a>) =
        left.Open
            { new OutletUser<'a, Outlet<'a>> with
                member _.Use leftPages =
                    right.Open
                        { new OutletUser<'a, Outlet<'a>> with
                            member _.Use rightPages = beside leftPages rightPages } }
