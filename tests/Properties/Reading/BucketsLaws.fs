/// Buckets hold neighbouring cells, each once, and no more values than are sorted at a time.
module internal SingleSharp.Properties.BucketsLaws

open Expecto
open FsCheck.FSharp
open SingleSharp.Core.Reading

/// Values of each stripe: none, few, nearly as many as a bucket has, and more.
let private anyCounts =
    Arb.fromGen (
        gen {
            let! stripes =
                Gen.frequency
                    [ 1, Gen.constant 0
                      1, Gen.constant 1
                      4, Gen.choose (2, 60)
                      1, Gen.choose (1000, 3000) ]

            let count =
                Gen.frequency
                    [ 3, Gen.constant 0
                      6, Gen.choose (1, 5000)
                      1, Gen.choose (Buckets.mostValues / 2, Buckets.mostValues)
                      1, Gen.choose (Buckets.mostValues + 1, 3 * Buckets.mostValues) ]

            let! counts = Gen.arrayOfLength stripes (Gen.map int64 count)
            // The last stripe may have fewer cells.
            let! missing = Gen.choose (0, int Buckets.stripe - 1)
            return max 0L (int64 stripes * Buckets.stripe - int64 missing), counts
        }
    )

let tests =
    testList
        "Buckets"
        [ Law.holdsFor 200 "every cell and value is in one bucket, in order" (fun () ->
              Prop.forAll anyCounts (fun (cells, counts) ->
                  let buckets = List.ofArray (Buckets.ofCounts cells counts)

                  let cellsBefore =
                      buckets |> List.map (fun bucket -> int64 bucket.Cells) |> List.scan (+) 0L

                  let valuesBefore =
                      buckets |> List.map (fun bucket -> int64 bucket.Values) |> List.scan (+) 0L

                  List.last cellsBefore = cells
                  && List.last valuesBefore = Array.sum counts
                  && buckets |> List.map _.FirstCell = List.truncate buckets.Length cellsBefore
                  && buckets |> List.map _.FirstValue = List.truncate buckets.Length valuesBefore))

          Law.holdsFor 200 "a bucket has whole stripes, and one stripe only where it has more values than are sorted at a time" (fun () ->
              Prop.forAll anyCounts (fun (cells, counts) ->
                  Buckets.ofCounts cells counts
                  |> Array.forall (fun bucket ->
                      let stripes = (int64 bucket.Cells + Buckets.stripe - 1L) / Buckets.stripe
                      let first = int (bucket.FirstCell / Buckets.stripe)

                      bucket.FirstCell % Buckets.stripe = 0L
                      && bucket.Cells > 0
                      && bucket.Cells <= Buckets.mostCells
                      && int64 bucket.Values = Array.sum counts[first .. first + int stripes - 1]
                      && (bucket.Values <= Buckets.mostValues || stripes = 1L)))) ]
