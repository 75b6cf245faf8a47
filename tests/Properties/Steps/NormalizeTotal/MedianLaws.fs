/// The median that never holds its numbers is the median.
module internal SingleSharp.Properties.MedianLaws

open System
open System.IO
open Expecto
open SingleSharp.Core.Numerics
open SingleSharp.Core.Files
open SingleSharp.Core.Steps

let private medianOnDisk precision isCounted (numbers: float list) =
    use scratch = new ScratchFile(Path.GetTempPath())
    scratch.Disk.Write(0L, ReadOnlySpan(numbers |> List.collect (BitConverter.GetBytes >> List.ofArray) |> Array.ofList))
    Median.ofNumbers precision scratch.Disk (int64 numbers.Length) isCounted

let private median precision (numbers: float list) =
    let sorted = List.sort numbers
    let middle = sorted.Length / 2
    let round = Precision.round precision

    if sorted.IsEmpty then nan
    elif sorted.Length % 2 = 1 then sorted[middle]
    else round (round (sorted[middle - 1] + sorted[middle]) / 2.0)

let tests =
    testList
        "Median"
        [ Law.holds "the median of integers" (fun (numbers: int list) ->
              let numbers = List.map float numbers
              InMemory.sameBits (medianOnDisk Precision.Double (fun _ -> true) numbers) (median Precision.Double numbers))

          Law.holds "the median of any numbers, in float32" (fun (numbers: float32 list) ->
              let numbers =
                  numbers |> List.map float |> List.filter (fun value -> not (Double.IsNaN value) && value <> 0.0)

              InMemory.sameBits (medianOnDisk Precision.Single (fun _ -> true) numbers) (median Precision.Single numbers))

          Law.holds "only counted numbers count" (fun (numbers: int list) ->
              let numbers = List.map float numbers
              let positive value = value > 0.0
              InMemory.sameBits (medianOnDisk Precision.Double positive numbers) (median Precision.Double (List.filter positive numbers)))

          test "a NaN that is counted makes the median NaN, as in NumPy; one that is not does not" {
              let numbers = [ nan; 3.0; nan; 1.0; 2.0 ]
              Expect.isTrue (Double.IsNaN(medianOnDisk Precision.Double (fun _ -> true) numbers)) "all"
              Expect.equal (medianOnDisk Precision.Double (fun value -> value > 0.0) numbers) 2.0 "the median of 1, 2, 3"
          } ]
