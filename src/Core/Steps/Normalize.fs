/// normalize_total and log1p: what happens to the values of one cell (scanpy-semantics, sections 3 and 4).
namespace SingleSharp.Core.Steps

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows

/// How cells are scaled: to `Target` counts each, the total taken over the genes that are not excluded.
type internal Scaling =
    {
        Target: float
        /// Genes left out of the totals; they are scaled like the others.
        Excluded: bool[] voption
    }

/// What is done to each value; with each step the type in which scanpy stores its result.
type internal Transformation =
    {
        Scaling: (Scaling * Precision) voption
        /// The base of the logarithm, none for the natural one.
        Logarithm: (float voption * Precision) voption
        /// What other steps then do to Output, one after the other; each starts one for each thread.
        Then: (unit -> RowBatch -> unit) list
    }

[<RequireQualifiedAccess>]
module internal Normalize =
    /// Values stay as they are.
    let nothing =
        { Scaling = ValueNone
          Logarithm = ValueNone
          Then = [] }

    let private sumOfValues precision (excluded: bool[] voption) (rowBatch: RowBatch) row =
        let values = rowBatch.Values
        let genes = rowBatch.Genes
        let stop = rowBatch.Offsets[row + 1]
        let mutable sum = 0.0

        match excluded with
        | ValueNone ->
            for i in rowBatch.Offsets[row] .. stop - 1 do
                sum <- sum + Precision.round precision values[i]
        | ValueSome isExcluded ->
            for i in rowBatch.Offsets[row] .. stop - 1 do
                if not isExcluded[genes[i]] then
                    sum <- sum + Precision.round precision values[i]

        sum

    /// A cell's total over the genes not excluded: summed in float64 in stored order, then stored in the matrix's type.
    let total precision (excluded: bool[] voption) (rowBatch: RowBatch) row =
        Precision.round
            precision
            (if excluded.IsNone && rowBatch.Counts.Has row then
                 float (rowBatch.Counts.Sum row)
             else
                 sumOfValues precision excluded rowBatch row)

    /// scanpy's norm_factor: total / target, one division in the matrix's type.
    let factor precision target total =
        match precision with
        | Precision.Single -> float (float32 total / float32 target)
        | Precision.Double -> total / target

    let private scale precision divisor value =
        match precision with
        | Precision.Single -> float (float32 value / float32 divisor)
        | Precision.Double -> value / divisor

    /// ln(1+x) stored, then divided by the logarithm of the base in the same type.
    let private logarithm (basis: float voption) precision =
        let divisor =
            match basis with
            | ValueSome basis -> Precision.round precision (Elementary.log basis)
            | ValueNone -> 1.0

        fun value ->
            let natural = Precision.round precision (Elementary.log1p value)
            if divisor = 1.0 then natural else scale precision divisor natural

    let private transformed transformation =
        let scaled: float -> float -> float =
            match transformation.Scaling with
            | ValueSome(_, precision) -> scale precision
            | ValueNone -> fun _ value -> value

        match transformation.Logarithm with
        | ValueNone -> scaled
        | ValueSome(basis, precision) ->
            let log = logarithm basis precision
            fun divisor value -> log (scaled divisor value)

    /// What a row is divided by: its factor, or 1 where that is 0.
    let private divisor factor = if factor = 0.0 then 1.0 else factor

    /// Computes and keeps the factor of a row; 1 where nothing is scaled.
    let private factorOf transformation =
        match transformation.Scaling with
        | ValueNone -> fun (_: RowBatch) (_: int) -> 1.0
        | ValueSome(scaling, precision) ->
            fun rowBatch row ->
                let factor =
                    factor precision scaling.Target (total precision scaling.Excluded rowBatch row)

                rowBatch.Factors[row] <- factor
                factor

    /// A transformer, for one thread, that fills Output; `factorOf` gives the factor of a row.
    let private transformer transformation (factorOf: RowBatch -> int -> float) : RowBatch -> unit =
        let compute = transformed transformation

        /// What a count becomes is computed once for all that a row has of it.
        let transform (rowBatch: RowBatch) =
            let counts = rowBatch.Counts.Tally()
            let output = rowBatch.TakePairs()
            let results = counts.Results
            let values = if counts.HasAll then null else rowBatch.Values

            for row in 0 .. rowBatch.Cells - 1 do
                let divisor = divisor (factorOf rowBatch row)

                if counts.Has row then
                    for pair in counts.Pair row .. counts.Pair(row + 1) - 1 do
                        results[pair] <- compute divisor (float counts.Counts[pair])
                else
                    for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                        output[i] <- compute divisor values[i]

        let first =
            if transformation.Scaling.IsNone && transformation.Logarithm.IsNone then
                fun (rowBatch: RowBatch) -> rowBatch.LeaveValues()
            else
                transform

        match transformation.Then |> List.map (fun start -> struct (start (), RowBatch())) with
        | [] -> first
        | later ->
            fun rowBatch ->
                rowBatch.Earlier <- null
                first rowBatch

                for struct (change, earlier) in later do
                    earlier.Keep rowBatch
                    rowBatch.Earlier <- earlier
                    change rowBatch

    /// A transformer with a memory of its own, for one thread: fills Output and Factors of a row batch.
    /// Law (transform): Output and Factors depend on a row's own values only.
    let start transformation =
        transformer transformation (factorOf transformation)

    /// The first half of it: fills Factors. It has to see all values of a row.
    let startFactors transformation : RowBatch -> unit =
        let factorOf = factorOf transformation

        fun rowBatch ->
            if transformation.Scaling.IsSome then
                for row in 0 .. rowBatch.Cells - 1 do
                    factorOf rowBatch row |> ignore

    /// The second half: fills Output of the values that are there.
    /// Law (halves): both halves are the whole, and values may be dropped between them.
    let startValues transformation =
        transformer transformation (fun rowBatch row -> if transformation.Scaling.IsSome then rowBatch.Factors[row] else 1.0)

    /// How many cells have nothing to be scaled by, and stay as they are.
    /// Law (unscaled): the numbers of two parts add up to the number of the whole.
    let unscaled: Fold<RowBatch, int64> =
        Fold.saved
            Saved.int64
            { Fresh = fun () -> 0L
              Step =
                fun count rowBatch ->
                    let mutable found = count

                    for row in 0 .. rowBatch.Cells - 1 do
                        if rowBatch.Factors[row] = 0.0 then
                            found <- found + 1L

                    found
              Merge = (+)
              Finish = id }

    /// The column that keeps each cell's factor (key_added).
    let factorColumn name precision : CellColumns =
        { Columns =
            [ { Name = name
                Type = Precision.dtype precision } ]
          Start = fun () rowBatch columns row -> Array.Copy(rowBatch.Factors, 0, columns[0], row, rowBatch.Cells) }

    /// The totals as a column, for the median.
    let totalColumn precision excluded : CellColumns =
        { Columns = [ { Name = "total"; Type = DType.Float64 } ]
          Start =
            fun () rowBatch columns first ->
                for row in 0 .. rowBatch.Cells - 1 do
                    columns[0][first + row] <- total precision excluded rowBatch row }

    /// The genes that make up more than `maxFraction` of the counts of at least one cell.
    /// Law (excluded): a gene is highly expressed in the whole exactly when it is in one of the parts.
    let highlyExpressed genes precision maxFraction : Fold<RowBatch, bool[]> =
        let stock = ArrayStock<bool> genes

        Fold.saved
            (stock.Form genes)
            { Fresh = stock.Rent
              Step =
                fun flags rowBatch ->
                    let genes, values = rowBatch.Genes, rowBatch.Values

                    for row in 0 .. rowBatch.Cells - 1 do
                        let limit = maxFraction * total precision ValueNone rowBatch row

                        for i in rowBatch.Offsets[row] .. rowBatch.Offsets[row + 1] - 1 do
                            if Precision.round precision values[i] > limit then
                                flags[genes[i]] <- true

                    flags
              Merge =
                fun flags more ->
                    for gene in 0 .. genes - 1 do
                        flags[gene] <- flags[gene] || more[gene]

                    stock.Return more
                    flags
              Finish =
                fun flags ->
                    stock.Drain()
                    flags }
