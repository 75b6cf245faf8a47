/// What kernels are measured on: rows of counts as cells have them, the same in every run.
namespace SingleSharp.Kernels

open System
open SingleSharp.Core

[<RequireQualifiedAccess>]
module internal Samples =
    /// Genes of an annotation, of which a cell has about a thousand.
    let genes = 48_788

    let private perCell = 1_100.0

    /// As many cells as a row batch of 131,072 values has.
    let private cells = 118

    let private normal (random: Random) =
        sqrt (-2.0 * log (1.0 - random.NextDouble())) * cos (2.0 * Math.PI * random.NextDouble())

    /// Knuth's method; the normal approximation where it would take long.
    let private poisson (random: Random) mean =
        if mean > 30.0 then
            max 0 (int (round (mean + sqrt mean * normal random)))
        else
            let limit = exp -mean
            let mutable count = 0
            let mutable product = random.NextDouble()

            while product > limit do
                count <- count + 1
                product <- product * random.NextDouble()

            count

    /// The mean count of each gene in a cell: lognormal with the spread of make_synth.py, scaled so that `perCell` genes are expected.
    let private means (random: Random) =
        let weights = Array.init genes (fun _ -> exp (min 8.0 (2.7 * normal random)))

        let expected factor =
            weights |> Array.sumBy (fun weight -> 1.0 - exp (-factor * weight))

        let mutable low = 1e-9
        let mutable high = 1e3

        for _ in 1..60 do
            let middle = sqrt (low * high)
            if expected middle < perCell then low <- middle else high <- middle

        weights |> Array.map (fun weight -> low * weight)

    /// A row batch of float32 values from rows of genes, which ascend, with their values.
    let private rowBatch (rows: struct (int * float32)[][]) =
        let batch = RowBatch(Cells = rows.Length)
        let count = rows |> Array.sumBy Array.length
        batch.Reserve(rows.Length, count)
        let singles = batch.ReserveSingles count
        let mutable at = 0

        for row in 0 .. rows.Length - 1 do
            for struct (gene, value) in rows[row] do
                batch.Genes[at] <- gene
                singles[at] <- value
                at <- at + 1

            batch.Offsets[row + 1] <- at

        batch

    /// A row batch of raw counts.
    let counts () =
        let random = Random 1
        let means = means random

        rowBatch
            [| for _ in 1..cells ->
                   means
                   |> Array.mapi (fun gene mean -> struct (gene, float32 (poisson random mean)))
                   |> Array.filter (fun (struct (_, count)) -> count > 0.0f) |]

    /// Rows of values from 0 to 5 in which every gene is stored with the same probability.
    let values genes rows share =
        let random = Random 2

        rowBatch
            [| for _ in 1..rows ->
                   [| for gene in 0 .. genes - 1 do
                          if random.NextDouble() < share then
                              struct (gene, 5.0f * random.NextSingle()) |] |]

    /// The upper triangle of a symmetric matrix, row by row: sixty directions whose strength falls as 1/k, in noise whose eigenvalues
    /// lie between 1 and 3.
    let symmetric size =
        let random = Random 3

        let directions =
            Array.init 60 (fun _ -> Array.init size (fun _ -> normal random / sqrt (float size)))

        [| for i in 0 .. size - 1 do
               for j in i .. size - 1 do
                   let mutable entry = normal random / (2.0 * sqrt (float size))

                   if i = j then
                       entry <- entry + 2.0

                   for k in 0 .. directions.Length - 1 do
                       entry <- entry + 200.0 / float (k + 1) * directions[k][i] * directions[k][j]

                   entry |]
