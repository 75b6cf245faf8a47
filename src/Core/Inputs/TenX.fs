/// The .h5 files of Cell Ranger: counts of genes × cells by cells, which are the rows of cells × genes.
namespace SingleSharp.Core.Inputs

open System
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading

[<RequireQualifiedAccess>]
module internal TenX =
    let private has (group: Group) name = (Links.tryFind name group).IsSome

    let private groupOf (store: Hdf5File) parent (group: Group) name =
        match store.TryFind(parent, group, name) with
        | Some(GroupObject inner) -> Some inner
        | _ -> None

    /// Cell Ranger 3 and later: one group for everything.
    let private version3 (store: Hdf5File) =
        groupOf store "" store.Root "matrix" |> Option.filter (fun group -> has group "indptr" && has group "barcodes")

    /// Cell Ranger 2 and earlier: a group for each genome.
    let private version2 (store: Hdf5File) =
        [ for link in store.Root.Links do
              if link.Target.IsHard then
                  match groupOf store "" store.Root link.Name with
                  | Some group when has group "indptr" && has group "barcodes" && has group "gene_names" -> link.Name, group
                  | _ -> () ]

    /// Is it a file of Cell Ranger?
    let isTenX (store: Hdf5File) =
        not (has store.Root "X") && ((version3 store).IsSome || not (version2 store).IsEmpty)

    let private line (store: Hdf5File) path group name =
        let dataset = store.Dataset(path, group, name)

        if dataset.Dims.Length <> 1 then
            store.Disk.Damaged dataset.Path $"it has {dataset.Dims.Length} dimensions instead of one"

        match Filters.unsupported dataset.Filters with
        | Some filter -> store.Disk.Unsupported dataset.Path $"it is compressed with {Dataset.filterName filter.Id}"
        | None -> dataset

    let private matrix (store: Hdf5File) path (group: Group) =
        let disk = store.Disk

        let genes, cells =
            let shape = line store path group "shape"

            if shape.Count <> 2L then
                disk.Damaged shape.Path $"it has {shape.Count} numbers instead of two"

            match DataFrame.texts store shape 0L 2L |> Seq.map Int64.TryParse |> List.ofSeq with
            | [ (true, genes); (true, cells) ] when genes >= 0L && genes <= int64 Int32.MaxValue && cells >= 0L -> int genes, cells
            | _ -> disk.Damaged shape.Path "it does not hold how many genes and cells there are"

        let data = line store path group "data"
        let indices = line store path group "indices"
        let indptr = line store path group "indptr"

        let numeric =
            match data.Type, DType.ofDatatype data.Type with
            | _, Some numeric -> numeric
            | Float(2, _), _ -> DType.Float32
            | datatype, _ when Datatype.isBool datatype -> DType.Bool
            | _, None -> disk.Damaged data.Path $"its values are {Datatype.name data.Type} instead of numbers"

        for dataset in [ indices; indptr ] do
            match DType.ofDatatype dataset.Type with
            | Some numeric when not (DType.isFloat numeric) -> ()
            | _ -> disk.Damaged dataset.Path $"its values are {Datatype.name dataset.Type} instead of integers"

        if indptr.Count <> cells + 1L then
            disk.Damaged indptr.Path $"""{Plural.say cells "cell needs" "cells need"} {cells + 1L} offsets, not {indptr.Count}"""

        if indices.Count <> data.Count then
            disk.Damaged path $"""it has {Plural.things data.Count "value"} but {Plural.say indices.Count "index" "indices"}"""

        Matrix.ofDatasets path cells genes numeric data indices indptr

    /// One text for each of N rows.
    let private texts (store: Hdf5File) path group name rows =
        let dataset = line store path group name

        if dataset.Count <> rows then
            store.Disk.Damaged dataset.Path $"""it has {Plural.say dataset.Count "entry" "entries"}, but the matrix has {rows}"""

        DataFrame.texts store dataset 0L rows

    /// The type of counts in a new file: Cell Ranger's own become float32, as in scanpy; what other programs wrote in this format,
    /// fractions or larger numbers, stays what it is.
    let private typeFor stored =
        if stored = DType.Int32 then DType.Float32 else stored

    let private countInput
        path
        (store: Hdf5File)
        group
        (matrix: Matrix)
        (choice: TenXChoice)
        (names: string[])
        (wanted: bool[])
        var
        obs
        leftOut
        : CountInput =
        let places = CountInput.placesOf wanted
        let taken = CountInput.taken places
        let openRows = CountInput.rows store.Disk matrix choice.SumDuplicates
        let fit = CountInput.fit matrix

        let known places =
            CountInput.known places choice.SumDuplicates matrix

        { Path = path
          Files = [ path ]
          Cells = matrix.Cells
          Genes = taken |> Array.map (fun column -> names[column])
          Places = places
          Type = typeFor matrix.Type
          Stored = matrix.Stored
          CellNames = texts store matrix.Path group "barcodes" matrix.Cells
          Obs = obs
          Var = var |> List.map (fun (name, field) -> name, Column.choose taken field)
          Obsm = []
          Layers = []
          LeftOut = leftOut
          Fit = fit
          Worker = CountInput.worker choice.SumDuplicates matrix
          Tables = Reader.tables matrix
          Together = 0L
          Prepare = None
          Read = openRows
          Known = known
          Look =
            fun settings held places ->
                CountInput.look settings matrix.Datasets (known places) (CountInput.opened fit openRows settings held) places
          IsChanged = FileWatch.onContent store
          Close = fun () -> (store :> IDisposable).Dispose() }

    /// What scanpy knows by a name of its own, and what it does not read.
    let private known = [ "name"; "feature_type"; "id"; "gene_id"; "_all_tag_keys" ]

    /// As in scanpy, a column of the features takes the place of one that scanpy makes if it has its name; what would have stood
    /// there follows under a name of its own, unless it is the same.
    let private among (features: (string * Column) list) (own: (string * Column) list) =
        let tryOther name =
            features |> List.tryFind (fun (other, _) -> other = name) |> Option.map snd

        [ for name, field in own do
              name, Option.defaultValue field (tryOther name)
          for name, field in features do
              if not (List.exists (fun (other, _) -> other = name) own) then
                  name, field
          for name, field in own do
              match tryOther name with
              | Some other when not (Column.areSame field other) -> name, field
              | _ -> () ]

    let private ofVersion3 path (store: Hdf5File) (group: Group) (choice: TenXChoice) (held: NameMemory) =
        let matrix = matrix store "matrix" group
        let place = "matrix/features"

        let features =
            match groupOf store "matrix" group "features" with
            | Some features -> features
            | None -> store.Disk.Damaged "matrix" "it has no features"

        let rows = int64 matrix.Genes

        let kept keep name =
            texts store place features name rows |> Seq.map keep |> Array.ofSeq

        let texts = kept held.Add
        let types = kept held.Word "feature_type"
        let isProbes = has features "gene_id"

        /// Booleans stay what they are; everything else that has one value for each feature is text.
        let other name =
            match store.TryFind(place, features, name) with
            | Some(DatasetObject dataset) when dataset.Dims = [| rows |] && (Filters.unsupported dataset.Filters).IsNone ->
                match dataset.Type with
                | VlenString
                | FixedString _
                | Integer _ -> Some(Column.Texts(DataFrame.texts store dataset 0L rows |> Seq.map held.Word))
                | Enumeration _ -> StoredColumns.ofDataset store rows dataset
                | _ -> None
            | _ -> None

        let others =
            features.Links |> List.map _.Name |> List.except known |> List.sort |> List.map (fun name -> name, other name)

        let isOfGenome =
            match choice.Genome with
            | None -> Array.create types.Length true
            | Some genome ->
                let genomes = kept held.Word "genome"

                if not (Array.contains genome genomes) then
                    Fault.throw (InvalidOption("genome", $"{path} has no genome {genome}; it has {TenXChoice.listed genomes}"))

                genomes |> Array.map ((=) genome)

        let barcodes =
            match store.TryFind("matrix", group, "filtered_barcodes") with
            | Some(DatasetObject dataset) when dataset.Dims = [| matrix.Cells |] && dataset.ElementSize = 1 ->
                let flags =
                    StoredColumns.bytes store dataset |> Seq.map (Array.map (fun flag -> if flag = 0uy then 0uy else 1uy))

                [ "filtered_barcodes", Column.Numbers(DType.Bool, flags) ]
            | _ -> []

        countInput
            path
            store
            group
            matrix
            choice
            (texts "name")
            (Array.map2 (&&) isOfGenome (TenXChoice.ofType choice types))
            ([ "gene_ids", Column.Texts(texts (if isProbes then "gene_id" else "id"))
               if isProbes then
                   "probe_ids", Column.Texts(texts "id")
               "feature_types", Column.Texts types ]
             |> among (others |> List.choose (fun (name, field) -> field |> Option.map (fun field -> name, field))))
            barcodes
            [ for name, field in others do
                  if field.IsNone && name <> "target_sets" then
                      $"{place}/{name}" ]

    let private ofVersion2 path (store: Hdf5File) (genomes: (string * Group) list) (choice: TenXChoice) (held: NameMemory) =
        let names = genomes |> List.map fst |> TenXChoice.listed

        let name, group =
            match choice.Genome, genomes with
            | None, [ one ] -> one
            | None, _ -> Fault.throw (InvalidOption("genome", $"{path} holds several genomes; say which of {names}"))
            | Some genome, _ ->
                match genomes |> List.tryFind (fun (name, _) -> name = genome) with
                | Some found -> found
                | None -> Fault.throw (InvalidOption("genome", $"{path} has no genome {genome}; it has {names}"))

        TenXChoice.requireNoType choice path
        let matrix = matrix store name group

        let texts column =
            texts store name group column (int64 matrix.Genes) |> Seq.map held.Add |> Array.ofSeq

        countInput
            path
            store
            group
            matrix
            choice
            (texts "gene_names")
            (Array.create matrix.Genes true)
            [ "gene_ids", Column.Texts(texts "genes") ]
            []
            []

    /// Opens a file of Cell Ranger as scanpy's read_10x_h5 reads it (scanpy-semantics, section 8).
    let openRead (settings: Settings) path (choice: TenXChoice) held : CountInput =
        let store = Hdf5File.openReadWithin settings.Memory path

        try
            match version3 store with
            | Some group -> ofVersion3 path store group choice held
            | None -> ofVersion2 path store (version2 store) choice held
        with _ ->
            (store :> IDisposable).Dispose()
            reraise ()
