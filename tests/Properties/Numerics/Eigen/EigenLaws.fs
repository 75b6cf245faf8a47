/// Eigenpairs against their definition, against known spectra and another solver, and to the exact bits they must have everywhere.
module internal SingleSharp.Properties.EigenLaws

open System
open System.Security.Cryptography
open Expecto
open FsCheck.FSharp
open MathNet.Numerics.LinearAlgebra
open SingleSharp.Core.Numerics
open SingleSharp.Properties.GenSymmetric

/// Errors are measured in the greatest length of a row, which ‖A‖ is not less than; the worst seen are below 1e-14.
let tolerance = 1e-13

let private leading matrix count =
    Eigen.leading Watch.none matrix.Size count (Array.copy matrix.Upper)

let norm matrix =
    let greatest = matrix.Upper |> Seq.map abs |> Seq.max

    let lengthOf row =
        let shares = Array.map (fun entry -> entry / greatest) row
        greatest * sqrt (dot shares shares)

    if greatest = 0.0 then 1.0 else Seq.max (Seq.init matrix.Size (rowOf matrix >> lengthOf))

/// The greatest ‖A v − λ v‖ in units of the norm.
let residual matrix (pairs: Eigenpairs) =
    let norm = norm matrix

    let rows =
        Array.init matrix.Size (rowOf matrix >> Array.map (fun entry -> entry / norm))

    Seq.zip pairs.Values pairs.Vectors
    |> Seq.map (fun (value, vector) ->
        let difference =
            rows |> Array.mapi (fun i row -> dot row vector - value / norm * vector[i])

        sqrt (dot difference difference))
    |> Seq.max

/// The greatest |vᵢᵀvⱼ − δᵢⱼ|.
let skewness (pairs: Eigenpairs) =
    Seq.max
        [ for i in 0 .. pairs.Vectors.Length - 1 do
              for j in 0..i -> abs (dot pairs.Vectors[i] pairs.Vectors[j] - (if i = j then 1.0 else 0.0)) ]

/// A v = λ v, vᵢᵀvⱼ = δᵢⱼ and λᵢ ≥ λᵢ₊₁.
let areEigenpairs matrix count (pairs: Eigenpairs) =
    Expect.equal (pairs.Values.Length, pairs.Vectors.Length) (count, count) "as many as asked for"
    Expect.all pairs.Vectors (fun vector -> vector.Length = matrix.Size) "as long as a row"
    Expect.isLessThan (residual matrix pairs) tolerance $"residual of {matrix.Kind}"
    Expect.isLessThan (skewness pairs) tolerance $"orthonormality of {matrix.Kind}"
    Expect.isTrue (Seq.forall (fun (left, right) -> left >= right) (Seq.pairwise pairs.Values)) "descending order"

let bits (numbers: float[]) =
    Array.map BitConverter.DoubleToInt64Bits numbers

let allBits (pairs: Eigenpairs) =
    Array.collect bits (Array.append [| pairs.Values |] pairs.Vectors)

let fingerprint pairs =
    allBits pairs |> Array.collect BitConverter.GetBytes |> SHA256.HashData |> Convert.ToHexStringLower

let isNear (expected: float) (found: float) =
    abs (found - expected) <= tolerance * max 1.0 (abs expected)

/// Where the eigenvalues of one solver stand apart, the other must have the same vector, up to its sign.
let private agreesWithMathNet matrix =
    let norm = norm matrix

    let theirs =
        Matrix<float>.Build.Dense(matrix.Size, matrix.Size, (fun i j -> matrix[i, j] / norm)).Evd(Symmetricity.Symmetric)

    let order = Array.init matrix.Size (fun i -> matrix.Size - 1 - i)
    let values = order |> Array.map (fun i -> theirs.EigenValues[i].Real)
    let ours = leading matrix matrix.Size

    let standsApart i =
        (i = 0 || values[i - 1] - values[i] > 1e-3) && (i = matrix.Size - 1 || values[i] - values[i + 1] > 1e-3)

    for i in 0 .. matrix.Size - 1 do
        Expect.isLessThan (abs (ours.Values[i] / norm - values[i])) 1e-12 $"value {i}"

        if standsApart i then
            let cosine = dot ours.Vectors[i] (theirs.EigenVectors.Column(order[i]).ToArray())
            Expect.isLessThan (abs (abs cosine - 1.0)) 1e-12 $"vector {i}"

let private refuses size count upper =
    Expect.throwsT<ArgumentException> (fun () -> Eigen.leading Watch.none size count upper |> ignore) $"{count} of {size}"

