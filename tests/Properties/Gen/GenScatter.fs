/// Points as a trend meets them: scattered, in crowds, at few places, at extremes, none.
module internal SingleSharp.Properties.GenScatter

open FsCheck.FSharp
open SingleSharp.Core.Numerics

/// Points to smooth, and with what span.
type Scatter =
    { Span: float
      Points: (float * float) list }

/// Half of the points, or one less.
let private fewer scatter =
    seq {
        let half = scatter.Points.Length / 2

        if half > 0 then
            { scatter with
                Points = List.take half scatter.Points }

            { scatter with
                Points = List.skip half scatter.Points }

        for i in 0 .. min 50 scatter.Points.Length - 1 do
            { scatter with
                Points = List.removeAt i scatter.Points }
    }

let private scatters sizes spans position height =
    gen {
        let! size = sizes
        let! span = spans
        let! place = position
        let! points = Gen.listOfLength size (Gen.zip place height)
        return { Span = span; Points = points }
    }

let private real =
    Gen.choose (-1000000, 1000000) |> Gen.map (fun n -> float n / 99991.0)

let private few = Gen.choose (-4, 4) |> Gen.map float

/// Means of small counts: few, and as often as not at equal distances.
let private ofCounts =
    Gen.choose (1, 40) |> Gen.map (fun n -> Elementary.log (float n / 100.0))

/// Numbers far apart, zeros of either sign, neighbours.
let private wild =
    Gen.frequency
        [ 6, few
          3, real
          1, Gen.elements [ 0.0; -0.0; 5e-324; -1e-310; 1e-200; 1e-30; 1.0000000000000002; 1e99; -1e100 ] ]

let private foul =
    Gen.frequency [ 50, real; 1, Gen.elements [ 1e101; -1.7e308; nan; infinity ] ]

/// Enough points, most at places of their own, to settle every quadratic. Not shrunk, because fewer may not.
let tame =
    Arb.fromGen
    <| scatters (Gen.choose (40, 250)) (Gen.elements [ 0.25; 0.3; 0.5; 0.75; 1.0; 1.4; 3.0 ]) (Gen.constant real) (Gen.oneof [ real; few ])

let anything =
    let gen =
        scatters
            (Gen.frequency [ 2, Gen.choose (0, 5); 5, Gen.choose (6, 40); 3, Gen.choose (60, 250) ])
            (Gen.frequency
                [ 12, Gen.elements [ 0.3; 0.5; 0.75; 1.0; 1.5; 7.0 ]
                  3, Gen.elements [ 0.02; 0.1; 1e-9; 1e6; 1e300 ]
                  1, Gen.elements [ 0.0; -0.3; nan; infinity ] ])
            (Gen.frequency
                [ 4, Gen.constant ofCounts
                  3, Gen.constant few
                  3, Gen.constant real
                  3, Gen.constant wild
                  1, Gen.constant foul
                  1, Gen.map Gen.constant real
                  // A crowd and some that stand apart.
                  1, Gen.constant (Gen.frequency [ 9, Gen.constant 0.25; 1, real ]) ])
            (Gen.frequency [ 10, real; 6, few; 3, wild; 1, Gen.constant 1e100 ])

    Arb.fromGenShrink (gen, fewer)
