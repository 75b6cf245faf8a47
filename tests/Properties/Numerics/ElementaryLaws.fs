// The elementary functions against 256-bit arithmetic, at their special values, and to the exact bits they must give on every machine.
module internal SingleSharp.Properties.ElementaryLaws

open System
open Expecto
open SingleSharp.Core.Numerics

// The reference is digits·2^exponent in big integers, by other roads than the library's tables: a Machin formula for ln 2, halving and
// squaring for exp, Halley's iteration on exp for ln. A mistake in the one cannot hide in the other.
let private places = 256
let private unity = 1I <<< places

let private scaleBy (power: int) (digits: bigint) =
    if power >= 0 then digits <<< power else digits >>> -power

/// A finite float as digits·2^exponent, exactly.
let private exactly (x: float) : struct (bigint * int) =
    let bits = BitConverter.DoubleToInt64Bits x
    let field = int (bits >>> 52) &&& 0x7FF
    let fraction = bits &&& 0xFFFFFFFFFFFFFL
    let digits = if field = 0 then fraction else fraction ||| (1L <<< 52)
    struct (bigint (if bits < 0L then -digits else digits), max field 1 - 1075)

let private toFixed (x: float) =
    let struct (digits, exponent) = exactly x
    scaleBy (exponent + places) digits

/// ln 2 = 18 arcoth 26 − 2 arcoth 4801 + 8 arcoth 8749, with arcoth n = Σ 1/((2i + 1) n^(2i + 1)).
let private ln2 =
    let term n i =
        unity / (bigint (2 * i + 1) * bigint.Pow(bigint (n: int), 2 * i + 1))

    let arcoth n = Seq.sum (Seq.init 60 (term n))
    18I * arcoth 26 - 2I * arcoth 4801 + 8I * arcoth 8749

/// e^z in fixed point: Taylor's series of z/2^16 in Horner's form, squared sixteen times.
let private expFixed (z: bigint) =
    let small = z >>> 16
    let mutable power = unity

    for order in 14..-1..1 do
        power <- unity + ((small * power >>> places) / bigint order)

    for _ in 1..16 do
        power <- power * power >>> places

    power

let private expWide (x: float) : struct (bigint * int) =
    let k = int (Math.Round(x / 0.6931471805599453))
    struct (expFixed (toFixed x - bigint k * ln2), k - places)

/// ln (digits·2^exponent): from y ≈ ln m to y + 2 (m − e^y)/(m + e^y), which triples the 50 correct bits of the platform's guess.
let private logWide (struct (digits: bigint, exponent: int)) : struct (bigint * int) =
    let k = int (digits.GetBitLength()) - 1 + exponent
    let m = scaleBy (exponent - k + places) digits
    let leading = float (int64 (m >>> (places - 52)))
    let guess = toFixed (Math.Log(leading / 4503599627370496.0))
    let power = expFixed guess
    struct (guess + ((m - power) <<< (places + 1)) / (m + power) + bigint k * ln2, -places)

/// x ± x²/2, all that counts of expm1 and log1p below 2^−60.
let private tiny (sign: bigint) (x: float) : struct (bigint * int) =
    let struct (digits, exponent) = exactly x
    struct ((digits <<< (1 - exponent)) + sign * digits * digits, 2 * exponent - 1)

let private expm1Wide (x: float) =
    let struct (digits, exponent) = expWide x

    if abs x < 8.6e-19 then tiny 1I x else struct (digits - scaleBy -exponent 1I, exponent)

let private log1pWide (x: float) =
    let struct (digits, exponent) = exactly x
    let floor = min exponent 0
    let sum = scaleBy (exponent - floor) digits + (1I <<< -floor)

    if abs x < 8.6e-19 then tiny -1I x else logWide (struct (sum, floor))

/// |y − reference| in units of the last place of the reference.
let private ulps (y: float) (struct (digits: bigint, exponent: int)) =
    let struct (own, ownExponent) = exactly y
    let shared = min ownExponent exponent
    let miss = scaleBy (ownExponent - shared) own - scaleBy (exponent - shared) digits
    let last = max -1074 (int (bigint.Abs(digits).GetBitLength()) - 53 + exponent)
    float (scaleBy (shared - last + 40) (bigint.Abs miss)) / 1099511627776.0

