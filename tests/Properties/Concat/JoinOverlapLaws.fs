/// A join that keeps few of the genes is told of, with what is probably the reason.
module internal SingleSharp.Properties.JoinOverlapLaws

open Expecto
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Inputs
open SingleSharp.Core.Concat

/// An input of which only the genes are looked at.
let private input path (genes: string list) : CountInput =
    let unread _ = invalidOp $"{path} is not to be read"

    { Path = path
      Files = [ path ]
      Cells = 0L
      Genes = Array.ofList genes
      Places = Array.init genes.Length id
      Type = DType.Float32
      Stored = 0L
      CellNames = Seq.empty
      Obs = []
      Var = []
      Obsm = []
      Layers = []
      LeftOut = []
      Fit = unread
      Prepare = None
      Worker = 0L
      Tables = 0L
      Together = 0L
      Read = unread
      Known = unread
      Look = unread
      IsChanged = fun () -> false
      Close = ignore }

let private warningsOf join (inputs: CountInput list) =
    let kept = (Concat.genes join (inputs |> List.map _.Genes)).Length
    kept, JoinOverlap.warnings join kept inputs

let private anyInputs =
    Arb.fromGen (
        gen {
            let! count = Gen.choose (1, 4)

            let! genes =
                Gen.listOfLength count (Gen.subListOf [ for gene in 0..9 -> $"g{gene}" ])

            return genes |> List.mapi (fun i genes -> input $"{i}.h5ad" (List.ofSeq genes))
        }
    )

let private ensembl numbers =
    [ for number in numbers -> $"ENSG%011d{number}" ]

let tests =
    testList
        "JoinOverlap"
        [ Law.holds "an inner join says so exactly where fewer than half of the smallest input stay, or none" (fun () ->
              Prop.forAll anyInputs (fun inputs ->
                  let kept, warnings = warningsOf Join.Inner inputs
                  let smallest = inputs |> List.map _.Genes.Length |> List.min

                  match warnings with
                  | [] -> kept > 0 && 2 * kept >= smallest
                  | [ sentence ] ->
                      (kept = 0 || 2 * kept < smallest)
                      && sentence.StartsWith(if kept = 1 then "only 1 gene is " else $"only {kept} genes are ")
                      && inputs |> List.forall (fun input -> sentence.Contains $"{input.Genes.Length} of {input.Path}")
                  | _ -> false))

          Law.holds "an outer join loses nothing, and says nothing" (fun () ->
              Prop.forAll anyInputs (fun inputs -> snd (warningsOf Join.Outer inputs) = []))

          test "the reason" {
              for others, reason in
                  [ [], "b.h5ad has none"
                    [ "MT-CO1"; "ACTB"; "GAPDH" ], "the genes of a.h5ad are called by Ensembl identifiers and those of b.h5ad are not"
                    ensembl [ 1..9 ] |> List.map (fun name -> name + ".3"), "names differ in the versions behind Ensembl identifiers"
                    ensembl [ 21..29 ], "they may be of different species or annotations" ] do
                  let _, warnings =
                      warningsOf Join.Inner [ input "a.h5ad" (ensembl [ 1..9 ]); input "b.h5ad" others ]

                  Expect.stringContains (List.exactlyOne warnings) reason $"of %A{others}"

              let _, warnings =
                  warningsOf Join.Inner [ input "a.h5ad" [ "ACTB"; "GAPDH" ]; input "b.h5ad" [ "Actb"; "Gapdh" ] ]

              Expect.stringContains (List.exactlyOne warnings) "as those of human and mouse do" "of two species"
          } ]
