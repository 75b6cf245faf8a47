/// The loess trend against its laws, its cells worked out by hand, one trend of scikit-misc's, and the bits it must give on every machine.
module internal SingleSharp.Properties.LoessLaws

open System
open System.Security.Cryptography
open Expecto
open FsCheck.FSharp
open SingleSharp.Core.Numerics
open SingleSharp.Properties.GenScatter
open SingleSharp.Properties.InMemory

let private fitOf scatter =
    Loess.fit scatter.Span (Array.ofList (List.map fst scatter.Points)) (Array.ofList (List.map snd scatter.Points))

let private move horizontally vertically scatter =
    { scatter with
        Points = scatter.Points |> List.map (fun (x, y) -> horizontally x, vertically x y) }

let private largest values =
    Array.fold (fun most value -> max most (abs value)) 0.0 values

/// Whether two trends agree within a part of the given size; two refusals do.
let private agree tolerance size left right =
    match left, right with
    | Ok left, Ok right -> Array.forall2 (fun l r -> abs (l - r) <= tolerance * size) left right
    | Error _, Error _ -> true
    | _ -> false

let private same left right =
    match left, right with
    | Ok left, Ok right -> Array.forall2 sameBits left right
    | left, right -> left = right

/// The value at v of the quadratic fitted to the nearest points, from the definition: normal equations, solved by Cramer's rule.
let private localValue scatter v =
    let points = scatter.Points |> List.map (fun (x, y) -> x - v, y)
    let q = int (float points.Length * scatter.Span + 1e-5) |> min points.Length

    let radius =
        sqrt (max 1.0 scatter.Span) * List.item (q - 1) (points |> List.map (fst >> abs) |> List.sort)

    let moment power values =
        points
        |> List.sumBy (fun (t, y) ->
            let r = min 1.0 (abs t / radius)
            (1.0 - r ** 3.0) ** 3.0 * (t / radius) ** power * (if values then y else 1.0))

    let s k = moment (float k) false
    let b k = moment (float k) true

    let det a b c d e f g h i =
        a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)

    det (b 0) (s 1) (s 2) (b 1) (s 2) (s 3) (b 2) (s 3) (s 4) / det (s 0) (s 1) (s 2) (s 1) (s 2) (s 3) (s 2) (s 3) (s 4)

/// Some points at each of some places.
let private crowds span crowds =
    { Span = span
      Points =
        [ for x, count in crowds do
              for i in 1..count -> x, float ((i * 37 + int (x * 10.0)) % 11) ] }

let private refuses name scatter (clause: string) =
    test name { Expect.equal (fitOf scatter) (Error clause) "the clause" }

let private pinned =
    { Span = 0.3
      Points = [ for i in 0..299 -> float (i * 7919 % 257) / 16.0 + float (i % 3), float ((i * i * 31 + i * 17) % 1009) / 8.0 - 40.0 ] }

