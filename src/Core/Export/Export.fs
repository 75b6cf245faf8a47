/// Writes a data frame, a column or an array of a file in another format, some rows at a time.
namespace SingleSharp.Core.Export

open System
open System.IO
open System.IO.Compression
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

/// What is to be written, before anything is.
type internal Prepared =
    { Rows: int64
      Columns: int
      Write: (int64 -> unit) -> Stream -> unit }

[<RequireQualifiedAccess>]
module internal Export =
    let private requireNoColumns element (columns: string list) =
        if not columns.IsEmpty then
            Fault.throw (InvalidOption("columns", $"{element} is no data frame, so it has no columns by name; leave it out"))

    let private chosen (frame: DataFrame) (columns: string list) =
        for name in columns do
            if name = frame.IndexName then
                Fault.throw (InvalidOption("columns", $"{name} is the index of {frame.Path}, which is written in any case; leave it out"))

            if not (List.contains name frame.Columns) then
                Fault.throw (InvalidOption("columns", $"{frame.Path} has no column {name}{DidYouMean.clause frame.Columns name}"))

        match columns |> List.countBy id |> List.tryFind (fun (_, times) -> times > 1) with
        | Some(name, _) -> Fault.throw (InvalidOption("columns", $"{name} is named twice; name it once"))
        | None when columns.IsEmpty -> frame.Columns
        | None -> columns

    /// An element as a table; no columns mean all of them.
    let table (settings: Settings) (store: Hdf5File) element columns =
        let ofFrame frame columns =
            Table.ofFrame store (NameMemory settings.Memory) frame columns

        match ExportSource.find store element with
        | ExportSource.Frame frame -> ofFrame frame (chosen frame columns)
        | ExportSource.Column(frame, name) ->
            requireNoColumns element columns
            ofFrame frame (if name = frame.IndexName then [] else [ name ])
        | ExportSource.Array(_, None) -> ExportSource.refuse element "its rows have no names, as a table needs them; write it as .npy"
        | ExportSource.Array(dataset, _) when dataset.Dims.Length > 2 ->
            ExportSource.refuse element $"it has {dataset.Dims.Length} dimensions, and a table has two; write it as .npy"
        | ExportSource.Array(dataset, Some axis) ->
            requireNoColumns element columns
            let axis = DataFrame.read store axis
            let array = NumberArray.ofDataset store dataset

            if array.Dims[0] <> axis.Rows then
                store.Disk.Damaged element $"it has {array.Dims[0]} rows, but {axis.Path} has {axis.Rows}"

            Table.ofArray store axis array

    /// An element as an array of numbers.
    let private array (settings: Settings) (store: Hdf5File) element columns =
        requireNoColumns element columns
        let others = "write .csv or .parquet instead"

        match ExportSource.find store element with
        | ExportSource.Frame frame ->
            ExportSource.refuse element $"an array has values of one type; name one column, as {frame.Path}/NAME, or {others}"
        | ExportSource.Array(dataset, _) -> NumberArray.ofDataset store dataset
        | ExportSource.Column(frame, name) ->
            match StoredColumns.ofColumn store (NameMemory settings.Memory) frame name with
            | Some(Column.Numbers(numeric, batches)) -> NumberArray.ofNumbers numeric frame.Rows batches
            | Some(Column.NumbersOrNone _) -> ExportSource.refuse element $"its values may be missing, which .npy cannot say; {others}"
            | Some(Column.Categories _) -> ExportSource.refuse element $"its values are categories, and .npy holds numbers; {others}"
            | Some(Column.Texts _ | Column.TextsOrNone _) ->
                ExportSource.refuse element $"its values are texts, and .npy holds numbers; {others}"
            | None -> store.Disk.Unsupported element "its values are neither numbers nor booleans"

    let private ofTable (table: Table) write =
        { Rows = table.Rows
          Columns = table.Columns.Length
          Write = write table }

    let private prepare settings store element columns format =
        match format with
        | ExportFormat.Csv -> ofTable (table settings store element columns) CsvExport.write
        | ExportFormat.Npy ->
            let array = array settings store element columns

            { Rows = array.Dims[0]
              Columns = array.RowLength
              Write = NpyExport.write array }
        | _ -> Fault.throw (InvalidOption("to", "parquet is written by the package SingleSharp.Arrow, by its ParquetFile"))

    /// Slashes at the ends of a path mean nothing.
    let private named (element: string) =
        match element.Trim '/' with
        | "" -> Fault.throw (InvalidOption("export", "name what of the file is meant, such as obs or obsm/X_pca"))
        | element -> element

    let private written (settings: Settings) (prepared: Prepared) target =
        let tell rows =
            settings.Cancel.ThrowIfCancellationRequested()

            settings.Progress
                { Pass = 1
                  Passes = 1
                  CellsDone = rows
                  Cells = prepared.Rows
                  Bytes = 0L
                  Task =
                    Nullable
                        { Name = "export"
                          Done = float rows / float (max 1L prepared.Rows) } }

        prepared.Write tell target

    let private exported path element format (prepared: Prepared) output bytes =
        { Input = path
          Element = element
          Output = output
          Format = format
          Rows = prepared.Rows
          Columns = prepared.Columns
          Bytes = bytes }

    let private requireUnchanged (store: Hdf5File) isChanged =
        if isChanged () then
            Fault.throw (InputChanged store.Path)

    /// Writes a new file; `prepare` is told what file is read.
    let private toFile (settings: Settings) path element format target (prepare: Hdf5File -> Prepared) =
        if format <> ExportFormat.Csv && ExportFormat.isCompressed target then
            Fault.throw (
                InvalidOption(
                    "to",
                    $"a name that ends in .gz is for csv, not for {ExportFormat.name format}; end it in .{ExportFormat.name format}"
                )
            )

        AtomicReplace.require target 0L
        AtomicReplace.requireReplaceable target false
        use store = Hdf5File.openReadWithin settings.Memory path
        AtomicReplace.requireOther store target
        let isChanged = FileWatch.onContent store
        let prepared = prepare store

        AtomicReplace.replaceFor (WhoReads [ path ]) target 0L (fun disk ->
            use stream = new DiskStream(disk)

            if format = ExportFormat.Csv && ExportFormat.isCompressed target then
                use compressed = new GZipStream(stream, CompressionLevel.Optimal, true)
                written settings prepared compressed
            else
                written settings prepared stream

            requireUnchanged store isChanged
            stream.Length)
        |> exported path element format prepared target

    let file settings element columns format path target =
        let element = named element
        toFile settings path element format target (fun store -> prepare settings store element columns format)

    /// A table in a format that somebody else writes.
    let tableFile settings element columns format path target (write: Action<Table, Action<int64>, Stream>) =
        let element = named element

        toFile settings path element format target (fun store ->
            ofTable (table settings store element columns) (fun table tell target -> write.Invoke(table, Action<int64> tell, target)))

    /// Writes to a stream, which stays open.
    let stream (settings: Settings) element columns format path (target: Stream) =
        let element = named element
        use store = Hdf5File.openReadWithin settings.Memory path
        let isChanged = FileWatch.onContent store
        let prepared = prepare settings store element columns format
        use counted = new CountedStream(target)
        written settings prepared counted
        requireUnchanged store isChanged
        exported path element format prepared "-" counted.Length
