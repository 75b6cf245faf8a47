/// Verifies an .h5ad file as a whole: what HDF5 makes of it, and what AnnData does.
namespace SingleSharp.Core.Verify

open System.Threading
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal Verify =
    /// The members of a group of the root, in guard of one another.
    let private members (store: Hdf5File) (findings: FindingList) name (visit: string -> Hdf5Object -> unit) =
        findings.Check(
            name,
            fun () ->
                match store.TryFind("", store.Root, name) with
                | Some(GroupObject group) ->
                    for link in group.Links do
                        let path = $"{name}/{link.Name}"

                        findings.Check(path, fun () -> store.TryFind(name, group, link.Name) |> Option.iter (visit path))
                // Records with a field for each member, as anndata before 0.7 kept obsm and varm.
                | Some(DatasetObject { Type = Compound _ }) when name = "obsm" || name = "varm" ->
                    findings.Warn name "it is a dataset of an old version, which is not checked any further"
                | Some(DatasetObject _) -> findings.Error name "it is a dataset, where anndata expects a group"
                | None -> ()
        )

    /// What stands in the root must be what an AnnData consists of.
    let private root (store: Hdf5File) (findings: FindingList) =
        let known =
            [ "X"; "obs"; "var"; "layers"; "obsm"; "varm"; "obsp"; "varp"; "uns"; "raw" ]

        for link in store.Root.Links do
            // Before anndata 0.7 the parts of raw were called raw.X, raw.var and so on.
            if not (List.contains link.Name known || link.Name.StartsWith "raw.") then
                findings.Error link.Name "anndata knows no such part of a file and does not open it"

        for name in [ "obs"; "var" ] do
            match findings.Try(name, (fun () -> store.TryFind("", store.Root, name))) |> Option.flatten with
            | Some(GroupObject group) ->
                match store.Text(group.Header, "encoding-type") with
                | None
                | Some "dataframe" -> ()
                | Some other -> findings.Error name $"it is said to be a {other}, where anndata expects a dataframe"
            | _ -> ()

    let private raw (store: Hdf5File) (findings: FindingList) storage cancel obs =
        findings.Check(
            "raw",
            fun () ->
                match store.TryFind("", store.Root, "raw") with
                | Some(GroupObject group) ->
                    let find name =
                        findings.Try($"raw/{name}", fun () -> store.TryFind("raw", group, name)) |> Option.flatten

                    let var =
                        find "var" |> Option.bind (fun _ -> VerifyFrame.check store findings cancel "raw/var")

                    let genes =
                        var |> Option.map (fun (frame: DataFrame) -> frame.Rows) |> Option.filter (fun rows -> rows >= 0L)

                    match find "varm" with
                    | Some(GroupObject varm) ->
                        for link in varm.Links do
                            let path = $"raw/varm/{link.Name}"

                            findings.Check(
                                path,
                                fun () ->
                                    store.TryFind("raw/varm", varm, link.Name)
                                    |> Option.iter (fun node ->
                                        VerifyElement.requireExtent findings path true (VerifyElement.extent store path node) [ genes ])
                            )
                    | _ -> ()

                    match find "X" with
                    | Some node ->
                        let cells =
                            obs |> Option.map (fun (frame: DataFrame) -> frame.Rows) |> Option.filter (fun rows -> rows >= 0L)

                        findings.Check(
                            "raw/X",
                            fun () ->
                                VerifyElement.requireExtent
                                    findings
                                    "raw/X"
                                    false
                                    (VerifyElement.extent store "raw/X" node)
                                    [ cells; genes ]

                                VerifyElement.counts store findings storage cancel "raw/X" node ((obs, "cell"), (var, "gene"))
                        )
                    | None -> findings.Warn "raw" "it has no X"
                | Some(DatasetObject _) -> findings.Error "raw" "it is a dataset, where anndata expects a group"
                | None -> ()
        )

    /// Frames and sparse matrices in uns, and frames among what is aligned to obs or var.
    let private elements (store: Hdf5File) (findings: FindingList) cancel (encodings: EncodingVerifier) obs var =
        let isIn (groups: string list) (path: string) =
            groups |> List.exists (fun group -> path.StartsWith(group + "/"))

        for path in encodings.Frames do
            if path <> "obs" && path <> "var" && path <> "raw/var" then
                VerifyFrame.check store findings cancel path |> ignore

                let axis =
                    if isIn [ "obsm" ] path then obs
                    elif isIn [ "varm" ] path then var
                    else None

                if path.Split('/').Length = 2 then
                    axis |> Option.iter (VerifyFrame.requireNames store findings cancel path)

        for path in encodings.Matrices do
            if not (path = "X" || isIn [ "layers"; "obsm"; "varm"; "obsp"; "varp"; "raw" ] path) then
                findings.Check(
                    path,
                    fun () ->
                        store.TryFind path
                        |> Option.iter (fun node -> VerifyElement.matrix store findings cancel path node ((None, "row"), (None, "column")))
                )

    let private annData (store: Hdf5File) (findings: FindingList) storage cancel encodings =
        let has name =
            store.Root.Links |> List.exists (fun link -> link.Name = name)

        if has "obs" && has "var" then
            root store findings
            let obs = VerifyFrame.check store findings cancel "obs"
            let var = VerifyFrame.check store findings cancel "var"

            let rows (frame: DataFrame option) =
                frame |> Option.map _.Rows |> Option.filter (fun rows -> rows >= 0L)

            let cells, genes = rows obs, rows var

            let aligned name mayGoOn expected visit =
                members store findings name (fun path node ->
                    VerifyElement.requireExtent findings path mayGoOn (VerifyElement.extent store path node) expected
                    visit path node)

            let ofCounts path node =
                VerifyElement.counts store findings storage cancel path node ((obs, "cell"), (var, "gene"))

            findings.Check(
                "X",
                fun () ->
                    match store.TryFind("", store.Root, "X") with
                    | None -> findings.Note "" "it has no X"
                    | Some node ->
                        VerifyElement.requireExtent findings "X" false (VerifyElement.extent store "X" node) [ cells; genes ]
                        ofCounts "X" node
            )

            let ifSparse across path node =
                match Hdf5Element.read store path node with
                | Element.Csr { Shape = _ :: _ }
                | Element.Csc { Shape = _ :: _ } -> VerifyElement.matrix store findings cancel path node across
                | _ -> ()

            aligned "layers" false [ cells; genes ] ofCounts
            aligned "obsm" true [ cells ] (ifSparse ((obs, "cell"), (None, "column")))
            aligned "varm" true [ genes ] (ifSparse ((var, "gene"), (None, "column")))
            aligned "obsp" true [ cells; cells ] (ifSparse ((obs, "cell"), (obs, "cell")))
            aligned "varp" true [ genes; genes ] (ifSparse ((var, "gene"), (var, "gene")))
            members store findings "uns" (fun _ _ -> ())
            raw store findings storage cancel obs

            elements
                store
                findings
                cancel
                encodings
                (Option.filter (fun frame -> frame.Rows >= 0L) obs)
                (Option.filter (fun frame -> frame.Rows >= 0L) var)
        else
            let isTenX =
                store.Root.Links
                |> List.exists (fun link ->
                    match findings.Try(link.Name, (fun () -> store.TryFind("", store.Root, link.Name))) |> Option.flatten with
                    | Some(GroupObject group) -> (Links.tryFind "barcodes" group).IsSome
                    | _ -> false)

            let next =
                if isTenX then "; it looks like a 10x file, of which singlesharp convert makes one" else ""

            findings.Error "" $"it has no obs and var, and so is no AnnData file{next}"

    let private told (findings: FindingList) path objects pieces bytes : Verification =
        { Path = path
          Objects = objects
          Pieces = pieces
          Bytes = bytes
          Findings = findings.All }

    /// Everything that can be found in an open file, within the memory that it allows.
    let ofStore (store: Hdf5File) (findings: FindingList) cancel =
        let storage = StorageVerifier(store, findings, VerifyElement.matrices store, cancel)
        let encodings = EncodingVerifier(store, findings, cancel)
        storage.Run(fun path node -> encodings.Visit(path, node))
        annData store findings storage cancel encodings
        told findings store.Path storage.Objects storage.Pieces storage.Bytes

    /// Everything that can be found without a second file. Only a file that cannot be opened at all is a fault, and what does not fit
    /// this much memory.
    let ofFile (path: string) (memory: int64) (cancel: CancellationToken) : Verification =
        let findings = FindingList()

        try
            use store = Hdf5File.openReadWithin memory path
            ofStore store findings cancel
        with FaultException(Damaged _ | Unsupported _ | NotAnnData _ as fault) ->
            findings.Check("", fun () -> Fault.throw fault)
            told findings path 0L 0L 0L
