// What is in an .h5ad file, without loading it: dotnet fsi explore.fsx FILE
#r "nuget: SingleSharp.Core"

open SingleSharp
open SingleSharp.Core

let path = Array.last fsi.CommandLineArgs

/// The smallest, the mean and the largest value of a column, which is never held as a whole. What is missing is NaN.
let summary (column: H5adColumn) =
    let struct (count, sum, least, most) =
        (struct (0, 0.0, infinity, -infinity), column.Pieces<float>())
        ||> Seq.fold (fun state piece ->
            (state, piece)
            ||> Array.fold (fun (struct (count, sum, least, most)) value ->
                if System.Double.IsNaN value then
                    struct (count, sum, least, most)
                else
                    struct (count + 1, sum + value, min least value, max most value)))

    $"{least:G4} to {most:G4}, {sum / float count:G4} on the average"

let told (column: H5adColumn) =
    match column.Kind with
    | ColumnKind.Categorical ->
        let sizes =
            column.ReadCodes() |> Array.filter (fun code -> code >= 0) |> Array.countBy id |> Map

        column.Categories
        |> Seq.mapi (fun code label -> $"{label} ({defaultArg (sizes.TryFind code) 0})")
        |> Seq.truncate 5
        |> String.concat ", "
    | ColumnKind.Number -> summary column
    | ColumnKind.Boolean -> $"{column.Read<float>() |> Array.filter ((=) 1.0) |> Array.length} are true"
    | _ -> column.Pieces<string>() |> Seq.concat |> Seq.truncate 3 |> String.concat ", "

match H5ad.openFile Settings.standard path with
| Error fault ->
    eprintfn $"{Fault.sentence fault}"
    exit 1
| Ok opened ->
    use file = opened
    printfn $"{file.Cells} cells × {file.Genes} genes"

    if file.Has "X" then
        printfn $"X: {file.X.Encoding} of {file.X.Type.Name}, {file.X.Stored} values"

    for frame in [ file.Obs; file.Var ] do
        printfn $"""{frame.Path}: {frame.Names |> Seq.truncate 3 |> String.concat ", "} …"""

        for name in frame.Columns do
            try
                printfn $"  {name}: {told frame[name]}"
            with :? SingleSharpException as trouble ->
                printfn $"  {name}: {trouble.Message}"

    for name in [ "layers"; "obsm"; "uns" ] do
        if file.Has name && file[name].Keys.Count > 0 then
            printfn $"""{name}: {String.concat ", " file[name].Keys}"""
