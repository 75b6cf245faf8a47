/// Sums over sets of genes, however they are found, are sums over lists in stored order.
module internal SingleSharp.Properties.GeneSetsLaws

open System
open Expecto
open SingleSharp.Core.Rows
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

/// No gene, one, a few, every second one, all.
let private masks (seed: int) genes =
    let random = Random seed
    let one = random.Next genes

    [ "none", Array.create genes false
      "one", Array.init genes (fun gene -> gene = one)
      "few", Array.init genes (fun _ -> random.Next 50 = 0)
      "even", Array.init genes (fun gene -> gene % 2 = 0)
      "all", Array.create genes true ]

let tests =
    testList
        "GeneSets"
        [ Law.holdsFor 300 "totals" (fun (WildRows matrix) (seed: int) ->
              let masks = masks seed matrix.Genes
              let sets = Membership.ofMasks masks
              let rowBatch = RowBatches.ofRows 0L 0L matrix.Rows
              let found: float[] = Array.zeroCreate masks.Length

              matrix.Rows
              |> List.indexed
              |> List.forall (fun (row, values) ->
                  Membership.totals sets rowBatch row found

                  let expected =
                      [| for _, mask in masks -> values |> List.filter (fun (gene, _) -> mask[gene]) |> sum |]

                  Array.forall2 sameBits found expected))

          Law.holds "members of a set are the genes of its mask" (fun (masks: bool[] list) ->
              let sets = Membership.ofMasks (masks |> List.mapi (fun i mask -> $"set{i}", mask))

              sets.Names = List.mapi (fun i _ -> $"set{i}") masks
              && List.ofArray sets.Members = (masks |> List.map (fun mask -> Array.indexed mask |> Array.filter snd |> Array.map fst)))

          test "mitochondrial genes are human ones, or mouse ones where there is no human one" {
              for names, prefix in
                  [ [], None
                    [ "ACTB"; "Mt-co1"; "MTOR"; "xMT-" ], None
                    [ "mt-Co1"; "Actb" ], Some "mt-"
                    [ "mt-Co1"; "MT-CO1" ], Some "MT-"
                    [ "MT-" ], Some "MT-" ] do
                  Expect.equal (GeneSets.mitochondrialPrefix (Array.ofList names)) prefix $"of %A{names}"
          } ]
