/// Batches of the flavours seurat and cell_ranger: each judged by itself, then averaged.
module internal SingleSharp.Properties.DispersionBatchLaws

open System
open Expecto
open SingleSharp.Core
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.HvgInWords

let private seurat = standard HvgFlavor.Seurat

/// Rows dealt to so many batches.
let private dealt batches rows =
    [ for batch in 0 .. batches - 1 -> rows |> List.indexed |> List.filter (fun (row, _) -> row % batches = batch) |> List.map snd ]

let private tableOfBatches options genes parts =
    Dispersion.table
        options
        (Some(batchNames (List.length parts)))
        (names genes)
        (parts |> List.map (momentsOf options genes) |> Array.ofList)

/// Mean, dispersion, normalized dispersion and flag of each gene in a batch, zeros for genes that are not expressed there.
let private judge options genes (rows: (int * float) list list) =
    let expressed =
        rows |> List.concat |> List.filter (fun (_, value) -> value > 0.0) |> List.map fst |> List.distinct |> List.sort

    let place = expressed |> List.mapi (fun i gene -> gene, i) |> Map.ofList

    let kept =
        rows
        |> List.map (List.filter (fun (gene, _) -> place.ContainsKey gene) >> List.map (fun (gene, value) -> place[gene], value))

    let table =
        Dispersion.table options None (names expressed.Length) [| momentsOf options expressed.Length kept |]

    List.init genes (fun gene ->
        match Map.tryFind gene place with
        | None -> [ 0.0; 0.0; 0.0; 0.0 ]
        | Some i ->
            [ entry "means" table i
              entry "dispersions" table i
              entry "dispersions_norm" table i
              (if table.IsHighlyVariable[i] then 1.0 else 0.0) ])

let private average values =
    match values |> List.filter (Double.IsNaN >> not) with
    | [] -> nan
    | known -> List.sum known / float known.Length

/// The table that follows from what the batches say.
let private isMerged (options: HvgOptions) (judged: float list list list) table =
    let genes = judged.Head.Length
    let all test = [ 0 .. genes - 1 ] |> List.forall test

    let averageOf what gene =
        judged |> List.map (fun batch -> batch[gene][what]) |> average

    let count gene =
        judged |> List.sumBy (fun batch -> batch[gene][3])

    let close left right = left = right || near left right
    let found = column "dispersions_norm" table

    let isWithin gene =
        let mean = entry "means" table gene

        mean > options.MinMean && mean < options.MaxMean && found[gene] > options.MinDisp && found[gene] < options.MaxDisp

    let isAmong n =
        let key gene =
            -(count gene), (if Double.IsNaN found[gene] then infinity else -found[gene])

        let best =
            [ 0 .. genes - 1 ]
            |> List.sortWith (fun left right ->
                match compare (key left) (key right) with
                | 0 -> String.CompareOrdinal($"g{left}", $"g{right}")
                | sign -> sign)
            |> List.truncate n
            |> Set.ofList

        best.Contains

    all (fun gene -> close (entry "means" table gene) (averageOf 0 gene))
    && all (fun gene -> close (entry "dispersions" table gene) (averageOf 1 gene))
    && all (fun gene ->
        let expected = averageOf 2 gene
        close found[gene] (if options.NTopGenes.IsNone && Double.IsNaN expected then 0.0 else expected))
    && all (fun gene -> entry "highly_variable_nbatches" table gene = count gene)
    && all (fun gene -> (entry "highly_variable_intersection" table gene = 1.0) = (count gene = float judged.Length))
    && table.IsHighlyVariable =
        Array.init
            genes
            (match options.NTopGenes with
             | Some n -> isAmong n
             | None -> isWithin)

let tests =
    testList
        "DispersionBatch"
        [ Law.holds
              "a batch is judged by its own cells and expressed genes, and batches are averaged"
              (fun (CountRows matrix) (batches: byte) (n: byte) (exactly: bool) ->
                  let matrix = matrix |> logs |> twins
                  let parts = dealt (1 + int batches % 3) matrix.Rows

                  let options =
                      { seurat with
                          NTopGenes = if n % 2uy = 0uy then None else Some(1 + int n % matrix.Genes)
                          ExactN = exactly }

                  let canJudge rows =
                      refusal (fun () -> judge options matrix.Genes rows) = ""

                  match List.tryFindIndex (canJudge >> not) parts with
                  | Some culprit -> (refusal (fun () -> tableOfBatches options matrix.Genes parts)).Contains $" batch b{culprit}"
                  | None -> isMerged options (List.map (judge options matrix.Genes) parts) (tableOfBatches options matrix.Genes parts))

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
          } ]