/// Splitmix64 (Steele, Lea and Flood, OOPSLA 2014): the same samples on every machine and in every version of .NET.
let private draws (seed: uint64) =
    let mutable state = seed

    fun () ->
        state <- state + 0x9E3779B97F4A7C15UL
        let z = (state ^^^ (state >>> 30)) * 0xBF58476D1CE4E5B9UL
        let z = (z ^^^ (z >>> 27)) * 0x94D049BB133111EBUL
        z ^^^ (z >>> 31)

/// Log-uniform over the whole domain: any bit pattern.
let private anyFloat (draw: unit -> uint64) =
    BitConverter.UInt64BitsToDouble(draw ())

/// Log-uniform where the functions do their work: magnitudes from 2^−30 to 2^10.
let private workingFloat (draw: unit -> uint64) =
    let exponent = (993UL + draw () % 40UL) <<< 52
    BitConverter.UInt64BitsToDouble((draw () &&& 0x800FFFFFFFFFFFFFUL) ||| exponent)

/// x and the floats of its sign next to it on either side; beyond 0 they are NaN, which no domain admits.
let private around (reach: int) (x: float) =
    let bits = BitConverter.DoubleToInt64Bits x
    Array.init (2 * reach + 1) (fun i -> BitConverter.Int64BitsToDouble(bits + int64 (i - reach)))

/// The ends of log's row batches in some binades.
let private logSeams =
    [ for k in [ -1021; -300; -2; -1; 0; 1; 2; 9; 40; 1000 ] do
          for i in 0..128 -> Math.ScaleB(1.0 + float i / 128.0, k) ]

/// The ends and middles of the steps of exp and expm1, the multiples of ln 2 among them, and the ends of expm1's branches.
let private expSeams =
    [ for n in -275200 .. 262100 do
          if abs n < 1200 || n % 255 = 0 || n % 25600 = 0 then
              float n * 0.6931471805599453 / 256.0
      yield! [ -40.0; -0.00390625; 0.00390625; 64.0 ] ]

/// Powers of two, and 1 plus and minus each, from the least subnormal to the greatest float; where exp turns subnormal.
let private extremes =
    [ for k in -1074..3..1023 do
          let x = Math.ScaleB(1.0, k)
          yield! [ x; -x; 1.0 - x; 1.0 + x; x - 1.0 ]
      yield! [ Double.MaxValue; 709.7827; -745.1332 ]
      yield! List.init 30 (fun i -> -708.3964 - float i * 1e-4) ]

/// Counts over depths as normalization makes them, k/d for k = 1 .. 100, both as float and as stored in float32.
let private shares =
    let draw = draws 3UL

    [ for k in 1..100 do
          for _ in 1..50 do
              let depth = 0.01 + float (draw () % 1000000UL) / 997.0
              yield! [ float k / depth; float (float32 k / float32 depth) ] ]

let private isAccurate apply reference xs =
    let worst = Seq.maxBy (fun x -> ulps (apply x) (reference x)) xs
    Expect.isLessThan (ulps (apply worst) (reference worst)) 0.51 $"error in ulps, worst at {worst:R}"

/// FNV-1a (Fowler, Noll and Vo 1991) of the result bits over 100 000 floats, half of them in the working range.
let private fingerprint (apply: float -> float) =
    let draw = draws 7UL
    let mutable hash = 0xCBF29CE484222325UL

    for i in 1..100000 do
        let x = if i % 2 = 0 then anyFloat draw else abs (workingFloat draw)
        let bits = BitConverter.DoubleToUInt64Bits(apply x)

        for place in 0..8..56 do
            hash <- (hash ^^^ ((bits >>> place) &&& 0xFFUL)) * 0x100000001B3UL

    hash

let private lawsOf name (apply: float -> float) reference (low: float, high: float) seams print =
    let inside = Seq.filter (fun x -> x > low && x < high)

    let sample seed pick =
        let draw = draws seed
        Seq.initInfinite (fun _ -> pick draw) |> inside |> Seq.take 20000

    let errs place xs =
        testCase $"errs by less than 0.51 ulp {place}" (fun () -> isAccurate apply reference (inside xs))

    testList
        name
        [ errs "over the whole domain" (sample 1UL anyFloat)
          errs "where it does its work" (sample 2UL workingFloat)
          errs "beside its seams" (Seq.collect (around 1) seams)
          errs "at the extremes" (Seq.collect (around 1) extremes)
          testCase "never decreases beside its seams" (fun () ->
              for a, b in seams |> Seq.collect (fun x -> around 60 x |> inside |> Seq.sort |> Seq.pairwise) do
                  Expect.isLessThanOrEqual (apply a) (apply b) $"at {a:R}")
          Law.holds "never decreases" (fun (x: float, y: float) -> not (x <= y) || not (apply x > apply y))
          testCase "gives the same bits on every machine" (fun () -> Expect.equal (fingerprint apply) print "FNV-1a of the results") ]

