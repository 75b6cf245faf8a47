/// What is planned of memory counts what is taken: batches where they meet, buffers of codecs, rows that are put together first.
module internal SingleSharp.Properties.BudgetLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Inputs
open SingleSharp.Properties.Gen

/// Batches whose codes these are.
let private batches places (codes: int[]) =
    let openCodes () =
        fun (first: int64) count (target: int[]) -> Array.blit codes (int first) target 0 count

    new Batches(Array.init places string, openCodes, ValueNone)

let private spread =
    Law.holdsFor 30 "spread" (fun (seed: int) (blocks: byte) (places: byte) ->
        let random = Random seed
        let places = 1 + int places % 12
        let cells = int blocks % 70 * Blocks.rowsPerBlock + random.Next Blocks.rowsPerBlock
        // Batches one after another, with some cells that belong elsewhere.
        let codes =
            Array.init cells (fun cell -> if random.Next 5000 = 0 then random.Next(-1, places) else cell * places / max 1 cells)

        let met rows =
            codes |> Seq.chunkBySize rows |> Seq.map (Array.distinct >> Array.length) |> Seq.fold max 0

        use batches = batches places codes

        Batches.spread (int64 cells) batches =
            { Batches = places
              InBlock = met Blocks.rowsPerBlock
              InSegment = met (Blocks.rowsPerBlock * Blocks.blocksPerSegment)
              InAll = met (max 1 cells) })

let private codec name (filter: Filter) =
    test $"buffers of {name}" {
        let size = 1 <<< 20
        let chunk = Array.init size (fun i -> byte (i / 1000))

        let allocated work =
            let before = GC.GetAllocatedBytesForCurrentThread()
            let result = work ()
            result, GC.GetAllocatedBytesForCurrentThread() - before

        let encoded, written =
            GenFiles.withDisk [||] (fun disk ->
                allocated (fun () -> ChunkCodec(disk, "chunk", [ filter ], size).Encode(ReadOnlySpan chunk).ToArray()))

        let _, read =
            GenFiles.withDisk encoded (fun disk ->
                allocated (fun () ->
                    ChunkCodec(disk, "chunk", [ filter ], size)
                        .Decode(
                            { Address = 0L
                              Size = encoded.LongLength
                              Mask = 0u }
                        )
                        .Length))

        // Tables of the codecs aside.
        let tables = 600_000L
        let counted = ChunkCodec.Memory([ filter ], int64 size, encoded.LongLength)
        Expect.isLessThanOrEqual read (counted + tables) "what decoding takes"
        let counted = ChunkCodec.EncodingMemory([ filter ], int64 size)
        Expect.isLessThanOrEqual (written - encoded.LongLength) (counted + tables) "what encoding takes"
    }

let private filter id parameters =
    { Id = id
      Optional = true
      Parameters = parameters }

let private converted =
    test "rows that are put together before they are converted count as memory, beside names" {
        GenFiles.withPath (fun path ->
            let rows: Rows =
                { Genes = 2048
                  Rows = List.init 2100 (fun _ -> [ 0, 1.0 ]) }

            GenForms.write path (GenForms.AnyForm.Chunks(2100, 1024, true)) DType.Float32 rows
            use file = GenFiles.openRead path

            let least =
                match
                    GenFiles.faultOf (fun () ->
                        CountInput.fitOf
                            file.X
                            { Settings.standard with
                                Workers = 1
                                Memory = 1L }
                            0L)
                with
                | InsufficientMemory(_, needed, _, _) -> needed
                | other -> failtest $"{other}"

            Expect.isGreaterThanOrEqual least (CscToCsr.least file.X) "what puts rows together"

            let needed =
                (CountInput.fitOf file.X { Settings.standard with Workers = 1 } 0L).Memory

            let fit taken =
                CountInput.fitOf
                    file.X
                    { Settings.standard with
                        Workers = 1
                        Memory = needed }
                    taken

            Expect.equal (fit 0L).Memory needed "what fits"
            GenFiles.isFault "memory" (fun () -> fit (needed - CscToCsr.least file.X + 1L)))
    }

/// Needs of any size: nothing, a few bytes, gigabytes, and more than a number counts.
let private need =
    let bytes =
        Gen.frequency
            [ 2, Gen.constant 0L
              4, Gen.choose (1, 100000) |> Gen.map int64
              2, Gen.choose (1, 100000) |> Gen.map (fun n -> int64 n <<< 30)
              1, Gen.elements [ Int64.MaxValue; Int64.MaxValue - 1L; Int64.MaxValue / 2L + 1L ] ]

    gen {
        let! rows = Gen.elements [ ValueNone; ValueSome 0L; ValueSome 7L ]
        let! all = Gen.arrayOfLength 7 bytes
        // No state takes that much for one value.
        let! perValue = Gen.choose (0, 100)

        return
            { Rows = rows
              State = all[0]
              Segment = all[1]
              Result = all[2]
              Buffer = all[3]
              Worker = all[4]
              PerValue = int64 perValue
              Once = all[5]
              After = all[6] }
    }

let private bytesOf need =
    [ need.State
      need.Segment
      need.Result
      need.Buffer
      need.Worker
      need.PerValue
      need.Once
      need.After ]

let private beside =
    Law.holds
        "beside: the sum of both, or as much as a number counts, in any order and grouping; the rows are those that one of them names"
        (fun () ->
            Prop.forAll (Arb.fromGen (Gen.three need)) (fun (first, second, third) ->
                let both = Budget.beside first second

                let sum =
                    List.map2
                        (fun left right -> bigint (left: int64) + bigint (right: int64) |> min (bigint Int64.MaxValue) |> int64)
                        (bytesOf first)
                        (bytesOf second)

                let swapped = Budget.beside second first

                both.Rows = ValueOption.orElse second.Rows first.Rows
                && swapped.Rows = ValueOption.orElse first.Rows second.Rows
                && bytesOf both = sum
                && bytesOf swapped = sum
                && Budget.beside both third = Budget.beside first (Budget.beside second third)
                && Budget.beside first Budget.nothing = first
                && Budget.beside Budget.nothing first = first))

let tests =
    testList
        "Budget"
        [ spread
          beside
          codec "gzip" (filter Dataset.Deflate [| 1u |])
          codec "lzf" (filter Dataset.Lzf [||])
          for compressor in [ 1u; 4u; 5u ] do
              codec $"blosc {compressor}" (filter Dataset.Blosc [| 2u; 2u; 4u; 0u; 5u; 1u; compressor |])
          converted

          test "what no number counts is more than any memory" {
              use file = GenFiles.openRead (GenFiles.goldenEdge "plain_csr_f32")

              let fit memory =
                  Budget.tryFit
                      { file.X with Cells = 1L <<< 40 }
                      { Settings.standard with
                          Workers = 3
                          Memory = memory }
                      (Budget.folding (1L <<< 62))

              for memory in [ 1L <<< 30; Int64.MaxValue ] do
                  Expect.equal (fit memory) (Error Int64.MaxValue) "refused"
          } ]
