/// A data frame of an open file: obs, var, or one in obsm, varm or uns.
namespace SingleSharp

open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Opened

/// Columns of one value per row, and the names of the rows. Use it by one thread at a time.
[<Sealed>]
type H5adFrame internal (file: OpenFile, frame: DataFrame) =
    let store = file.Store
    let columns = List.toArray frame.Columns
    let known = HashSet<string> columns

    let missing name : 'a =
        let near =
            match DidYouMean.hint frame.Columns name with
            | "." when columns.Length = 0 -> "; it has none."
            | "." -> $"""; it has {String.concat ", " (Seq.truncate 20 columns)}{if columns.Length > 20 then ", …" else "."}"""
            | hint -> hint

        raise (KeyNotFoundException $"{frame.Path} has no column {name}{near}")

    let values name range =
        let path = $"{frame.Path}/{name}"

        let column, refusal =
            match frame.Body with
            | ByRow(_, records) ->
                StoredColumns.ofRecords store (NameMemory file.Settings.Memory) range records name,
                StoredColumns.refusal (Element.Record records)
            | ByColumn group ->
                match Hdf5Element.tryColumn store frame.Path group name with
                | Some element ->
                    StoredColumns.ofElement store (NameMemory file.Settings.Memory) frame.Rows range element, StoredColumns.refusal element
                | None -> store.Disk.Damaged path "it is named among the columns, but there is nothing"

        match column with
        | Some column -> column
        | None -> store.Disk.Unsupported path refusal

    /// Where it lies, such as obs.
    member _.Path = frame.Path

    member _.Rows = frame.Rows

    /// What the index is called, such as _index or barcode.
    member _.IndexName = frame.IndexName

    /// The names of the columns in their order, without the index.
    member _.Columns: IReadOnlyList<string> = columns

    /// Is there a column of this name?
    member _.Has(name: string) = known.Contains name

    /// The column of a name. Its values are read when they are asked for. A name that is not there is a KeyNotFoundException; a
    /// column of values of another kind is a SingleSharpException.
    member _.Item
        with get (name: string) =
            if not (known.Contains name) then
                missing name

            H5adColumn(file, $"{frame.Path}/{name}", name, frame.Rows, values name)

    /// The names of the rows (the index), read as they are gone through.
    member _.Names: IEnumerable<string> =
        file.Each(fun () -> DataFrame.names store frame 0L frame.Rows)

    /// The names of some rows.
    member _.ReadNames(first: int64, count: int) : string[] =
        System.ArgumentOutOfRangeException.ThrowIfNegative(first, nameof first)
        System.ArgumentOutOfRangeException.ThrowIfNegative(count, nameof count)
        System.ArgumentOutOfRangeException.ThrowIfGreaterThan(first, frame.Rows - int64 count, nameof first)
        file.Look(fun () -> DataFrame.names store frame first (int64 count) |> Array.ofSeq)

    override _.ToString() =
        $"{frame.Path}: {frame.Rows} rows × {columns.Length} columns"
