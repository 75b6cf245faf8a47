/// Verifies one element: its shape, and whether a matrix is one that a step can work on.
namespace SingleSharp.Core.Verify

open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal VerifyElement =
    /// The lengths of an element along its first dimensions, as far as it tells.
    let extent (store: Hdf5File) path node =
        match node with
        | DatasetObject dataset -> List.ofArray dataset.Dims
        | GroupObject group ->
            match Hdf5Element.read store path node with
            | Element.Csr arrays
            | Element.Csc arrays -> arrays.Shape
            | Element.Unknown "its encoding is awkward-array" -> store.Integers(group.Header, "length") |> Option.defaultValue []
            | element -> VerifyFrame.rows store path element |> ValueOption.toList

    let private nameIn (store: Hdf5File) (frame: DataFrame option) row what =
        let name =
            frame
            |> Option.bind (fun frame ->
                try
                    if row < frame.Rows then Some(DataFrame.nameOf store frame row) else None
                with FaultException _ ->
                    None)

        match name with
        | Some name -> $"{what} {name}"
        | None -> $"{what} {row}"

    /// A matrix, sparse or dense; `across` names its rows and columns.
    let matrix
        (store: Hdf5File)
        (findings: FindingList)
        cancel
        path
        node
        (across: (DataFrame option * string) * (DataFrame option * string))
        =
        let (rowFrame, row), (columnFrame, column) = across

        let names at index =
            $"{nameIn store rowFrame at row}, {nameIn store columnFrame index column}"

        match Hdf5Element.read store path node with
        | Element.AnyArray _ -> ()
        | Element.Csr arrays -> VerifyMatrix.sparse store findings cancel path arrays true names
        | Element.Csc arrays -> VerifyMatrix.sparse store findings cancel path arrays false (fun at index -> names index at)
        | Element.Mapping(_, None) -> findings.Error path "it does not say how it is encoded"
        | other -> findings.Error path $"{Element.told other}, so that it is no matrix"

    /// The dataset that holds the values of a matrix.
    let private valuesOf (store: Hdf5File) path node =
        match node with
        | DatasetObject dataset -> Some dataset
        | GroupObject group when (Links.tryFind "data" group).IsSome -> Some(store.Dataset(path, group, "data"))
        | GroupObject _ -> None

    /// Where the headers of the values of X, the layers and raw/X stand; what is wrong with one of them is told elsewhere.
    let matrices (store: Hdf5File) =
        let addresses = HashSet<int64>()

        let add (parent: string) group name =
            let path = if parent = "" then name else $"{parent}/{name}"

            try
                store.TryFind(parent, group, name)
                |> Option.bind (valuesOf store path)
                |> Option.iter (fun dataset -> addresses.Add dataset.Header.Address |> ignore)
            with FaultException _ ->
                ()

        let within name =
            try
                match store.TryFind("", store.Root, name) with
                | Some(GroupObject group) -> Some group
                | _ -> None
            with FaultException _ ->
                None

        add "" store.Root "X"
        within "layers" |> Option.iter (fun layers -> layers.Links |> List.iter (fun link -> add "layers" layers link.Name))
        within "raw" |> Option.iter (fun raw -> add "raw" raw "X")
        addresses

    /// A matrix that a step is to work on must be one that it can open.
    let private requireUsable (store: Hdf5File) (findings: FindingList) path node =
        match valuesOf store path node with
        | Some { Type = VlenString | FixedString _ | Compound _ as datatype } ->
            findings.Error path $"its values are {Datatype.name datatype} instead of numbers"
        | _ ->
            // What was told already need not be told again.
            if not (findings.HasError path) then
                Matrix.ofNode store path node |> ignore

    /// A matrix of counts, or of what was made of counts.
    let counts (store: Hdf5File) (findings: FindingList) (storage: StorageVerifier) cancel path node across =
        matrix store findings cancel path node across
        findings.Check(path, (fun () -> requireUsable store findings path node))

        findings.Check(path, fun () -> valuesOf store path node |> Option.iter storage.TellValues)

    /// The lengths must be the expected ones; only where more dimensions may follow do they.
    let requireExtent (findings: FindingList) path mayGoOn (found: int64 list) (expected: int64 option list) =
        let fits =
            (found.Length = expected.Length || (mayGoOn && found.Length > expected.Length))
            && List.forall2 (fun found expected -> Option.forall ((=) found) expected) (List.truncate expected.Length found) expected

        let shown numbers =
            numbers |> List.map string |> String.concat " x "

        if found.IsEmpty then
            findings.Error path "it has no shape, as a matrix or a data frame has"
        elif not fits then
            let wanted =
                expected |> List.map (Option.map string >> Option.defaultValue "any") |> String.concat " x "

            findings.Error path $"its shape is {shown found} instead of {wanted}"
