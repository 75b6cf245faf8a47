/// Passes that are taken in parts have the answers and the output of those that are taken at once.
module internal SingleSharp.Properties.PartsLaws

open System
open System.Collections.Generic
open System.IO
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Shards
open SingleSharp.Properties.Gen
open SingleSharp.Properties.MemoryPart

/// So many rows, and where their blocks are cut: from 0 up to all of them, with ranges of no block among them.
type CutBlocks = CutBlocks of rows: int64 * bounds: int64 list

/// A fold that can be saved, of all kinds of composition.
type AnyFold =
    | Sum
    | Order
    | Always of int64
    | Both of AnyFold * AnyFold
    | Mapped of AnyFold
    | Shifted of AnyFold

let private cutBlocks =
    gen {
        let! blocks =
            Gen.frequency [ 1, Gen.constant 0; 2, Gen.choose (1, 40); 3, Gen.choose (97, 140) ]

        let! lacking = Gen.elements [ 0; 1; 4095 ]

        let! places =
            Gen.choose (0, 6) |> Gen.bind (fun count -> Gen.listOfLength count (Gen.choose (0, blocks)))

        let rows = max 0L (int64 blocks * 4096L - int64 lacking)
        return CutBlocks(rows, (0L :: (places |> List.sort |> List.map int64)) @ [ int64 blocks ])
    }

let rec private anyFold depth =
    let leaf =
        Gen.frequency
            [ 3, Gen.constant Sum
              3, Gen.constant Order
              1, Gen.choose (0, 9) |> Gen.map (int64 >> Always) ]

    if depth = 0 then
        leaf
    else
        let inner = anyFold (depth - 1)

        Gen.oneof
            [ leaf
              Gen.map2 (fun left right -> Both(left, right)) inner inner
              Gen.map Mapped inner
              Gen.map Shifted inner ]

let private powers = Array.init 32 (fun power -> Math.ScaleB(1.0, power))

/// What a row holds: numbers of very different size and many digits, so that the order of additions shows.
let private value (row: int64) =
    let mixed = uint64 (row + 1L) * 0x9E3779B97F4A7C15UL
    float (mixed >>> 12) * powers[int (mixed >>> 3 &&& 31UL)]

/// Rows as pairs of a first one and the one behind the last.
type private Rows = (struct (int64 * int64))

let private source rows perVisit : Source<Rows> =
    { Rows = rows
      Open =
        fun () ->
            { new RowReader<Rows> with
                member _.Read(first, count, visit) =
                    let stop = first + int64 count

                    for low in first .. int64 perVisit .. stop - 1L do
                        visit (struct (low, min stop (low + int64 perVisit)))

                member _.Dispose() = () } }

let private sum: Fold<Rows, int64 list> =
    Fold.saved
        Saved.float
        { Fresh = fun () -> 0.0
          Step =
            fun total (struct (first, stop)) ->
                let mutable total = total

                for row in first .. stop - 1L do
                    total <- total + value row

                total
          Merge = (+)
          Finish = fun total -> [ BitConverter.DoubleToInt64Bits total ] }

/// A number that tells every order of rows, parts and merges from every other, but not where row batches end.
let private order: Fold<Rows, int64 list> =
    Fold.saved
        Saved.int64
        { Fresh = fun () -> 1L
          Step =
            fun state (struct (first, stop)) ->
                let mutable state = state

                for row in first .. stop - 1L do
                    state <- state * 31L + row

                state
          Merge = fun left right -> (left * 1_000_003L ^^^ right) * 8191L + 7L
          Finish = List.singleton }

let rec private foldOf asked : Fold<Rows, int64 list> =
    match asked with
    | Sum -> sum
    | Order -> order
    | Always number -> Fold.always [ number ]
    | Both(left, right) -> Fold.both (foldOf left) (foldOf right) |> Fold.map (fun (struct (left, right)) -> left @ right)
    | Mapped inner -> foldOf inner |> Fold.map (List.map (fun number -> number * 3L + 1L))
    | Shifted inner -> foldOf inner |> Fold.premap (fun (struct (first, stop)) -> struct (first + 5L, stop + 5L))

