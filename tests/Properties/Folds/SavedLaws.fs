/// States of the folds of steps that are saved and read back merge into the same bits.
module internal SingleSharp.Properties.SavedLaws

open System
open System.Reflection
open System.Threading
open Expecto
open Microsoft.FSharp.Reflection
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Numerics
open SingleSharp.Core.Rows
open SingleSharp.Core.Steps
open SingleSharp.Properties.Gen
open SingleSharp.Properties.MemoryPart

let private all = BindingFlags.Public ||| BindingFlags.NonPublic

/// An answer bit by bit: NaN is itself, and −0 is not 0.
let rec private bits (answer: obj) : string =
    let several values =
        values |> Seq.map bits |> String.concat " " |> sprintf "[%s]"

    match answer with
    | null -> "null"
    | :? float as number -> BitConverter.DoubleToInt64Bits(number).ToString "x"
    | :? Distances as distances -> Convert.ToHexString(bytesOf distances.Write)
    | :? Array as values -> several (Seq.cast<obj> values)
    | _ when FSharpType.IsRecord(answer.GetType(), all) -> several (FSharpValue.GetRecordFields(answer, all))
    | _ when FSharpType.IsTuple(answer.GetType()) -> several (FSharpValue.GetTupleFields answer)
    | _ -> string answer

/// Values of a gene: each gene has a kind of its own.
let private valueOf isWild (random: Random) gene =
    match (gene: int) % 7 with
    | 0 -> float (random.Next 4)
    | 1 -> float (random.Next(1, 1 <<< 30)) * 3.0
    | 2 -> float (float32 (random.NextDouble() * 9.0))
    // So far from zero that squares say little.
    | 3 -> 1e6 + float (float32 (random.NextDouble()))
    | 4 -> 5e9
    | 5 when isWild -> Seq.item (random.Next 6) [ nan; infinity; -infinity; -0.0; -3.5; 1e-310 ]
    | 6 when isWild -> -0.0
    | _ -> float (random.Next(1, 3))

/// Row batches of a few rows in blocks and segments, the same on every call; blocks without rows are among them.
let private segmentsOf seed isWild genes groups =
    let random = Random(seed: int)
    let mutable cell = 0

    let batch () =
        let cells = random.Next(1, 6)

        let rows =
            [ for _ in 1..cells ->
                  [ for gene in 0 .. genes - 1 do
                        if gene % 7 = 3 || random.Next 3 > 0 then
                            gene, valueOf isWild random gene ] ]

        let rowBatch = RowBatches.ofRows (int64 cell) 0L rows
        Array.Copy(rowBatch.Values, rowBatch.Output, rowBatch.Count)

        for row in 0 .. cells - 1 do
            rowBatch.Factors[row] <- float (random.Next 3)

        if groups > 1 then
            // The last group has no cells, and some cells have no group.
            rowBatch.Groups <- Array.init cells (fun _ -> random.Next(-1, groups - 1))

        cell <- cell + cells
        rowBatch

    [ for _ in 1 .. random.Next(1, 5) -> [ for _ in 1 .. random.Next(1, 5) -> [ for _ in 1 .. random.Next 4 -> batch () ] ] ]

/// How often a state was saved that had distances: without these the law would say less than it seems to.
let mutable private distancesSaved = 0

let private merged merge states =
    match states with
    | [] -> ValueNone
    | states -> ValueSome(List.reduce merge states)

/// Folds and merges as runParts does, but saves states and reads them again here and there.
let private throughSaving (random: Random) (fold: Fold<'a, 'r>) segments =
    Fold.openSaved
        fold
        { new SavedUser<'a, 'r, 'r> with
            member _.Use(steps, form) =
                match form with
                | ValueNone -> failtest "it cannot be saved"
                | ValueSome form ->
                    let again state =
                        if random.Next 3 > 0 then
                            readAll (bytesOf (fun writer -> form.Write writer state)) form.Read
                        else
                            state

                    let ofBlock block =
                        List.fold steps.Step (steps.Fresh()) block |> again

                    let whole =
                        [ for blocks in segments do
                              match
                                  merged steps.Merge (List.map (fun block -> List.fold steps.Step (steps.Fresh()) block |> again) blocks)
                              with
                              | ValueSome state -> again state
                              | ValueNone -> () ]
                        |> merged steps.Merge
                        |> ValueOption.defaultWith (fun () -> ofBlock [])
                        |> again

                    // A merge saves the state and goes on with it.
                    bytesOf (fun writer -> form.Write writer whole) |> ignore
                    steps.Finish whole }

