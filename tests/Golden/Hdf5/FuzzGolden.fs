/// Two thousand mutants, the same every time: each command ends on each in success or a fault, in time and in little memory.
module internal SingleSharp.Golden.FuzzGolden

open System
open System.Text.Json
open Expecto
open SingleSharp.Golden.Jobs
open SingleSharp.Golden.Shared

let private first = 1_000_000
let private mutants = 300

/// What a child does for us: try some seeds and print the tally. What a command allocates is counted by process, so no other test runs in it.
let printTally first count =
    use sandbox = new Sandbox()
    let originals = Fuzz.originals sandbox.Folder false
    let tally = Fuzz.campaign originals [ first .. first + count - 1 ] ignore
    Console.Out.WriteLine(JsonSerializer.Serialize tally)

let private tallyOf (first: int) (count: int) : Tally =
    let lines = Child.self [ "--fuzz"; string first; string count ] []
    JsonSerializer.Deserialize(List.last lines)

let all =
    test $"Fuzz: {mutants} mutants" {
        Child.requirePython ()
        let tally = tallyOf first mutants

        Expect.isEmpty tally.Troubles (String.concat "\n" tally.Troubles)
        Expect.equal tally.Mutants mutants "all were tried"

        // Mutants that are all refused, or all survive, would prove nothing.
        for command in [ "info"; "digest"; "verify"; "qc"; "preprocess" ] do
            for ending in [ "success"; "Damaged" ] do
                if not (command = "verify" && ending = "Damaged") then
                    let found =
                        tally.Endings |> List.tryPick (fun (key, count) -> if key = $"{command}: {ending}" then Some count else None)

                    Expect.isGreaterThan (Option.defaultValue 0 found) (mutants / 20) $"{command}: {ending}"
    }
