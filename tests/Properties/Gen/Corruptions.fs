/// Single corruptions of sound .h5ad files, at random places.
module internal SingleSharp.Properties.Corruptions

open System
open Expecto
open PureHDF
open SingleSharp.Core
open SingleSharp.Properties.FileParts
open SingleSharp.Properties.SoundFiles

/// What it is, the path that must have an error, and how the parts change.
type private Corruption = string * string * (Part list -> Part list)

let private attribute name value =
    List.map (fun (other, old) -> other, (if other = name then box value else old))

/// Corruptions of a sparse matrix.
let private ofMatrix (random: Random) parts path : Corruption list =
    let data, indices, indptr = $"{path}/data", $"{path}/indices", $"{path}/indptr"
    let self = parts |> List.find (fun part -> part.Path = path)

    let shape =
        self.Attributes |> List.pick (fun (name, value) -> if name = "shape" then Some(value :?> int64[]) else None)

    let minor = if encodingOf self = Some "csr_matrix" then shape[1] else shape[0]
    let stored = (numbersAt data parts).Length
    let lines = (numbersAt indptr parts).Length - 1

    let put target place value =
        changeNumbers target (fun values ->
            values[place] <- value values
            values)

    [ if stored > 0 then
          let place = random.Next stored
          "an index beyond all", indices, put indices place (fun _ -> float minor + float (random.Next 2))
          "a last offset that is too small", indptr, put indptr lines (fun offsets -> offsets[lines] - 1.0)

      if lines > 0 then
          let line = random.Next lines
          "offsets that decrease", indptr, put indptr line (fun offsets -> offsets[line + 1] + 1.0)
          "a first offset that is not 0", indptr, put indptr 0 (fun _ -> 1.0)

      "a last offset that is too large", indptr, put indptr lines (fun offsets -> offsets[lines] + 1.0)
      "an offset too much", indptr, changeNumbers indptr (fun offsets -> Array.append offsets [| float stored |])
      "a value too much", path, change data (resized true)
      "an index too much", path, change indices (resized true)
      "indices that are real", indices, change indices (fun _ -> Numbers(DType.Float32, Array.zeroCreate stored))
      "a shape of three numbers", path, changeAttributes path (attribute "shape" (Array.append shape [| 1L |]))
      "no shape", path, changeAttributes path (List.filter (fun (name, _) -> name <> "shape"))

      for missing in [ data; indices; indptr ] do
          $"no {missing}", path, without missing ]

/// Corruptions of a categorical column.
let private ofCategories (random: Random) parts path : Corruption list =
    let codes, categories = $"{path}/codes", $"{path}/categories"
    let rows = (numbersAt codes parts).Length

    let several, count =
        match (parts |> List.find (fun part -> part.Path = categories)).Content with
        | Numbers(numeric, values) -> (fun chosen -> Numbers(numeric, Array.map (fun i -> values[i]) chosen)), values.Length
        | Texts texts -> (fun chosen -> Texts(Array.map (fun i -> texts[i]) chosen)), texts.Length
        | other -> failtest $"{other}"

    [ if rows > 0 then
          let row = random.Next rows

          let code =
              if random.Next 2 = 0 then float (count + random.Next 2) else float (-2 - random.Next 2)

          "a code without a category",
          codes,
          changeNumbers codes (fun codes ->
              codes[row] <- code
              codes)

          "codes that are real", codes, change codes (fun _ -> Numbers(DType.Float64, Array.zeroCreate rows))
          "a code too few", path, change codes (resized false)

      "a code too much", path, change codes (resized true)
      let again = random.Next count
      "a category twice", categories, change categories (fun _ -> several (Array.append [| 0 .. count - 1 |] [| again |]))

      match several [| 0 |] with
      | Numbers((DType.Float32 | DType.Float64), _) ->
          "a category that is NaN",
          categories,
          changeNumbers categories (fun values ->
              values[again] <- nan
              values)
      | _ -> ()

      for missing in [ codes; categories ] do
          $"no {missing}", path, without missing

      "not said to be ordered or not", path, changeAttributes path (List.filter (fun (name, _) -> name <> "ordered")) ]

