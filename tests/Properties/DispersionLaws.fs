/// The flavours seurat and cell_ranger against the words of scanpy-semantics, taken down over lists.
module SingleSharp.Properties.DispersionLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory
open SingleSharp.Properties.HvgLaws

let private seurat = standard HvgFlavor.Seurat
let private cellRanger = standard HvgFlavor.CellRanger

let private names genes =
    Array.init genes (fun gene -> $"g{gene}")

/// Moments of rows whose values are logarithms that float32 holds.
let private momentsOf (options: HvgOptions) genes (rows: (int * float) list list) =
    let slice = Slice.ofRows 0L 0L rows
    Array.Copy(slice.Values, slice.Output, slice.Count)
    (Fold.run (Moments.perGene genes 1 Precision.Single (Dispersion.quantity options.Flavor ValueNone)) [ slice ]).Groups[0]

/// Logarithms of counts up to 999, of which all sums are exact.
let private logs (matrix: Rows) =
    { matrix with
        Rows = matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, logged (float (int64 value % 1000L)))) }

/// Every gene followed by its twin.
let private twins (matrix: Rows) =
    { Genes = 2 * matrix.Genes
      Rows = matrix.Rows |> List.map (List.collect (fun (gene, value) -> [ 2 * gene, value; 2 * gene + 1, value ])) }

let private tableOf options genes rows =
    Dispersion.table options None (names genes) [| momentsOf options genes rows |]

/// Rows dealt to so many batches.
let private dealt batches rows =
    [ for batch in 0 .. batches - 1 -> rows |> List.indexed |> List.filter (fun (row, _) -> row % batches = batch) |> List.map snd ]

let private batchNames batches =
    Array.init batches (fun batch -> $"b{batch}")

let private tableOfBatches options genes parts =
    Dispersion.table
        options
        (Some(batchNames (List.length parts)))
        (names genes)
        (parts |> List.map (momentsOf options genes) |> Array.ofList)

/// Means and dispersions, gene by gene.
let private summaries (options: HvgOptions) (moments: GeneMoments) =
    let n = float moments.Cells

    List.zip (List.ofArray moments.Sums) (List.ofArray moments.Squares)
    |> List.map (fun (sum, squares) ->
        let variance =
            if n = 1.0 then 0.0 else (squares / n - (sum / n) * (sum / n)) * (n / (n - 1.0))

        let mean = if sum / n = 0.0 then 1e-12 else sum / n
        let dispersion = variance / mean

        if options.Flavor = HvgFlavor.CellRanger then mean, dispersion
        elif dispersion > 0.0 then Elementary.log1p mean, Elementary.log dispersion
        else Elementary.log1p mean, nan)

