/// Genes in bins of similar means, and how far each dispersion stands out in its bin.
namespace SingleSharp.Core.Steps

open System

/// The means of many series that come side by side, one number of each at a time.
/// Law (running means): they are Bins.mean of each series without its NaN.
[<Sealed>]
type internal RunningMeans(count: int) =
    let sums: float[] = Array.zeroCreate count
    let lost: float[] = Array.zeroCreate count
    let known: int[] = Array.zeroCreate count

    /// The next number of each series; NaN where it has none.
    member _.Add(values: float[]) =
        for i in 0 .. count - 1 do
            if not (Double.IsNaN values[i]) then
                let next = values[i] - lost[i]
                let total = sums[i] + next
                let taken = total - sums[i] - next
                lost[i] <- if Double.IsNaN taken then 0.0 else taken
                sums[i] <- total
                known[i] <- known[i] + 1

    /// NaN where there was nothing.
    member _.Means = Array.map2 (fun sum known -> sum / float known) sums known

[<RequireQualifiedAccess>]
module internal Bins =
    /// steps + 1 numbers from low to high, by the arithmetic of numpy.linspace: the last one is high itself.
    let private linear low high steps =
        let step = (high - low) / float steps
        Array.init (steps + 1) (fun k -> if k = steps then high else float k * step + low)

    /// Edges of bins of equal width, by the arithmetic of pandas.cut: the lowest edge lies a thousandth of the range below the
    /// smallest mean, so that this mean is in the first bin; equal means get a range around them.
    let even count (means: float[]) =
        let low = Array.min means
        let high = Array.max means

        if low = high then
            let margin = if low = 0.0 then 0.001 else 0.001 * abs low
            linear (low - margin) (high + margin) count
        else
            let edges = linear low high count
            edges[0] <- edges[0] - 0.001 * (high - low)
            edges

    /// The number that a share of sorted numbers does not exceed, between two of them by linear interpolation (numpy.percentile 1.24).
    let private percentile (sorted: float[]) percent =
        let last = sorted.Length - 1
        let place = float last * (percent / 100.0)
        let below = int place

        if below >= last then
            sorted[last]
        else
            let share = place - float below
            let gap = sorted[below + 1] - sorted[below]

            // From the nearer of the two, so that the result never passes either.
            if share >= 0.5 then sorted[below + 1] - gap * (1.0 - share) else sorted[below] + gap * share

    /// Edges at the 10th, 15th, … 100th percentile of the means, without end on both sides.
    let percentiles (means: float[]) =
        let sorted = Array.sort means

        [| -infinity
           for percent in 10.0..5.0..100.0 do
               percentile sorted percent
           infinity |]

    /// The bin that each mean lies in: above its lower edge, and not above its upper one.
    let find (edges: float[]) (means: float[]) =
        let bin mean =
            let below = edges |> Array.sumBy (fun edge -> if edge < mean then 1 else 0)
            max 0 (below - 1)

        Array.map bin means

    /// The mean, NaN where there is nothing. What rounding takes from one addition goes into the next, as in pandas
    /// (W. Kahan, CACM 8 (1965) 40); an infinity takes nothing, so that it stays one.
    let mean (values: float[]) =
        let mutable sum = 0.0
        let mutable lost = 0.0

        for value in values do
            let next = value - lost
            let total = sum + next
            let taken = total - sum - next
            lost <- if Double.IsNaN taken then 0.0 else taken
            sum <- total

        sum / float values.Length

    /// The standard deviation with denominator n − 1, NaN below two values; updated value by value, as in pandas
    /// (B. P. Welford, Technometrics 4 (1962) 419).
    let private deviation (values: float[]) =
        let mutable mean = 0.0
        let mutable squares = 0.0

        for i in 0 .. values.Length - 1 do
            let before = values[i] - mean
            mean <- mean + before / float (i + 1)
            squares <- squares + (values[i] - mean) * before

        if values.Length < 2 then nan else sqrt (squares / float (values.Length - 1))

    let private median (values: float[]) =
        let sorted = Array.sort values
        let middle = sorted.Length / 2

        if sorted.Length = 0 then nan
        elif sorted.Length % 2 = 1 then sorted[middle]
        else (sorted[middle - 1] + sorted[middle]) / 2.0

    /// The 75th percentile of the normal distribution, which makes a median of deviations comparable to a standard deviation.
    let private upperQuartile = 0.6744897501960817

    let private isKnown value = not (Double.IsNaN value)

    /// Median of deviations from the median, in units of a normal standard deviation (statsmodels.robust.mad); NaN where a value is.
    let private medianDeviation (values: float[]) =
        let centre = median values

        let deviations =
            values |> Array.map (fun value -> abs (value - centre) / upperQuartile)

        if Array.forall isKnown deviations then median deviations else nan

    /// Centre and unit by which seurat normalizes a bin. A single gene has no deviation; it is measured in units of itself, and gets 1.
    let byMean dispersions =
        let known = Array.filter isKnown dispersions
        let average = mean known
        let unit = deviation known
        if Double.IsNaN unit then struct (0.0, average) else struct (average, unit)

    /// Centre and unit by which cell_ranger normalizes a bin.
    let byMedian dispersions =
        struct (median (Array.filter isKnown dispersions), medianDeviation dispersions)

    /// (dispersion − centre) / unit within each bin, NaN and infinities as they come.
    /// Law (bins): genes of one bin are normalized as if there were no others.
    let normalize scale (bins: int[]) (dispersions: float[]) =
        let most = Array.fold max -1 bins
        let sizes: int[] = Array.zeroCreate (most + 1)

        for bin in bins do
            sizes[bin] <- sizes[bin] + 1

        let members: float[][] = sizes |> Array.map Array.zeroCreate
        let filled: int[] = Array.zeroCreate sizes.Length

        for i in 0 .. bins.Length - 1 do
            let bin = bins[i]
            members[bin][filled[bin]] <- dispersions[i]
            filled[bin] <- filled[bin] + 1

        let scales =
            members |> Array.map (fun values -> if values.Length = 0 then struct (nan, nan) else scale values)

        let normalized bin dispersion =
            let struct (centre: float, unit: float) = scales[bin]
            (dispersion - centre) / unit

        Array.map2 normalized bins dispersions
