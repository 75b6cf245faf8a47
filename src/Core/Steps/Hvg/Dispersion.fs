/// highly_variable_genes by dispersion, the flavours seurat and cell_ranger (scanpy-semantics, 5.1 and 5.2).
namespace SingleSharp.Core.Steps

open System
open System.Collections.Generic
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Contract
open SingleSharp.Core.Numerics
open SingleSharp.Core.Steps

/// What one batch says of every gene.
type private Verdict =
    { Means: float[]
      Dispersions: float[]
      Normalized: float[]
      IsHigh: bool[]
      Warning: string option }

[<RequireQualifiedAccess>]
module internal Dispersion =
    /// What the moments are taken of: seurat undoes the logarithm, to base b or e; cell_ranger does not.
    let quantity flavor basis =
        match flavor with
        | HvgFlavor.Seurat -> Quantity.Unlogged basis
        | _ -> Quantity.Written

    /// Means and dispersions var/mean; for seurat ln (1 + mean) and ln (var/mean). No mean is left zero.
    let private summary flavor moments =
        let means =
            Moments.means moments |> Array.map (fun mean -> if mean = 0.0 then 1e-12 else mean)

        let dispersions = Array.map2 (/) (Moments.variances moments) means

        match flavor with
        | HvgFlavor.Seurat ->
            let logarithm dispersion =
                if dispersion = 0.0 then nan else Elementary.log dispersion

            struct (Array.map Elementary.log1p means, Array.map logarithm dispersions)
        | _ -> struct (means, dispersions)

    let private normalized options place means dispersions =
        match options.Flavor with
        | HvgFlavor.Seurat -> Bins.normalize Bins.byMean (Bins.find (Bins.even options.NBins means) means) dispersions
        | _ ->
            let edges = Bins.percentiles means

            if not (edges |> Array.pairwise |> Array.forall (fun (low, high) -> low < high)) then
                GeneRanking.refuse
                    options
                    $"bin edges must be unique, but two percentiles of the means in {place} are equal, as happens when many genes have no counts; filter genes with ⟨min_cells⟩ first"

            Bins.normalize Bins.byMedian (Bins.find edges means) dispersions

    let private isWithin options mean normalized =
        mean > options.MinMean && mean < options.MaxMean && normalized > options.MinDisp && normalized < options.MaxDisp

    /// numpy.nan_to_num: infinities become the largest floats.
    let private finite unknown value =
        if Double.IsNaN value then unknown
        elif value = infinity then Double.MaxValue
        elif value = -infinity then Double.MinValue
        else value

    /// The genes from the n-th highest normalized dispersion on. All that are tied with it stay, unless `ExactN`; as in scanpy an
    /// infinity is compared as the largest float, so that nothing reaches an infinite n-th.
    let private highest options place moments n normalized =
        let known = normalized |> Array.filter (Double.IsNaN >> not) |> Array.sortDescending
        let wanted = min n normalized.Length
        let found = min wanted known.Length

        if found = 0 then
            GeneRanking.refuse
                options
                (if moments.Cells = 1L then
                     $"{place} has one cell, so no gene has a dispersion there; use more cells"
                 else
                     $"no gene has a normalized dispersion in {place}; use genes whose counts vary")

        let warning =
            if found < wanted then
                Some
                    $"""⟨n_top_genes⟩ is {n}, but only {Plural.say found "gene has" "genes have"} a normalized dispersion in {place}; {if found = 1 then "it is the highly variable one" else "these are the highly variable ones"}"""
            else
                None

        let cut = known[found - 1]

        let isHigh =
            if options.ExactN then
                GeneRanking.first found (GeneRanking.order normalized.Length [ GeneRanking.descending normalized ])
            else
                normalized |> Array.map (fun value -> finite -infinity value >= cut)

        struct (isHigh, warning)

    /// What some cells say of some genes, all of whose means must be finite.
    let private judge options place (names: IReadOnlyList<string>) moments =
        if moments.Cells = 0L then
            GeneRanking.refuse options $"{place} has no cells; leave out what is empty"

        if names.Count = 0 then
            GeneRanking.refuse options $"{place} has no genes with counts; leave out what is empty"

        let struct (means, dispersions) = summary options.Flavor moments

        match means |> Array.tryFindIndex (Double.IsFinite >> not) with
        | Some gene ->
            let advice =
                if options.Flavor = HvgFlavor.Seurat && Double.IsPositiveInfinity means[gene] then
                    " once logarithms are undone; run log1p first, or choose ⟨flavor=seurat_v3⟩, which expects raw counts"
                else
                    "; clean its values"

            GeneRanking.refuse options $"gene {names[gene]} has no finite mean in {place}{advice}"
        | None -> ()

        let normalized = normalized options place means dispersions

        let struct (isHigh, warning) =
            match options.NTopGenes with
            | Some n -> highest options place moments n normalized
            | None -> struct (Array.map2 (fun mean value -> isWithin options mean (finite 0.0 value)) means normalized, None)

        { Means = means
          Dispersions = dispersions
          Normalized = normalized
          IsHigh = isHigh
          Warning = warning }

    /// What a batch says of the genes that are expressed in it; of the others it says zero.
    let private judgeBatch options place (names: string[]) moments =
        let part =
            [| 0 .. names.Length - 1 |] |> Array.filter (fun gene -> moments.IsExpressed[gene])

        let judged =
            judge options place (part |> Array.map (fun gene -> names[gene])) (Moments.ofGenes part moments)

        let spread (values: 'v[]) =
            let all = Array.zeroCreate names.Length
            part |> Array.iteri (fun i gene -> all[gene] <- values[i])
            all

        { judged with
            Means = spread judged.Means
            Dispersions = spread judged.Dispersions
            Normalized = spread judged.Normalized
            IsHigh = spread judged.IsHigh }

    /// Names in the order of their code points, in which pandas sorts groups.
    let private compareNames (names: string[]) =
        let bytes = names |> Array.map Utf8.bytes
        fun left right -> bytes[left].AsSpan().SequenceCompareTo(ReadOnlySpan bytes[right])

    let private columns means dispersions normalized =
        [ "means", DType.Float64, means
          "dispersions", DType.Float64, dispersions
          "dispersions_norm", DType.Float32, normalized ]

    /// Averages over the batches that know a number; genes are chosen by the number of batches that chose them, then by their
    /// average normalized dispersion, then by name.
    let private merge options (names: string[]) (verdicts: seq<Verdict>) =
        let means = RunningMeans names.Length
        let dispersions = RunningMeans names.Length
        let normalized = RunningMeans names.Length
        let batches: float[] = Array.zeroCreate names.Length
        let warnings = List<string>()
        let mutable judged = 0

        // One batch is judged at a time, so that none of them is held.
        for verdict in verdicts do
            means.Add verdict.Means
            dispersions.Add verdict.Dispersions
            normalized.Add verdict.Normalized

            for gene in 0 .. names.Length - 1 do
                if verdict.IsHigh[gene] then
                    batches[gene] <- batches[gene] + 1.0

            verdict.Warning |> Option.iter warnings.Add
            judged <- judged + 1
            Memory.tidy ()

        let means = means.Means
        let normalized = normalized.Means
        let judged = float judged

        let struct (isHigh, normalized) =
            match options.NTopGenes with
            | Some n ->
                let order =
                    GeneRanking.order
                        names.Length
                        [ GeneRanking.descending batches
                          GeneRanking.descending normalized
                          compareNames names ]

                struct (GeneRanking.first n order, normalized)
            | None ->
                let normalized =
                    normalized |> Array.map (fun value -> if Double.IsNaN value then 0.0 else value)

                struct (Array.map2 (isWithin options) means normalized, normalized)

        let everywhere =
            batches |> Array.map (fun count -> if count = judged then 1.0 else 0.0)

        GeneRanking.table
            isHigh
            (columns means dispersions.Means normalized
             @ [ "highly_variable_nbatches", DType.Int64, batches
                 "highly_variable_intersection", DType.Bool, everywhere ])
            (List.ofSeq warnings)

    let private refuseDuplicates options (names: string[]) =
        let seen = HashSet<string>()

        match names |> Array.tryFind (seen.Add >> not) with
        | Some name ->
            GeneRanking.refuse options $"two genes are called {name}, but batches are merged by the names of genes; make them unique"
        | None -> ()

    /// The table of var from the moments of all cells (group 0), or of each batch in the order of their names. Logarithms are natural;
    /// means and dispersions are those of unlogged values (seurat) or of values as written (cell_ranger).
    /// Refuses data without cells, genes, finite means, distinct bins or, where `NTopGenes` is given, normalized dispersions.
    /// Laws (thresholds): a gene at a limit is out; (ties) all genes tied at the cut-off are chosen, with `ExactN` none too many.
    /// All names of genes are looked at where there are batches; else only those that a sentence tells.
    let table options (batches: string[] option) (genes: IReadOnlyList<string>) (moments: GeneMoments[]) : HvgTable =
        match batches with
        | Some batches ->
            let genes = Array.ofSeq genes
            refuseDuplicates options genes

            moments
            |> Seq.mapi (fun batch moments -> judgeBatch options (GeneRanking.place (Some batches) batch) genes moments)
            |> merge options genes
        | None ->
            let judged = judge options (GeneRanking.place None 0) genes moments[0]

            GeneRanking.table judged.IsHigh (columns judged.Means judged.Dispersions judged.Normalized) (Option.toList judged.Warning)
