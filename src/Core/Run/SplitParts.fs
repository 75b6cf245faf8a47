/// Which files a split makes: the values of a column of obs, which cells have each, and what its file is called.
namespace SingleSharp.Core.Run

open System
open System.Globalization
open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Export

/// How a file is split.
type internal SplitRequest =
    {
        Column: string
        /// May files that are there be replaced?
        Replaces: bool
        Folder: string
    }

/// A value, which cells have it, and where they go.
type internal SplitPart =
    { Place: int
      Value: string
      Query: string
      Target: string
      Cells: int64 }

[<RequireQualifiedAccess>]
module internal SplitParts =
    /// More values than these are no samples, and nobody wants as many files.
    let most = 1_000

    let asked: BatchUse =
        { Option = "by"
          Called = "samples"
          Most = most }

    /// Visits the codes of all cells in order.
    let private visit (file: AnnDataFile) (batches: Batches) (settings: Settings) each =
        let read = batches.Open()
        let codes: int[] = Array.zeroCreate Blocks.rowsPerBlock

        for number in 0L .. Blocks.count file.X.Cells - 1L do
            settings.Cancel.ThrowIfCancellationRequested()
            let struct (first, count) = Blocks.extent file.X.Cells number
            read first count codes

            for i in 0 .. count - 1 do
                each codes[i]

    /// How many cells have each value, behind those that have none.
    let counts file (batches: Batches) settings =
        let counts: int64[] = Array.zeroCreate (batches.Names.Length + 1)
        visit file batches settings (fun code -> counts[code + 1] <- counts[code + 1] + 1L)
        counts

    let cellsOf (file: AnnDataFile) batches settings place =
        let cells = RowMask file.X.Cells
        visit file batches settings (fun code -> cells.Add((code = place)))
        cells

    let private quoted (text: string) =
        "'" + text.Replace("\\", "\\\\").Replace("'", "\\'") + "'"

    /// A column as a query names it.
    let private named (column: string) =
        if column.Contains '`' then
            "\"" + column.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\""
        else
            $"`{column}`"

    /// The query that chooses the cells of a value, for the note of what was done.
    let private queryOf (file: AnnDataFile) column =
        let values =
            match Hdf5Element.tryColumn file.Store file.Obs.Path file.Obs.Group column with
            | Some(Element.Nullable element) -> Some element.Values.Type
            | Some(Element.AnyArray values) -> Some values.Type
            | _ -> None

        fun value ->
            match values with
            | Some(Enumeration _) -> if value = "True" then named column else $"not {named column}"
            | Some(Integer _) -> $"{named column} == {value}"
            | _ -> $"{named column} == {quoted value}"

    /// What a value is called: of categories that are floats, what pandas writes, as export does.
    let private textOf (file: AnnDataFile) column =
        match Hdf5Element.tryColumn file.Store file.Obs.Path file.Obs.Group column with
        | Some(Element.Categorical element) ->
            match element.Categories.Values.Type with
            | Float _ ->
                fun (value: string) ->
                    let number = Double.Parse(value, CultureInfo.InvariantCulture)
                    NumberText.text DType.Float64 (BitConverter.GetBytes number) 0
            | _ -> id
        | _ -> id

    /// The values that some cell has, each with its file.
    let make (request: SplitRequest) (file: AnnDataFile) (batches: Batches) (counts: int64[]) =
        let query = queryOf file request.Column

        let values =
            [ for place, value in Array.indexed batches.Names do
                  if counts[place + 1] > 0L then
                      place, value ]

        let shown = values |> List.map (snd >> textOf file request.Column)

        List.zip3 values shown (PartNames.ofValues shown)
        |> List.map (fun ((place, value), shown, name) ->
            { Place = place
              Value = shown
              Query = query value
              Target = Path.Combine(request.Folder, name)
              Cells = counts[place + 1] })
