/// Eigenpairs from products alone, of matrices that hide pairs from them; and what they are made of.
module internal SingleSharp.Properties.LanczosLaws

open System
open System.Runtime.Intrinsics
open Expecto
open FsCheck
open FsCheck.FSharp
open SingleSharp.Core.Numerics
open SingleSharp.Properties.GenSymmetric
open SingleSharp.Properties.EigenLaws

let private watch workers = { Watch.none with Workers = workers }

/// Products one by one, in the plainest way.
let private operator together (matrix: Symmetric) =
    let multiply (x: float[]) (y: float[]) =
        for i in 0 .. matrix.Size - 1 do
            for b in 0..3 do
                let mutable sum = 0.0

                for j in 0 .. matrix.Size - 1 do
                    sum <- sum + matrix[i, j] * x[4 * j + b]

                y[4 * i + b] <- sum

    { Size = matrix.Size
      Together = together
      Multiply = Array.iter2 multiply }

let private found together matrix count =
    Lanczos.leading Watch.none (operator together matrix) count 20_000L

/// Spectra that are hard to find: repeated more often than a block is wide, close together, nothing but zeros, steep, of either sign. Of values
/// that are close together but not the same, more than a basis holds need not be found.
let private hardSpectrum size =
    gen {
        let! distinct =
            Gen.arrayOfLength size (Gen.choose (-1000000, 1000000) |> Gen.map (fun n -> float n / 1e6))

        let! repeated = Gen.arrayOfLength size (Gen.elements [ 0.0; 1.0; 1.0; 2.0; -1.0 ])
        let! times = Gen.choose (1, size)
        let! exponent = Gen.choose (-16, -3)

        return!
            Gen.elements
                [ distinct, true
                  repeated, true
                  Array.map2 (fun value offset -> value + Math.Pow(10.0, float exponent) * offset) repeated distinct, false
                  Array.init size (fun i -> if i < times then 10.0 else 0.0), true
                  Array.init size (fun i -> if i < times then 10.0 else 9.0), true
                  Array.zeroCreate size, true
                  Array.init size (fun i -> Math.Pow(0.3, float i)), true
                  Array.init size (fun i -> -float i), true
                  Array.init size (fun i -> 1.0 / float (1 + i)), true ]
    }

type private Asked =
    { Matrix: Symmetric
      Spectrum: float[]
      MustConverge: bool
      Count: int
      Together: int }

let private asked =
    gen {
        let! together = Gen.elements [ 1; 1; 2; 3 ]
        let! count = Gen.choose (1, 9)
        let least = (Lanczos.sizes count together).Most + 8 * together
        let! size = Gen.choose (least, least + 40)
        let! spectrum, mustConverge = hardSpectrum size
        let! matrix = withSpectrum spectrum

        return
            { Matrix = matrix
              Spectrum = Array.sortDescending spectrum
              MustConverge = mustConverge
              Count = count
              Together = together }
    }
    |> Arb.fromGen

/// Multivectors of small integers, whose products are exact in any order.
let private integers size =
    Gen.arrayOfLength (4 * size) (Gen.choose (-9, 9) |> Gen.map float)

let private integerTriangle =
    gen {
        let! size = Gen.oneof [ Gen.choose (1, 12); Gen.choose (13, 70) ]

        let! upper =
            Gen.arrayOfLength (size * (size + 1) / 2) (Gen.choose (-9, 9) |> Gen.map float)

        let! x = integers size

        return
            { Kind = "integers"
              Size = size
              Upper = upper },
            x
    }
    |> Arb.fromGen

/// Vectors as Gram–Schmidt meets them: any, repeated, of the basis, tiny, none.
let private vectors =
    gen {
        let! size = Gen.choose (20, 60)
        let fraction = Gen.choose (-1000000, 1000000) |> Gen.map (fun n -> float n / 1e6)
        let! basis = Gen.arrayOfLength (4 * size) fraction
        let! more = Gen.arrayOfLength (4 * size) fraction
        let! kinds = Gen.arrayOfLength 4 (Gen.choose (0, 5))

        let! scale =
            Gen.choose (-18, 3) |> Gen.map (fun exponent -> Math.Pow(10.0, float exponent))

        let y =
            Array.init (4 * size) (fun k ->
                let row, b = k / 4, k % 4

                match kinds[b] with
                | 0 -> 0.0
                | 1 -> basis[4 * row + b]
                | 2 -> basis[4 * row] + 1e-15 * more[k]
                | 3 -> more[4 * row]
                | 4 -> scale * more[k]
                | _ -> more[k])

        return basis, y
    }
    |> Arb.fromGen

let private column (x: float[]) b = Multivector.column x b

let private largest (numbers: float seq) = numbers |> Seq.map abs |> Seq.max

let private orthonormalize norm basis (y: float[]) =
    Orthonormal.add Watch.none (Scatter()) (Orthonormal.scratch (y.Length / 4)) norm basis y

