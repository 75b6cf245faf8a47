/// Names of genes, and which sets each belongs to.
namespace SingleSharp.Core.Rows

open System

/// Gene sets as the kernels use them.
type internal Membership =
    {
        Names: string list
        /// The sets that each gene is in.
        SetsOf: int[][]
    }

[<RequireQualifiedAccess>]
module internal Membership =
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
module internal GeneSets =
    let hasPrefix (prefixes: string list) (name: string) =
        prefixes |> List.exists (fun prefix -> name.StartsWith(prefix, StringComparison.Ordinal))

    /// The prefix of mitochondrial genes: human symbols, or mouse symbols where there is no human one.
    let mitochondrialPrefix (names: string[]) =
        [ "MT-"; "mt-" ] |> List.tryFind (fun prefix -> names |> Array.exists (hasPrefix [ prefix ]))
