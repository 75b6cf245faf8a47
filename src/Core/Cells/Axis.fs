/// Names of genes, and sets of them.
namespace SingleSharp.Core

open System

/// Which genes belong to a set.
type GeneRule =
    /// Genes whose name begins with one of these.
    | Prefix of string list
    /// Genes that are True in a boolean column of var.
    | Column of string
    /// These genes, by name.
    | Names of string list

/// A named set of genes, for columns such as total_counts_mt.
type GeneSet = { Name: string; Rule: GeneRule }

/// Gene sets as the kernels use them.
type Membership =
    {
        Names: string list
        /// The sets that each gene is in.
        SetsOf: int[][]
    }

[<RequireQualifiedAccess>]
module Membership =
    let private inNoSet: int[] = Array.Empty()

    /// From one mask per set.
    let ofMasks genes (masks: (string * bool[]) list) =
        let indexed = masks |> List.mapi (fun i (_, mask) -> i, mask)

        { Names = List.map fst masks
          SetsOf =
            Array.init genes (fun gene ->
                match indexed |> List.filter (fun (_, mask) -> mask[gene]) |> List.map fst with
                | [] -> inNoSet
                | sets -> Array.ofList sets) }

[<RequireQualifiedAccess>]
module Axis =
    let hasPrefix (prefixes: string list) (name: string) =
        prefixes |> List.exists (fun prefix -> name.StartsWith(prefix, StringComparison.Ordinal))

    /// The prefix of mitochondrial genes: human symbols, or mouse symbols where there is no human one.
    let mitochondrialPrefix (names: string[]) =
        [ "MT-"; "mt-" ] |> List.tryFind (fun prefix -> names |> Array.exists (hasPrefix [ prefix ]))