let private orthonormal (basis, y: float[]) =
    let basis: float[] = Array.copy basis
    orthonormalize 1.0 [||] basis |> ignore
    let now = Array.copy y
    let norm = Seq.max (Seq.init 4 (fun b -> sqrt (dot (column y b) (column y b))))
    let parts = orthonormalize norm [| basis |] now

    for a in 0..3 do
        for b in 0..3 do
            Expect.isLessThan (abs (dot (column basis a) (column now b))) 1e-14 $"basis {a} and {b}"
            Expect.isLessThan (abs (dot (column now a) (column now b) - (if a = b then 1.0 else 0.0))) 1e-14 $"{a} and {b}"

    let made = Array.zeroCreate y.Length
    Multivector.add basis parts.Along 0 made 0 (y.Length / 4)
    Multivector.add now parts.Rest 0 made 0 (y.Length / 4)
    Expect.isLessThan (largest (Array.map2 (-) made y)) (1e-14 * max norm 1e-300) "what it was"

let tests =
    testList
        "Lanczos"
        [ Law.holdsFor 100 "residual, orthonormal, order; and none is missed" (fun () ->
              Prop.forAll asked (fun asked ->
                  match found asked.Together asked.Matrix asked.Count with
                  | ValueNone -> Expect.isFalse asked.MustConverge "convergence"
                  | ValueSome pairs ->
                      areEigenpairs asked.Matrix asked.Count pairs
                      let unit = largest (Seq.append [ 1.0 ] asked.Spectrum)

                      for i in 0 .. asked.Count - 1 do
                          Expect.isLessThan (abs (pairs.Values[i] - asked.Spectrum[i])) (tolerance * unit) $"value {i}"))

          Law.holds "scale" (fun () ->
              Prop.forAll asked (fun asked ->
                  Prop.forAll (Arb.fromGen (Gen.choose (-200, 200))) (fun exponent ->
                      let power = Math.ScaleB(1.0, exponent)
                      let ofPower = found asked.Together (scaled power asked.Matrix) asked.Count

                      match found asked.Together asked.Matrix asked.Count, ofPower with
                      | ValueSome pairs, ValueSome other ->
                          let values = pairs.Values |> Array.map (fun value -> power * value)
                          Expect.equal (allBits other) (allBits { pairs with Values = values }) $"2 to the power of {exponent}"
                      | one, other -> Expect.equal other.IsSome one.IsSome "both or none")))

          testCase "products that overflow are no pairs" (fun () ->
              let huge = scaled 1e306 (fixedMatrix 60)

              Expect.throwsT<ArithmeticException> (fun () -> Lanczos.leading Watch.none (operator 1 huge) 2 1000L |> ignore) "1e309")

          Law.holds "parts, orthonormal" (fun () -> Prop.forAll vectors orthonormal)

          Law.holds "the product of a triangle is the plain product, whoever computes" (fun () ->
              Prop.forAll integerTriangle (fun (matrix, x) ->
                  let plain = Array.zeroCreate x.Length
                  (operator 1 matrix).Multiply [| x |] [| plain |]

                  for workers in [ 1; 2; 8 ] do
                      let product = Array.create x.Length nan
                      let multiply = TriangleProduct.multiplier (watch workers) matrix.Size matrix.Upper
                      multiply x product
                      multiply x product
                      Expect.equal product plain $"{workers} workers"))

          testCase "sums of multivectors do not depend on where rows are cut" (fun () ->
              let size = 5001
              let x = (fixedMatrix 200).Upper[.. 4 * size - 1]
              let y = (fixedMatrix 210).Upper[.. 4 * size - 1]
              let coefficients = Array.init 4 (fun a -> Vector256.Create(0.1 * float a + 0.3))

              let added workers =
                  let target = Array.copy y

                  Multivector.byRows workers size (fun first next -> Multivector.add x coefficients 0 target first next)

                  bits target

              Expect.equal (added 3) (added 1) "3 workers"
              let whole = Array.copy y
              Multivector.add x coefficients 0 whole 0 size
              Expect.equal (added 1) (bits whole) "in one piece")

          testCase "a basis needs more rows than it has vectors" (fun () ->
              let size = (Lanczos.sizes 2 1).Most + 7
              let few = fixedMatrix size
              Expect.throwsT<ArgumentException> (fun () -> Lanczos.leading Watch.none (operator 1 few) 2 1000L |> ignore) "few rows")

          testCase "without convergence there are no pairs, and the triangle is taken another way" (fun () ->
              let size = 600

              let matrix = secondDifference size

              Expect.isTrue (Lanczos.leading Watch.none (operator 1 matrix) 4 100L).IsNone "a hundred products"
              let pairs = Eigen.leading Watch.none size 4 (Array.copy matrix.Upper)
              areEigenpairs matrix 4 pairs

              for k in 1..4 do
                  let expected =
                      2.0 - 2.0 * Math.Cos(float (size + 1 - k) * Math.PI / float (size + 1))

                  Expect.isTrue (isNear expected pairs.Values[k - 1]) $"value {k}")

          testCase "the same bits on every machine" (fun () ->
              let matrix = fixedMatrix 600
              Expect.isTrue (Eigen.isIterative 600 4) "by products"

              Expect.equal
                  (fingerprint (Eigen.leading Watch.none 600 4 (Array.copy matrix.Upper)))
                  "04dd25b1772e1fc97e65758ef85dec8ee7008e09bc08091683fd1ad5c85116b4"
                  "SHA-256 of four pairs of 600") ]
