/// Bins and what is normal in them, against definitions and against what pandas, NumPy and statsmodels give.
module internal SingleSharp.Properties.BinsLaws

open System
open Expecto
open FsCheck
open FsCheck.FSharp
open SingleSharp.Core.Steps
open SingleSharp.Properties.InMemory

/// Means as they come: some equal, some far from the others, some negative; at least one.
let private means =
    Gen.frequency
        [ 6, Gen.choose (0, 4000) |> Gen.map (fun n -> float n / 64.0)
          2, Gen.elements [ 0.0; 1e-12; 0.5; 1.0 ]
          1, Gen.choose (-100, 100) |> Gen.map (fun n -> float n / 7.0)
          1, Gen.elements [ 1e6; 3e-9 ] ]
    |> Gen.nonEmptyListOf
    |> Gen.map Array.ofList
    |> Arb.fromGen

/// Dispersions, many of them unknown.
let private dispersions =
    Gen.frequency
        [ 6, Gen.choose (-400, 400) |> Gen.map (fun n -> float n / 37.0)
          2, Gen.elements [ 0.25; 1.5 ]
          2, Gen.constant nan
          1, Gen.elements [ infinity; -infinity ] ]
    |> Gen.listOf
    |> Gen.map Array.ofList
    |> Arb.fromGen

let private finite values = values |> Array.filter Double.IsFinite

let private close (left: float) (right: float) =
    abs (left - right) <= 1e-12 * (1.0 + abs left + abs right)

/// A number between two neighbours of a sorted list, by its definition.
let private between (sorted: float list) percent =
    let place = float (sorted.Length - 1) * percent / 100.0
    let below = int (floor place)
    let above = min (sorted.Length - 1) (below + 1)
    sorted[below] + (sorted[above] - sorted[below]) * (place - float below)

