/// What the laws are tried on. Doubt these first: a law is worth what its generators are worth.
module internal SingleSharp.Properties.Gen

open FsCheck
open FsCheck.FSharp
open SingleSharp.Core

/// A count matrix as rows of (gene, value), and the number of genes.
type Rows =
    { Genes: int
      Rows: (int * float) list list }

/// A matrix of whole, not negative values.
type CountRows = CountRows of Rows

/// A matrix with anything in it that a file can hold: fractions, negative values, NaN and infinities.
type WildRows = WildRows of Rows

/// A matrix cut into row batches, the row batches into blocks, the blocks into segments, as a runner might see it.
type CutRows = CutRows of RowBatch list list list

/// Long rows of small counts, as the tally of the largest values meets them.
type LongRows = LongRows of Rows

/// A list cut into parts of parts.
type Cut<'a> = Cut of 'a list list list

/// Numbers of workers and of blocks in flight.
type AnySchedule = AnySchedule of workers: int * window: int

/// Counts as they come: mostly 1 to 3, sometimes beyond every table, sometimes huge; explicit zeros too.
let count =
    Gen.frequency
        [ 60, Gen.choose (1, 3) |> Gen.map float
          20, Gen.choose (4, 300) |> Gen.map float
          5, Gen.constant 0.0
          5, Gen.choose (1000, 100000) |> Gen.map float
          1, Gen.elements [ 16777216.0; 16777217.0; 33554431.0; 1e9 ] ]

/// Values that float32 holds, so that storing them changes nothing.
let wildValue =
    Gen.frequency
        [ 50, count
          20, Gen.choose (1, 1000) |> Gen.map (fun n -> float (float32 n / 37.0f))
          5, Gen.choose (-5, -1) |> Gen.map float
          2,
          Gen.elements
              [ nan
                infinity
                -infinity
                -0.0
                -1.0
                1.401298464324817e-45
                3.4028234663852886e38 ] ]

/// A row: empty by weight, one gene, some genes, or every gene; genes in order or not.
let row genes value =
    gen {
        let! share =
            Gen.frequency [ 2, Gen.constant 0; 1, Gen.constant 100; 7, Gen.choose (1, 60) ]

        let! present =
            Gen.listOfLength genes (Gen.choose (1, 100) |> Gen.map (fun roll -> roll <= share))

        let chosen = present |> List.indexed |> List.filter snd |> List.map fst

        let! order =
            Gen.frequency [ 4, Gen.constant chosen; 1, Gen.shuffle chosen |> Gen.map List.ofArray ]

        let! values = Gen.listOfLength chosen.Length value
        return List.zip order values
    }

/// No cells, one cell, one gene, silent genes: all of it occurs.
let rows value =
    gen {
        let! cells =
            Gen.frequency [ 1, Gen.constant 0; 1, Gen.constant 1; 8, Gen.choose (2, 40) ]

        let! genes =
            Gen.frequency [ 1, Gen.constant 1; 6, Gen.choose (2, 30); 1, Gen.choose (60, 600) ]

        let! rows = Gen.listOfLength cells (row genes value)
        return { Genes = genes; Rows = rows }
    }

/// Half of the rows, or one value less in a row.
let simpler matrix =
    seq {
        let half = matrix.Rows.Length / 2

        if half > 0 then
            { matrix with
                Rows = List.take half matrix.Rows }

            { matrix with
                Rows = List.skip half matrix.Rows }

        for i, row in List.indexed matrix.Rows do
            if not row.IsEmpty then
                { matrix with
                    Rows = List.updateAt i (List.tail row) matrix.Rows }

                { matrix with
                    Rows = List.updateAt i (List.take (row.Length - 1) row) matrix.Rows }
    }

/// Cuts a list at random places; parts may be empty, unless `full`.
let private cut full (items: 'a list) =
    gen {
        let! places = Gen.listOf (Gen.choose (0, items.Length))
        let places = List.sort places |> if full then List.distinct else id
        let bounds = (0 :: places) @ [ items.Length ]

        return
            List.pairwise bounds
            |> List.map (fun (low, high) -> List.take (high - low) (List.skip low items))
            |> List.filter (fun part -> not full || not part.IsEmpty)
    }

let private cutTwice items =
    gen {
        let! parts = cut false items
        return! cut true parts
    }

[<RequireQualifiedAccess>]
module RowBatches =
    /// A row batch of its own memory, from rows of (gene, value) pairs.
    let ofRows firstCell firstValue (rows: (int * float) list list) =
        let rowBatch =
            RowBatch(FirstCell = firstCell, FirstValue = firstValue, Cells = rows.Length)

        rowBatch.Reserve(rows.Length, rows |> List.sumBy List.length)
        let mutable at = 0

        rows
        |> List.iteri (fun row values ->
            rowBatch.Offsets[row] <- at

            for gene, value in values do
                rowBatch.Genes[at] <- gene
                rowBatch.Values[at] <- value
                at <- at + 1)

        rowBatch.Offsets[rows.Length] <- at
        rowBatch

/// The row batches of consecutive rows.
let rowBatches (parts: (int * float) list list list) =
    let mutable cell = 0L
    let mutable value = 0L

    [ for rows in parts do
          RowBatches.ofRows cell value rows
          cell <- cell + int64 rows.Length
          value <- value + int64 (List.sumBy List.length rows) ]

let private cutRows =
    gen {
        let! matrix = rows count
        let! parts = cut false matrix.Rows
        let! blocks = cutTwice (rowBatches parts)
        return CutRows blocks
    }

let private longRows =
    gen {
        let! genes = Gen.choose (30, 200)
        let! cells = Gen.choose (2, 8)

        let value =
            Gen.frequency [ 8, Gen.choose (1, 5); 1, Gen.choose (6, 1023) ] |> Gen.map float

        let! rows = Gen.listOfLength cells (Gen.listOfLength genes value)

        return
            LongRows
                { Genes = genes
                  Rows = rows |> List.map List.indexed }
    }

type Arbitraries =
    static member LongRows() = Arb.fromGen longRows

    static member CountRows() =
        Arb.fromGenShrink (rows count |> Gen.map CountRows, (fun (CountRows matrix) -> Seq.map CountRows (simpler matrix)))

    static member WildRows() =
        Arb.fromGenShrink (rows wildValue |> Gen.map WildRows, (fun (WildRows matrix) -> Seq.map WildRows (simpler matrix)))

    static member CutRows() = Arb.fromGen cutRows

    static member Cut() : Arbitrary<Cut<int64>> =
        Arb.fromGen (
            gen {
                let! items = Gen.listOf (Gen.choose (-1000, 1000) |> Gen.map int64)
                let! parts = cutTwice items
                return Cut parts
            }
        )

    static member AnySchedule() =
        Arb.fromGen (Gen.map2 (fun workers window -> AnySchedule(workers, window)) (Gen.choose (1, 8)) (Gen.choose (1, 12)))
