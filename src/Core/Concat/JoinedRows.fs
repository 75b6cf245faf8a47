/// Inputs as one matrix that is written nowhere: rows are read where they lie, and come as those of the joined file would.
namespace SingleSharp.Core.Concat

open System
open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Inputs

/// Where values of the joined matrix begin, as far as a sink asks for it.
[<RequireQualifiedAccess>]
type internal ValueStarts =
    | Unasked
    /// The number of the first value of each input, of which all values are taken as they are stored.
    | OfInputs of int64[]
    /// The number of the first value of each block.
    | OfBlocks of int64[]

/// Rows of all inputs for one worker, who has one input open at a time.
[<Sealed>]
type private JoinedReader
    (inputs: CountInput[], rows: Lazy<Source<RowBatch>>[], firsts: int64[], numeric: DType, starts: ValueStarts, cancel: unit -> unit) =
    let mutable current = -1
    let mutable reader: RowReader<RowBatch> = Unchecked.defaultof<_>

    /// Values of the block before the next row batch.
    let mutable before = 0L

    let close () =
        if not (isNull (box reader)) then
            reader.Dispose()
            reader <- Unchecked.defaultof<_>
            current <- -1

    let openInput input =
        if current <> input then
            close ()
            cancel ()
            reader <- rows[input].Value.Open()
            current <- input

    /// Values as they would be read from the joined file, in which they have its type.
    let fill (rowBatch: RowBatch) =
        let count = rowBatch.Count
        let output = rowBatch.Output

        if numeric = DType.Float32 then
            let singles = rowBatch.ReserveSingles count

            for i in 0 .. count - 1 do
                singles[i] <- Precision.toFloat32 output[i]
        else
            Array.Copy(output, rowBatch.Values, count)

    let pass input (visit: RowBatch -> unit) (rowBatch: RowBatch) =
        rowBatch.FirstCell <- firsts[input] + rowBatch.FirstCell

        rowBatch.FirstValue <-
            match starts with
            | ValueStarts.OfInputs starts -> starts[input] + rowBatch.FirstValue
            | _ -> before

        before <- before + int64 rowBatch.Count
        fill rowBatch
        visit rowBatch

    interface RowReader<RowBatch> with
        member _.Read(first, count, visit) =
            let stop = first + int64 count

            before <-
                match starts with
                | ValueStarts.OfBlocks starts -> starts[int (first / int64 Blocks.rowsPerBlock)]
                | _ -> 0L

            // The last input that begins there or before; those without cells begin where the next one does.
            let mutable input = Array.BinarySearch(firsts, first)
            input <- if input < 0 then ~~~input - 1 else input
            let mutable row = first

            while row < stop do
                while firsts[input + 1] <= row do
                    input <- input + 1

                let now = int (min stop firsts[input + 1] - row)
                let here = input
                openInput here

                try
                    reader.Read(row - firsts[here], now, pass here visit)
                with cause ->
                    ConcatRows.refuse inputs[here] cause
                    reraise ()

                row <- row + int64 now

        member _.Dispose() = close ()

[<RequireQualifiedAccess>]
module internal JoinedRows =
    /// The number of the first value of each input, where all values are taken as they are stored.
    let tryStarts (combination: ConcatPlan) =
        let counts =
            List.map2 (fun input places -> input.Known places) combination.Inputs combination.Places

        if counts |> List.forall Option.isSome then
            Some(counts |> List.choose id |> List.scan Checked.(+) 0L |> Array.ofList)
        else
            None

    /// Counts of values by block, the first of which is the block of this number.
    let private saved: Saved<struct (int64 * List<int64>)> =
        { Write =
            fun writer (struct (first, counts)) ->
                writer.Write first
                Saved.writeArray writer (counts.ToArray())
          Read =
            fun reader ->
                let first = reader.ReadInt64()
                struct (first, List(Saved.readArray reader)) }

    let private add (struct (first, counts: List<int64>)) block count =
        let first = if counts.Count = 0 then block else first

        while int64 counts.Count <= block - first do
            counts.Add 0L

        let place = int (block - first)
        counts[place] <- counts[place] + count
        struct (first, counts)

    /// The number of the first value of each block.
    /// Law (starts): they are the sums of the values of all rows of earlier blocks, however rows are cut.
    let starts: Fold<RowBatch, int64[]> =
        Fold.saved
            saved
            { Fresh = fun () -> struct (0L, List())
              Step = fun state rowBatch -> add state (rowBatch.FirstCell / int64 Blocks.rowsPerBlock) (int64 rowBatch.Count)
              Merge =
                fun state (struct (first, counts)) ->
                    let mutable state = state

                    for i in 0 .. counts.Count - 1 do
                        state <- add state (first + int64 i) counts[i]

                    state
              Finish = fun (struct (_, counts)) -> counts |> Seq.scan Checked.(+) 0L |> Array.ofSeq }

    /// Rows of the joined matrix, some values at a time. An input is made ready when the first of its rows is wanted, one at a time.
    /// Law (joined rows): they are those of the joined file.
    let source (combination: ConcatPlan) starts cancel valuesPerBatch : Source<RowBatch> =
        let inputs = Array.ofList combination.Inputs
        let firsts = inputs |> Array.map _.Cells |> Array.scan Checked.(+) 0L
        let gate = obj ()

        let rows =
            (inputs, Array.ofList combination.Places)
            ||> Array.map2 (fun input places -> lazy (lock gate (fun () -> input.Read valuesPerBatch |> CountInput.moved places)))

        { Rows = Array.last firsts
          Open = fun () -> new JoinedReader(inputs, rows, firsts, combination.Type, starts, cancel) }
