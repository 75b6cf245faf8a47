/// What a page needs of a file, read a batch at a time.
namespace SingleSharp.Reporting

open System
open System.Runtime.InteropServices
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs

[<RequireQualifiedAccess>]
module internal Stored =
    let private floats numeric (bytes: byte[]) =
        let whole = if numeric = DType.Bool then DType.UInt8 else numeric
        MemoryMarshal.Cast<byte, float>(ReadOnlySpan(ResultType.convert whole DType.Float64 bytes)).ToArray()

    let private missing (values: float[]) (mask: bool[]) =
        Array.map2 (fun value isMissing -> if isMissing then nan else value) values mask

    /// A column; none where there is none of this name, or of a kind that nothing can be drawn of. Rows of anndata 0.6 have no
    /// columns that stand alone.
    let tryColumn (file: AnnDataFile) (frame: DataFrame) name =
        match frame.Body with
        | ByColumn group when name <> frame.IndexName && (Links.tryFind name group).IsSome ->
            StoredColumns.ofColumn file.Store (NameMemory file.Store.Disk.Room) frame name
        | _ -> None

    /// A column of numbers or booleans; what is missing of it is no number.
    let tryNumbers file frame name : seq<float[]> option =
        match tryColumn file frame name with
        | Some(Column.Numbers(numeric, batches)) -> Some(batches |> Seq.map (floats numeric))
        | Some(Column.NumbersOrNone(numeric, batches)) ->
            Some(batches |> Seq.map (fun (struct (bytes, mask)) -> missing (floats numeric bytes) mask))
        | _ -> None

    /// All numbers of a column of var: memory has room for what belongs to a gene.
    let tryGeneNumbers (file: AnnDataFile) name =
        file.Store.Disk.Require(24L * file.Var.Rows)
        tryNumbers file file.Var name |> Option.map Array.concat

    /// A categorical of obs: its labels, and the place among them of each cell, −1 where it is missing.
    let tryCategories (file: AnnDataFile) name =
        match tryColumn file file.Obs name with
        | Some(Column.Categories(Labels.Texts labels, _, codes)) -> Some(labels, codes)
        | Some(Column.Categories(Labels.Numbers(numeric, bytes), _, codes)) -> Some(floats numeric bytes |> Array.map string, codes)
        | _ -> None

    let private tryElement (file: AnnDataFile) (path: string) =
        let rec find parent group names =
            match names with
            | [] -> None
            | [ last ] -> file.Store.TryFind(parent, group, last)
            | first :: rest ->
                match file.Store.TryFind(parent, group, first) with
                | Some(GroupObject inner) -> find (if parent = "" then first else $"{parent}/{first}") inner rest
                | _ -> None

        find "" file.Store.Root (List.ofArray (path.Split '/'))

    /// Coordinates of cells: how many there are of each, and batches of them.
    let tryCoordinates (file: AnnDataFile) path =
        match tryElement file path with
        | Some(DatasetObject dataset) ->
            ObsmArray.ofDataset file.Store file.Obs.Rows dataset
            |> Option.map (fun array -> array.Width, array.Batches |> Seq.map (floats array.Type))
        | _ -> None

    /// A short list of numbers anywhere in the file.
    let tryList (file: AnnDataFile) path =
        match tryElement file path with
        | Some(DatasetObject dataset) when dataset.Dims.Length = 1 && dataset.Count <= 10_000L ->
            match StoredColumns.ofDataset file.Store dataset.Count dataset with
            | Some(Column.Numbers(numeric, batches)) -> Some(batches |> Seq.map (floats numeric) |> Array.concat)
            | _ -> None
        | _ -> None

    /// Names of genes as people know them: symbols where the index has identifiers and a column of var has symbols.
    let geneNames (file: AnnDataFile) =
        let names = AnnDataFile.geneNames file.Store file.Var

        if Symbols.areEnsembl names then
            match Symbols.tryFind file with
            | Some column -> Symbols.ofColumn file "gene_symbols" column
            | None -> names
        else
            names

    /// The members of the groups beside X, obs and var.
    let others (file: AnnDataFile) =
        [ for name in [ "layers"; "raw"; "obsm"; "varm"; "obsp"; "varp"; "uns" ] do
              match file.Store.TryFind("", file.Store.Root, name) with
              | Some(GroupObject group) -> name, group.Links |> List.map _.Name
              | Some(DatasetObject _) -> name, []
              | None -> () ]
        |> List.filter (fun (_, members) -> not members.IsEmpty)
