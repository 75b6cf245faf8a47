/// Damages small files as often as one likes: fuzz COUNT [SEED [tests]]; with the last word, only the files of the tests, so that a
/// seed means what it means there. Prints how every command ended, and the seeds of what must not happen.
module internal SingleSharp.Fuzz.Program

open System
open System.Diagnostics
open System.IO
open SingleSharp.Golden

[<EntryPoint>]
let main arguments =
    let count = if arguments.Length > 0 then int arguments[0] else 20_000
    let first = if arguments.Length > 1 then int arguments[1] else 1
    let folder = Directory.CreateTempSubdirectory "singlesharp-fuzz-"

    try
        let originals = Fuzz.originals folder.FullName (arguments.Length < 3)
        let clock = Stopwatch.StartNew()

        // A stack that overflows takes the program with it: the last seed that was told is the one.
        let told seed =
            File.WriteAllText(Path.Combine(Path.GetTempPath(), "singlesharp-fuzz-seed"), string seed)

            if seed % 1000 = 0 then
                eprintfn $"seed {seed}, {clock.Elapsed.TotalSeconds:F0} s"

        let tally = Fuzz.campaign originals (seq { first .. first + count - 1 }) told

        printfn
            $"{tally.Mutants} mutants of {originals.Length} files, seeds {first} to {first + count - 1}, in {clock.Elapsed.TotalSeconds:F0} s"

        for ending, times in tally.Endings do
            printfn $"  {ending}: {times}"

        for answer, times in tally.Outputs do
            printfn $"  outputs, by h5py: {answer}: {times}"

        tally.Troubles |> List.iter (printfn "%s")
        printfn $"{tally.Troubles.Length} troubles"
        if tally.Troubles.IsEmpty then 0 else 1
    finally
        folder.Delete true
