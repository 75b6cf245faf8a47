/// Verifies matrices: that the three arrays of a sparse one fit together.
namespace SingleSharp.Core.Verify

open System
open System.Threading
open SingleSharp.Core.Contract
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// Numbers of a dataset one after another, a batch at a time.
[<Sealed>]
type private NumberStream(disk: RandomAccessFile, dataset: Dataset) =
    let batch = int (min 65536L (max 1L dataset.Count))
    let reader = DatasetReader(disk, dataset)
    let bytes: byte[] = Array.zeroCreate (batch * dataset.ElementSize)
    let whole: int64[] = Array.zeroCreate batch
    let mutable next = 0L
    let mutable filled = 0
    let mutable at = 0

    /// The next integer. There must be one.
    member _.Next() =
        if at = filled then
            filled <- int (min (int64 batch) (dataset.Count - next))
            reader.Read(next, filled, bytes)
            Integers.decode dataset.Type (Span(bytes, 0, filled * dataset.ElementSize)) whole
            next <- next + int64 filled
            at <- 0

        at <- at + 1
        whole[at - 1]

/// How the rows of a sparse matrix keep their indices.
type private RowTally() =
    member val Unsorted = 0L with get, set
    member val FirstUnsorted = -1L with get, set
    member val Repeated = 0L with get, set
    member val FirstRepeated = struct (-1L, -1L) with get, set

[<RequireQualifiedAccess>]
module internal VerifyMatrix =
    /// A longer row whose indices are not sorted is not searched for repetitions.
    let private mostSorted = 1 <<< 24

    /// The offsets: from 0 to the number of values, and never less than before.
    let private offsets (store: Hdf5File) (findings: FindingList) (indptr: Dataset) stored =
        let stream = NumberStream(store.Disk, indptr)
        let mutable before = stream.Next()
        let mutable isGood = true

        let wrong sentence =
            findings.Error indptr.Path sentence
            isGood <- false

        if before <> 0L then
            wrong $"the first offset is {before} instead of 0"

        for row in 1L .. indptr.Count - 1L do
            let offset = stream.Next()

            if offset < before then
                wrong $"the offsets decrease from {before} to {offset} at row {row - 1L}"

            before <- offset

        if before <> stored then
            wrong $"the last offset is {before}, but {stored} values are stored"

        isGood

    /// Every index: one of those that there are, in order or not, and once in its row or not.
    let private rows
        (store: Hdf5File)
        (findings: FindingList)
        cancel
        (indptr: Dataset)
        (indices: Dataset)
        extent
        (names: int64 -> int64 -> string)
        =
        let offsets = NumberStream(store.Disk, indptr)
        let stream = NumberStream(store.Disk, indices)
        let tally = RowTally()
        let mutable row: int64[] = Array.zeroCreate 1024
        let mutable start = offsets.Next()

        let repeats cell index =
            if tally.Repeated = 0L then
                tally.FirstRepeated <- struct (cell, index)

            tally.Repeated <- tally.Repeated + 1L

        let check cell (count: int64) =
            let kept = int (min count (int64 mostSorted))

            if row.Length < kept then
                row <- Array.zeroCreate (min mostSorted (max kept (2 * row.Length)))

            let mutable isSorted = true
            let mutable repeated = -1L
            let mutable before = -1L

            for i in 0L .. count - 1L do
                let index = stream.Next()

                if index < 0L || index >= extent then
                    findings.Error indices.Path $"the index {index} in row {cell} is not one of 0 to {extent - 1L}"

                if index < before then
                    isSorted <- false
                elif index = before && repeated < 0L then
                    repeated <- index

                before <- index

                if i < int64 mostSorted then
                    row[int i] <- index

            if not isSorted then
                if tally.Unsorted = 0L then
                    tally.FirstUnsorted <- cell

                tally.Unsorted <- tally.Unsorted + 1L

                if count = int64 kept then
                    Array.Sort(row, 0, kept)

                    for i in 1 .. kept - 1 do
                        if row[i] = row[i - 1] && repeated < 0L then
                            repeated <- row[i]

            if repeated >= 0L then
                repeats cell repeated

        for cell in 0L .. indptr.Count - 2L do
            if cell % 4096L = 0L then
                (cancel: CancellationToken).ThrowIfCancellationRequested()

            let stop = offsets.Next()
            check cell (stop - start)
            start <- stop

        if tally.Unsorted > 0L then
            findings.Note
                indices.Path
                $"""the indices of {Plural.things tally.Unsorted "row"} are not sorted, first in row {tally.FirstUnsorted}"""

        if tally.Repeated > 0L then
            let struct (cell, index) = tally.FirstRepeated

            findings.Warn
                indices.Path
                $"""{Plural.say tally.Repeated "row holds" "rows hold"} an index more than once, so that what is stored there is ambiguous; first {names cell index}"""

    /// A sparse matrix. `names` says which cell and gene belong to a row and an index, as stored.
    let sparse (store: Hdf5File) (findings: FindingList) cancel path (arrays: SparseArrays) isByRows (names: int64 -> int64 -> string) =
        findings.Check(
            path,
            fun () ->
                let data, indices, indptr = arrays.Data, arrays.Indices, arrays.Indptr

                let isLine (dataset: Dataset) =
                    dataset.Dims.Length = 1 && (Filters.unsupported dataset.Filters).IsNone

                for dataset in [ data; indices; indptr ] do
                    if dataset.Dims.Length <> 1 then
                        findings.Error dataset.Path $"""it has {Plural.things dataset.Dims.LongLength "dimension"} instead of one"""

                if indices.Count <> data.Count then
                    findings.Error path $"""it has {Plural.things data.Count "value"} but {Plural.say indices.Count "index" "indices"}"""

                let major, minor =
                    match arrays.Shape with
                    | [ rows; columns ] -> if isByRows then rows, columns else columns, rows
                    | [] ->
                        findings.Error path "its shape is missing"
                        indptr.Count - 1L, Int64.MaxValue
                    | other ->
                        findings.Error path $"""its shape has {Plural.things other.Length "number"} instead of two"""
                        indptr.Count - 1L, Int64.MaxValue

                if indptr.Count <> major + 1L then
                    findings.Error
                        indptr.Path
                        $"""it has {Plural.things indptr.Count "offset"} where {Plural.say major "row needs" "rows need"} {major + 1L}"""

                let isWhole (dataset: Dataset) =
                    Integers.isStored dataset.Type
                    || (findings.Error dataset.Path $"it holds {Datatype.name dataset.Type} instead of integers"
                        false)

                if
                    List.forall isLine [ indices; indptr ]
                    && List.forall isWhole [ indices; indptr ]
                    && indptr.Count > 0L
                    && offsets store findings indptr indices.Count
                then
                    rows store findings cancel indptr indices minor names
        )
