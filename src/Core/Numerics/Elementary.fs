// Logarithm and exponential from the four operations alone, so that every machine computes the same bits.
namespace SingleSharp.Core.Numerics

open System
open System.Numerics

/// Natural logarithm and exponential, and their companions around 1 and 0, to within 0.51 ulp and with the same result bits on every
/// machine. The platform's own functions promise neither: each operating system's libm rounds the last bit its own way.
[<RequireQualifiedAccess>]
module internal Elementary =
    // Only + − × ÷, comparisons, integer arithmetic and bit casts appear below, each of which IEEE 754 rounds in one way. .NET never
    // contracts a*b + c into a fused multiply-add and evaluates float in 64 bits, so neither the processor nor the JIT can change a result.
    // Both functions look most of the answer up and sum a short Taylor series for the rest: P. T. P. Tang, "Table-driven implementation of
    // the exponential function", ACM TOMS 15 (1989) 144, and "... of the logarithm function", ACM TOMS 16 (1990) 378.

    /// 2^k for −1022 ≤ k ≤ 1023, assembled from its exponent field.
    let inline private power2 (k: int64) =
        BitConverter.Int64BitsToDouble((1023L + k) <<< 52)

    /// What rounding takes from a + b when |a| ≥ |b| or a = 0: Dekker, Numer. Math. 18 (1971) 224.
    let inline private lostBelow (a: float) (b: float) = (a - (a + b)) + b

    /// What rounding takes from a + b, whichever is larger: Knuth, TAOCP 2, 4.2.2, theorem B.
    let inline private lost (a: float) (b: float) =
        let sum = a + b
        let back = sum - b
        (a - back) + (b - (sum - back))

    /// Binary places of the fixed-point integers the tables are computed in; the tables keep 95 of them.
    let private places = 160
    let private one = BigInteger.One <<< places

    /// ln (p/q) = 2 (z + z³/3 + z⁵/5 + ...), z = (p − q)/(p + q): Abramowitz & Stegun 4.1.27.
    let private lnRatio (p: int) (q: int) =
        let top, bottom = BigInteger((p - q) * (p - q)), BigInteger((p + q) * (p + q))
        let mutable power = one * BigInteger(p - q) / BigInteger(p + q)
        let mutable sum = power
        let mutable odd = 1

        while not power.IsZero do
            power <- power * top / bottom
            odd <- odd + 2
            sum <- sum + power / BigInteger(odd)

        sum <<< 1

    /// e^z = 1 + z + z²/2! + ...: Abramowitz & Stegun 4.2.1.
    let private expSeries (z: BigInteger) =
        let mutable power = one
        let mutable sum = one
        let mutable order = 0

        while not power.IsZero do
            order <- order + 1
            power <- (power * z >>> places) / BigInteger(order)
            sum <- sum + power

        sum

    /// The first binary places of a fixed-point number, cut toward zero, as an integer.
    let private cut (kept: int) (value: BigInteger) =
        value / (BigInteger.One <<< (places - kept))

    // Numbers are kept as head + tail, both by way of int64: how BigInteger rounds to float is not documented.
    /// The multiple of 2^−grid next to the number on the side of zero.
    let private headOf (grid: int) (value: BigInteger) =
        float (int64 (cut grid value)) * power2 (int64 -grid)

    /// The 53 bits that follow the head.
    let private tailOf (grid: int) (value: BigInteger) =
        let rest = cut (grid + 53) value - cut grid value * BigInteger(1L <<< 53)
        float (int64 rest) * power2 (int64 -(grid + 53))

    let private ln2 = lnRatio 2 1
    // 42 places leave the 11 bits that make k·ln2Head, and its sum with a head of logTable, exact for every exponent k.
    let private ln2Head = headOf 42 ln2
    let private ln2Tail = tailOf 42 ln2

    // The bits of 45/64, the lowest scaled mantissa: in [45/64, 45/32) ln m is small, so that no k·ln 2 cancels it, and 1 lies inside.
    [<Literal>]
    let private LowestMantissa = 0x3FE6800000000000L

    /// For each of 128 row batches of [45/64, 45/32): r ≈ 1/m with nine places, then −ln r as head and tail. The two row batches that meet at 1
    /// have r = 1, so that ln m keeps its full relative accuracy there.
    let private tabulateLogs () =
        let table = Array.zeroCreate<float>(3 * 128)
        // Neighbouring inverses are so close that ten terms give the logarithm of their ratio.
        let mutable previous = 512
        let mutable lessLn = BigInteger.Zero

        for rowBatch in 0..127 do
            let first = LowestMantissa + (int64 rowBatch <<< 45)
            let low = BitConverter.Int64BitsToDouble first
            let high = BitConverter.Int64BitsToDouble(first + (1L <<< 45))
            let middle = if low = 1.0 || high = 1.0 then 1.0 else (low + high) / 2.0
            let inverse = int (512.0 / middle + 0.5)
            lessLn <- lessLn + lnRatio previous inverse
            previous <- inverse
            table[3 * rowBatch] <- float inverse / 512.0
            table[3 * rowBatch + 1] <- headOf 42 lessLn
            table[3 * rowBatch + 2] <- tailOf 42 lessLn

        table

    let private logTable = tabulateLogs ()

    /// ln (1 + u) − u for |u| ≤ 1/128, by its Taylor series to u⁹ (Abramowitz & Stegun 4.1.24); the next term is below 2^−66 of u.
    let inline private logTail (u: float) =
        let square = u * u
        let sevenths = 1.0 / 7.0 - u * (1.0 / 8.0) + square * (1.0 / 9.0)
        let fifths = 1.0 / 5.0 - u * (1.0 / 6.0) + square * sevenths
        let thirds = 1.0 / 3.0 - u * (1.0 / 4.0) + square * fifths
        square * (u * thirds - 0.5)

    /// ln (2^−shift · (t + c)) for t in 2^−1022 .. 2^1023 and c below its last bit.
    let inline private logOf (t: float) (c: float) (shift: int64) =
        let bits = BitConverter.DoubleToInt64Bits t
        let offset = bits - LowestMantissa
        let k = offset >>> 52
        let row = 3 * (int (offset >>> 45) &&& 127)
        let mantissa = bits - (k <<< 52)
        // The upper 32 bits of m and the lower 21 both have exact products with r, so that u loses nothing but its own last rounding.
        let upper = BitConverter.Int64BitsToDouble(mantissa &&& ~~~0x1FFFFFL)
        let lower = BitConverter.Int64BitsToDouble mantissa - upper
        let r = logTable[row]
        let coarse = upper * r - 1.0
        let fine = lower * r
        let u = coarse + fine
        let uLost = lostBelow coarse fine + c * power2 -k * r
        let exponent = float (k - shift)
        let known = exponent * ln2Head + logTable[row + 1]
        let small = exponent * ln2Tail + logTable[row + 2] + uLost * (1.0 - u) + logTail u
        (known + u) + (lostBelow known u + small)

    /// ln x where scaling by 2^shift brings x among the middling floats.
    let private logScaled (x: float) (shift: int64) = logOf (x * power2 shift) 0.0 shift

    let inline private logOfOnePlus (x: float) = logOf (1.0 + x) (lost 1.0 x) 0L

    /// The natural logarithm of x, within 0.51 ulp for every finite x > 0, subnormals included.
    /// log 1 = +0, log ±0 = −∞, log +∞ = +∞; log x = NaN for x < 0 and for NaN.
    /// Source: ln x = k·ln 2 − ln r + ln (1 + u) with x = 2^k·m, u = m·r − 1 (Tang 1990). Law: log never decreases.
    let log (x: float) : float =
        if x > 1e-300 && x < 1e300 then logOf x 0.0 0L
        elif x = infinity then infinity
        elif x >= 1.0 then logScaled x -54L
        elif x > 0.0 then logScaled x 54L
        elif x = 0.0 then -infinity
        else nan

    /// ln (1 + x), within 0.51 ulp for every finite x > −1 and to full relative accuracy around 0.
    /// log1p ±0 = ±0, log1p −1 = −∞, log1p +∞ = +∞; log1p x = NaN for x < −1 and for NaN.
    /// Source: as log, of 1 + x rounded and of what that rounding lost. Laws: log1p never decreases; expm1 undoes log1p.
    let log1p (x: float) : float =
        if x > 0.0078125 && x < 1e18 then logOfOnePlus x
        elif x >= -0.00390625 && x <= 0.0078125 then x + logTail x
        elif x > -1.0 && x < 0.0 then logOfOnePlus x
        else log (1.0 + x) // −1 and below, NaN, and where 1 no longer shows

    /// Steps of ln 2 / 128 per unit, then the step itself: its head has 35 bits, so that a product with any count of steps is exact.
    let private stepsPerUnit = headOf 45 ((one * one <<< 7) / ln2)
    let private stepHead = headOf 42 (ln2 >>> 7)
    let private stepTail = tailOf 42 (ln2 >>> 7)

    /// 2^(j/128) for j = 0 .. 127: 27 bits in the head, the next 53 in the tail.
    let private tabulatePowers () =
        let table = Array.zeroCreate<float>(2 * 128)
        let step = expSeries (ln2 >>> 7)
        let mutable power = one

        for j in 0..127 do
            table[2 * j] <- headOf 26 power
            table[2 * j + 1] <- tailOf 26 power
            power <- power * step >>> places

        table

    let private powerTable = tabulatePowers ()

    /// The integer nearest to z, |z| < 2^51: beside 1.5·2^52 a float has no places left for a fraction.
    let inline private nearest (z: float) =
        (z + 6755399441055744.0) - 6755399441055744.0

    /// (e^r − 1 − r) for |r| ≤ 1/256, by its Taylor series to r⁷ (Abramowitz & Stegun 4.2.1); the next term is below 2^−71 of r.
    let inline private expTail (r: float) =
        let square = r * r
        let fifth = 1.0 / 120.0 + r * (1.0 / 720.0) + square * (1.0 / 5040.0)
        square * (0.5 + r * (1.0 / 6.0) + square * (1.0 / 24.0 + r * fifth))

    /// 2^k (head + tail) as a float, also where 2^k is none and where the result has fewer than 53 bits.
    let inline private scaled (head: float) (tail: float) (k: int64) =
        let mutable y = head + tail

        if k < -1022L || k = -1022L && y < 1.0 then
            // Beside this power of two the sum rounds once, at the last bit a subnormal result can hold.
            let coarse = power2 (-1022L - k)
            let rest = lostBelow coarse y + lostBelow head tail
            y <- (coarse + y + rest) - coarse

        y * power2 (k >>> 1) * power2 (k - (k >>> 1))

    let private expOf (x: float) =
        let n = nearest (x * stepsPerUnit)
        let r = (x - n * stepHead) - n * stepTail
        let steps = int64 n
        let row = 2 * (int steps &&& 127)
        let head = powerTable[row]
        let rest = powerTable[row + 1]
        scaled head (rest + (head + rest) * (r + expTail r)) (steps >>> 7)

    /// e^x, within 0.51 ulp for every finite x, subnormal results included.
    /// exp ±0 = 1, exp −∞ = +0, exp +∞ = +∞, exp NaN = NaN; +∞ above 709.7827 and +0 below −745.1332.
    /// Source: e^x = 2^k · 2^(j/128) · e^r with x = (128 k + j) · ln 2 / 128 + r (Tang 1989). Law: exp never decreases.
    let exp (x: float) : float =
        if x > -746.0 && x < 710.0 then expOf x
        elif x >= 710.0 then infinity
        elif x <= -746.0 then 0.0
        else nan

    /// e^x − 1 for 1/256 < |x| < 64, each rounding error of the leading terms kept and added last.
    let private expm1Of (x: float) =
        let n = nearest (x * stepsPerUnit)
        let coarse = x - n * stepHead
        let fine = -n * stepTail
        let r = coarse + fine
        let rLost = lostBelow coarse fine
        let bits = BitConverter.DoubleToInt64Bits r
        // 26 bits of r have an exact product with the 27 bits of the table's head.
        let upper = BitConverter.Int64BitsToDouble(bits &&& ~~~0x7FFFFFFL)
        let steps = int64 n
        let scale = power2 (steps >>> 7)
        let row = 2 * (int steps &&& 127)
        let head = powerTable[row]
        let rest = powerTable[row + 1]
        let bend = expTail r + rLost
        let tail = head * (r - upper) + (rest + rest * r + (head + rest) * bend)
        let power = scale * head
        let less = power - 1.0
        let linear = scale * (head * upper)
        (less + linear) + (lostBelow less linear + lost power -1.0 + scale * tail)

    /// e^x − 1, within 0.51 ulp for every finite x and to full relative accuracy around 0.
    /// expm1 ±0 = ±0, expm1 −∞ = −1, expm1 +∞ = +∞, expm1 NaN = NaN; +∞ above 709.7827.
    /// Source: as exp, less 1 (Tang 1989). Laws: expm1 never decreases; expm1 undoes log1p.
    let expm1 (x: float) : float =
        if x = 0.0 then x // keeps its sign
        elif x >= -0.00390625 && x <= 0.00390625 then x + expTail x
        elif x > -40.0 && x < 64.0 then expm1Of x
        elif x <= -40.0 then -1.0
        else exp x // here 1 is below the last bit; also +∞ and NaN
