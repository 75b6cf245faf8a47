/// The flavours seurat and cell_ranger against the words of scanpy-semantics.
module internal SingleSharp.Properties.DispersionLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Numerics
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory
open SingleSharp.Properties.HvgInWords

let private seurat = standard HvgFlavor.Seurat
let private cellRanger = standard HvgFlavor.CellRanger

let private tableOf options genes rows =
    Dispersion.table options None (names genes) [| momentsOf options genes rows |]

let private agrees options moments table =
    dispersions options moments
    |> List.indexed
    |> List.forall (fun (gene, (mean, dispersion, normalized)) ->
        sameBits (entry "means" table gene) mean
        && sameBits (entry "dispersions" table gene) dispersion
        && (normalized |> Option.forall (near (entry "dispersions_norm" table gene))))

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

let private count (table: HvgTable) =
    (table.IsHighlyVariable |> Array.filter id).Length

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
                  (refusal (fun () -> tableOf cellRanger matrix.Genes rows)).Contains(if rows.IsEmpty then "no cells" else "min_cells")
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
                  && count exactly = min n all.Length
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

                  let around =
                      { options with
                          MinMean = below
                          MaxMean = above
                          MinDisp = Math.BitDecrement value
                          MaxDisp = Math.BitIncrement value }

                  isIn around
                  && not (isIn { around with MinMean = mean })
                  && not (isIn { around with MaxMean = mean })
                  && not (isIn { around with MinDisp = value })
                  && not (isIn { around with MaxDisp = value })

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
                      tableOf { everything with MinDisp = minDisp } matrix.Genes matrix.Rows

                  let below, at = among -1e-300, among 0.0
                  let normalized = column "dispersions_norm" below

                  (among -infinity).IsHighlyVariable |> Array.forall id
                  && Seq.forall
                      (fun gene -> not (Double.IsNaN normalized[gene]) || below.IsHighlyVariable[gene] && not at.IsHighlyVariable[gene])
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
                      dispersions seurat (momentsOf seurat matrix.Genes matrix.Rows) |> List.map (fun (_, _, value) -> value.IsSome)

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

          test "nothing reaches an infinite cut-off, except exactly n" {
              // Most dispersions of the bin are equal, so that their median deviation is zero.
              let genes =
                  [ for gene in 1..40 -> float gene, float gene ] @ [ 40.5, 100.0; 41.0, 41.0; 42.0, 42.0 ]

              let options = { cellRanger with NTopGenes = Some 1 }

              let table options =
                  Dispersion.table options None (names genes.Length) [| moments genes |]

              Expect.equal (entry "dispersions_norm" (table options) 40) infinity "infinite"
              Expect.equal (count (table options)) 0 "as scanpy"
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

              Expect.equal (count table) 2 "genes"

              Expect.equal
                  table.Warnings
                  [ "⟨n_top_genes⟩ is 3, but only 2 genes have a normalized dispersion in the data; these are the highly variable ones" ]
                  "warning"

              let all =
                  Dispersion.table { seurat with NTopGenes = Some 3 } None (names 2) [| moments (List.truncate 2 genes) |]

              Expect.equal all.Warnings [] "all genes there are"
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
