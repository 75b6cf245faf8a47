/// What filters and selections are tried on: flags of awkward lengths, limits that are met exactly, tangled rows.
module internal SingleSharp.Properties.GenSelections

open FsCheck.FSharp
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.GenRuns

/// Which of some rows stay.
type Flags = Flags of bool list

/// A matrix, its type, two sets of genes, and limits for its cells and genes.
type AnyFilter = AnyFilter of Study * Membership * CellRule * GeneLimits

/// Rows of a matrix and what stays of it.
type AnySelection = AnySelection of Rows * cells: bool list * genes: bool list

/// All, none, a few, most or half of so many.
let flags length =
    gen {
        let! share = Gen.elements [ 0; 1; 10; 50; 90; 99; 100 ]
        return! Gen.listOfLength length (Gen.choose (1, 100) |> Gen.map (fun roll -> roll <= share))
    }

let private anyFlags =
    Gen.frequency
        [ 2, Gen.elements [ 0; 1; 63; 64; 65; 127; 128; 129 ]
          2, Gen.choose (2, 200)
          1, Gen.choose (1000, 9000) ]
    |> Gen.bind flags
    |> Gen.map Flags

let someFlags =
    Arb.fromGenShrink (
        anyFlags,
        (fun (Flags flags) -> Arb.toShrink (ArbMap.defaults |> ArbMap.arbitrary<bool list>) flags |> Seq.map Flags)
    )

/// Sometimes a limit: one that some cell or gene meets exactly, one just beyond it, or anything.
let private limit (numbers: float list) =
    let near =
        if numbers.IsEmpty then
            Gen.constant 1.0
        else
            gen {
                let! number = Gen.elements numbers
                return! Gen.frequency [ 4, Gen.constant number; 1, Gen.elements [ number - 0.5; number + 0.5 ] ]
            }

    let anything =
        Gen.elements [ 0.0; 1.0; 10.0; 0.1; 33.3; 100.0; 50.0; -1.0; 1e300; infinity ]

    Gen.frequency
        [ 3, Gen.constant None
          2, Gen.map Some (Gen.frequency [ 4, near; 1, anything ]) ]

let private wholeLimit (numbers: int64 list) =
    Gen.frequency
        [ 3, Gen.constant None
          2, Gen.elements (0L :: 1L :: numbers) |> Gen.map Some
          1, Gen.elements (0L :: 1L :: numbers) |> Gen.map (fun number -> Some(number + 1L)) ]

let private shares names (percentages: float list) =
    gen {
        let! limits = names |> List.map (fun _ -> limit percentages) |> Gen.sequenceToList
        return List.zip names limits |> List.choose (fun (name, limit) -> limit |> Option.map (fun limit -> name, limit))
    }

let private positive values =
    values |> List.filter (fun value -> value > 0.0) |> List.length |> int64

let private anyFilter =
    gen {
        let! AnyRun (study, _) = anything.Generator
        let rows = study.Matrix.Rows
        let genes = study.Matrix.Genes
        let! first = flags genes
        let! second = flags genes

        let sets =
            Membership.ofMasks [ "first", Array.ofList first; "second", Array.ofList second ]

        let few = List.truncate 50 rows
        let total row = List.sumBy snd row

        let percentages =
            few |> List.map (fun row -> total (row |> List.filter (fun (gene, _) -> first[gene])) / total row * 100.0)

        let columns =
            few |> List.concat |> List.groupBy fst |> List.map (snd >> List.map snd)

        let! minCounts = limit (List.map total few)
        let! maxCounts = limit (List.map total few)
        let detected = few |> List.map (List.map snd >> positive)
        let! minGenes = wholeLimit detected
        let! maxGenes = wholeLimit detected
        let! minPct = shares [ "first" ] percentages
        let! maxPct = shares [ "second"; "first" ] percentages
        let! minCells = wholeLimit (List.map positive columns)
        let! maxCells = wholeLimit (List.map positive columns)
        let! geneMinCounts = limit (List.map List.sum columns)
        let! geneMaxCounts = limit (List.map List.sum columns)

        let rule: CellRule =
            { MinCounts = minCounts
              MaxCounts = maxCounts
              MinGenes = minGenes
              MaxGenes = maxGenes
              MinPct = minPct
              MaxPct = maxPct }

        let limits: GeneLimits =
            { MinCells = minCells
              MaxCells = maxCells
              MinCounts = geneMinCounts
              MaxCounts = geneMaxCounts }

        return AnyFilter(study, sets, rule, limits)
    }

let someFilter = Arb.fromGen anyFilter

/// Rows in which genes come in any order and some more than once.
let private tangled genes =
    gen {
        let! length =
            Gen.frequency [ 1, Gen.constant 0; 5, Gen.choose (1, 12); 1, Gen.choose (100, 300) ]

        let! ofGene = Gen.listOfLength length (Gen.choose (0, genes - 1))
        let! values = Gen.listOfLength length wildValue
        return List.zip ofGene values
    }

/// Some rows again and again, in no simple order, so that blocks and long stretches of dropped rows occur.
let private repeated genes =
    gen {
        let! some =
            Gen.listOfLength 89 (Gen.frequency [ 3, row genes wildValue; 1, tangled genes ])

        let! cells = Gen.choose (4097, 14000)
        return List.init cells (fun cell -> some[(cell * cell) % 89])
    }

let private anySelection =
    gen {
        let! genes =
            Gen.frequency [ 1, Gen.constant 1; 5, Gen.choose (2, 30); 1, Gen.choose (60, 150) ]

        let few =
            Gen.choose (0, 40) |> Gen.bind (fun cells -> Gen.listOfLength cells (Gen.oneof [ row genes wildValue; tangled genes ]))

        let! rows = Gen.frequency [ 9, few; 1, repeated genes ]
        let! keptGenes = flags genes
        let! keptCells = flags rows.Length
        // Sometimes nothing stays for longer than a reader reads at once.
        let! gap = Gen.elements [ 0; 0; 5000 ]

        return
            AnySelection(
                { Genes = genes; Rows = rows },
                keptCells |> List.mapi (fun cell stays -> stays && (cell < 7 || cell >= gap)),
                keptGenes
            )
    }

let someSelection =
    Arb.fromGenShrink (
        anySelection,
        fun (AnySelection(matrix, cells, genes)) ->
            // Of many rows only halves are tried, or a failure would take its time.
            (if matrix.Rows.Length < 100 then simpler matrix else Seq.truncate 2 (simpler matrix))
            |> Seq.map (fun simpler -> AnySelection(simpler, List.truncate simpler.Rows.Length cells, genes))
    )
