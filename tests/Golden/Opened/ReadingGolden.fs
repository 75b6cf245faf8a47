/// What the reading door gives of real files, wild ones and one for each peculiarity: everything, as h5py finds it.
module internal SingleSharp.Golden.ReadingGolden

open System
open System.Collections.Generic
open System.IO
open System.Runtime.InteropServices
open System.Security.Cryptography
open System.Text
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private sha (bytes: ReadOnlySpan<byte>) =
    (SHA256.HashData bytes |> Convert.ToHexString).ToLowerInvariant().Substring(0, 16)

let private numbers (values: seq<float>) =
    let values =
        values
        |> Seq.map (fun value -> if Double.IsNaN value then BitConverter.Int64BitsToDouble 0x7ff8000000000000L else value)
        |> Array.ofSeq

    sha (Span.op_Implicit (MemoryMarshal.AsBytes(Span values)))

let private texts (values: seq<string>) =
    values
    |> Seq.map (fun text -> if isNull text then "\001" else text)
    |> String.concat "\000"
    |> Encoding.UTF8.GetBytes
    |> fun bytes -> sha (ReadOnlySpan bytes)

let private column (column: H5adColumn) =
    match column.Kind with
    | ColumnKind.String -> $"String {texts (Seq.concat (column.Pieces<string>()))}"
    | ColumnKind.Categorical ->
        let labels =
            if column.Type = typeof<float32> || column.Type = typeof<float> then
                column.Categories |> Seq.map float |> numbers
            else
                texts column.Categories

        $"Categorical {column.Type.Name} ordered={column.IsOrdered} {column.Categories.Count} {labels} {numbers (Array.map float (column.ReadCodes()))}"
    | _ when column.IsNullable -> $"{column.Type.Name} nullable=True {numbers (column.Read<float>())}"
    | _ -> $"{column.Type.Name} {numbers (Seq.concat (column.Pieces<float>()))}"

let private frame (frame: H5adFrame) =
    [ $"{frame.Path} {frame.Rows} {texts frame.Names}"
      for name in frame.Columns do
          let told =
              try
                  column frame[name]
              with :? SingleSharpException as trouble when trouble.Kind = FaultKind.Unsupported ->
                  "refused"

          $"{frame.Path}/{name} {told}" ]

let private batches (matrix: H5adMatrix) cells =
    let offsets, genes, values = List<float>([ 0.0 ]), List<float>(), List<float>()

    for batch in matrix.Batches cells do
        let before = offsets[offsets.Count - 1]

        for row in 1 .. batch.Cells do
            offsets.Add(before + float batch.Offsets[row])

        for i in 0 .. batch.Count - 1 do
            genes.Add(float batch.Genes[i])
            values.Add batch.Values[i]

    $"{matrix.Path} {matrix.Encoding} {matrix.Rows} {numbers offsets} {numbers genes} {numbers values}"

let private matrix cells (matrix: H5adMatrix) =
    [ batches matrix cells
      if matrix.Encoding = "array" then
          let values = matrix.Pieces<float>() |> Seq.collect _.Values |> numbers

          Expect.equal (numbers (matrix.Read<float>())) values "all at once"
          $"{matrix.Path} array {matrix.Rows} {matrix.Columns} dense {values}" ]

let private isMatrix (value: H5adValue) =
    value.Kind = H5adKind.Sparse
    || value.Kind = H5adKind.Array
       && value.Shape.Count = 2
       && (try
               value.AsMatrix() |> ignore
               true
           with
           | :? SingleSharpException
           | :? InvalidOperationException -> false)

let private values (value: H5adValue) =
    if value.Type = typeof<string> then
        $"String {texts (value.ReadArray<string>())}"
    else
        $"{value.Type.Name} {numbers (value.ReadArray<float>())}"

/// The arrays and scalars of uns; nullable ones, categories, frames and matrices are opened as such.
let rec private uns (value: H5adValue) =
    [ for key in value.Keys do
          let inner = value[key]

          match inner.Kind with
          | H5adKind.Mapping -> yield! uns inner
          | H5adKind.Scalar
          | H5adKind.Array when not (isNull inner.Type) ->
              let shape = String.Join("x", inner.Shape)
              $"{inner.Path} {values inner} {shape}".TrimEnd()
          | _ -> () ]

let private tell cells path =
    use file = H5ad.openFile Settings.standard path |> need

    [ yield! frame file.Obs
      yield! frame file.Var
      if file.HasRaw && file["raw"].Has "X" then
          yield! frame file.RawVar
          yield! matrix cells file.RawX
      if file.Has "X" && isMatrix file["X"] then
          yield! matrix cells file.X
      for above in [ "layers"; "obsm"; "varm"; "obsp"; "varp" ] do
          if file.Has above then
              for key in file[above].Keys do
                  if isMatrix file[above].[key] then
                      yield! matrix cells (file[above].[key].AsMatrix())
      yield! uns file.Uns ]

/// What h5py finds in the files, by their paths.
let private expected paths =
    let said = Child.script "reading.py" paths ""

    let add (files: Map<string, string list>, path) (line: string) =
        if line.StartsWith '\t' then
            files.Add(path, line.Substring 1 :: files[path]), path
        else
            files.Add(line, []), line

    said.Split('\n', StringSplitOptions.RemoveEmptyEntries) |> Array.fold add (Map.empty, "") |> fst

let private agrees cells path (lines: string list) =
    let told = tell cells path |> List.map (fun line -> line.Replace('\n', ' '))
    Expect.sequenceEqual (List.sort told) (List.sort lines) (Path.GetFileName path)

let private sameAsH5py name cells paths =
    test name {
        let paths = paths ()

        for KeyValue(path, lines) in expected paths do
            agrees cells path lines
    }

/// Files of strangers that cannot be opened: one is cut off, one has no index, one is no HDF5.
let private unreadable =
    [ "scp-ingest-pipeline__bad__2e5c07.h5ad"
      "anndata-duckdb-extension__test_no_index__35f43c.h5ad"
      "pertpy__sc_sim__b1e376.h5ad" ]

let private everything =
    [ sameAsH5py "real files" 1000 (fun () -> RealFiles.datasets |> List.map RealFiles.input)
      sameAsH5py "files of strangers" 7 (fun () ->
          Directory.GetFiles(require "data/wild", "*.h5ad")
          |> List.ofArray
          |> List.filter (fun path -> not (List.contains (Path.GetFileName path) unreadable)))
      sameAsH5py "one file for each peculiarity" 3 (fun () -> EdgeFiles.cases |> List.map (fun case -> here $"edge/{case}/input.h5ad")) ]

let all = testList "Reading" everything