/// Takes each range as a machine of its own would.
let private inParts schedule source (sink: unit -> Sink<'a>) (fold: unit -> Fold<'a, 'r>) bounds =
    [ for range in ranges bounds do
          let part = MemoryPart()
          Parts.take schedule source (sink ()) (fold ()) range part
          part ]

let private readers (parts: MemoryPart list) =
    parts |> Seq.map (fun part -> part :> PartReader)

let private isMid bound =
    bound % int64 Blocks.blocksPerSegment <> 0L

/// Keeps what leaves, and what it was begun with; can be saved.
let private recorder limit (left: List<int64>) : Sink<Rows> =
    let leave (buffer: List<int64>) =
        left.AddRange buffer
        buffer.Clear()

    Sink.ofSaved
        (fun writer (buffer: List<int64>) ->
            Saved.writeArray writer (buffer.ToArray())
            buffer.Clear())
        (fun reader -> leave (List(Saved.readArray reader: int64[])))
        { Begin = fun row -> List [ -row ]
          Fill = fun buffer (struct (first, stop)) -> buffer.AddRange [ first .. 97L .. stop - 1L ]
          IsFull = fun buffer -> buffer.Count >= limit
          Flush = leave
          Recycle = ignore
          Complete = fun () -> left.Add Int64.MinValue }

let tests =
    testList
        "Parts"
        [ Law.holdsWithResults 40 10 "parts" (fun tell (AnySchedule(workers, window)) (perVisit: uint16) ->
              Prop.forAll (Arb.fromGen (Gen.zip (anyFold 3) cutBlocks)) (fun (asked, CutBlocks(rows, bounds)) ->
                  let schedule =
                      { Blocks.sequential with
                          Workers = workers
                          Window = window }

                  let source = source rows (1 + int perVisit)
                  let fold () = foldOf asked
                  let parts = inParts schedule source (fun () -> Sink.none) fold bounds

                  // What says something: a cut inside a segment, which is not the last one.
                  let blocks = Blocks.count rows

                  if blocks > 96L && List.exists (fun bound -> bound < blocks && isMid bound) bounds then
                      tell (Ok())

                  let mutable whole = [||]

                  let merged =
                      Parts.merge rows (fold ()) (readers parts) (fun write -> whole <- bytesOf write)

                  merged = Blocks.run Blocks.sequential source Sink.none (fold ()) && readAll whole (Parts.answer (fold ())) = merged))

          test "the order in which parts are merged shows" {
              // Otherwise the law above would say nothing: a part that merged its own segments first has other bits.
              let rows = 4096L * 256L
              let source = source rows 4096

              let parts =
                  inParts Blocks.sequential source (fun () -> Sink.none) (fun () -> sum) [ 0L; 128L; 256L ]

              let states =
                  [ for part in parts ->
                        [ let states = List<float>()
                          (part :> PartReader).States(fun _ reader -> states.Add(reader.ReadDouble()))
                          yield! states ] ]

              let run = Blocks.run Blocks.sequential source Sink.none sum
              let merge = List.reduce (+) >> BitConverter.DoubleToInt64Bits >> List.singleton
              Expect.equal (merge (List.concat states)) run "from left to right"
              Expect.notEqual (merge (states |> List.map (List.reduce (+)))) run "each part by itself first"
          }

          Law.holdsFor
              60
              "a part has as many states as the cut says, at most, and one for each whole segment"
              (fun (tasks: byte) (n: uint16) ->
                  let tasks = 1 + int tasks % 9
                  let rows = int64 n * 9L
                  let source = source rows 4096

                  [ 0 .. tasks - 1 ]
                  |> List.forall (fun task ->
                      let range = ShardCut.range rows tasks task
                      let part = MemoryPart()
                      Parts.take Blocks.sequential source Sink.none (Fold.always ()) range part
                      let bounds = part.Ranges |> List.collect (fun range -> [ range.First; range.Stop ])

                      let follow =
                          bounds
                          |> List.skip (min 1 bounds.Length)
                          |> List.chunkBySize 2
                          |> List.forall (fun pair -> pair.Length < 2 || pair[0] = pair[1])

                      follow
                      && int64 part.Ranges.Length <= ShardCut.states rows tasks
                      && (part.Ranges.IsEmpty || (bounds.Head = range.First && List.last bounds = range.Stop))
                      && (range.First = range.Stop) = part.Ranges.IsEmpty))

          test "states that are not those of all blocks are refused" {
              let rows = 4096L * 40L
              let source = source rows 4096

              let parts =
                  inParts Blocks.sequential source (fun () -> Sink.none) (fun () -> sum) [ 0L; 10L; 20L; 40L ]

              for chosen in [ [ 0; 1 ]; [ 1; 2 ]; [ 0; 2 ]; [ 0; 2; 1 ]; [ 0; 0; 1; 2 ]; [] ] do
                  Expect.throwsT<InvalidOperationException>
                      (fun () -> Parts.merge rows sum (readers [ for i in chosen -> parts[i] ]) ignore |> ignore)
                      $"the parts {chosen}"
          }

          test "a fold that cannot be saved is refused" {
              let fold: Fold<Rows, unit> =
                  Fold.ofSteps
                      { Fresh = ignore
                        Step = fun () _ -> ()
                        Merge = fun () () -> ()
                        Finish = id }

              for fold in
                  [ fold
                    Fold.map ignore (Fold.both sum fold)
                    Fold.map ignore (Fold.both fold sum) ] do
                  Expect.throwsT<InvalidOperationException>
                      (fun () -> Parts.take Blocks.sequential (source 5L 1) Sink.none fold { First = 0L; Stop = 1L } (MemoryPart()))
                      "taken"
          }

          Law.holdsFor 40 "outlets" (fun (AnySchedule(workers, window)) (limit: byte) ->
              Prop.forAll (Arb.fromGen cutBlocks) (fun (CutBlocks(rows, bounds)) ->
                  let schedule =
                      { Blocks.sequential with
                          Workers = workers
                          Window = window }

                  let source = source rows 700
                  let limit = 1 + 2 * int limit
                  let uses = [ SinkUse.Always; SinkUse.InTheEnd; SinkUse.OnDemand ]

                  let sinks (left: List<int64>[]) =
                      uses |> List.mapi (fun i usage -> recorder (limit + 7 * i) left[i] |> Sink.used usage) |> List.reduce Sink.both

                  let fresh () =
                      Array.init uses.Length (fun _ -> List<int64>())

                  let atOnce = fresh ()
                  Blocks.run schedule source (sinks atOnce) (Fold.always ())
                  let parts = inParts schedule source (fun () -> sinks (fresh ())) Fold.always bounds

                  let restored wanted isComplete =
                      let left = fresh ()
                      Parts.restore false (sinks left) wanted isComplete (readers parts)
                      left |> Array.map List.ofSeq |> List.ofArray

                  let all = atOnce |> Array.map List.ofSeq |> List.ofArray

                  // What is not wanted is passed over, and the rest comes as it would alone.
                  restored (fun _ -> true) true = all
                  && uses
                     |> List.indexed
                     |> List.forall (fun (i, usage) ->
                         restored ((=) usage) false
                         |> List.indexed
                         |> List.forall (fun (j, left) -> left = (if i = j then List.take (all[j].Length - 1) all[j] else []))))) ]
