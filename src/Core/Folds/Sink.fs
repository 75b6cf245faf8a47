namespace SingleSharp.Core.Folds

type internal SinkBuffer<'a, 'p> =
    { Begin: int64 -> 'p
      Fill: 'p -> 'a -> unit
      IsFull: 'p -> bool
      Flush: 'p -> unit
      Recycle: 'p -> unit
      Complete: unit -> unit }

type internal SinkUser<'a, 'z> =
    abstract Use<'p> : SinkBuffer<'a, 'p> -> 'z

[<AbstractClass>]
type internal Sink<'a>() =
    abstract Open: SinkUser<'a, 'z> -> 'z

[<RequireQualifiedAccess>]
module internal Sink =
    let ofBuffer buffers =
        { new Sink<'a>() with
            member _.Open user = user.Use buffers }

    let none<'a> : Sink<'a> =
        ofBuffer
            { Begin = ignore
              Fill = fun () _ -> ()
              IsFull = fun () -> false
              Flush = id
              Recycle = id
              Complete = id }

    let private beside (left: SinkBuffer<'a, 'p>) (right: SinkBuffer<'a, 'q>) =
        ofBuffer
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

    let both (left: Sink<'a>) (right: Sink<'a>) =
        left.Open
            { new SinkUser<'a, Sink<'a>> with
                member _.Use leftPages =
                    right.Open
                        { new SinkUser<'a, Sink<'a>> with
                            member _.Use rightPages = beside leftPages rightPages } }
