/// Rows with names and columns of one kind each, as they leave for another format: read some rows at a time.
namespace SingleSharp.Core.Export

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// What the values of a column are.
[<RequireQualifiedAccess>]
type internal TableKind =
    | Number of DType
    | Text
    | Category of Labels * ordered: bool

type internal TableColumn =
    {
        Name: string
        Kind: TableKind
        /// May values be missing, other than by being NaN?
        IsNullable: bool
    }

/// Values of a column for some rows; null is what they are not.
type internal ColumnPiece =
    {
        /// Numbers, as the little-endian bytes of whole values.
        Numbers: byte[]
        /// Which of the numbers are missing; null where none can be.
        Missing: bool[]
        /// Texts, null where one is missing.
        Texts: string[]
        /// Positions among the labels of categories, −1 where a value is missing.
        Codes: int[]
    }

/// Some rows.
type internal TablePiece =
    { Names: string[]
      Columns: ColumnPiece[] }

type internal Table =
    {
        /// What the names of the rows are called; none where they are not called anything.
        IndexName: string option
        Columns: TableColumn[]
        Rows: int64
        /// All rows, one piece after another.
        Pieces: seq<TablePiece>
    }

[<RequireQualifiedAccess>]
module internal Table =
    /// Bytes that a piece takes, about: all columns of some rows are held at a time.
    let private pieceBytes = 8L <<< 20

    let private leastRows = 64L

    /// Rows of so many columns that are read at a time.
    let private rowsOf columns =
        pieceBytes / (64L * (1L + int64 columns)) |> max leastRows |> min (int64 StoredColumns.usualRows) |> int

    let private nothing =
        { Numbers = null
          Missing = null
          Texts = null
          Codes = null }

    /// The next N of some values.
    let private take (values: IEnumerator<'v>) count =
        Array.init count (fun _ ->
            values.MoveNext() |> ignore
            values.Current)

    let private describe name column =
        let kind, isNullable =
            match column with
            | Column.Numbers(numeric, _) -> TableKind.Number numeric, false
            | Column.NumbersOrNone(numeric, _) -> TableKind.Number numeric, true
            | Column.Texts _ -> TableKind.Text, false
            | Column.TextsOrNone _ -> TableKind.Text, true
            | Column.Categories(labels, ordered, _) -> TableKind.Category(labels, ordered), true

        { Name = name
          Kind = kind
          IsNullable = isNullable }

    /// What gives the next rows of a column; what it opens is closed by whoever called.
    let private feed (opened: List<IDisposable>) column : int -> ColumnPiece =
        let opened (values: seq<'v>) =
            let values = values.GetEnumerator()
            opened.Add values
            values

        match column with
        | Column.Numbers(_, batches) ->
            let batches = opened batches

            fun _ ->
                { nothing with
                    Numbers = (take batches 1)[0] }
        | Column.NumbersOrNone(_, batches) ->
            let batches = opened batches

            fun _ ->
                let struct (bytes, missing) = (take batches 1)[0]

                { nothing with
                    Numbers = bytes
                    Missing = missing }
        | Column.Texts texts ->
            let texts = opened texts

            fun count ->
                { nothing with
                    Texts = take texts count }
        | Column.TextsOrNone(_, texts) ->
            let texts = opened (texts |> Seq.map (ValueOption.defaultValue null))

            fun count ->
                { nothing with
                    Texts = take texts count }
        | Column.Categories(_, _, codes) ->
            let codes = opened codes

            fun count ->
                { nothing with
                    Codes = take codes count }

    /// What the labels of categories are called, as Python's str calls them: float32 becomes float64 on the way.
    let labels (labels: Labels) =
        match labels with
        | Labels.Texts texts -> texts
        | Labels.Numbers(DType.Float32, bytes) ->
            let wide = ResultType.convert DType.Float32 DType.Float64 bytes
            Array.init (Labels.count labels) (NumberText.text DType.Float64 wide)
        | Labels.Numbers(numeric, bytes) -> Array.init (Labels.count labels) (NumberText.text numeric bytes)

    let private indexName (frame: DataFrame) =
        if frame.IndexName = "_index" then None else Some frame.IndexName

    /// Columns of a frame, in this order; `held` counts the labels of categories.
    let ofFrame (store: Hdf5File) held (frame: DataFrame) (names: string list) =
        let most = rowsOf names.Length

        let columns =
            [| for name in names do
                   match StoredColumns.ofColumnBy most store held frame name with
                   | Some column -> name, column
                   | None ->
                       store.Disk.Unsupported
                           $"{frame.Path}/{name}"
                           "its values are neither numbers, booleans, texts nor categories of these, one for each row; choose other columns (⟨columns⟩)" |]

        let pieces =
            seq {
                let opened = List<IDisposable>()

                try
                    let names = (DataFrame.names store frame 0L frame.Rows).GetEnumerator()
                    opened.Add names
                    let feeds = columns |> Array.map (snd >> feed opened)

                    for first in 0L .. int64 most .. frame.Rows - 1L do
                        let count = int (min (int64 most) (frame.Rows - first))
                        Memory.tidyYoung ()

                        { Names = take names count
                          Columns = feeds |> Array.map (fun next -> next count) }
                finally
                    opened |> Seq.iter _.Dispose()
            }

        { IndexName = indexName frame
          Columns = columns |> Array.map (fun (name, column) -> describe name column)
          Rows = frame.Rows
          Pieces = pieces }

    let inline private columnOf<'v when 'v: struct and 'v: (new: unit -> 'v) and 'v :> ValueType> (rows: byte[]) width count column =
        let from = MemoryMarshal.Cast<byte, 'v>(ReadOnlySpan rows)
        let bytes: byte[] = Array.zeroCreate (count * sizeof<'v>)
        let target = MemoryMarshal.Cast<byte, 'v>(Span bytes)

        for row in 0 .. count - 1 do
            target[row] <- from[row * width + column]

        bytes

    /// Rows of numbers, one after another, as columns.
    let private turned size width count (rows: byte[]) =
        Array.init width (fun column ->
            let bytes =
                match size with
                | 1 -> columnOf<byte> rows width count column
                | 2 -> columnOf<int16> rows width count column
                | 4 -> columnOf<int32> rows width count column
                | _ -> columnOf<int64> rows width count column

            { nothing with Numbers = bytes })

    /// A byte for each row, where rows have nothing in them that could be counted.
    let private noRows (rows: int64) =
        let most = int64 StoredColumns.usualRows
        seq { for first in 0L .. most .. rows - 1L -> Array.zeroCreate<byte>(int (min most (rows - first))) }

    /// An array of one or two dimensions whose rows are those of a frame; its columns are called 0, 1 and so on, as pandas calls them.
    let ofArray (store: Hdf5File) (axis: DataFrame) (array: NumberArray) =
        let width = array.RowLength

        let pieces =
            seq {
                use names = (DataFrame.names store axis 0L axis.Rows).GetEnumerator()

                for rows in (if width = 0 then noRows axis.Rows else array.Batches) do
                    let count =
                        if width = 0 then rows.Length else rows.Length / (width * DType.size array.Type)

                    { Names = take names count
                      Columns = turned (DType.size array.Type) width count rows }
            }

        { IndexName = indexName axis
          Columns =
            Array.init width (fun column ->
                { Name = string column
                  Kind = TableKind.Number array.Type
                  IsNullable = false })
          Rows = axis.Rows
          Pieces = pieces }
