// Logarithm and exponential from the four operations alone, so that every machine computes the same bits.
namespace SingleSharp.Core

open System
open System.Numerics

/// Natural logarithm and exponential, and their companions around 1 and 0, to within 0.52 ulp and with the same result bits on every
/// machine. The platform's own functions promise neither: each operating system's libm rounds the last bit its own way.
[<RequireQualifiedAccess>]
module Elementary =

    // Only + − × ÷, comparisons, integer arithmetic and bit casts appear below, each of which IEEE 754 rounds in one way. .NET never
    // contracts a*b + c into a fused multiply-add and evaluates float in 64 bits, so neither the processor nor the JIT can change a result.
    //
    // Both functions look most of the answer up and sum a short Taylor series for the rest: P. T. P. Tang, "Table-driven implementation of
    // the exponential function", ACM TOMS 15 (1989) 144, and "... of the logarithm function", ACM TOMS 16 (1990) 378.

    /// 2^k for −1022 ≤ k ≤ 1023, assembled from its exponent field.
    let inline private power2 (k: int64) =
        BitConverter.Int64BitsToDouble((1023L + k) <<< 52)

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

    // A table keeps each number as head + tail. Both pass through an int64, because how BigInteger itself rounds to float is not documented.
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

    /// For each of 128 slices of [45/64, 45/32): r ≈ 1/m with nine places, then −ln r as head and tail. The two slices that meet at 1
    /// have r = 1, so that ln m keeps its full relative accuracy there.
    let private tabulateLogs () =
        let table = Array.zeroCreate<float>(3 * 128)
        // Neighbouring inverses are so close that ten terms give the logarithm of their ratio.
        let mutable previous = 512
        let mutable lessLn = BigInteger.Zero

        for slice in 0..127 do
            let first = LowestMantissa + (int64 slice <<< 45)
            let low = BitConverter.Int64BitsToDouble first
            let high = BitConverter.Int64BitsToDouble(first + (1L <<< 45))

            let inverse =
                if low = 1.0 || high = 1.0 then
                    512
                else
                    int (1024.0 / (low + high) + 0.5)

            lessLn <- lessLn + lnRatio previous inverse
            previous <- inverse
            table[3 * slice] <- float inverse / 512.0
            table[3 * slice + 1] <- headOf 42 lessLn
            table[3 * slice + 2] <- tailOf 42 lessLn

        table

    let private logTable = tabulateLogs ()

    /// ln (1 + u) − u for |u| ≤ 1/128, by its Taylor series to u⁹ (Abramowitz & Stegun 4.1.24); the next term is below 2^−66 of u.
    let inline private logTail (u: float) =
        let square = u * u
        let fourth = 1.0 / 7.0 - u * (1.0 / 8.0) + square * (1.0 / 9.0)

        let cubic =
            1.0 / 3.0 - u * 0.25 + square * (0.2 - u * (1.0 / 6.0) + square * fourth)

        square * (u * cubic - 0.5)

    /// ln (2^−shift · (t + c)) for a normal t and a c below its last bit: with t = 2^k·m and u = m·r − 1, this is k·ln 2 − ln r + ln (1 + u).
    let inline private logOf (t: float) (c: float) (shift: int64) =
        let bits = BitConverter.DoubleToInt64Bits t
        let offset = bits - LowestMantissa
        let k = offset >>> 52
        let row = 3 * (int (offset >>> 45) &&& 127)
        let mantissa = bits - (k <<< 52)
        // The upper 32 bits of m and the lower 21 have exact products with r; Dekker's sum (Numer. Math. 18, 1971) keeps what u rounds off.
        let upper = BitConverter.Int64BitsToDouble(mantissa &&& ~~~0x1FFFFFL)
        let lower = BitConverter.Int64BitsToDouble mantissa - upper
        let r = logTable[row]
        let coarse = upper * r - 1.0
        let fine = lower * r
        let u = coarse + fine
        let uRest = (coarse - u) + fine + c * power2 -k * r
        let exponent = float (k - shift)
        let known = exponent * ln2Head + logTable[row + 1]
        let sum = known + u
        let sumRest = (known - sum) + u
        sum + (sumRest + (exponent * ln2Tail + logTable[row + 2] + uRest + logTail u))

    let private logEdge (x: float) =
        if x > 0.0 && x < infinity then
            logOf (x * power2 54L) 0.0 54L // x is subnormal: scale it into the normal range first
        elif x = 0.0 then
            -infinity
        elif x = infinity then
            infinity
        else
            nan

    /// The natural logarithm of x, within 0.52 ulp for every finite x > 0, subnormals included.
    /// log 1 = +0, log ±0 = −∞, log +∞ = +∞; log x = NaN for x < 0 and for NaN.
    /// Source: ln x = k·ln 2 − ln r + ln (1 + u) with x = 2^k·m, u = m·r − 1 (Tang 1990). Law: log is non-decreasing.
    let log (x: float) : float =
        if x >= 2.2250738585072014e-308 && x < infinity then
            logOf x 0.0 0L
        else
            logEdge x

    let private log1pEdge (x: float) =
        if x > -1.0 && x < 1.0 then
            logOf (1.0 + x) ((1.0 - (1.0 + x)) + x) 0L
        elif x = -1.0 then
            -infinity
        else
            log x // NaN for x < −1; above 2^60 adding 1 no longer shows

    /// ln (1 + x), within 0.52 ulp for every finite x > −1 and to full relative accuracy around 0.
    /// log1p ±0 = ±0, log1p −1 = −∞, log1p +∞ = +∞; log1p x = NaN for x < −1 and for NaN.
    /// Source: as log, of the rounded 1 + x and its exact rounding error (Knuth, TAOCP 2, 4.2.2, theorem B).
    /// Laws: log1p is non-decreasing; expm1 undoes it.
    let log1p (x: float) : float =
        if x > 0.0078125 && x < 1152921504606846976.0 then
            let t = 1.0 + x
            let back = t - x
            logOf t ((1.0 - back) + (x - (t - back))) 0L
        elif x >= -0.00390625 && x <= 0.0078125 then
            x + logTail x
        else
            log1pEdge x

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

    /// e^x near the ends of its range, where 2^k is no longer a float or the result has fewer than 53 bits.
    let private scaled (head: float) (tail: float) (k: int64) =
        let y = head + tail

        if k > -1022L || k = -1022L && y >= 1.0 then
            y * power2 (k - 1L) * 2.0
        else
            // Beside `coarse`, head + tail rounds once, at the last bit a subnormal 2^k·y can hold.
            let coarse = power2 (-1022L - k)
            let sum = coarse + y
            let rest = ((coarse - sum) + y) + ((head - y) + tail)
            (sum + rest - coarse) * power2 (k + 64L) * power2 -64L

    /// e^x, within 0.52 ulp for every finite x, subnormal results included.
    /// exp ±0 = 1, exp −∞ = +0, exp +∞ = +∞, exp NaN = NaN; +∞ above 709.7827 and +0 below −745.1332.
    /// Source: e^x = 2^k · 2^(j/128) · e^r with x = (128 k + j) · ln 2 / 128 + r (Tang 1989). Law: exp is non-decreasing.
    let exp (x: float) : float =
        if x > -746.0 && x < 710.0 then
            let n = nearest (x * stepsPerUnit)
            let r = (x - n * stepHead) - n * stepTail
            let steps = int64 n
            let k = steps >>> 7
            let row = 2 * (int steps &&& 127)
            let head = powerTable[row]
            let rest = powerTable[row + 1]
            let tail = rest + (head + rest) * (r + expTail r)

            if x > -708.0 && x < 709.0 then
                (head + tail) * power2 k
            else
                scaled head tail k
        elif x >= 710.0 then
            infinity
        elif x <= -746.0 then
            0.0
        else
            nan

    /// e^x − 1 for 1/256 < |x| < 64, each rounding error of the leading terms kept and added last.
    let private expm1Of (x: float) =
        let n = nearest (x * stepsPerUnit)
        let coarse = x - n * stepHead
        let fine = -n * stepTail
        let r = coarse + fine
        let rRest = (coarse - r) + fine
        // 26 bits of r have an exact product with the 27 bits of the table's head.
        let upper =
            BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits r &&& ~~~0x7FFFFFFL)

        let steps = int64 n
        let scale = power2 (steps >>> 7)
        let row = 2 * (int steps &&& 127)
        let head = powerTable[row]
        let rest = powerTable[row + 1]

        let tail =
            head * (r - upper) + (rest + (rest * r + (head + rest) * (rRest + expTail r)))

        let power = scale * head
        let less = power - 1.0
        let back = less - power
        let lessRest = (power - (less - back)) - (1.0 + back)
        let linear = scale * (head * upper)
        let sum = less + linear
        sum + ((less - sum) + linear + lessRest + scale * tail)

    /// e^x − 1, within 0.52 ulp for every finite x and to full relative accuracy around 0.
    /// expm1 ±0 = ±0, expm1 −∞ = −1, expm1 +∞ = +∞, expm1 NaN = NaN; +∞ above 709.7827.
    /// Source: as exp, less 1 (Tang 1989). Laws: expm1 is non-decreasing; log1p undoes it.
    let expm1 (x: float) : float =
        if x >= -0.00390625 && x <= 0.00390625 then x + expTail x
        elif x > -40.0 && x < 64.0 then expm1Of x
        elif x <= -40.0 then -1.0
        else exp x // here 1 is below the last bit; also +∞ and NaN