/// Corruptions of a column with missing values.
let private ofNullable parts path : Corruption list =
    let values, mask = $"{path}/values", $"{path}/mask"
    let rows = (numbersAt mask parts).Length

    [ "a mask that is too long", mask, change mask (resized true)
      if rows > 0 then
          "a mask that is too short", mask, change mask (resized false)
      "a mask of integers", mask, change mask (fun _ -> Numbers(DType.Int8, Array.zeroCreate rows))
      "values of another type", values, change values (fun _ -> Numbers(DType.Float64, Array.zeroCreate rows))
      "no values", path, without values ]

/// Corruptions of a data frame and of the columns that are plain arrays.
let private ofFrame (random: Random) parts path : Corruption list =
    let order =
        (parts |> List.find (fun part -> part.Path = path)).Attributes
        |> List.pick (fun (name, value) ->
            match value with
            | :? (string[]) as names when name = "column-order" -> Some names
            | _ when name = "column-order" -> Some [||]
            | _ -> None)

    let ordered names =
        changeAttributes path (attribute "column-order" (names: string[]))

    [ "a column that is not there", path, ordered (Array.insertAt (random.Next(order.Length + 1)) "gone" order)
      "no order", path, changeAttributes path (List.filter (fun (name, _) -> name <> "column-order"))
      "no index", path, without $"{path}/_index"

      if order.Length > 0 then
          let name = order[random.Next order.Length]
          "a column twice", path, ordered (Array.append order [| name |])
          let column = $"{path}/{name}"

          if pathsOf [ "array"; "string-array" ] parts |> List.contains column then
              "a column that is too long", column, change column (resized true)
              "a column that is a matrix", column, change column (fun _ -> Other(fun () -> H5Dataset(Array2D.create 2 2 1))) ]

/// Corruptions of what an element says of itself.
let private ofEncoding (random: Random) path : Corruption list =
    let another = [ "tensor"; "csr"; ""; "Array" ][random.Next 4]

    [ "an encoding that nobody knows", path, changeAttributes path (attribute "encoding-type" another)
      "a version that nobody knows", path, changeAttributes path (attribute "encoding-version" "9.9.9")
      "no version", path, changeAttributes path (List.filter (fun (name, _) -> name <> "encoding-version")) ]

/// Some corruption of some element of a file: where errors may be, where one must be, and the parts with it. Those with many
/// ways to be corrupted are chosen more often.
let corruption (random: Random) sound =
    let parts = sound.Parts

    let any (values: 'v list) =
        List.item (random.Next values.Length) values

    let all =
        [ 3, [ "csr_matrix"; "csc_matrix" ], ofMatrix random parts
          2, [ "categorical" ], ofCategories random parts
          1, [ "nullable-integer"; "nullable-boolean"; "nullable-string-array" ], ofNullable parts
          2, [ "dataframe" ], ofFrame random parts
          1, (parts |> List.choose encodingOf |> List.distinct), ofEncoding random ]
        |> List.map (fun (weight, kinds, corruptions) -> weight, pathsOf kinds parts |> List.filter ((<>) ""), corruptions)
        |> List.filter (fun (_, paths, _) -> not paths.IsEmpty)
        |> List.collect (fun (weight, paths, corruptions) -> List.replicate weight (paths, corruptions))

    let paths, corruptions = any all
    let within = any paths
    let name, path, corrupt = any (corruptions within)
    let top (path: string) = (path.Split '/')[0]

    // The other groups of the root would take time and show nothing.
    let near =
        parts |> List.filter (fun part -> List.contains (top part.Path) [ ""; "obs"; "var"; top within ])

    $"{name} in {within}", within, path, corrupt near
