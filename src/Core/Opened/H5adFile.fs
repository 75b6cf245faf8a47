/// An .h5ad file that is open for reading.
namespace SingleSharp

open System
open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Opened

/// An AnnData file that is open for reading: X, layers, obs, var, obsm and uns, each read when it is asked for, in pieces where it may
/// be large.
///
/// What is opened is the file that the path led to then. Where another program replaces it, the old one is read to the end; where
/// it is changed in its place, the next read is a SingleSharpException, so that old and new are never mixed. What is kept in memory is what
/// leads to the values: names of columns, chunk tables, labels of categories that are asked for, the names of genes once they
/// are. Use a file, and what it gives, by one thread at a time, and dispose of it.
[<Sealed>]
type H5adFile internal (file: OpenFile) =
    let store = file.Store

    let root = H5adValue(file, "", Element.Mapping(store.Root, None), ValueNone)

    let matrices = Dictionary<MatrixName, H5adMatrix>()

    let frame path =
        file.Look(fun () -> DataFrame.read store path)

    let obs, var = DataFrame.read store "obs", DataFrame.read store "var"

    let matrix name =
        match matrices.TryGetValue name with
        | true, known -> known
        | _ ->
            let made = H5adMatrix(file, file.Look(fun () -> (AnnDataFile.ofStore store name).X))

            matrices[name] <- made
            made

    let genes =
        lazy (file.Look(fun () -> AnnDataFile.geneNames store var): IReadOnlyList<string>)

    let under mapping =
        if root.Has mapping then root[mapping].Keys else Array.Empty()

    static member internal Open(settings: Settings, path: string) =
        let store = Hdf5File.openReadWithin settings.Memory path

        try
            new H5adFile(OpenFile(store, settings))
        with _ ->
            (store :> IDisposable).Dispose()
            reraise ()

    member _.Path = store.Path

    /// The number of cells (obs).
    member _.Cells = obs.Rows

    /// The number of genes (var).
    member _.Genes = Checked.int var.Rows

    /// The cells: their names, and columns such as total_counts.
    member val Obs = H5adFrame(file, obs)

    /// The genes of X: their names, and columns such as highly_variable.
    member val Var = H5adFrame(file, var)

    /// The names of all genes (Var.Names), which are kept once they have been asked for.
    member _.GeneNames: IReadOnlyList<string> = genes.Value

    /// X, cells × genes; a SingleSharpException where there is none.
    member _.X = matrix MatrixName.X

    /// The names of the layers.
    member _.Layers = under "layers"

    /// A layer, cells × genes; one that is not there is a SingleSharpException.
    member _.Layer(name: string) = matrix (MatrixName.Layer name)

    /// Is there a raw/X?
    member _.HasRaw = root.Has "raw" && root["raw"].Has "X"

    /// raw/X: cells × the genes of RawVar.
    member _.RawX = matrix MatrixName.Raw

    /// The genes of raw/X.
    member _.RawVar = H5adFrame(file, frame "raw/var")

    /// An array of obsm, cells × something, such as X_pca; what is no matrix, such as a data frame, is read by its path.
    member _.Obsm(name: string) = root["obsm"].[name].AsMatrix()

    /// An array of varm, genes × something, such as PCs.
    member _.Varm(name: string) = root["varm"].[name].AsMatrix()

    /// What is not structured by cells or genes: numbers, strings, arrays, and mappings of such.
    member _.Uns =
        if root.Has "uns" then
            root["uns"]
        else
            H5adValue(
                file,
                "uns",
                Element.Mapping(
                    { Header = store.Root.Header
                      Links = []
                      OrderFlags = 0 },
                    None
                ),
                ValueNone
            )

    /// Is there a member of this name, such as obsm?
    member _.Has(key: string) = root.Has key

    /// Everything by name: file["obsm"].Keys, file["uns"]["pca"].
    member _.Item
        with get (key: string) = root[key]

    override _.ToString() =
        $"{store.Path}: {obs.Rows} cells × {var.Rows} genes"

    interface IDisposable with
        member _.Dispose() = file.Close()
