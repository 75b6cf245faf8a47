/// The totals of the largest values of a row are those of the row sorted in descending order.
module internal SingleSharp.Properties.TopTotalsLaws

open Expecto
open FsCheck.FSharp
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.InMemory

/// Counts on either side of the last small one, and up to the last one; whatever has to be sorted; zeros of both signs.
let private value isCount =
    let counts =
        [ 10, Gen.choose (0, 3) |> Gen.map float
          2, Gen.choose (4, 1021) |> Gen.map float
          1, Gen.elements [ 1022.0; 1023.0; 1024.0; 1025.0; 65536.0; 16777215.0 ] ]

    let others =
        [ 2, Gen.elements [ 16777216.0; 16777217.0; 4294967296.0; 1e15 ]
          2, Gen.choose (-3, -1) |> Gen.map float
          2, Gen.choose (1, 1000) |> Gen.map (fun n -> float n / 37.0)
          1, Gen.elements [ -0.0; 5e-324; -5e-324; 1e300; -1e300; infinity; -infinity ] ]

    Gen.frequency (if isCount then counts else counts @ others)

/// Rows of a matrix of some genes, of which each stores some: counts only, or anything; a row may end in one odd value.
let private rows =
    gen {
        let! genes =
            Gen.frequency [ 1, Gen.constant 1; 6, Gen.choose (2, 20); 2, Gen.choose (60, 300) ]

        let row =
            gen {
                let! length =
                    Gen.frequency
                        [ 2, Gen.constant 0
                          1, Gen.constant 1
                          3, Gen.constant genes
                          6, Gen.choose (0, genes) ]

                let! isCount = Gen.elements [ true; true; false ]
                let! values = Gen.listOfLength length (value isCount)

                let! last =
                    Gen.frequency [ 4, Gen.constant []; 1, value false |> Gen.map List.singleton ]

                return List.truncate genes (last @ values) |> List.rev
            }

        let! ks = Gen.listOf (Gen.choose (1, genes))
        let! more = Gen.choose (0, 2 * genes)
        let! rows = Gen.nonEmptyListOf row
        return genes, List.sort (List.distinct ks), more, rows
    }

/// The rows one after another through the same scratch memory, between numbers that belong to none of them.
let private filled ks dense (rows: float list list) =
    let top = TopTotals(Array.ofList ks, dense)

    [ for row in rows do
          let totals = Array.create (List.length ks) nan
          let between = List.map List.indexed [ [ 9999.5 ]; row; [ 9999.5 ] ]
          top.Fill(RowBatches.ofRows 0L 0L between, 1, totals)
          List.ofArray totals ]

/// The definition: stored zeros are no values of their own; so many zeros stand among the others.
let private sorted ks zeros (row: float list) =
    let values = row |> List.filter (fun value -> value <> 0.0)

    let descending =
        values @ List.replicate (zeros values.Length) 0.0 |> List.sortDescending

    ks |> List.map (fun k -> descending |> List.truncate k |> List.fold (+) 0.0)

let private agree (left: float list list) (right: float list list) =
    List.forall2 (List.forall2 sameBits) left right

let tests =
    testList
        "TopTotals"
        [ Law.holdsFor 500 "of a sparse row, with zeros where it has fewer values than are asked for" (fun () ->
              Prop.forAll (Arb.fromGen rows) (fun (_, ks, more, rows) ->
                  // More values may be asked for than any row has.
                  let ks = if more = 0 then ks else List.sort (List.distinct (more :: ks))
                  let most = List.fold max 0 ks
                  agree (filled ks ValueNone rows) (rows |> List.map (sorted ks (fun count -> max 0 (most - count))))))

          Law.holdsFor 500 "of a dense row, with the zeros that are not stored" (fun () ->
              Prop.forAll (Arb.fromGen rows) (fun (genes, ks, _, rows) ->
                  agree (filled ks (ValueSome genes) rows) (rows |> List.map (sorted ks (fun count -> genes - count)))))

          Law.holds "the order of the values does not matter" (fun (seed: int) ->
              Prop.forAll (Arb.fromGen rows) (fun (genes, ks, _, rows) ->
                  let shuffled (row: float list) =
                      let row = Array.ofList row
                      System.Random(seed).Shuffle row
                      List.ofArray row

                  agree (filled ks (ValueSome genes) rows) (filled ks (ValueSome genes) (List.map shuffled rows))))

          test "ties, and the ends of what is counted" {
              let totals row =
                  filled [ 1; 2; 3; 5 ] ValueNone [ row ] |> List.exactlyOne

              Expect.equal (totals []) [ 0.0; 0.0; 0.0; 0.0 ] "no value"
              Expect.equal (totals [ 0.0; 0.0 ]) [ 0.0; 0.0; 0.0; 0.0 ] "zeros"
              Expect.equal (totals [ 7.0; 7.0; 7.0; 2.0; 7.0 ]) [ 7.0; 14.0; 21.0; 30.0 ] "ties"
              Expect.equal (totals [ 1.0; 1023.0; 1023.0; 1.0; 0.0 ]) [ 1023.0; 2046.0; 2047.0; 2048.0 ] "counted"
              Expect.equal (totals [ 1.0; 1023.0; 1024.0; 1.0; 0.0 ]) [ 1024.0; 2047.0; 2048.0; 2049.0 ] "sorted"
              Expect.equal (totals [ 0.5; -1.0; -2.0; 1.0 ]) [ 1.0; 1.5; 1.5; -1.5 ] "zeros above negative values"
          } ]
