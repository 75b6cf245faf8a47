/// An .h5ad file as one of several inputs.
namespace SingleSharp.Core.Inputs

open System
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading

[<RequireQualifiedAccess>]
module internal H5adInput =
    /// Everything that a new file does not get, but for columns, layers and arrays of obsm.
    let private others (file: AnnDataFile) =
        let store = file.Store
        let taken = [ file.X.Path; file.Obs.Path; file.Var.Path ]

        /// The members of a group, or what stands in its place.
        let members name =
            match store.TryFind("", store.Root, name) with
            | Some(GroupObject group) ->
                [ for link in group.Links do
                      $"{name}/{link.Name}" ]
            | _ -> [ name ]

        [ for link in store.Root.Links do
              match link.Name with
              | "layers" when (store.TryFind "layers" |> Option.exists _.IsGroupObject) -> ()
              | "obsm"
              | "varm"
              | "obsp"
              | "varp"
              | "uns" -> yield! members link.Name
              | "raw" when file.X.Path.StartsWith "raw/" -> yield! members "raw"
              | name -> name ]
        |> List.except taken

    /// Columns that can be taken over, and the names of the others.
    let private fields (store: Hdf5File) held (frame: DataFrame) =
        let fields =
            frame.Columns
            |> List.distinctBy Links.along
            |> List.map (fun column -> column, StoredColumns.ofColumn store held frame column)

        fields |> List.choose (fun (name, field) -> field |> Option.map (fun field -> name, field)),
        fields |> List.filter (fun (_, field) -> field.IsNone) |> List.map (fun (name, _) -> $"{frame.Path}/{name}")

    /// An array of obsm that can be taken over.
    let private tryGrid (file: AnnDataFile) path address =
        try
            match file.Store.TryAt(path, address) with
            | Some(DatasetObject dataset) -> ObsmArray.ofDataset file.Store file.X.Cells dataset
            | _ -> None
        with
        // What is taken over must not hang on the memory allowed.
        | FaultException(InsufficientMemory _) -> reraise ()
        | FaultException _ -> None

    let private obsm (file: AnnDataFile) =
        let store = file.Store

        [ match store.TryFind("", store.Root, "obsm") with
          | Some(GroupObject group) ->
              for link in group.Links do
                  match link.Target with
                  | Hard address when Utf8.isText link.Name ->
                      match tryGrid file $"obsm/{link.Name}" address with
                      | Some grid -> link.Name, grid
                      | None -> ()
                  | _ -> ()
          | _ -> () ]

    /// Bytes for putting rows together, of those that are meant for it.
    let private together room (x: Matrix) =
        if CscToCsr.isNeeded x then CscToCsr.memory (max room (CscToCsr.least x)) x else 0L

    /// The rows of a matrix, put together first where they have to be.
    let private rowsOf (file: AnnDataFile) folder (settings: Settings) room (held: NameMemory) =
        lazy CsrView.Prepare(file, folder, max (room - held.Bytes) (CscToCsr.least file.X), settings.Cancel, ignore)

    /// A layer as a matrix, unless it is none, lies in another file, or runs along other genes.
    let private tryLayer (file: AnnDataFile) (layers: Group) name =
        try
            match file.Store.TryFind("layers", layers, name) with
            | Some node ->
                let matrix = Matrix.ofNode file.Store $"layers/{name}" node

                if matrix.Cells = file.X.Cells && matrix.Genes = file.X.Genes then
                    Some(new AnnDataFile(file.Store, matrix, file.Obs, file.Var))
                else
                    None
            | None -> None
        with
        // What is taken over must not hang on the memory allowed.
        | FaultException(InsufficientMemory _) -> reraise ()
        | FaultException _ -> None

    /// The layers beside the matrix that is wanted, by their names: those that can be read, and none where they cannot.
    let private layersOf (file: AnnDataFile) =
        [ match file.Store.TryFind("", file.Store.Root, "layers") with
          | Some(GroupObject group) ->
              for link in group.Links do
                  if $"layers/{link.Name}" <> file.X.Path then
                      // Genes of raw are its own, even where there are as many.
                      let isOfRaw = file.X.Path.StartsWith "raw/"
                      link.Name, (if isOfRaw then None else tryLayer file group link.Name)
          | _ -> () ]

    /// Opens a file for the matrix that is wanted; where its rows have to be put together first, they wait in the folder, and this takes
    /// the N bytes of room, if they are enough.
    let openRead matrix sumDuplicates path folder (settings: Settings) room (held: NameMemory) : CountInput =
        let file = AnnDataFile.openReadWithin settings.Memory matrix path

        try
            let store = file.Store
            let obs, oddObs = fields store held file.Obs
            let var, oddVar = fields store held file.Var
            let rows = rowsOf file folder settings room held
            let obsm = obsm file

            let layers =
                layersOf file
                |> List.map (fun (name, layer) -> name, layer |> Option.map (fun layer -> layer, rowsOf layer folder settings room held))

            let opened (rows: Lazy<CsrView>) valuesPerBatch =
                CountInput.rows rows.Value.Disk rows.Value.Matrix sumDuplicates valuesPerBatch

            let known places =
                CountInput.known places sumDuplicates file.X

            let fit = CountInput.fitOf file.X

            /// Where nothing has to be put together or added up, X itself is looked at.
            let look settings taken places =
                match known places with
                | Some values ->
                    let findings, examined = Examine.firstBlock file settings

                    { Matrix = file.X.Datasets |> List.map Examine.stored
                      Values = values
                      AreCounts = findings.AreCounts
                      CellsExamined = examined }
                | None -> CountInput.look settings file.X.Datasets None (CountInput.opened fit (opened rows) settings taken) places

            let close () =
                for rows in rows :: List.choose (snd >> Option.map snd) layers do
                    if rows.IsValueCreated then
                        (rows.Value :> IDisposable).Dispose()

                (file :> IDisposable).Dispose()

            let input =
                { Path = path
                  Files = [ path ]
                  Cells = file.X.Cells
                  Genes = DataFrame.names store file.Var 0L file.Var.Rows |> Seq.map held.Add |> Array.ofSeq
                  Places = Array.init file.X.Genes id
                  Type = file.X.Type
                  Stored = file.X.Stored
                  CellNames = DataFrame.names store file.Obs 0L file.Obs.Rows
                  Obs = obs
                  Var = var
                  Obsm = obsm
                  Layers = []
                  LeftOut =
                    (others file |> List.except [ for name, _ in obsm -> $"obsm/{name}" ])
                    @ oddObs
                    @ oddVar
                    @ (layers |> List.filter (snd >> Option.isNone) |> List.map (fun (name, _) -> $"layers/{name}"))
                  Fit = fit
                  Worker = CountInput.worker sumDuplicates (CsrView.Foreseen file.X)
                  Tables = Reader.tables (CsrView.Foreseen file.X)
                  Together = together (room - held.Bytes) file.X
                  Prepare = None
                  Read = opened rows
                  Known = known
                  Look = look
                  IsChanged = FileWatch.onContent store
                  Close = close }

            { input with
                Layers =
                    [ for name, layer in layers do
                          match layer with
                          | Some(layer, rows) ->
                              name,
                              { input with
                                  Type = layer.X.Type
                                  Stored = layer.X.Stored
                                  Fit = CountInput.fitOf layer.X
                                  Read = opened rows
                                  Known = fun places -> CountInput.known places sumDuplicates layer.X }
                          | None -> () ] }
        with _ ->
            (file :> IDisposable).Dispose()
            reraise ()
