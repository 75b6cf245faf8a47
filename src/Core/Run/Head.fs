/// Reads the first rows of obs, var, a matrix or an array of a file, and no others.
namespace SingleSharp.Core.Run

open System.Collections.Generic
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading

[<RequireQualifiedAccess>]
module internal Head =
    /// More rows than these nobody looks at.
    let private mostRows = 10_000

    /// Values that are read at a time.
    let private batch = 1 <<< 16

    let private refuse option why : 'a =
        Fault.throw (InvalidOption(option, why))

    let private noColumn part (known: string list) name : 'a =
        refuse "columns" $"{part} has no column {name}{DidYouMean.clause known name}"

    let private table
        (store: Hdf5File)
        (request: HeadRequest)
        (rows, columns)
        names
        (shown: (string * string * string[]) list)
        : TableHead =
        let count = Array.length names

        { Path = store.Path
          Part = request.Part
          Rows = rows
          Columns = columns
          RowNames = names
          ColumnNames = [ for name, _, _ in shown -> name ]
          Types = [ for _, dtype, _ in shown -> dtype ]
          Cells =
            [| for row in 0 .. count - 1 do
                   [| for _, _, texts in shown -> texts[row] |] :> IReadOnlyList<string> |] }

    let private rowsOf (request: HeadRequest) (rows: int64) = int (min (int64 request.Rows) rows)

    let private namesOf store (frame: DataFrame) count =
        DataFrame.names store frame 0L (int64 count) |> Array.ofSeq

    let private ofFrame (store: Hdf5File) memory (request: HeadRequest) (frame: DataFrame) =
        let count = rowsOf request frame.Rows

        for name in request.Columns do
            if not (List.contains name frame.Columns) then
                noColumn request.Part frame.Columns name

        let wanted =
            if request.Columns.IsEmpty then List.truncate request.Most frame.Columns else request.Columns

        // Texts of some letters each.
        store.Disk.Require(Memory.times (Memory.times (int64 count) (int64 wanted.Length)) 80L)

        let column name =
            match StoredColumns.ofColumn store (NameMemory memory) frame name with
            | Some field ->
                let dtype, texts = HeadText.column count field
                name, dtype, texts
            | None -> name, "unknown", Array.create count "?"

        table store request (frame.Rows, int64 frame.Columns.Length) (namesOf store frame count) (List.map column wanted)

    /// Adds what the first rows hold of some columns to a table of numbers.
    let private byRows (store: Hdf5File) (matrix: Matrix) (places: Dictionary<int, int>) (found: float[][]) =
        use reader = (Reader.rows store.Disk matrix batch).Open()

        for first in 0 .. Blocks.rowsPerBlock .. found.Length - 1 do
            reader.Read(
                int64 first,
                min Blocks.rowsPerBlock (found.Length - first),
                fun rowBatch ->
                    let values = rowBatch.Values

                    for row in 0 .. rowBatch.Cells - 1 do
                        let target = found[int rowBatch.FirstCell + row]

                        for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                            match places.TryGetValue rowBatch.Genes[i] with
                            | true, place -> target[place] <- target[place] + values[i]
                            | _ -> ()
            )

    /// The same of what is stored in columns, each of which is read whole.
    let private byColumns (store: Hdf5File) (matrix: Matrix) (places: Dictionary<int, int>) (found: float[][]) =
        use reader = (Reader.cutRows store.Disk (Matrix.flipped matrix) batch).Open()

        for entry in places do
            reader.Read(
                int64 entry.Key,
                1,
                fun rowBatch ->
                    let values = rowBatch.Values

                    for i in 0 .. rowBatch.Offsets[rowBatch.Cells] - 1 do
                        if rowBatch.Genes[i] < found.Length then
                            let target = found[rowBatch.Genes[i]]
                            target[entry.Value] <- target[entry.Value] + values[i]
            )

    /// The numbers of the columns that are wanted, and their names.
    let private columnsOf (store: Hdf5File) (request: HeadRequest) (matrix: Matrix) (genes: DataFrame option) =
        let names first count =
            match genes with
            | Some frame -> DataFrame.names store frame first count
            | None -> Seq.init (int count) (fun column -> string (int first + column))

        if request.Columns.IsEmpty then
            let count = min request.Most matrix.Genes
            List.indexed (List.ofSeq (names 0L (int64 count)))
        else
            let wanted = HashSet request.Columns
            let places = Dictionary<string, int>()

            names 0L (int64 matrix.Genes)
            |> Seq.iteri (fun column name ->
                if wanted.Contains name then
                    places.TryAdd(name, column) |> ignore)

            [ for name in List.distinct request.Columns do
                  match places.TryGetValue name with
                  | true, column -> column, name
                  | _ -> noColumn request.Part [] name ]

    let private ofMatrix (store: Hdf5File) (request: HeadRequest) (matrix: Matrix) rowFrame genes =
        let rows = rowsOf request matrix.Cells
        let columns = columnsOf store request matrix genes
        let places = Dictionary<int, int>()
        columns |> List.iteri (fun place (column, _) -> places.Add(column, place))
        // A number, and its text.
        store.Disk.Require(Memory.times (Memory.times (int64 rows) (int64 columns.Length)) 80L)
        let found = Array.init rows (fun _ -> Array.zeroCreate<float> columns.Length)

        if rows > 0 then
            match matrix.Format with
            | Csc _ -> byColumns store matrix places found
            | Csr _
            | Dense _ -> byRows store matrix places found

        let dtype = DType.name matrix.Type

        table
            store
            request
            (matrix.Cells, int64 matrix.Genes)
            (namesOf store rowFrame rows)
            [ for place, (_, name) in List.indexed columns ->
                  name, dtype, found |> Array.map (fun row -> HeadText.number matrix.Type row[place]) ]

    let private parts =
        "obs, var, X, layers/NAME, raw/X, raw/var, obsm/NAME or varm/NAME"

    /// What is there under the beginning of the path that was asked for.
    let private missing (store: Hdf5File) (part: string) : 'a =
        let members =
            match part.Split '/' with
            | [| parent; _ |] ->
                match store.TryFind parent with
                | Some(GroupObject group) -> [ for link in group.Links -> $"{parent}/{link.Name}" ]
                | _ -> []
            | _ -> [ for link in store.Root.Links -> link.Name ]

        refuse "part" $"there is no {part} in {store.Path}{DidYouMean.clause members part}"

    let private ofStore (store: Hdf5File) memory (request: HeadRequest) =
        let frame path =
            match store.TryFind(path: string) with
            | Some _ -> DataFrame.read store path
            | None -> missing store path

        let matrix rowPath genePath =
            match store.TryFind request.Part with
            | Some node ->
                let genes = genePath |> Option.map frame
                ofMatrix store request (Matrix.ofNode store request.Part node) (frame rowPath) genes
            | None -> missing store request.Part

        /// A frame or an array with an entry for each row.
        let mapped rowPath =
            match store.TryFind request.Part with
            | Some(GroupObject group) when
                (match Hdf5Element.read store request.Part (GroupObject group) with
                 | Element.DataFrame _ -> true
                 | _ -> false)
                ->
                ofFrame store memory request (DataFrame.read store request.Part)
            | _ -> matrix rowPath None

        match request.Part.Split '/' with
        | [| "obs" |]
        | [| "var" |]
        | [| "raw"; "var" |] -> ofFrame store memory request (frame request.Part)
        | [| "X" |] -> matrix "obs" (Some "var")
        | [| "raw"; "X" |] -> matrix "obs" (Some "raw/var")
        | [| "layers"; _ |] -> matrix "obs" (Some "var")
        | [| "obsm"; _ |] -> mapped "obs"
        | [| "varm"; _ |] -> mapped "var"
        | _ -> refuse "part" $"{request.Part} is no table; name {parts}"

    /// The first rows of what is asked for.
    let read (request: HeadRequest) (settings: Settings) path =
        if request.Rows < 1 || request.Rows > mostRows then
            refuse "rows" $"it must be from 1 to {mostRows}"

        using (Hdf5File.openReadWithin settings.Memory path) (fun store -> ofStore store settings.Memory request)
