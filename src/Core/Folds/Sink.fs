namespace SingleSharp.Core.Folds

open System
open System.IO

type internal SinkBuffer<'a, 'p> =
    { Begin: int64 -> 'p
      Fill: 'p -> 'a -> unit
      IsFull: 'p -> bool
      Flush: 'p -> unit
      Recycle: 'p -> unit
      Complete: unit -> unit }

[<RequireQualifiedAccess>]
type internal SinkUse =
    | Always
    | InTheEnd
    | OnDemand

type internal SavedSink<'p> =
    { Save: BinaryWriter -> 'p -> unit
      Restore: (SinkUse -> bool) -> BinaryReader -> unit
      Leaves: (SinkUse -> bool) -> bool }

type internal SinkUser<'a, 'z> =
    abstract Use<'p> : SinkBuffer<'a, 'p> * SavedSink<'p> -> 'z

[<AbstractClass>]
type internal Sink<'a>() =
    abstract Open: SinkUser<'a, 'z> -> 'z

[<RequireQualifiedAccess>]
module internal Sink =
    let private make buffers saved =
        { new Sink<'a>() with
            member _.Open user = user.Use(buffers, saved) }

    let ofBuffer buffers =
        make
            buffers
            { Save = fun _ _ -> ()
              Restore = fun _ _ -> ()
              Leaves = fun _ -> false }

    let ofSaved (save: BinaryWriter -> 'p -> unit) (restore: BinaryReader -> unit) (buffers: SinkBuffer<'a, 'p>) =
        make
            buffers
            { Save = save
              Restore = fun _ reader -> restore reader
              Leaves = fun _ -> true }

    let none<'a> : Sink<'a> =
        ofBuffer
            { Begin = ignore
              Fill = fun () _ -> ()
              IsFull = fun () -> false
              Flush = id
              Recycle = id
              Complete = id }

    // Its length stands before what was saved, so that it can be passed over.
    let used (usage: SinkUse) (sink: Sink<'a>) =
        sink.Open
            { new SinkUser<'a, Sink<'a>> with
                member _.Use(buffers, saved) =
                    let waiting = new MemoryStream()
                    let inner = new BinaryWriter(waiting)

                    make
                        buffers
                        { Save =
                            fun writer buffer ->
                                waiting.SetLength 0L
                                saved.Save inner buffer
                                inner.Flush()
                                writer.Write waiting.Length
                                writer.Write(ReadOnlySpan(waiting.GetBuffer(), 0, int waiting.Length))
                          Restore =
                            fun wanted reader ->
                                let length = reader.ReadInt64()

                                if wanted usage then
                                    saved.Restore wanted reader
                                else
                                    reader.BaseStream.Seek(length, SeekOrigin.Current) |> ignore
                          Leaves = fun wanted -> wanted usage && saved.Leaves wanted } }

    let private beside (left: SinkBuffer<'a, 'p>) leftSaved (right: SinkBuffer<'a, 'q>) rightSaved =
        make
            { Begin =
                fun row ->
                    { Left = left.Begin row
                      Right = right.Begin row }
              Fill =
                fun pair element ->
                    left.Fill pair.Left element
                    right.Fill pair.Right element
              IsFull = fun pair -> left.IsFull pair.Left || right.IsFull pair.Right
              Flush =
                fun pair ->
                    left.Flush pair.Left
                    right.Flush pair.Right
              Recycle =
                fun pair ->
                    left.Recycle pair.Left
                    right.Recycle pair.Right
              Complete =
                fun () ->
                    left.Complete()
                    right.Complete() }
            { Save =
                fun writer pair ->
                    leftSaved.Save writer pair.Left
                    rightSaved.Save writer pair.Right
              Restore =
                fun wanted reader ->
                    leftSaved.Restore wanted reader
                    rightSaved.Restore wanted reader
              Leaves = fun wanted -> leftSaved.Leaves wanted || rightSaved.Leaves wanted }

    let both (left: Sink<'a>) (right: Sink<'a>) =
        left.Open
            { new SinkUser<'a, Sink<'a>> with
                member _.Use(leftPages, leftSaved) =
                    right.Open
                        { new SinkUser<'a, Sink<'a>> with
                            member _.Use(rightPages, rightSaved) =
                                beside leftPages leftSaved rightPages rightSaved } }
