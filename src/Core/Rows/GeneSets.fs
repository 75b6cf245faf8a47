/// Names of genes, and which sets each belongs to.
namespace SingleSharp.Core.Rows

open System
open SingleSharp.Core

/// Gene sets as the kernels use them.
type internal Membership =
    {
        Names: string list
        /// Whether each gene is in a set, by the set's place.
        Masks: bool[][]
        /// The genes of a set, ascending.
        Members: int[][]
    }

[<RequireQualifiedAccess>]
module internal Membership =
    /// From one mask per set.
    let ofMasks (masks: (string * bool[]) list) =
        let membersOf (mask: bool[]) =
            [| for gene in 0 .. mask.Length - 1 do
                   if mask[gene] then
                       gene |]

        { Names = List.map fst masks
          Masks = masks |> List.map snd |> Array.ofList
          Members = masks |> List.map (snd >> membersOf) |> Array.ofList }

    /// To look for one member in a row costs as much as to look at this many of its genes.
    let private searchCost = 8

    /// The first place from `low` on whose gene is not below this one; genes ascend.
    let private search (genes: ReadOnlySpan<int>) low gene =
        let mutable low = low
        let mutable step = 1

        // Members often lie side by side, so the next one is near.
        while low + step < genes.Length && genes[low + step] < gene do
            low <- low + step
            step <- 2 * step

        let mutable high = min genes.Length (low + step)

        while low < high do
            let middle = (low + high) / 2

            if genes[middle] < gene then low <- middle + 1 else high <- middle

        low

    let private sumOfMembers (members: int[]) (rowBatch: RowBatch) start (genes: ReadOnlySpan<int>) =
        let mutable sum = 0.0
        let mutable at = 0

        for gene in members do
            at <- search genes at gene

            if at < genes.Length && genes[at] = gene then
                sum <- sum + rowBatch.ValueAt(start + at)

        sum

    let private sumOfMask (mask: bool[]) (rowBatch: RowBatch) start (genes: ReadOnlySpan<int>) =
        let mutable sum = 0.0

        for i in 0 .. genes.Length - 1 do
            if mask[genes[i]] then
                sum <- sum + rowBatch.ValueAt(start + i)

        sum

    /// The counts of a row in each set, summed in float64 in stored order.
    let totals sets (rowBatch: RowBatch) row (target: float[]) =
        let start = rowBatch.Offsets[row]
        let genes = ReadOnlySpan(rowBatch.Genes, start, rowBatch.Offsets[row + 1] - start)

        for set in 0 .. sets.Masks.Length - 1 do
            let members = sets.Members[set]

            target[set] <-
                if rowBatch.Ascends row && searchCost * members.Length < genes.Length then
                    sumOfMembers members rowBatch start genes
                else
                    sumOfMask sets.Masks[set] rowBatch start genes

[<RequireQualifiedAccess>]
module internal GeneSets =
    let hasPrefix (prefixes: string list) (name: string) =
        prefixes |> List.exists (fun prefix -> name.StartsWith(prefix, StringComparison.Ordinal))

    /// The prefix of mitochondrial genes: human symbols, or mouse symbols where there is no human one.
    let mitochondrialPrefix (names: string[]) =
        [ "MT-"; "mt-" ] |> List.tryFind (fun prefix -> names |> Array.exists (hasPrefix [ prefix ]))
