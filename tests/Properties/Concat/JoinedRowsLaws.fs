/// Inputs that are read where they lie give the rows of the file that convert makes of them.
module internal SingleSharp.Properties.JoinedRowsLaws

open System
open System.IO
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.AnnData
open SingleSharp.Core.Concat
open SingleSharp.Properties.Gen
open SingleSharp.Properties.AnnDataFiles

type private Case =
    { Inputs: GenStudies.Study list
      Join: Join
      SumDuplicates: bool
      ValuesPerBatch: int
      Schedule: AnySchedule }

/// Inputs without cells, of one, within a block and over its end; of the same genes or others.
let private anyCase =
    gen {
        let! first = GenStudies.study

        let input =
            gen {
                let! study = GenStudies.study

                let! cells =
                    Gen.frequency
                        [ 1, Gen.constant 0
                          1, Gen.constant 1
                          4, Gen.choose (2, 300)
                          1, Gen.choose (4000, 5000) ]

                let! genes = Gen.frequency [ 2, Gen.constant first.Genes; 1, Gen.choose (2, 12) ]

                return
                    { study with
                        Cells = cells
                        Genes = genes
                        HasNegative = false }
            }

        let! count = Gen.choose (2, 4)
        let! inputs = Gen.listOfLength count input
        let! join = Gen.elements [ Join.Inner; Join.Outer ]
        let! sums = Gen.frequency [ 3, Gen.constant false; 1, Gen.constant true ]
        let! valuesPerBatch = Gen.elements [ 1; 7; 100; 100_000 ]
        let! schedule = Arbitraries.AnySchedule().Generator

        return
            { Inputs = inputs
              Join = join
              SumDuplicates = sums
              ValuesPerBatch = valuesPerBatch
              Schedule = schedule }
    }
    |> Arb.fromGen

let private areThoseOfTheFile case =
    GenStudies.inFolder (fun inside ->
        let paths =
            case.Inputs
            |> List.mapi (fun i study ->
                let path = inside $"{i}.h5ad"
                GenStudies.write path study
                path)

        let request: ConvertRequest =
            { Options =
                { Input.convert with
                    Join = case.Join
                    SampleNames = paths |> List.mapi (fun i _ -> string i) }
              Matrix = MatrixName.X
              SumDuplicates = case.SumDuplicates }

        let target = inside "joined.h5ad"
        Convert.run request Settings.standard paths target |> ignore
        use file = GenFiles.openRead target
        let schedule = schedule case.Schedule
        let wanted = AnnDataFiles.read target schedule case.ValuesPerBatch

        /// The first value of each block, and the end of the last.
        let starts =
            [ for first in 0 .. Blocks.rowsPerBlock .. wanted.Length - 1 do
                  let _, value, _ = wanted[first]
                  value
              file.X.Stored ]

        Convert.gather request Settings.standard Settings.standard.Memory paths (inside "") (fun combination _ ->
            let rows starts =
                let source = JoinedRows.source combination starts ignore case.ValuesPerBatch

                Blocks.run schedule source Sink.none transcript

            let counted =
                Blocks.run
                    schedule
                    (JoinedRows.source combination ValueStarts.Unasked ignore case.ValuesPerBatch)
                    Sink.none
                    JoinedRows.starts

            let known = JoinedRows.tryStarts combination

            (if wanted.IsEmpty then
                 true
             else
                 List.ofArray counted = starts || failtest $"starts: %A{counted}, not %A{starts}")
            && (rows (ValueStarts.OfBlocks counted) = wanted || failtest "rows whose values were counted")
            && (known |> Option.forall (fun known -> rows (ValueStarts.OfInputs known) = wanted)
                || failtest "rows whose values are known")))

let tests =
    testList "JoinedRows" [ Law.holdsFor 40 "joined rows" (fun () -> Prop.forAll anyCase areThoseOfTheFile) ]
