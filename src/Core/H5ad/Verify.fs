/// Verifies an .h5ad file as a whole: what HDF5 makes of it, and what AnnData does.
namespace SingleSharp.Core

open System.Collections.Generic
open System.Threading

[<RequireQualifiedAccess>]
module Verify =
    let private format (store: Store) (header: Header) =
        [ "encoding-type"; "h5sparse_format" ] |> List.tryPick (fun name -> store.Text(header, name))

    /// The lengths of an element along its first dimensions, as far as it tells.
    let private extent (store: Store) (findings: FindingList) path node =
        match node with
        | DatasetNode dataset -> List.ofArray dataset.Dims
        | GroupNode group ->
            match VerifyMatrix.shape store group.Header with
            | Some shape -> shape
            | None -> VerifyFrame.rows store findings path node |> ValueOption.toList

    let private nameIn (store: Store) (frame: Frame option) row what =
        let name =
            frame
            |> Option.bind (fun frame ->
                try
                    if row < frame.Rows then Some(Frame.nameOf store frame row) else None
                with FaultException _ ->
                    None)

        match name with
        | Some name -> $"{what} {name}"
        | None -> $"{what} {row}"

    /// A matrix, sparse or dense; `across` names its rows and columns.
    let private matrix (store: Store) (findings: FindingList) cancel path node (across: (Frame option * string) * (Frame option * string)) =
        let (rowFrame, row), (columnFrame, column) = across

        match node with
        | DatasetNode _ -> ()
        | GroupNode group ->
            let names at index =
                $"{nameIn store rowFrame at row}, {nameIn store columnFrame index column}"

            match format store group.Header with
            | Some("csr_matrix" | "csr") -> VerifyMatrix.sparse store findings cancel path group true names
            | Some("csc_matrix" | "csc") -> VerifyMatrix.sparse store findings cancel path group false (fun at index -> names index at)
            | Some other -> findings.Warn path $"its encoding is {other}, which is not checked any further"
            | None -> findings.Error path "it does not say how it is encoded"

    /// The dataset that holds the values of a matrix.
    let private valuesOf (store: Store) path node =
        match node with
        | DatasetNode dataset -> Some dataset
        | GroupNode group when (Links.tryFind "data" group).IsSome -> Some(store.Dataset(path, group, "data"))
        | GroupNode _ -> None

    /// Where the headers of the values of X, the layers and raw/X stand; what is wrong with one of them is told elsewhere.
    let private matrices (store: Store) =
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
                | Some(GroupNode group) -> Some group
                | _ -> None
            with FaultException _ ->
                None

        add "" store.Root "X"
        within "layers" |> Option.iter (fun layers -> layers.Links |> List.iter (fun link -> add "layers" layers link.Name))
        within "raw" |> Option.iter (fun raw -> add "raw" raw "X")
        addresses

    /// A matrix of counts, or of what was made of counts.
    let private counts (store: Store) (findings: FindingList) (storage: StorageVerifier) cancel path node across =
        matrix store findings cancel path node across

        findings.Check(path, fun () -> valuesOf store path node |> Option.iter storage.TellValues)

    let private requireExtent (findings: FindingList) path (found: int64 list) (expected: int64 option list) =
        let fits =
            found.Length >= expected.Length
            && List.forall2 (fun found expected -> Option.forall ((=) found) expected) (List.truncate expected.Length found) expected

        let shown numbers =
            numbers |> List.map string |> String.concat " x "

        if not fits then
            let wanted =
                expected |> List.map (Option.map string >> Option.defaultValue "any") |> String.concat " x "

            findings.Error path $"its shape is {shown found} instead of {wanted}"

    /// The members of a group of the root, in guard of one another.
    let private members (store: Store) (findings: FindingList) name (visit: string -> Node -> unit) =
        findings.Check(
            name,
            fun () ->
                match store.TryFind("", store.Root, name) with
                | Some(GroupNode group) ->
                    for link in group.Links do
                        let path = $"{name}/{link.Name}"

                        findings.Check(path, fun () -> store.TryFind(name, group, link.Name) |> Option.iter (visit path))
                | Some(DatasetNode _) -> findings.Warn name "it is a dataset of an old version, which is not checked any further"
                | None -> ()
        )

    let private raw (store: Store) (findings: FindingList) storage cancel obs =
        findings.Check(
            "raw",
            fun () ->
                match store.TryFind("", store.Root, "raw") with
                | Some(GroupNode group) ->
                    let find name =
                        findings.Try($"raw/{name}", fun () -> store.TryFind("raw", group, name)) |> Option.flatten

                    let genes =
                        find "var" |> Option.bind (VerifyFrame.rows store findings "raw/var" >> ValueOption.toOption)

                    match find "X" with
                    | Some node ->
                        let cells = obs |> Option.map (fun (frame: Frame) -> frame.Rows)
                        requireExtent findings "raw/X" (extent store findings "raw/X" node) [ cells; genes ]
                        counts store findings storage cancel "raw/X" node ((obs, "cell"), (None, "gene"))
                    | None -> findings.Warn "raw" "it has no X"
                | Some(DatasetNode _) -> findings.Warn "raw" "it is a dataset, which is not checked any further"
                | None -> ()
        )

    let private annData (store: Store) (findings: FindingList) storage cancel =
        let has name =
            store.Root.Links |> List.exists (fun link -> link.Name = name)

        if has "obs" && has "var" then
            let obs = VerifyFrame.check store findings cancel "obs"
            let var = VerifyFrame.check store findings cancel "var"

            let rows (frame: Frame option) =
                frame |> Option.map _.Rows |> Option.filter (fun rows -> rows >= 0L)

            let cells, genes = rows obs, rows var

            let aligned name expected visit =
                members store findings name (fun path node ->
                    requireExtent findings path (extent store findings path node) expected
                    visit path node)

            let ofCounts path node =
                counts store findings storage cancel path node ((obs, "cell"), (var, "gene"))

            findings.Check(
                "X",
                fun () ->
                    match store.TryFind("", store.Root, "X") with
                    | None -> findings.Note "" "it has no X"
                    | Some node ->
                        requireExtent findings "X" (extent store findings "X" node) [ cells; genes ]
                        ofCounts "X" node
            )

            let ifSparse across path node =
                match node with
                | GroupNode group when (VerifyMatrix.shape store group.Header).IsSome -> matrix store findings cancel path node across
                | _ -> ()

            aligned "layers" [ cells; genes ] ofCounts
            aligned "obsm" [ cells ] (ifSparse ((obs, "cell"), (None, "column")))
            aligned "varm" [ genes ] (ifSparse ((var, "gene"), (None, "column")))
            aligned "obsp" [ cells; cells ] (ifSparse ((obs, "cell"), (obs, "cell")))
            aligned "varp" [ genes; genes ] (ifSparse ((var, "gene"), (var, "gene")))
            raw store findings storage cancel obs
        else
            findings.Error "" "it has no obs and var, and so is no AnnData file"

    let private told (findings: FindingList) path objects pieces bytes : Verification =
        { Path = path
          Objects = objects
          Pieces = pieces
          Bytes = bytes
          Findings = findings.All }

    /// Everything that can be found in an open file, within the memory that it allows.
    let ofStore (store: Store) (findings: FindingList) cancel =
        let storage = StorageVerifier(store, findings, matrices store, cancel)
        storage.Run()
        annData store findings storage cancel
        told findings store.Path storage.Objects storage.Pieces storage.Bytes

    /// Everything that can be found without a second file. Only a file that cannot be opened at all is a fault, and what does not fit
    /// so much memory.
    let ofFile (path: string) (memory: int64) (cancel: CancellationToken) : Verification =
        let findings = FindingList()

        try
            use store = Store.openReadWithin memory path
            ofStore store findings cancel
        with FaultException(Damaged _ | Unsupported _ | NotAnnData _ as fault) ->
            findings.Check("", fun () -> Fault.throw fault)
            told findings path 0L 0L 0L