let tests =
    testList
        "Eigen"
        [ Law.holdsFor 400 "residual, orthonormal, order" (fun () ->
              Prop.forAll withCount (fun (matrix, count) -> areEigenpairs matrix count (leading matrix count)))

          Law.holds "prefix, of those by way of a tridiagonal matrix" (fun () ->
              Prop.forAll withCount (fun (matrix, count) ->
                  let direct count =
                      let upper = Array.copy matrix.Upper
                      Direct.scale Watch.none (Span upper) |> ignore
                      Direct.leading Watch.none matrix.Size count upper

                  let all = direct matrix.Size

                  allBits (direct count) =
                      allBits
                          { Values = Array.truncate count all.Values
                            Vectors = Array.truncate count all.Vectors }))

          Law.holds "scale" (fun () ->
              Prop.forAll withCount (fun (matrix, count) ->
                  Prop.forAll (Arb.fromGen (Gen.choose (-300, 300))) (fun exponent ->
                      let power = Math.ScaleB(1.0, exponent)
                      let other = scaled power matrix
                      let pairs = leading matrix count

                      let expected =
                          { pairs with
                              Values = pairs.Values |> Array.map (fun value -> power * value) }

                      // Values of the one matrix may be subnormal where those of the other are not.
                      Seq.forall hasAllDigits (Seq.concat [ other.Upper; expected.Values; pairs.Values ])
                      ==> lazy (allBits (leading other count) = allBits expected))))

          Law.holds "the values are those that the matrix was made of" (fun () ->
              Prop.forAll (Arb.fromGen spectrum) (fun values ->
                  Prop.forAll (Arb.fromGen (withSpectrum values)) (fun matrix ->
                      let found = (leading matrix values.Length).Values
                      Seq.forall2 isNear (Array.sortDescending values) found)))

          Law.holds "all values together are the trace, their squares the sum of all squares" (fun () ->
              Prop.forAll (Arb.fromGen anySymmetric) (fun matrix ->
                  let norm = norm matrix
                  let matrix = scaled (1.0 / norm) matrix
                  let values = (leading matrix matrix.Size).Values
                  let rows = List.init matrix.Size (rowOf matrix)
                  let trace = Seq.sum (Seq.init matrix.Size (fun i -> matrix[i, i]))
                  Expect.isLessThan (abs (Seq.sum values - trace)) (tolerance * float matrix.Size) "trace"
                  Expect.isTrue (isNear (Seq.sumBy (fun row -> dot row row) rows) (dot values values)) "squares"))

          Law.holds "MathNet.Numerics finds the same" (fun () -> Prop.forAll (Arb.fromGen anySymmetric) agreesWithMathNet)

          testCase "the second difference has the values 2 - 2 cos (k pi / (n + 1))" (fun () ->
              let size = 150

              let matrix = secondDifference size

              let pairs = leading matrix size
              areEigenpairs matrix size pairs

              for k in 1..size do
                  let expected = 2.0 - 2.0 * Math.Cos(float k * Math.PI / float (size + 1))
                  Expect.isTrue (isNear expected pairs.Values[size - k]) $"value {k}")

          testCase "the Hilbert matrix of order 3" (fun () ->
              let hilbert = symmetric "Hilbert" 3 (fun i j -> 1.0 / float (i + j + 1))

              let values = (leading hilbert 3).Values
              Expect.isTrue (isNear (1.0 / 2160.0) (values[0] * values[1] * values[2])) "determinant"
              Expect.isTrue (isNear (23.0 / 15.0) (Array.sum values)) "trace"
              Expect.isTrue (isNear 1.408318927123654 values[0]) "greatest")

          testCase "of a diagonal matrix, zero or not, the values are the entries and the vectors unit vectors, exactly" (fun () ->
              for entries in
                  [ [| 0.0 |]
                    [| 0.0; 0.0; 0.0 |]
                    [| 3.0; -1.0; 1e-200; 7.0; 3.0 |]
                    Array.create 40 0.1 ] do
                  let matrix =
                      symmetric "diagonal" entries.Length (fun i j -> if i = j then entries[i] else 0.0)

                  let pairs = leading matrix entries.Length
                  areEigenpairs matrix entries.Length pairs
                  Expect.equal pairs.Values (Array.sortDescending entries) "values"

                  for value, vector in Seq.zip pairs.Values pairs.Vectors do
                      let at = Array.findIndex ((<>) 0.0) vector
                      Expect.equal (Array.mapi (fun i _ -> if i = at then 1.0 else 0.0) vector) vector "unit vector"
                      Expect.equal entries[at] value "its entry")

          testCase "the ends of the floats are as good as their middle" (fun () ->
              for unit in [ 5e-324; 1e-310; Double.MaxValue / 4.0 ] do
                  let pairs =
                      leading (symmetric "two by two" 2 (fun i j -> if i = j then 2.0 * unit else unit)) 2

                  Expect.equal pairs.Values [| 3.0 * unit; unit |] "values"
                  Expect.isLessThan (skewness pairs) tolerance "orthonormality")

          testCase "eigenvalues that agree in all but the last digit do not hide each other" (fun () ->
              // Inverse iteration right at a value, as textbooks have it, finds again what it has found for another, and nothing besides.
              for joint, links in [ 1e-13, "1000101100"; 1e-14, "1011000111101011001" ] do
                  let matrix = chained joint (links |> Seq.map ((=) '1') |> List.ofSeq)
                  areEigenpairs matrix matrix.Size (leading matrix matrix.Size))

          testCase "dust, whose squares are not floats any more, does no harm" (fun () ->
              for exponent in -170 .. -130 do
                  let dust = Math.Pow(10.0, float exponent)

                  let matrix =
                      symmetric "dusty" 8 (fun i j -> if i = j then float i else float (1 + i * j % 7) * dust)

                  areEigenpairs matrix 8 (leading matrix 8))

          testCase "threads change nothing, and what one of them throws ends all" (fun () ->
              // Enough rows to be shared, and one panel of reflections more.
              let size = 600
              let matrix = fixedMatrix size

              let pairs workers count =
                  Eigen.leading { Watch.none with Workers = workers } size count (Array.copy matrix.Upper) |> allBits

              Expect.isTrue (Eigen.isIterative size 4 && not (Eigen.isIterative size 20)) "both ways are taken"

              for count in [ 4; 20 ] do
                  for workers in [ 2; 3; 8; 100 ] do
                      Expect.equal (pairs workers count) (pairs 1 count) $"{count} pairs, {workers} threads"

              let main = Environment.CurrentManagedThreadId

              let watch =
                  { Watch.none with
                      Workers = 2
                      Pause =
                          fun () ->
                              if Environment.CurrentManagedThreadId <> main then
                                  raise (OperationCanceledException())

                              // The other one has to get a piece.
                              Threading.Thread.Sleep 1 }

              for count in [ 4; 20 ] do
                  Expect.throwsT<OperationCanceledException>
                      (fun () -> Eigen.leading watch size count (Array.copy matrix.Upper) |> ignore)
                      $"another thread, {count} pairs")

          testCase "what follows the triangle is neither read nor written" (fun () ->
              let matrix = fixedMatrix 9
              let longer = Array.append matrix.Upper [| nan; 1.5; infinity |]
              let pairs = Eigen.leading Watch.none 9 4 longer
              Expect.equal (allBits pairs) (allBits (leading matrix 4)) "the same pairs"
              Expect.equal (bits longer[45..]) (bits [| nan; 1.5; infinity |]) "as they were")

          testCase "who looks on changes nothing, hears how far it is, and may end it" (fun () ->
              let matrix = fixedMatrix 60
              let told = ResizeArray<float>()
              let pauses = ref 0

              let watch =
                  { Watch.none with
                      Pause = fun () -> pauses.Value <- pauses.Value + 1
                      Tell = told.Add }

              let pairs = Eigen.leading watch 60 20 (Array.copy matrix.Upper)
              Expect.equal (allBits pairs) (allBits (leading matrix 20)) "the same pairs"
              Expect.equal (List.ofSeq told) (List.sort (List.ofSeq told)) "it only goes forward"
              Expect.isTrue (Seq.forall (fun share -> share >= 0.0 && share <= 1.0) told && Seq.last told = 1.0) "to the end"
              Expect.isGreaterThan pauses.Value 60 "pauses"

              // Wherever it is, it ends at the next pause.
              for stop in [ 1; 10; 100; pauses.Value / 2; pauses.Value ] do
                  let left = ref stop

                  let watch =
                      { Watch.none with
                          Pause =
                              fun () ->
                                  left.Value <- left.Value - 1

                                  if left.Value = 0 then
                                      raise (OperationCanceledException()) }

                  Expect.throwsT<OperationCanceledException>
                      (fun () -> Eigen.leading watch 60 20 (Array.copy matrix.Upper) |> ignore)
                      $"at pause {stop}"

                  Expect.equal left.Value 0 "no pause after it")

          testCase "what has no eigenpairs is refused" (fun () ->
              refuses 0 0 [||]
              refuses 3 0 (Array.zeroCreate 6)
              refuses 3 4 (Array.zeroCreate 6)
              refuses 3 1 (Array.zeroCreate 5)
              refuses 70000 1 (Array.zeroCreate 5)

              for trouble in [ nan; infinity; -infinity ] do
                  for at in [ 0; 3; 5 ] do
                      refuses 3 1 (Array.init 6 (fun i -> if i = at then trouble else 1.0)))

          testCase "the same bits on every machine" (fun () ->
              // 60 fills panels of reflections and fours of rows evenly, 75 neither.
              Expect.equal
                  (fingerprint (leading (fixedMatrix 60) 20))
                  "63d61a937331a33162cb7ba27608bfa4e02af0ed8791afc186ecd89491a12c0c"
                  "SHA-256 of the pairs of 60"

              Expect.equal
                  (fingerprint (leading (fixedMatrix 75) 75))
                  "762504897ae92e89928711da285ed208513743faa8c5a5e2f6e8afd9b4f5f008"
                  "SHA-256 of the pairs of 75") ]