let private answers =
    [ Elementary.log, -infinity, [ 0.0; -0.0 ]
      Elementary.log, 0.0, [ 1.0 ]
      Elementary.log, infinity, [ infinity ]
      Elementary.log, nan, [ -5e-324; -1.0; -infinity; nan ]
      Elementary.log1p, -infinity, [ -1.0 ]
      Elementary.log1p, infinity, [ infinity ]
      Elementary.log1p, nan, [ -1.0000000000000002; -infinity; nan ]
      Elementary.exp, 0.0, [ -infinity; -1e300; -745.1332191019412 ]
      Elementary.exp, 5e-324, [ -745.1332191019411 ]
      Elementary.exp, 1.0, [ 0.0; -0.0; 5e-324; -5e-324 ]
      Elementary.exp, infinity, [ 709.7827128933841; 1e300; infinity ]
      Elementary.exp, nan, [ nan ]
      Elementary.expm1, -1.0, [ -infinity; -1e300; -40.0 ]
      Elementary.expm1, infinity, [ 709.7827128933841; 1e300; infinity ]
      Elementary.expm1, nan, [ nan ]
      for x in [ 0.0; -0.0; 5e-324; -5e-324; 1e-300 ] do
          Elementary.log1p, x, [ x ]
          Elementary.expm1, x, [ x ] ]

/// Whether log1p x, rounded to float32, is the float32 nearest to ln (1 + x), half a unit of which is 2^28 ulps. The reference is asked
/// only where an ulp of error would decide. Of all 2^31 positive float32, six miss: there ln (1 + x) rounds to the midpoint of two.
let private roundsToNearest (x: float32) =
    let y = Elementary.log1p (float x)
    let isClear = Array.forall (fun z -> float32 z = float32 y) (around 1 y)
    isClear || ulps (float (float32 y)) (log1pWide (float x)) <= 268435456.0

let tests: Test =
    testList
        "Elementary"
        [ lawsOf "log" Elementary.log (exactly >> logWide) (0.0, infinity) logSeams 0x7DA2D53953775085UL
          lawsOf "log1p" Elementary.log1p log1pWide (-1.0, infinity) (List.map (fun x -> x - 1.0) logSeams) 0x9D59B9993CFAD5A5UL
          lawsOf "exp" Elementary.exp expWide (-800.0, 709.7827128933841) expSeams 0x7755D50F821D17C1UL
          lawsOf "expm1" Elementary.expm1 expm1Wide (-800.0, 709.7827128933841) expSeams 0xE2CF9DAB46C5AD9BUL
          testCase "log1p of a share errs by less than 0.51 ulp" (fun () -> isAccurate Elementary.log1p log1pWide shares)
          testCase "log1p rounds to the nearest float32" (fun () ->
              let draw = draws 5UL
              let xs = Seq.init 1000000 (fun _ -> float32 (abs (workingFloat draw)))
              let misses = xs |> Seq.filter (roundsToNearest >> not) |> Seq.length
              Expect.isLessThanOrEqual misses 1 "of a million")
          testCase "special values are those of IEEE 754, signed zeros included" (fun () ->
              for apply, answer, xs in answers do
                  for x in xs do
                      Expect.equal (BitConverter.DoubleToInt64Bits(apply x)) (BitConverter.DoubleToInt64Bits answer) $"at {x:R}")
          Law.holds "log1p is NaN below -1 and nowhere else" (fun (x: float) -> Double.IsNaN(Elementary.log1p x) = not (x >= -1.0))
          Law.holds "expm1 undoes log1p" (fun (x: float) ->
              let y = Elementary.log1p x
              let slack = 2.3e-16 * (abs x + (1.0 + x) * abs y)
              not (x > -1.0 && x < 1e300) || abs (Elementary.expm1 y - x) <= slack) ]
