/// Columns with one value per cell, computed row by row.
namespace SingleSharp.Core.Rows

open SingleSharp.Core

/// A column as it will be stored.
type internal OutputColumn = { Name: string; Type: DType }

/// Row-local columns. Values are computed as float64 and rounded once to the column's type when they are stored.
type internal CellColumns =
    {
        Columns: OutputColumn list
        /// A computer with scratch memory of its own, for one thread: given a row batch, one array per column and the place
        /// of the row batch's first row in them, it fills in the row batch's rows.
        /// Law (rows): cutting a row batch in two changes no value.
        Start: unit -> RowBatch -> float[][] -> int -> unit
    }

[<RequireQualifiedAccess>]
module internal CellColumns =
    /// All columns side by side, in this order.
    let concat (parts: CellColumns list) =
        { Columns = parts |> List.collect _.Columns
          Start =
            fun () ->
                let widths = parts |> List.map _.Columns.Length
                let starts = List.scan (+) 0 widths

                let computers =
                    List.zip3 (List.truncate parts.Length starts) widths parts
                    |> List.map (fun (start, width, part) -> struct (start, width, part.Start()))

                fun rowBatch columns row ->
                    for struct (start, width, compute) in computers do
                        compute rowBatch (Array.sub columns start width) row }
