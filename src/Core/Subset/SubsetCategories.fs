/// Writes what stays of categorical values, and of their categories those that still occur.
namespace SingleSharp.Core.Subset

open System
open System.Collections
open System.Threading
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module internal SubsetCategories =
    /// Codes that are read at a time.
    let private batch = 1 <<< 16

    /// Visits the codes of the rows that stay, as many at a time as the array's first entries; a negative code means that the
    /// value is missing.
    let private visit (store: Hdf5File) (cancel: CancellationToken) (codes: Dataset) (count: int64) kept (each: int64[] -> int -> unit) =
        let reader = DatasetReader(store.Disk, codes)
        let bytes = Array.zeroCreate (batch * codes.ElementSize)
        let read: int64[] = Array.zeroCreate batch

        for first in 0L .. int64 batch .. codes.Count - 1L do
            cancel.ThrowIfCancellationRequested()
            let rows = int (min (int64 batch) (codes.Count - first))

            if Runs.count kept first (first + int64 rows) > 0L then
                reader.Read(first, rows, bytes)
                Integers.decode codes.Type (Span(bytes, 0, rows * codes.ElementSize)) read
                let stay = ref 0

                Runs.visit kept first (first + int64 rows) (fun low _ length ->
                    for i in int (low - first) .. int (low - first + length) - 1 do
                        if read[i] >= count then
                            store.Disk.Damaged codes.Path $"the code {read[i]} of row {first + int64 i} is beyond the {count} categories"

                        read[stay.Value] <- read[i]
                        stay.Value <- stay.Value + 1)

                each read stay.Value

    /// Which of N categories still occur in the rows that stay.
    let used (store: Hdf5File) cancel (codes: Dataset) (count: int64) kept =
        let occur = BitArray(Memory.length count)

        visit store cancel codes count kept (fun codes rows ->
            for i in 0 .. rows - 1 do
                if codes[i] >= 0L then
                    occur[int codes[i]] <- true)

        let used = RowMask count

        for category in 0 .. occur.Length - 1 do
            used.Add occur[category]

        used

    /// Writes the codes of the rows that stay, numbered among the categories that are used.
    /// Law (subset of categories): the values of rows that stay are the same; missing ones stay missing.
    let writeCodes (store: Hdf5File) (editor: FileEditor) cancel (codes: Dataset) (used: RowMask) kept =
        let appendable =
            AppendableDataset(editor, store.Superblock.ChunkNodeK, codes, codes.Type, Runs.total kept codes.Count)

        let bytes = Array.zeroCreate (batch * codes.ElementSize)

        visit store cancel codes used.Length kept (fun read rows ->
            for i in 0 .. rows - 1 do
                if read[i] >= 0L then
                    read[i] <- used.Rank read[i]

            Integers.encode codes.Type read (Span(bytes, 0, rows * codes.ElementSize))
            appendable.Append(ReadOnlySpan(bytes, 0, rows * codes.ElementSize)))

        appendable.Finish()