let tests =
    testList
        "Loess"
        [ Law.holds "quadratic" (fun () ->
              Prop.forAll tame (fun scatter ->
                  fun (a: int8, b: int8, c: int8) ->
                      let quadratic x = float a + float b * x + float c * x * x
                      let exact = move id (fun x _ -> quadratic x) scatter
                      let heights = exact.Points |> List.map snd |> Array.ofList
                      agree 1e-9 (1.0 + largest heights) (fitOf exact) (Ok heights)))

          Law.holdsFor 300 "permutation" (fun () ->
              Prop.forAll anything (fun scatter ->
                  Prop.forAll (Arb.fromGen (Gen.shuffle [| 0 .. scatter.Points.Length - 1 |])) (fun order ->
                      let points = Array.ofList scatter.Points

                      let permuted =
                          { scatter with
                              Points = [ for i in order -> points[i] ] }

                      let expected =
                          fitOf scatter |> Result.map (fun fit -> Array.map (Array.get fit) order)

                      same (fitOf permuted) expected)))

          Law.holds "affine" (fun () ->
              Prop.forAll tame (fun scatter ->
                  fun (a: int8, b: int8) ->
                      let line y = float a * y + float b
                      let size = 1.0 + 200.0 * largest (Array.ofList (List.map snd scatter.Points))
                      agree 1e-9 size (fitOf (move id (fun _ y -> line y) scatter)) (Result.map (Array.map line) (fitOf scatter))))

          Law.holds "units" (fun () ->
              Prop.forAll tame (fun scatter ->
                  fun (j: int8, k: int8) ->
                      let scale power value = Math.ScaleB(value, int power)
                      // Below 1e-30 the margin around the points has a size of its own.
                      let scaled = move (scale (j / 2y)) (fun _ y -> scale k y) scatter
                      same (fitOf scaled) (Result.map (Array.map (scale k)) (fitOf scatter))))

          Law.holdsFor 1000 "any points end in finite numbers or a clause" (fun () ->
              Prop.forAll anything (fun scatter ->
                  match fitOf scatter with
                  | Ok fit -> fit.Length = scatter.Points.Length && Array.forall Double.IsFinite fit
                  | Error clause -> clause.Length > 10))

          Law.holds "at a vertex stands the value of its own quadratic" (fun () ->
              Prop.forAll tame (fun scatter ->
                  let xs = scatter.Points |> List.map fst |> List.sort |> Array.ofList
                  let vertices = Loess.vertices scatter.Span xs
                  let size = 1.0 + largest (Array.ofList (List.map snd scatter.Points))

                  match fitOf scatter with
                  | Error _ -> false
                  | Ok fit ->
                      List.zip (List.map fst scatter.Points) (List.ofArray fit)
                      |> List.filter (fun (x, _) -> Array.contains x vertices)
                      |> List.forall (fun (x, value) -> abs (value - localValue scatter x) <= 1e-6 * size)))

          test "places close together still settle a quadratic" {
              // Seen from the high end all but one place lie within a thousandth of the reach, where 1, t and t² hardly differ.
              let x = [| yield! Array.init 30 (fun i -> float i * 1e-4); 3.0 |]
              let y = x |> Array.map (fun x -> 1.0 + x - x * x)

              match Loess.fit 1.5 x y with
              | Error clause -> failtest clause
              | Ok trend ->
                  for found, exact in Array.zip trend y do
                      Expect.floatClose { absolute = 0.0; relative = 1e-9 } found exact "the quadratic itself"
          }

          test "cells are cut after the middle point until they hold a fifth of the span's points" {
              let vertices = Loess.vertices 1.0 [| 1.0 .. 10.0 |]
              Expect.equal vertices [| 1.0 - 0.045; 2.0; 3.0; 5.0; 7.0; 8.0; 10.0 + 0.045 |] "2 points to a cell"
          }

          test "a cut that would part equal x moves to the nearest that does not" {
              let vertices =
                  Loess.vertices 1.0 [| 1.0; 1.0; 1.0; 2.0; 3.0; 3.0; 3.0; 3.0; 3.0; 4.0 |]

              Expect.equal vertices [| 1.0 - 0.015; 1.0; 2.0; 3.0; 4.0 + 0.015 |] "none among the threes"
          }

          test "the search for a better cut ends with the cell" {
              let xs = [| 1.0; 2.0; 2.0; 2.0; 2.0 |]
              let around = [| 1.0 - 0.005; 2.0; 2.0 + 0.005 |]
              Expect.equal (Loess.vertices 1.0 xs) around "not cut after 1"
              Expect.equal (Loess.vertices 3.0 xs) around "three points left of the cut, which are not cut again"
          }

          test "the trend is that of scikit-misc" {
              let genes =
                  (GenFiles.fixtureText "loess.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries)
                  |> Array.map (fun line ->
                      line.Split '\t' |> Array.map (fun number -> Double.Parse(number, Globalization.CultureInfo.InvariantCulture)))

              let ln10 = Elementary.log 10.0
              let log10 value = Elementary.log value / ln10

              let column i =
                  genes |> Array.map (fun gene -> gene[i])

              match Loess.fit 0.5 (Array.map log10 (column 0)) (Array.map log10 (column 1)) with
              | Error clause -> failtest clause
              | Ok trend ->
                  Expect.equal genes.Length 118 "genes that vary"

                  for found, due in Array.zip trend (column 2) do
                      Expect.floatClose { absolute = 0.0; relative = 1e-13 } (Elementary.exp (found * ln10)) due "the variance due"
          }

          test "where every place is a vertex, a slope left open is no matter" {
              // Around each place lie too few others within the reach of 16 points to settle a quadratic, let alone around the low end.
              let scatter =
                  crowds 0.4 [ -1.0, 10; 0.0, 6; 0.6, 6; 1.0, 10; 2.0, 3; 3.0, 2; 4.0, 3 ]

              let means =
                  scatter.Points |> List.groupBy fst |> List.map (fun (x, points) -> x, List.averageBy snd points) |> Map.ofList

              match fitOf scatter with
              | Error clause -> failtest clause
              | Ok trend ->
                  for (x, _), value in List.zip scatter.Points (List.ofArray trend) do
                      if x < 1.5 then
                          Expect.floatClose Accuracy.high value means[x] $"the mean at {x}"
          }

          refuses
              "one point between such vertices needs the slope"
              (crowds 0.35 [ -1.0, 10; 0.0, 6; 0.1, 1; 0.6, 10; 1.0, 10; 2.0, 3; 3.0, 2; 4.0, 3 ])
              "the 15 of 45 points nearest to x = 0 have too few distinct x for a quadratic"

          refuses "no points" { Span = 0.3; Points = [] } "the span takes in 0 of 0 points, and a quadratic needs more than 3"
          refuses
              "three points"
              { Span = 0.3
                Points = List.init 13 (fun i -> float i, float i) }
              "the span takes in 3 of 13 points, and a quadratic needs more than 3"
          refuses "one x" (crowds 0.29 [ 0.5, 100 ]) "the 29 of 100 points nearest to x = 0.5 have too few distinct x for a quadratic"
          refuses
              "zeros of either sign"
              { Span = 0.3
                Points = List.replicate 20 (-0.0, 1.0) @ List.replicate 20 (0.0, 2.0) }
              "the 12 of 40 points nearest to x = 0 have too few distinct x for a quadratic"

          refuses
              "as many points at one x as the span takes in"
              (crowds 0.5 [ -1.0, 22; -0.7, 14; -0.6, 3 ])
              "the 19 of 39 points nearest to x = -1 have too few distinct x for a quadratic"
          refuses
              "three places"
              (crowds 1.0 [ -1.0, 22; -0.7, 14; -0.6, 3 ])
              "the 39 of 39 points nearest to x = -0.7 have too few distinct x for a quadratic"
          refuses "no span" (crowds 0.0 [ 0.5, 50 ]) "the span is not a number above 0"
          refuses "an endless span" (crowds infinity [ 0.5, 50 ]) "the span is not a number above 0"
          refuses
              "no number"
              { Span = 0.3
                Points = [ for i in 1..50 -> float i, (if i = 20 then nan else 1.0) ] }
              "a point is not a number, or beyond 1e100"

          test "the bits are the same on every machine" {
              match fitOf pinned with
              | Error clause -> failtest clause
              | Ok trend ->
                  let bytes = trend |> Array.collect BitConverter.GetBytes

                  Expect.equal
                      (Convert.ToHexStringLower(SHA256.HashData bytes))
                      "1cd435ba271917ffce2d68a2acf7ae805afbba7d6241520b3f63d45da342ae7e"
                      "SHA-256 of 300 float64, little-endian"
          } ]
