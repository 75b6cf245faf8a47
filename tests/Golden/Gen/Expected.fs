/// Reads results, scanpy's and ours, with PureHDF: a reader that is not the one under test.
module internal SingleSharp.Golden.Expected

open System
open PureHDF
open SingleSharp.Golden.Tolerance

let inline private wide (dataset: IH5Dataset) (sample: 'stored) =
    ignore sample
    dataset.Read<'stored[]>() |> Array.map float

let private read (dataset: IH5Dataset) =
    let size = dataset.Type.Size

    match dataset.Type.Class with
    | H5DataTypeClass.FloatingPoint when size = 4 -> "float32", (fun () -> wide dataset 0.0f)
    | H5DataTypeClass.FloatingPoint when size = 8 -> "float64", (fun () -> wide dataset 0.0)
    | H5DataTypeClass.Enumerated when size = 1 -> "bool", (fun () -> wide dataset 0y)
    | H5DataTypeClass.FixedPoint ->
        match size, dataset.Type.FixedPoint.IsSigned with
        // Truth values of NumPy, as the stored results of scanpy have them.
        | 1, false when dataset.AttributeExists "bool" -> "bool", (fun () -> wide dataset 0uy)
        | 1, false -> "uint8", (fun () -> wide dataset 0uy)
        | 1, true -> "int8", (fun () -> wide dataset 0y)
        | 2, false -> "uint16", (fun () -> wide dataset 0us)
        | 2, true -> "int16", (fun () -> wide dataset 0s)
        | 4, false -> "uint32", (fun () -> wide dataset 0u)
        | 4, true -> "int32", (fun () -> wide dataset 0)
        | 8, false -> "uint64", (fun () -> wide dataset 0UL)
        | _ -> "int64", (fun () -> wide dataset 0L)
    | other -> failwith $"{dataset.Name} holds {other} values, not numbers"

/// An HDF5 file, open for reading.
[<Sealed>]
type Results(path: string) =
    do LzfFilter.register.Force()
    let file = H5File.OpenRead path

    member _.Has(name: string) =
        let parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries)

        let rec reach (group: IH5Group) depth =
            group.LinkExists parts[depth]
            && (depth = parts.Length - 1
                || match group.Get parts[depth] with
                   | :? IH5Group as inner -> reach inner (depth + 1)
                   | _ -> false)

        reach file 0

    /// The members of a group.
    member _.Members(name: string) =
        file.Group(name).Children() |> Seq.map _.Name |> Seq.sort |> List.ofSeq

    member results.IsDataset(name: string) =
        results.Has name && file.Get name :? IH5Dataset

    /// Is it a dataset of numbers or of booleans?
    member results.HasNumbers(name: string) =
        results.Has name
        && match file.Get name with
           | :? IH5Dataset as dataset ->
               match dataset.Type.Class with
               | H5DataTypeClass.FloatingPoint
               | H5DataTypeClass.FixedPoint
               | H5DataTypeClass.Enumerated -> true
               | _ -> false
           | _ -> false

    /// The extent of each dimension of a dataset.
    member _.Shape(name: string) =
        file.Dataset(name).Space.Dimensions |> Array.map int |> List.ofArray

    /// A dataset of strings.
    member _.Texts(name: string) = file.Dataset(name).Read<string[]>()

    /// A dataset of one string.
    member _.Text(name: string) = file.Dataset(name).Read<string>()

    /// A dataset of numbers, of any shape, row by row.
    member _.Numbers(name: string) : Numbers =
        let dataset = file.Dataset name
        let storedAs, values = read dataset

        { Type = storedAs
          Values = if dataset.Space.Dimensions |> Array.contains 0UL then [||] else values () }

    /// The same, or none where PureHDF cannot read it: big-endian numbers, and compression that is not everybody's.
    member results.TryNumbers(name: string) =
        try
            if results.Has name then Some(results.Numbers name) else None
        with trouble when [ "Byte order conversion"; "Could not find filter" ] |> List.exists trouble.Message.Contains ->
            None

    /// The strings of an attribute. An empty list is stored as no numbers.
    member _.Strings(object: string, attribute: string) =
        let attribute = file.Get(object).Attribute attribute
        if attribute.Space.Dimensions = [| 0UL |] then [] else List.ofArray (attribute.Read<string[]>())

    member _.Text(object: string, attribute: string) =
        file.Get(object).Attribute(attribute).Read<string>()

    member _.Integers(object: string, attribute: string) =
        List.ofArray (file.Get(object).Attribute(attribute).Read<int64[]>())

    interface IDisposable with
        member _.Dispose() = file.Dispose()
