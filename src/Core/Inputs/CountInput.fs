/// One input of a conversion, whatever it is stored as: rows of counts, and the names and columns beside them.
namespace SingleSharp.Core.Inputs

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Files
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing

/// What a look at an input shows without putting it anywhere.
type internal InputCheck =
    {
        /// How it is stored.
        Matrix: StoredDataset list
        /// Values that are taken.
        Values: int64
        AreCounts: bool
        /// Of how many cells the values were looked at; 0 where genes were looked at instead.
        CellsExamined: int64
    }

type internal CountInput =
    {
        /// As it was named.
        Path: string
        /// The files that it is made of.
        Files: string list
        Cells: int64
        /// The names of the genes that are taken.
        Genes: string[]
        /// The place among the genes of each column of the stored matrix, −1 where it is not taken.
        Places: int[]
        /// The type of its values in a new file.
        Type: DType
        /// Values that are stored, of all columns.
        Stored: int64
        CellNames: seq<string>
        Obs: (string * Column) list
        /// Of the genes that are taken.
        Var: (string * Column) list
        /// Arrays of obsm.
        Obsm: (string * ObsmArray) list
        /// Other matrices of the same cells and genes, as inputs of their own.
        Layers: (string * CountInput) list
        /// Elements and columns that a new file does not get.
        LeftOut: string list
        /// How to read within the memory allowed, of which N bytes are taken.
        Fit: Settings -> int64 -> Fit
        /// A reading of its own before rows can be read, which tells how many cells of how many it has done.
        Prepare: ((int64 -> int64 -> unit) -> unit) option
        /// Bytes that one worker takes to read it by CountInput.valuesTogether, where it is one of several that are read as one.
        Worker: int64
        /// Bytes of where its chunks lie.
        Tables: int64
        /// Bytes that it takes to put rows together before they can be read, if they have to be.
        Together: int64
        /// The rows as they are stored, some values at a time.
        Read: int -> Source<RowBatch>
        /// How many values are taken when columns go to these places, where that is known without a read; then they are counted as
        /// they are stored.
        Known: int[] -> int64 option
        /// Looks at it within the memory allowed, of which N bytes are taken, when its columns go to these places.
        Look: Settings -> int64 -> int[] -> InputCheck
        /// Has somebody changed it since it was opened?
        IsChanged: unit -> bool
        Close: unit -> unit
    }

    interface IDisposable with
        member input.Dispose() = input.Close()

