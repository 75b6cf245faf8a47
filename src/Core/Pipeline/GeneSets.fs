/// The gene sets of a recipe as masks over the genes of a file.
namespace SingleSharp.Core

[<RequireQualifiedAccess>]
module GeneSets =
    let size (mask: bool[]) =
        mask |> Array.sumBy (fun belongs -> if belongs then 1 else 0)

    /// One value for each gene that stays.
    let valuesAmong (genes: Kept) (values: 'a[]) =
        if genes.IsAll then
            values
        else
            Array.init (int genes.Count) (fun gene -> values[int (genes.At(int64 gene))])

    /// The name and mask of each set over the genes that stay, the mitochondrial one first; one that is called mt replaces it.
    /// `symbols` is the column of var that genes are called by, if it is not its index.
    let masks (file: H5adFile) symbols genes mitochondrial (sets: GeneSet list) : (string * bool[]) list =
        let names = lazy (Symbols.names file symbols |> valuesAmong genes)

        let mask (set: GeneSet) =
            match set.Rule with
            | Prefix prefixes -> names.Value |> Array.map (Axis.hasPrefix prefixes)
            | Column column -> Frame.booleans file.Store file.Var "--gene-set" column |> valuesAmong genes
            | Names wanted ->
                let wanted = Set.ofList wanted
                names.Value |> Array.map wanted.Contains

        let prefix =
            if sets |> List.exists (fun set -> set.Name = "mt") then
                None
            else
                match mitochondrial with
                | NotCounted
                | StartingWith "" -> None
                | StartingWith prefix -> Some prefix
                | Guessed -> Axis.mitochondrialPrefix names.Value

        [ match prefix with
          | Some prefix ->
              { Name = "mt"
                Rule = Prefix [ prefix ] }
          | None -> ()
          yield! sets ]
        |> List.map (fun set -> set.Name, mask set)
