/// An edited copy of a file that several machines make together: a share for each, and what is left for the one that completes it.
namespace SingleSharp.Core.Writing

open SingleSharp.Core.Folds
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal SharedCopy =
    /// Can several machines copy a file to a new one, and write values to their places in it, before anybody knows the rest? All stays where it
    /// is but for values of X and what comes behind the end.
    let isSharable plan =
        match plan with
        | Untouched
        | Overwrite
        | StoreAnew -> true
        | RowByRow -> false

    /// What a copy takes from a file as it is: whole pages, which several machines may copy, and what lies around them, beginning with the
    /// user block. The superblock is nobody's: it says what the copy has, once all is there.
    let private takenPages (file: AnnDataFile) plan page =
        let struct (_, skipped) = OutputStorage.given file plan []
        let origin = file.Store.Disk.Origin
        let head = file.Store.Superblock.Image.LongLength

        let taken =
            OutputStorage.without (OutputStorage.ranges skipped) [ struct (head, file.Store.Superblock.EndOfFile - head) ]

        let pages =
            [ for struct (start, length) in taken do
                  let struct (low, high) = WholePages.within origin page start (start + length)

                  if low < high then
                      struct (low, high - low) ]

        struct (pages, struct (-origin, origin) :: OutputStorage.without pages taken)

    /// Bytes of values that do not lie in whole pages of a block, about, at most.
    let outsidePages (file: AnnDataFile) =
        let disk, page = file.Store.Disk, WholePages.page
        let ranges = OutputStorage.ranges (OutputStorage.pieces disk file.X.Values)

        let isAligned address =
            (disk.Origin + address) % int64 file.X.Values.ElementSize = 0L

        let all = ranges |> List.sumBy (fun (struct (_, length)) -> length)

        let whole =
            ranges
            |> List.sumBy (fun (struct (start, length)) ->
                let struct (low, high) = WholePages.within disk.Origin page start (start + length)
                if isAligned start then max 0L (high - low) else 0L)

        min all (all - whole + 2L * int64 page * Blocks.count file.X.Cells)

    /// Bytes that are copied at a time.
    let private stretch = 64L <<< 20

    /// Copies one of N shares of what an edited copy takes from the file as it is; `agree` throws where no more is to be copied. Whoever copies a
    /// share once more, even when the copy is complete, leaves the same bytes.
    /// Law (shares): all of them, and what `completing` copies, are what `clone` copies.
    let copyShare (file: AnnDataFile) (target: RandomAccessFile) plan page share shares agree cancel =
        let struct (pages, _) = takenPages file plan page

        let all = pages |> List.sumBy (fun (struct (_, length)) -> length / int64 page)

        let bound share =
            int64 page * (all * int64 (share: int) / int64 (shares: int))

        ((0L, []), pages)
        ||> List.fold (fun (before, mine) (struct (start, length)) ->
            let low = max 0L (bound share - before)
            let high = min length (bound (share + 1) - before)
            before + length, (if low < high then struct (start + low, high - low) :: mine else mine))
        |> snd
        |> List.rev
        |> List.iter (fun (struct (start, length)) ->
            for first in start..stretch .. start + length - 1L do
                agree ()
                CopyRanges.copyRanges file.Store.Disk target [ struct (first, min stretch (start + length - first)) ] cancel)

    /// The editor of a copy of which all shares are there.
    let completing (file: AnnDataFile) (target: RandomAccessFile) plan compression page cancel =
        let struct (givenUp, _) = OutputStorage.given file plan []
        let struct (_, around) = takenPages file plan page
        CopyRanges.copyRanges file.Store.Disk target around cancel

        FileEditor(
            target,
            file.Store.Superblock,
            OutputStorage.room (OutputStorage.ranges givenUp),
            compression,
            file.Store.Superblock.EndOfFile
        )