[<RequireQualifiedAccess>]
module internal CountInput =
    let private tryFit (matrix: Matrix) (settings: Settings) taken =
        let stored = int64 (DType.size matrix.Type)

        Budget.tryFit
            matrix
            settings
            { Budget.nothing with
                Buffer = SinkMemory.rows matrix stored
                Worker = int64 matrix.Genes / 8L
                // Columns at their new places.
                PerValue = 4L + 8L + 8L
                Once = Memory.plus taken (H5adWriter.memory settings.Compression matrix.Stored matrix.Type) }

    /// How to read a matrix beside N bytes that are taken, and write it as a new one, after something that takes N bytes.
    let fitAfter before (matrix: Matrix) (settings: Settings) taken =
        match tryFit matrix settings taken, Budget.tryAlone settings (Memory.plus taken before) with
        | Ok fit, Ok alone ->
            { fit with
                Memory = max fit.Memory alone.Memory }
        | Error needed, Error alone -> Fault.throw (Fault.memory (max needed alone) settings.Memory)
        | Error needed, Ok _
        | Ok _, Error needed -> Fault.throw (Fault.memory needed settings.Memory)

    /// The same where nothing comes before.
    let fit matrix settings taken = fitAfter 0L matrix settings taken

    /// The same of the matrix of a file, which may have to be put together in rows first.
    let fitOf (matrix: Matrix) (settings: Settings) taken =
        let before =
            if CscToCsr.isNeeded matrix then CscToCsr.memory (settings.Memory - taken) matrix else 0L

        fitAfter before (CsrView.Foreseen matrix) settings taken

    /// Values in a row batch of inputs that are read as one, at most: each worker has a reader of its own, beside all that the pass takes.
    let valuesTogether = 1 <<< 15

    /// Bytes that one worker takes to read rows so.
    let worker sumDuplicates (rows: Matrix) =
        Memory.plus (Reader.memory rows valuesTogether) (Passes.duplicates sumDuplicates rows)

    /// The text at a place of many.
    let nameAt (names: seq<string>) (place: int64) =
        use name = names.GetEnumerator()

        for _ in 0L .. place do
            name.MoveNext() |> ignore

        name.Current

    /// Rows that lie on a disk; what a cell has twice of a gene is added up or refused.
    let rows (disk: RandomAccessFile) (matrix: Matrix) sumDuplicates valuesPerBatch =
        let rows = Reader.rows disk matrix valuesPerBatch

        if sumDuplicates then
            Duplicates.summed matrix.Type matrix.Genes rows
        else
            Duplicates.refused matrix.Genes rows

    /// How to read within the memory allowed, of which N bytes are taken, and the rows.
    let opened (fit: Settings -> int64 -> Fit) (rows: int -> Source<RowBatch>) settings taken =
        let fit = fit settings taken
        fit, rows fit.ValuesPerBatch

    /// N rows without any value.
    let empty cells : Source<RowBatch> =
        { Rows = cells
          Open =
            fun () ->
                let rowBatch = RowBatch()

                { new RowReader<RowBatch> with
                    member _.Read(first, count, visit) =
                        rowBatch.Reserve(count, 0)
                        rowBatch.FirstCell <- first
                        rowBatch.Cells <- count
                        Array.Clear(rowBatch.Offsets, 0, count + 1)
                        visit rowBatch

                    member _.Dispose() = () } }

    /// An input with its layers.
    let matrices (input: CountInput) = input :: List.map snd input.Layers

    /// The columns of the stored matrix that are taken.
    let taken (places: int[]) =
        places |> Array.indexed |> Array.filter (fun (_, place) -> place >= 0) |> Array.sortBy snd |> Array.map fst

    /// Places for the columns that are wanted, in their own order.
    let placesOf (isWanted: bool[]) =
        isWanted |> Array.mapFold (fun next wanted -> (if wanted then next, next + 1 else -1, next)) 0 |> fst

    /// Rows as they will be written, their columns at new places, which ascend in every row.
    /// Law (moved): a value at column c is found at places[c]; those without a place are gone.
    let moved (places: int[]) (source: Source<RowBatch>) : Source<RowBatch> =
        let fill (rowBatch: RowBatch) (target: RowBatch) =
            target.Reserve(rowBatch.Cells, rowBatch.Count)
            target.FirstCell <- rowBatch.FirstCell
            target.FirstValue <- rowBatch.FirstValue
            target.Cells <- rowBatch.Cells
            let genes, values = rowBatch.Genes, rowBatch.Values
            let targetGenes, output = target.Genes, target.Output
            let mutable at = 0

            for row in 0 .. rowBatch.Cells - 1 do
                let start = at
                let mutable ascends = true

                for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                    let place = places[genes[i]]

                    if place >= 0 then
                        targetGenes[at] <- place
                        output[at] <- values[i]
                        ascends <- ascends && (at = start || targetGenes[at - 1] < place)
                        at <- at + 1

                target.Offsets[row + 1] <- at

                if not ascends then
                    Array.Sort(targetGenes, output, start, at - start)

        { Rows = source.Rows
          Open =
            fun () ->
                let reader = source.Open()
                let target = RowBatch()

                { new RowReader<RowBatch> with
                    member _.Read(first, count, visit) =
                        reader.Read(
                            first,
                            count,
                            fun rowBatch ->
                                fill rowBatch target
                                visit target
                        )

                    member _.Dispose() = reader.Dispose() } }

    /// How many values come.
    let stored: Fold<RowBatch, int64> =
        Fold.ofSteps
            { Fresh = fun () -> 0L
              Step = fun sum rowBatch -> sum + int64 rowBatch.Count
              Merge = (+)
              Finish = id }

    /// Are the values of the first block of cells counts? And how many values are there, if that is not known?
    let look (settings: Settings) datasets known (fit: Fit, rows) places =
        let moved =
            moved places rows |> Reader.through (fun () rowBatch -> Array.Copy(rowBatch.Output, rowBatch.Values, rowBatch.Count))

        let examined = min moved.Rows (int64 Blocks.rowsPerBlock)

        let findings =
            Blocks.run Blocks.sequential { moved with Rows = examined } Sink.none (Validity.find false)

        let schedule =
            { Workers = fit.Workers
              Window = fit.Window
              Cancel = settings.Cancel
              RowsDone = ignore }

        { Matrix = datasets |> List.map Examine.stored
          Values =
            match known with
            | Some values -> values
            | None -> Blocks.run schedule moved Sink.none stored
          AreCounts = findings.AreCounts
          CellsExamined = examined }

    /// How many values are stored, if all of them are taken as they are.
    let known (places: int[]) sumDuplicates (matrix: Matrix) =
        if sumDuplicates || matrix.Format.IsDense || Array.exists (fun place -> place < 0) places then
            None
        else
            Some matrix.Stored
