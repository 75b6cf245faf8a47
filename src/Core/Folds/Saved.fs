/// How states and what leaves a pass are written to a part of a run over shards, and read back with the same bits.
namespace SingleSharp.Core.Folds

open System
open System.IO
open System.Runtime.InteropServices

/// Two states, or two buffers, side by side. A reference, since pairs of references share their code, which is compiled ahead of time;
/// nested structs would each be laid out and compiled anew at every start.
[<NoComparison; ReferenceEquality>]
type internal Pair<'s, 't> = { mutable Left: 's; mutable Right: 't }

/// How something is written and read back.
type internal Saved<'s> =
    { Write: BinaryWriter -> 's -> unit
      Read: BinaryReader -> 's }

[<RequireQualifiedAccess>]
module internal Saved =
    /// Elements that are written or read at a time.
    let private piece = 1 <<< 17

    /// The elements themselves; whoever reads them knows how many there are.
    let write (writer: BinaryWriter) (values: 'v[]) count =
        for first in 0..piece .. count - 1 do
            let now = ReadOnlySpan(values, first, min piece (count - first))
            writer.Write(MemoryMarshal.AsBytes now)

    let readInto (reader: BinaryReader) (values: 'v[]) count =
        for first in 0..piece .. count - 1 do
            let now = Span(values, first, min piece (count - first))
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes now)

    let writeArray (writer: BinaryWriter) (values: 'v[]) =
        writer.Write values.Length
        write writer values values.Length

    let readArray (reader: BinaryReader) : 'v[] =
        let values = Array.zeroCreate (reader.ReadInt32())
        readInto reader values values.Length
        values

    let array<'v when 'v: struct and 'v: (new: unit -> 'v) and 'v :> ValueType> : Saved<'v[]> =
        { Write = writeArray; Read = readArray }

    let unit: Saved<unit> =
        { Write = fun _ () -> ()
          Read = ignore }

    let int64: Saved<int64> =
        { Write = fun writer value -> writer.Write value
          Read = _.ReadInt64() }

    let float: Saved<float> =
        { Write = fun writer value -> writer.Write value
          Read = _.ReadDouble() }

    let beside (left: Saved<'s>) (right: Saved<'t>) : Saved<Pair<'s, 't>> =
        { Write =
            fun writer pair ->
                left.Write writer pair.Left
                right.Write writer pair.Right
          Read =
            fun reader ->
                let first = left.Read reader

                { Left = first
                  Right = right.Read reader } }
