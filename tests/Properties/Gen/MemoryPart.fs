/// A part in memory, which fails where more or less is read back than was written.
module internal SingleSharp.Properties.MemoryPart

open System.Collections.Generic
open System.IO
open SingleSharp.Core.Folds

let bytesOf (write: BinaryWriter -> unit) =
    use bytes = new MemoryStream()
    use writer = new BinaryWriter(bytes)
    write writer
    writer.Flush()
    bytes.ToArray()

let readAll (bytes: byte[]) (read: BinaryReader -> 'r) =
    use reader = new BinaryReader(new MemoryStream(bytes))
    let result = read reader

    if reader.BaseStream.Position <> bytes.LongLength then
        failwith $"{reader.BaseStream.Position} of {bytes.Length} bytes were read"

    result

[<Sealed>]
type MemoryPart() =
    let rows = List<byte[]>()
    let states = List<struct (BlockRange * byte[])>()

    /// The blocks of each state.
    member _.Ranges = [ for struct (range, _) in states -> range ]

    interface PartWriter with
        member _.Rows write = rows.Add(bytesOf write)

        member _.State(range, write) =
            states.Add(struct (range, bytesOf write))

    interface PartReader with
        member _.Rows visit =
            for saved in rows do
                readAll saved visit

        member _.States visit =
            for struct (range, saved) in states do
                readAll saved (visit range)

/// Ranges between bounds, one after another.
let ranges (bounds: int64 list) =
    List.pairwise bounds |> List.map (fun (first, stop) -> { First = first; Stop = stop })
