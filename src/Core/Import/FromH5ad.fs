/// An .h5ad file as one of several inputs.
namespace SingleSharp.Core

open System

[<RequireQualifiedAccess>]
module FromH5ad =
    /// Elements beside X, obs and var that hold anything.
    let private others (file: H5adFile) =
        let store = file.Store

        [ if file.X.Path <> "X" && (store.TryFind "X").IsSome then
              "X"
          for name in [ "layers"; "obsm"; "varm"; "obsp"; "varp"; "uns"; "raw" ] do
              match store.TryFind("", store.Root, name) with
              | Some(GroupNode group) when not group.Links.IsEmpty -> name
              | Some(DatasetNode _) -> name
              | _ -> () ]

    /// Columns that can be taken over, and the names of the others.
    let private fields (store: Store) (frame: Frame) =
        let fields =
            frame.Columns |> List.map (fun column -> column, Fields.ofColumn store frame column)

        fields |> List.choose (fun (name, field) -> field |> Option.map (fun field -> name, field)),
        fields |> List.filter (fun (_, field) -> field.IsNone) |> List.map (fun (name, _) -> $"{frame.Path}/{name}")

    /// Opens a file for the matrix that is wanted; where its rows have to be put together first, they wait in the folder.
    let openRead matrix sumDuplicates path folder (settings: Settings) (held: Held) : Intake =
        let file = Schema.openReadAs matrix path

        let rows =
            lazy RowMatrix.Prepare(file, folder, settings.Memory, settings.Cancel, ignore)

        try
            let store = file.Store
            let obs, oddObs = fields store file.Obs
            let var, oddVar = fields store file.Var

            let fit = Intake.fit (RowMatrix.Foreseen file.X)

            let openRows settings taken =
                Intake.rows rows.Value.Disk rows.Value.Matrix sumDuplicates settings taken

            { Path = path
              Files = [ path ]
              Cells = file.X.Cells
              Genes = Frame.names store file.Var 0L file.Var.Rows |> Seq.map held.Add |> Array.ofSeq
              Places = Array.init file.X.Genes id
              Type = file.X.Type
              Stored = file.X.Stored
              CellNames = Frame.names store file.Obs 0L file.Obs.Rows
              Obs = obs
              Var = var
              LeftOut = others file @ oddObs @ oddVar
              Fit = fit
              Prepare = None
              Open = openRows
              Look =
                fun settings taken places ->
                    match Intake.known places sumDuplicates file.X with
                    | Some values ->
                        let findings, examined = Info.examine file settings

                        { Matrix = file.X.Datasets |> List.map Info.stored
                          Values = values
                          AreCounts = findings.AreCounts
                          CellsExamined = examined }
                    | None -> Intake.look settings file.X.Datasets None (openRows settings taken) places
              IsChanged = Publish.watch store
              Close =
                fun () ->
                    if rows.IsValueCreated then
                        (rows.Value :> IDisposable).Dispose()

                    (file :> IDisposable).Dispose() }
        with _ ->
            (file :> IDisposable).Dispose()
            reraise ()