let private middle (values: float list) =
    let sorted = List.sort values
    (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2.0

/// Centre, unit, and whether the unit is more than rounding errors, of the dispersions in one bin.
let private spread (options: HvgOptions) dispersions =
    let known = dispersions |> List.filter (Double.IsNaN >> not)
    let n = float known.Length

    if options.Flavor = HvgFlavor.CellRanger then
        let centre = if known.IsEmpty then nan else middle known

        let unit =
            if known.Length < dispersions.Length || known.IsEmpty then
                nan
            else
                middle (known |> List.map (fun value -> abs (value - centre))) / 0.6744897501960817

        centre, unit, not (unit <= 1e-9 * abs centre)
    elif known.Length = 1 then
        0.0, known.Head, true
    else
        let centre = List.sum known / n

        let unit =
            sqrt (List.sum (known |> List.map (fun value -> (value - centre) ** 2.0)) / (n - 1.0))

        centre, unit, not (unit <= 1e-9 * (1.0 + abs centre))

let private binsOf (options: HvgOptions) means =
    let edges =
        if options.Flavor = HvgFlavor.CellRanger then
            List.ofArray (Bins.percentiles (Array.ofList means))
        else
            let low, high = List.min means, List.max means
            let width = (high - low) / float options.NBins
            // The margin only has to bring the lowest mean into the first bin.
            (low - 1.0) :: [ for k in 1 .. options.NBins - 1 -> low + float k * width ] @ [ high ]

    means
    |> List.map (fun mean ->
        List.pairwise edges
        |> List.findIndex (fun (lower, upper) -> (if lower = upper then lower <= mean else lower < mean) && mean <= upper))

/// Means, dispersions and normalized dispersions as the words have them; none where only rounding decides.
let private inWords options moments =
    let summaries = summaries options moments
    let bins = binsOf options (List.map fst summaries)

    let ofBin bin =
        List.zip bins summaries |> List.filter (fst >> (=) bin) |> List.map (snd >> snd)

    List.zip bins summaries
    |> List.map (fun (bin, (mean, dispersion)) ->
        let centre, unit, isFirm = spread options (ofBin bin)
        mean, dispersion, (if isFirm then Some((dispersion - centre) / unit) else None))

let private near (left: float) (right: float) =
    Double.IsNaN left && Double.IsNaN right || abs (left - right) <= 1e-6 * (1.0 + abs left + abs right)

let private agrees options moments table =
    let means, dispersions, normalized =
        column "means" table, column "dispersions" table, column "dispersions_norm" table

    inWords options moments
    |> List.indexed
    |> List.forall (fun (gene, (mean, dispersion, expected)) ->
        sameBits means[gene] mean
        && sameBits dispersions[gene] dispersion
        && (expected |> Option.forall (near normalized[gene])))

let private areFinite options moments =
    summaries options moments |> List.forall (fst >> Double.IsFinite)

let private haveDistinctEdges options moments =
    summaries options moments
    |> List.map fst
    |> Array.ofList
    |> Bins.percentiles
    |> Array.pairwise
    |> Array.forall (fun (low, high) -> low < high)

/// numpy.nan_to_num.
let private finite unknown value =
    if Double.IsNaN value then unknown
    elif Double.IsInfinity value then float (sign value) * Double.MaxValue
    else value

let private known table =
    column "dispersions_norm" table |> Array.filter (Double.IsNaN >> not)

let private chosen (table: HvgTable) =
    table.IsHighlyVariable |> Array.sumBy (fun isHigh -> if isHigh then 1 else 0)

/// Sums and squares of one gene in four cells with this mean and this variance.
let private moments (genes: (float * float) list) : GeneMoments =
    { Cells = 4L
      Sums = [| for mean, _ in genes -> 4.0 * mean |]
      Squares = [| for mean, variance in genes -> 3.0 * variance + 4.0 * mean * mean |]
      IsExpressed = [| for mean, _ in genes -> mean > 0.0 |] }

let tests =
    testList
        "Dispersion"
        [ Law.holds "seurat is what the words say" (fun (CountRows matrix) (bins: byte) ->
              let matrix = logs matrix

              let options =
                  { seurat with
                      NBins = 1 + int bins % 25 }

              let moments = momentsOf options matrix.Genes matrix.Rows

              if matrix.Rows.IsEmpty then
                  refusal (fun () -> tableOf options matrix.Genes matrix.Rows) <> ""
              else
                  agrees options moments (tableOf options matrix.Genes matrix.Rows))

          Law.holds "cell_ranger is what the words say" (fun (CountRows matrix) ->
              // Means of many kinds, or else most matrices have equal percentiles.
              let rows =
                  matrix.Rows |> List.map (List.map (fun (gene, value) -> gene, single (value % 1000.0 + float gene / 64.0)))

              let moments = momentsOf cellRanger matrix.Genes rows

              if rows.IsEmpty || not (haveDistinctEdges cellRanger moments) then
                  (refusal (fun () -> tableOf cellRanger matrix.Genes rows)).Contains(if rows.IsEmpty then "no cells" else "--min-cells")
              else
                  agrees cellRanger moments (tableOf cellRanger matrix.Genes rows))

          Law.holds "a mean that is not finite is refused, and its gene named" (fun (WildRows matrix) ->
              let moments = momentsOf seurat matrix.Genes matrix.Rows
              let said = refusal (fun () -> tableOf seurat matrix.Genes matrix.Rows)

              if matrix.Rows.IsEmpty then
                  said.Contains "no cells"
              elif areFinite seurat moments then
                  said = ""
              else
                  let first =
                      summaries seurat moments |> List.findIndex (fst >> Double.IsFinite >> not)

                  said.Contains $"gene g{first} ")

          Law.holds "ties" (fun (CountRows matrix) (n: byte) ->
              let matrix = matrix |> logs |> twins
              let n = 1 + int n % matrix.Genes
              let options = { seurat with NTopGenes = Some n }

              let all =
                  if matrix.Rows.IsEmpty then [||] else known (tableOf seurat matrix.Genes matrix.Rows)

              if all.Length = 0 then
                  refusal (fun () -> tableOf options matrix.Genes matrix.Rows) <> ""
              else
                  let table = tableOf options matrix.Genes matrix.Rows
                  let exactly = tableOf { options with ExactN = true } matrix.Genes matrix.Rows
                  let normalized = column "dispersions_norm" table
                  let cut = (Array.sortDescending all)[min n all.Length - 1]

                  let first =
                      normalized
                      |> List.ofArray
                      |> List.indexed
                      |> List.filter (snd >> Double.IsNaN >> not)
                      |> List.sortBy (fun (gene, value) -> -value, gene)
                      |> List.truncate n
                      |> List.map fst
                      |> Set.ofList

                  table.IsHighlyVariable = (normalized |> Array.map (fun value -> finite -infinity value >= cut))
                  && exactly.IsHighlyVariable = Array.init matrix.Genes first.Contains
                  && chosen exactly = min n all.Length
                  && table.Warnings.Length = (if n > all.Length then 1 else 0))

          Law.holds "thresholds" (fun (CountRows matrix) (gene: int) ->
              let matrix = logs matrix

              let strict gene options =
                  let isIn options =
                      (tableOf options matrix.Genes matrix.Rows).IsHighlyVariable[gene]

                  let table = tableOf options matrix.Genes matrix.Rows
                  let mean = entry "means" table gene
                  let value = finite 0.0 (entry "dispersions_norm" table gene)
                  let below, above = Math.BitDecrement mean, Math.BitIncrement mean

                  let open' =
                      { options with
                          MinMean = below
                          MaxMean = above
                          MinDisp = Math.BitDecrement value
                          MaxDisp = Math.BitIncrement value }

                  isIn open'
                  && not (isIn { open' with MinMean = mean })
                  && not (isIn { open' with MaxMean = mean })
                  && not (isIn { open' with MinDisp = value })
                  && not (isIn { open' with MaxDisp = value })

              matrix.Rows.IsEmpty || strict (abs (gene % matrix.Genes)) seurat)

          Law.holds "unknown dispersions are compared as zero" (fun (CountRows matrix) ->
              let matrix = logs matrix

              let everything =
                  { seurat with
                      MinMean = -1.0
                      MaxMean = infinity
                      MinDisp = -infinity }

              matrix.Rows.IsEmpty
              || (let among minDisp =
                      (tableOf { everything with MinDisp = minDisp } matrix.Genes matrix.Rows)

                  let table = among -1e-9
                  let normalized = column "dispersions_norm" table

                  (among -infinity).IsHighlyVariable |> Array.forall id
                  && Seq.forall
                      (fun gene -> Double.IsNaN normalized[gene] = false || table.IsHighlyVariable[gene])
                      [ 0 .. matrix.Genes - 1 ]))

          Law.holds "cells in another order choose the same genes" (fun (CountRows matrix) (n: byte) ->
              let matrix = matrix |> logs |> twins

              let options =
                  { seurat with
                      NTopGenes = if n % 2uy = 0uy then None else Some(int n) }

              let tableOf rows = tableOf options matrix.Genes rows

              let said = refusal (fun () -> tableOf matrix.Rows)

              if said <> "" then
                  refusal (fun () -> tableOf (List.rev matrix.Rows)) = said
              else
                  sameTable (tableOf matrix.Rows) (tableOf (List.rev matrix.Rows)))

          Law.holds "genes in another order have the same numbers" (fun (CountRows matrix) ->
              let matrix = logs matrix

              let turned =
                  matrix.Rows |> List.map (List.map (fun (gene, value) -> matrix.Genes - 1 - gene, value))

              matrix.Rows.IsEmpty
              || (let table = tableOf seurat matrix.Genes matrix.Rows
                  let back = tableOf seurat matrix.Genes turned

                  let firm =
                      inWords seurat (momentsOf seurat matrix.Genes matrix.Rows) |> List.map (fun (_, _, value) -> value.IsSome)

                  Seq.forall
                      (fun gene ->
                          let there = matrix.Genes - 1 - gene

                          sameBits (entry "means" table gene) (entry "means" back there)
                          && sameBits (entry "dispersions" table gene) (entry "dispersions" back there)
                          && (not firm[gene] || near (entry "dispersions_norm" table gene) (entry "dispersions_norm" back there)))
                      [ 0 .. matrix.Genes - 1 ]))

          Law.holds "silent genes: mean 1e-12, no dispersion (seurat) or zero (cell_ranger)" (fun (CountRows matrix) ->
              let matrix = logs matrix
              let silent = matrix.Genes
              let rows = matrix.Rows
              let table options = tableOf options (silent + 1) rows

              rows.IsEmpty
              || (let ofSeurat = table seurat

                  entry "means" ofSeurat silent = Elementary.log1p 1e-12
                  && Double.IsNaN(entry "dispersions" ofSeurat silent)
                  && Double.IsNaN(entry "dispersions_norm" ofSeurat silent)
                  && not ofSeurat.IsHighlyVariable[silent]
                  && (refusal (fun () -> table cellRanger) <> ""
                      || entry "means" (table cellRanger) silent = 1e-12 && entry "dispersions" (table cellRanger) silent = 0.0)))

          Law.holds
              "a batch is judged by its own cells and expressed genes, and batches are averaged"
              (fun (CountRows matrix) (batches: byte) (n: byte) ->
                  let matrix = matrix |> logs |> twins
                  let parts = dealt (1 + int batches % 3) matrix.Rows

                  let options =
                      { seurat with
                          NTopGenes = if n % 2uy = 0uy then None else Some(1 + int n % matrix.Genes) }

                  /// Mean, dispersion, normalized dispersion and flag in a batch, zeros for genes that are not expressed.
                  let judge rows =
                      let expressed =
                          rows |> List.concat |> List.filter (fun (_, value) -> value > 0.0) |> List.map fst |> List.distinct |> List.sort

                      let place = expressed |> List.mapi (fun i gene -> gene, i) |> Map.ofList

                      let kept =
                          rows
                          |> List.map (
                              List.filter (fun (gene, _) -> place.ContainsKey gene) >> List.map (fun (gene, value) -> place[gene], value)
                          )

                      let table = tableOf options expressed.Length kept

                      List.init matrix.Genes (fun gene ->
                          match Map.tryFind gene place with
                          | None -> [ 0.0; 0.0; 0.0; 0.0 ]
                          | Some i ->
                              [ entry "means" table i
                                entry "dispersions" table i
                                entry "dispersions_norm" table i
                                (if table.IsHighlyVariable[i] then 1.0 else 0.0) ])

                  let canJudge rows = refusal (fun () -> judge rows) = ""

                  if parts |> List.forall canJudge |> not then
                      let culprit = parts |> List.findIndex (canJudge >> not)
                      (refusal (fun () -> tableOfBatches options matrix.Genes parts)).Contains $" batch b{culprit}"
                  else
                      let table = tableOfBatches options matrix.Genes parts
                      let judged = parts |> List.map judge

                      let average what gene =
                          let values =
                              judged |> List.map (fun batch -> batch[gene][what]) |> List.filter (Double.IsNaN >> not)

                          if values.IsEmpty then nan else List.sum values / float values.Length

                      let count gene =
                          judged |> List.sumBy (fun batch -> batch[gene][3])

                      let normalized gene =
                          if options.NTopGenes.IsNone && Double.IsNaN(average 2 gene) then 0.0 else average 2 gene

                      let all test =
                          [ 0 .. matrix.Genes - 1 ] |> List.forall test

                      let close left right = left = right || near left right
                      let found = column "dispersions_norm" table

                      all (fun gene -> close (entry "means" table gene) (average 0 gene))
                      && all (fun gene -> close (entry "dispersions" table gene) (average 1 gene))
                      && all (fun gene -> close found[gene] (normalized gene))
                      && all (fun gene -> (entry "highly_variable_nbatches" table gene) = count gene)
                      && all (fun gene ->
                          entry "highly_variable_intersection" table gene = (if count gene = float parts.Length then 1.0 else 0.0))
                      && (match options.NTopGenes with
                          | None ->
                              all (fun gene ->
                                  let mean = entry "means" table gene

                                  let isIn =
                                      mean > 0.0125 && mean < 3.0 && found[gene] > 0.5 && found[gene] < infinity

                                  table.IsHighlyVariable[gene] = isIn)
                          | Some n ->
                              let best =
                                  [ 0 .. matrix.Genes - 1 ]
                                  |> List.sortWith (fun left right ->
                                      let key gene =
                                          -(count gene), (if Double.IsNaN found[gene] then infinity else -found[gene])

                                      match compare (key left) (key right) with
                                      | 0 -> String.CompareOrdinal($"g{left}", $"g{right}")
                                      | sign -> sign)
                                  |> List.truncate n
                                  |> Set.ofList

                              table.IsHighlyVariable = Array.init matrix.Genes best.Contains))

          test "batches break ties by the order of names, not of positions" {
              let twin = [ 1.0, 5.0; 1.0, 5.0; 2.0, 1.0; 4.0, 2.0; 8.0, 2.5; 8.0, 2.0 ]

              let options =
                  { seurat with
                      NTopGenes = Some 1
                      NBins = 1 }

              let table =
                  Dispersion.table options (Some [| "b" |]) [| "é"; "z"; "c"; "d"; "e"; "f" |] [| moments twin |]

              Expect.equal (Array.findIndex id table.IsHighlyVariable) 1 "z comes before é, as code points have it"
          }

          test "nothing reaches an infinite cut-off, except exactly n" {
              // Most dispersions of the bin are equal, so that their median deviation is zero.
              let genes =
                  [ for gene in 1..40 -> float gene, float gene ] @ [ 40.5, 100.0; 41.0, 41.0; 42.0, 42.0 ]

              let options = { cellRanger with NTopGenes = Some 1 }

              let table options =
                  Dispersion.table options None (names genes.Length) [| moments genes |]

              Expect.equal (entry "dispersions_norm" (table options) 40) infinity "infinite"
              Expect.equal (chosen (table options)) 0 "as scanpy"
              Expect.equal (Array.findIndex id (table { options with ExactN = true }).IsHighlyVariable) 40 "exactly one"

              Expect.isTrue
                  (table
                      { options with
                          NTopGenes = None
                          MaxMean = infinity })
                      .IsHighlyVariable[40]
                  "below no limit"
          }

          test "n_top_genes beyond the genes that have a dispersion is a warning" {
              let genes = [ 1.0, 0.5; 2.0, 3.0; 3.0, 0.0 ]

              let table =
                  Dispersion.table { seurat with NTopGenes = Some 3 } None (names 3) [| moments genes |]

              Expect.equal (chosen table) 2 "genes"

              Expect.equal
                  table.Warnings
                  [ "n_top_genes is 3, but only 2 genes have a normalized dispersion in the data; these are the highly variable ones" ]
                  "warning"
          }

          test "duplicate names are refused with batches, and do not matter without" {
              let data = [| moments [ 1.0, 0.5; 2.0, 3.0 ] |]

              let table batches () =
                  Dispersion.table seurat batches [| "a"; "a" |] data

              Expect.equal (refusal (table None)) "" "without"

              Expect.equal
                  (refusal (table (Some [| "b" |])))
                  "highly_variable_genes (seurat) cannot be computed: two genes are called a, but batches are merged by the names of genes; make them unique."
                  "with"
          }

          test "a batch of no cells, or of one, is called by its name" {
              let some = moments [ 1.0, 0.5; 2.0, 3.0; 3.0, 7.0 ]
              let none = { some with Cells = 0L }

              let one =
                  { some with
                      Cells = 1L
                      Squares = Array.map2 (*) some.Sums some.Sums }

              let table options other () =
                  Dispersion.table options (Some [| "A"; "other" |]) (names 3) [| some; other |]

              let top = { seurat with NTopGenes = Some 1 }

              Expect.equal
                  (refusal (table seurat none))
                  "highly_variable_genes (seurat) cannot be computed: batch other has no cells; leave out what is empty."
                  "none"

              Expect.equal
                  (refusal (table top one))
                  "highly_variable_genes (seurat) cannot be computed: batch other has one cell, so no gene has a dispersion there; use more cells."
                  "one"

              let alone = Dispersion.table seurat (Some [| "A" |]) (names 3) [| some |]

              Expect.equal
                  (column "dispersions" (table seurat one ()))
                  (column "dispersions" alone)
                  "a batch without dispersions is left out of their mean"
          }

          test "data without cells, genes or varying genes have no result" {
              let said options genes =
                  refusal (fun () -> Dispersion.table options None (names (List.length genes)) [| moments genes |])

              let top = { seurat with NTopGenes = Some 5 }
              Expect.stringContains (said seurat []) "no genes" "no genes"
              Expect.stringContains (said top [ 1.0, 0.0 ]) "no gene has a normalized dispersion" "nothing varies"
              Expect.stringContains (said cellRanger (List.replicate 30 (1.0, 0.5))) "bin edges must be unique" "equal means"
              Expect.equal (said seurat [ 1.0, 0.0 ]) "" "limits need no dispersion"
          } ]