let private isSame seed segments (fold: unit -> Fold<RowBatch, 'r>) =
    let wanted: 'r = Fold.runParts (fold ()) (segments ())
    let found = throughSaving (Random(seed: int)) (fold ()) (segments ())

    if bits wanted <> bits found then
        failtest $"{bits wanted}\nbut through saving\n{bits found}"

    true

let private withVariances (moments: GroupedMoments) =
    let groups = Array.append moments.Groups [| moments.Others |]

    if groups |> Array.exists (fun group -> group.Distances.Count > 0) then
        Interlocked.Increment &distancesSaved |> ignore

    struct (moments, groups |> Array.map Moments.variances, Moments.ofAll moments)

/// The folds whose states parts hold, and whether they take any values: a Gram matrix is of finite ones, which ascend.
let private folds: (string * bool * (int -> int -> int -> (unit -> RowBatch list list list) -> bool)) list =
    let limits random genes groups =
        Array.init groups (fun _ -> Array.init genes (fun _ -> float ((random: Random).Next(1, 8))))

    let moments quantity seed genes groups segments =
        [ Precision.Single; Precision.Double ]
        |> List.forall (fun precision ->
            isSame seed segments (fun () ->
                Moments.perGene genes groups precision (quantity seed genes groups precision) |> Fold.map withVariances))

    [ "tallies", true, (fun seed genes _ segments -> isSame seed segments (fun () -> GeneTallies.perGene genes))
      "detections and totals", true, (fun seed genes _ segments -> isSame seed segments (fun () -> FilterRules.perGene genes))
      "findings", true, (fun seed _ _ segments -> isSame seed segments (fun () -> Validity.find false))
      "unscaled", true, (fun seed _ _ segments -> isSame seed segments (fun () -> Normalize.unscaled))
      "highly expressed",
      true,
      (fun seed genes _ segments -> isSame seed segments (fun () -> Normalize.highlyExpressed genes Precision.Single 0.3))
      "sums for shifts", true, (fun seed genes _ segments -> isSame seed segments (fun () -> Shift.sums genes))
      "gram", false, (fun seed genes _ segments -> isSame seed segments (fun () -> Gram.fold genes))
      "moments", true, moments (fun _ _ _ _ -> Quantity.Raw)
      "moments of what is written", true, moments (fun _ _ _ _ -> Quantity.Written)
      "moments of logarithms", false, moments (fun _ _ _ _ -> Quantity.Unlogged ValueNone)
      "moments of clipped values",
      true,
      moments (fun seed genes groups precision -> Quantity.Clipped(limits (Random(seed: int)) genes groups, precision))
      "several at once",
      true,
      (fun seed genes groups segments ->
          isSame seed segments (fun () ->
              Fold.both
                  (GeneTallies.perGene genes)
                  (Fold.both (Moments.perGene genes groups Precision.Double Quantity.Raw) (Validity.find false)))) ]

let tests =
    testSequenced
    <| testList
        "Saved"
        [ for name, takesAll, isSame in folds do
              Law.holdsFor 40 $"saved: {name}" (fun (seed: int) (isWild: bool) (genes: byte) (groups: byte) ->
                  let genes = 1 + int genes % 12
                  let groups = 1 + int groups % 4
                  isSame seed genes groups (fun () -> segmentsOf seed (isWild && takesAll) genes groups))

          test "states with distances were among them" { Expect.isGreaterThan distancesSaved 30 "moments of genes far from zero" }

          test "more detections than packed sums hold" {
              // Half a million detections of a gene fill a packed sum; counts of 2^30 fill its total.
              let rowBatch value =
                  let rowBatch = RowBatches.ofRows 0L 0L (List.replicate 4096 [ 0, value; 2, 1.0 ])
                  rowBatch.FirstCell <- 0L
                  rowBatch

              let small, large = rowBatch 1.0, rowBatch 16777215.0

              let segments () =
                  [ for segment in 0..4 -> [ for block in 0..31 -> [ (if (segment + block) % 7 = 0 then large else small) ] ] ]

              for seed in 1..3 do
                  Expect.isTrue (isSame seed segments (fun () -> GeneTallies.perGene 3)) "tallies"
          } ]
