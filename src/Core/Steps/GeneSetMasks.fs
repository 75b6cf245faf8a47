/// The gene sets of a recipe as masks over the genes of a file.
namespace SingleSharp.Core.Steps

open System.Collections.Generic
open System.Globalization
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Reading
open SingleSharp.Core.Contract
open SingleSharp.Core.Rows
open SingleSharp.Core.AnnData

[<RequireQualifiedAccess>]
module internal GeneSetMasks =
    let size (mask: bool[]) =
        mask |> Array.sumBy (fun belongs -> if belongs then 1 else 0)

    let sizes (masks: (string * bool[]) list) : GeneSetSize list =
        masks |> List.map (fun (name, mask) -> { Name = name; Genes = size mask })

    /// One value for each gene that stays.
    let valuesAmong (genes: RowMask) (values: 'a[]) =
        if genes.IsAll then
            values
        else
            Array.init (int genes.Count) (fun gene -> values[int (genes.At(int64 gene))])

    let private names (file: AnnDataFile) (common: Common) genes =
        lazy (Symbols.names file common.GeneSymbols |> valuesAmong genes)

    /// The name and mask of each set over the genes that stay, the mitochondrial one first; one that is called mt replaces it.
    let masks (file: AnnDataFile) memory (common: Common) genes : (string * bool[]) list =
        let names = names file common genes

        let among (wanted: string list) =
            let wanted = HashSet wanted
            names.Value |> Array.map wanted.Contains

        let mask (set: GeneSet) =
            match set.Rule with
            | GeneRule.Prefixes prefixes -> names.Value |> Array.map (GeneSets.hasPrefix prefixes)
            | GeneRule.Column column -> DataFrame.booleans file.Store file.Var "gene_set" column |> valuesAmong genes
            | GeneRule.Names wanted -> among wanted
            | GeneRule.ListedIn path -> among (NameList.read memory path)

        let prefix =
            if common.GeneSets |> List.exists (fun set -> set.Name = "mt") then
                None
            else
                match common.Mitochondrial with
                | Mitochondrial.None
                | Mitochondrial.Prefix "" -> None
                | Mitochondrial.Prefix prefix -> Some prefix
                | Mitochondrial.Auto -> GeneSets.mitochondrialPrefix names.Value

        [ match prefix with
          | Some prefix ->
              { Name = "mt"
                Rule = GeneRule.Prefixes [ prefix ] }
          | None -> ()
          yield! common.GeneSets ]
        |> List.map (fun set -> set.Name, mask set)

    /// How many missing genes of a list are named.
    let private mostNamed = 5

    /// A warning for each list that names genes which the file does not have.
    let missing (file: AnnDataFile) memory (common: Common) =
        let lists =
            common.GeneSets
            |> List.choose (fun set ->
                match set.Rule with
                | GeneRule.ListedIn path -> Some(set.Name, path, NameList.read memory path)
                | _ -> None)

        if lists.IsEmpty then
            []
        else
            let known =
                let listed = HashSet(lists |> Seq.collect (fun (_, _, genes) -> genes))
                HashSet(Symbols.names file common.GeneSymbols |> Seq.filter listed.Contains)

            [ for name, path, genes in lists do
                  match genes |> List.filter (fun gene -> not (known.Contains gene)) with
                  | [] -> ()
                  | missing ->
                      let first = missing |> List.truncate mostNamed |> String.concat ", "
                      let dots = if missing.Length > mostNamed then ", ..." else ""

                      $"""{Plural.say missing.Length "gene" "genes"} of the {genes.Length} that {path} lists for {name} {if missing.Length = 1 then "is" else "are"} not in X: {first}{dots}""" ]

    /// A hint where sets stay empty because genes are not called by their symbols.
    let unnamed file (common: Common) (sets: (string * bool[]) list) =
        let isLacking =
            sets |> List.exists (fun (_, mask) -> size mask = 0)
            || (common.Mitochondrial = Mitochondrial.Auto && sets |> List.forall (fun (name, _) -> name <> "mt"))

        if isLacking then Symbols.hint file common.GeneSymbols |> Option.toList else []

    /// A percentage as a share, for those who meant one.
    let shareWarnings option (limits: (string * float) list) =
        [ for name, percent in limits do
              if percent > 0.0 && percent < 1.0 then
                  let number = percent.ToString("R", CultureInfo.InvariantCulture)
                  let meant = (100.0 * percent).ToString("0.####", CultureInfo.InvariantCulture)

                  $"⟨{option}={name}={number}⟩ means {number} percent; a share of {number} is {name}={meant}" ]
