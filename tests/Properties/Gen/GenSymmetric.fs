/// Symmetric matrices to take apart: of every rank and spectrum, silent, scaled, next to degenerate.
module internal SingleSharp.Properties.GenSymmetric

open System
open FsCheck.FSharp

/// A symmetric matrix as its upper triangle, and what it is.
type Symmetric =
    { Kind: string
      Size: int
      Upper: float[] }

    member matrix.Item(i, j) =
        let row, column = min i j, max i j
        matrix.Upper[row * (2 * matrix.Size - row - 1) / 2 + column]

let symmetric kind size entry =
    { Kind = kind
      Size = size
      Upper =
        [| for i in 0 .. size - 1 do
               for j in i .. size - 1 -> entry i j |] }

let dot (x: float[]) (y: float[]) =
    let mutable sum = 0.0

    for i in 0 .. x.Length - 1 do
        sum <- sum + x[i] * y[i]

    sum

let rowOf (matrix: Symmetric) i =
    Array.init matrix.Size (fun j -> matrix[i, j])

/// Most of the sizes lie inside one panel of reflections, some reach into a second and a third.
let private size =
    Gen.frequency
        [ 1, Gen.constant 1
          1, Gen.constant 2
          6, Gen.choose (3, 12)
          6, Gen.choose (13, 40)
          1, Gen.choose (65, 75) ]

/// Between −1 and 1.
let private fraction =
    Gen.choose (-1000000000, 1000000000) |> Gen.map (fun n -> float n / 1e9)

let private fractions count = Gen.arrayOfLength count fraction

let private power low high =
    Gen.choose (low, high) |> Gen.map (fun exponent -> Math.Pow(10.0, float exponent))

let private filled kind size entry =
    Gen.arrayOfLength (size * (size + 1) / 2) entry
    |> Gen.map (fun upper ->
        { Kind = kind
          Size = size
          Upper = upper })

/// H A H for H = I − 2 u uᵀ/‖u‖²: another matrix with the spectrum of A.
let private reflected (u: float[]) (a: Symmetric) =
    let p = Array.init a.Size (fun i -> dot (rowOf a i) u)
    let square = dot u u
    let s = dot p u / square
    symmetric a.Kind a.Size (fun i j -> a[i, j] - 2.0 / square * (u[i] * p[j] + p[i] * u[j] - 2.0 * s * u[i] * u[j]))

/// A matrix with these eigenvalues.
let withSpectrum (values: float[]) =
    gen {
        let! normals =
            Gen.listOfLength 3 (Gen.arrayOfLength values.Length (Gen.choose (1, 1000) |> Gen.map float))

        let diagonal =
            symmetric "known spectrum" values.Length (fun i j -> if i = j then values[i] else 0.0)

        return List.foldBack reflected normals diagonal
    }

/// Eigenvalues that are distinct, repeated, clustered, mostly zero, falling steeply; of either sign.
let spectrum =
    gen {
        let! size = size
        let! distinct = fractions size
        let! repeated = Gen.arrayOfLength size (Gen.elements [ 0.0; 1.0; 1.0; 2.0; -1.0 ])
        let! width = power -16 -6

        return!
            Gen.elements
                [ distinct
                  repeated
                  Array.map2 (fun value offset -> value + width * offset) repeated distinct
                  Array.init size (fun i -> if i < 3 then 10.0 else 0.0)
                  Array.init size (fun i -> Math.Pow(0.3, float i)) ]
    }

/// A covariance of `cells` cells, of rank less than its size where they are few.
let private covariance size cells =
    Gen.arrayOfLength size (fractions cells)
    |> Gen.map (fun genes -> symmetric "covariance" size (fun i j -> dot genes[i] genes[j] / float cells))

/// Integers, among them blocks and repeated rows, with or without something next to nothing added.
let private nearlyWhole size =
    gen {
        let! entry =
            Gen.elements
                [ Gen.choose (-2, 2) |> Gen.map float
                  Gen.elements [ 0.0; 0.0; 0.0; 0.0; 1.0 ]
                  Gen.constant 0.0 ]

        let! whole = filled "nearly whole" size entry
        let! noise = filled "noise" size (Gen.frequency [ 1, Gen.constant 0.0; 1, fraction ])

        let! amount =
            Gen.frequency [ 1, Gen.constant 0.0; 3, power -20 -10; 1, power -165 -130 ]

        return symmetric whole.Kind size (fun i j -> whole[i, j] + amount * noise[i, j])
    }

/// Tridiagonal, zero on the diagonal, of short chains joined by next to nothing: clusters that agree in all but the last digits.
let chained joint (links: bool list) =
    let beside =
        links |> List.map (fun isLink -> if isLink then 1.0 else joint) |> Array.ofList

    symmetric "chains" (links.Length + 1) (fun i j -> if j = i + 1 then beside[i] else 0.0)

let private chains size =
    Gen.map2 chained (power -17 -10) (Gen.listOfLength (size - 1) (Gen.elements [ true; false ]))

/// 2 on the diagonal, −1 beside it: eigenvalues that are known, and crowd at their ends as they do in no covariance.
let secondDifference size =
    symmetric "second difference" size (fun i j ->
        match j - i with
        | 0 -> 2.0
        | 1 -> -1.0
        | _ -> 0.0)

/// Silent genes: rows and columns of zeros.
let private silenced matrix =
    Gen.arrayOfLength matrix.Size (Gen.elements [ true; true; false ])
    |> Gen.map (fun heard ->
        symmetric $"silenced {matrix.Kind}" matrix.Size (fun i j -> if heard[i] && heard[j] then matrix[i, j] else 0.0))

/// Not so small that digits are lost.
let hasAllDigits (number: float) = number = 0.0 || Double.IsNormal number

let scaled factor matrix =
    { matrix with
        Upper = Array.map (fun entry -> factor * entry) matrix.Upper }

let anySymmetric =
    gen {
        let! size = size

        let! matrix =
            Gen.oneof
                [ filled "random" size fraction
                  Gen.choose (1, 2 * size) |> Gen.bind (covariance size)
                  spectrum |> Gen.bind withSpectrum
                  nearlyWhole size
                  chains size ]

        let! matrix = Gen.frequency [ 4, Gen.constant matrix; 1, silenced matrix ]

        let! factor =
            Gen.frequency [ 4, Gen.constant 1.0; 1, Gen.elements [ 1e-150; 1e150; 1e-3; 1e7 ] ]

        let other = scaled factor matrix
        return if Array.forall hasAllDigits other.Upper then other else matrix
    }

let withCount =
    anySymmetric
    |> Gen.bind (fun matrix -> Gen.choose (1, matrix.Size) |> Gen.map (fun count -> matrix, count))
    |> Arb.fromGen

/// Integers below a thousand, by Knuth's generator (TAOCP 2, 3.3.4).
let fixedMatrix size =
    let mutable state = 1UL

    let next _ =
        state <- state * 6364136223846793005UL + 1442695040888963407UL
        float (int (state >>> 33) % 1000)

    { Kind = "fixed"
      Size = size
      Upper = Array.init (size * (size + 1) / 2) next }