let tests =
    testList
        "Bins"
        [ Law.holds "every mean lies in its bin: above the lower edge, and not above the upper one" (fun (count: byte) ->
              Prop.forAll means (fun means ->
                  let edges = Bins.even (1 + int count % 30) means
                  let bins = Bins.find edges means

                  edges.Length = 2 + int count % 30
                  && Array.forall2 (fun bin mean -> edges[bin] < mean && mean <= edges[bin + 1]) bins means))

          Law.holds "bins of equal width are equally wide, but for the margin" (fun (count: byte) ->
              Prop.forAll means (fun means ->
                  let n = 1 + int count % 30
                  let edges = Bins.even n means
                  let low, high = Array.min means, Array.max means

                  if low = high then
                      edges[0] < low && edges[n] > high
                  else
                      let width = (high - low) / float n

                      edges[n] = high
                      && close edges[0] (low - 0.001 * (high - low))
                      && Seq.forall (fun k -> abs (edges[k] - (low + float k * width)) <= 1e-12 * (abs low + abs high)) [ 1 .. n - 1 ]))

          Law.holds "percentiles interpolate between the sorted means" (fun () ->
              Prop.forAll means (fun means ->
                  let edges = Bins.percentiles means
                  let sorted = means |> Array.sort |> List.ofArray

                  edges.Length = 21
                  && edges[0] = -infinity
                  && edges[20] = infinity
                  && edges[19] = List.last sorted
                  && Seq.forall
                      (fun k ->
                          let expected = between sorted (5.0 * float (k + 1))
                          abs (edges[k] - expected) <= 1e-12 * (1.0 + Array.max (Array.map abs means)))
                      [ 1..19 ]))

          Law.holds "bins" (fun (seed: byte) ->
              Prop.forAll dispersions (fun dispersions ->
                  let bins = dispersions |> Array.mapi (fun i _ -> (i * (1 + int seed)) % 4)

                  [ Bins.byMean; Bins.byMedian ]
                  |> List.forall (fun scale ->
                      let together = Bins.normalize scale bins dispersions

                      [ 0..3 ]
                      |> List.forall (fun bin ->
                          let ofBin values =
                              Array.zip bins values |> Array.filter (fst >> (=) bin) |> Array.map snd

                          let alone = ofBin dispersions

                          Array.forall2 sameBits (ofBin together) (Bins.normalize scale (Array.create alone.Length 0) alone)))))

          Law.holds "the mean of a bin is its sum over its number, its unit the root mean square deviation" (fun () ->
              Prop.forAll dispersions (fun dispersions ->
                  let known = finite dispersions
                  let struct (centre, unit) = Bins.byMean known
                  let n = float known.Length
                  let mean = Array.sum known / n

                  let deviation =
                      sqrt ((known |> Array.sumBy (fun value -> (value - mean) * (value - mean))) / (n - 1.0))

                  match known.Length with
                  | 0 -> Double.IsNaN unit
                  | 1 -> centre = 0.0 && unit = known[0]
                  | _ -> close centre mean && close unit deviation))

          test "an infinity makes the mean infinite, two of different signs make it unknown" {
              Expect.equal (Bins.mean [| 1.0; infinity; 2.0 |]) infinity "one"
              Expect.isTrue (Double.IsNaN(Bins.mean [| 1.0; infinity; -infinity; 2.0 |])) "two"
              Expect.isTrue (Double.IsNaN(Bins.mean [||])) "nothing"
          }

          Law.holds "what is unknown does not count in a mean, and spoils a median deviation" (fun () ->
              Prop.forAll dispersions (fun dispersions ->
                  let known = dispersions |> Array.filter (Double.IsNaN >> not)
                  let struct (centre, unit) = Bins.byMean dispersions
                  let struct (sameCentre, sameUnit) = Bins.byMean known
                  let struct (median, deviation) = Bins.byMedian dispersions
                  let struct (sameMedian, _) = Bins.byMedian known

                  sameBits centre sameCentre
                  && sameBits unit sameUnit
                  && sameBits median sameMedian
                  && (known.Length = dispersions.Length || Double.IsNaN deviation)))

          Law.holds "half of the deviations from the median are within 0.67 units" (fun () ->
              Prop.forAll dispersions (fun dispersions ->
                  let known = finite dispersions
                  let struct (median, unit) = Bins.byMedian known

                  let share within =
                      known |> Array.filter (fun value -> within (abs (value - median) / unit)) |> Array.length |> (*) 2

                  known.Length = 0
                  || unit = 0.0
                  || share (fun deviation -> deviation < 0.6744897501960816) <= known.Length
                     && share (fun deviation -> deviation > 0.6744897501960818) <= known.Length))

          Law.holds
              "a gene alone in its bin gets 1, two get ±1/√2, equal ones nothing finite"
              (fun (first: NormalFloat) (second: NormalFloat) ->
                  let first, second = 1.0 + abs first.Get % 100.0, -1.0 - abs second.Get % 100.0

                  let normalize values =
                      Bins.normalize Bins.byMean (Array.map (fun _ -> 0) values) values

                  let two = normalize [| first; second; nan |]

                  normalize [| nan; first |] |> Array.last = 1.0
                  && close two[0] (sqrt 0.5)
                  && close two[1] -(sqrt 0.5)
                  && Double.IsNaN two[2]
                  && (normalize (Array.create 7 first) |> Array.forall (Double.IsFinite >> not)))

          test "mean, deviation and median deviation are those of pandas 1.5.3 and statsmodels" {
              let values = [| 0.1; 0.7; -1.3; 2.9; 0.1; 1e-3; 5.3 |]
              let struct (mean, deviation) = Bins.byMean values
              let struct (median, medianDeviation) = Bins.byMedian values

              Expect.equal
                  [ mean; deviation; median; medianDeviation ]
                  [ 1.1144285714285715; 2.2363043812760117; 0.1; 0.8895613311033611 ]
                  "to the last bit"

              Expect.equal (Bins.mean (Array.create 10 0.1)) 0.1 "nothing is lost on the way"
          }

          test "edges are those of pandas.cut" {
              Expect.equal
                  (Bins.even 3 [| 0.3; 0.1; 2.7; 1.9; 0.7; 0.2 |])
                  [| 0.0974; 0.9666666666666667; 1.8333333333333335; 2.7 |]
                  "from low to high"

              Expect.equal (Bins.even 3 [| 0.3; 0.3 |]) [| 0.29969999999999997; 0.2999; 0.3001; 0.3003 |] "equal means"
              Expect.equal (Bins.even 2 [| 0.0; 0.0 |]) [| -0.001; 0.0; 0.001 |] "zeros"
          }

          test "percentiles are those of NumPy 1.24" {
              let means = [| 0.3; 0.1; 2.7; 1.9; 0.7; 0.2 |]
              let edges = Bins.percentiles means

              Expect.equal
                  edges[1..19]
                  [| 0.15000000000000002
                     0.17500000000000002
                     0.2
                     0.225
                     0.25
                     0.275
                     0.3
                     0.39999999999999997
                     0.5
                     0.6
                     0.7
                     1.0
                     1.2999999999999998
                     1.5999999999999999
                     1.9
                     2.1
                     2.3
                     2.5
                     2.7 |]
                  "to the last bit"

              let spread = Bins.percentiles [| 0.1; 2.8; 2.5; 0.0; 0.5; 1.0; 0.4; 2.4 |]

              Expect.equal
                  spread[1..12]
                  [| 0.07
                     0.11500000000000002
                     0.22000000000000006
                     0.325
                     0.41000000000000003
                     0.445
                     0.48000000000000004
                     0.575
                     0.75
                     0.9250000000000003
                     1.2800000000000002
                     1.7699999999999996 |]
                  "from the nearer neighbour"

              Expect.equal (Bins.find edges means) [| 6; 0; 18; 14; 10; 2 |] "a mean at an edge is below it"
          } ]
