/// Two thousand mutants, the same every time: each command ends on each in success or a fault, in time and in little memory.
module SingleSharp.Golden.FuzzGolden

open System
open Expecto
open SingleSharp.Golden.Shared

let private mutants = 2000

let all =
    testSequenced
    <| testList
        "Fuzz"
        [ test $"{mutants} mutants" {
              Child.requirePython ()
              use sandbox = new Sandbox()
              let originals = Fuzz.originals sandbox.Folder false

              let tally = Fuzz.campaign originals [ 1_000_000 .. 1_000_000 + mutants - 1 ] ignore

              Expect.isEmpty tally.Troubles (String.concat "\n" tally.Troubles)
              Expect.equal tally.Mutants mutants "all were tried"

              // Mutants that are all refused, or all survive, would prove nothing.
              for command in [ "info"; "digest"; "verify"; "qc"; "preprocess" ] do
                  for ending in [ "success"; "Damaged" ] do
                      if not (command = "verify" && ending = "Damaged") then
                          let found =
                              tally.Endings |> List.tryPick (fun (key, count) -> if key = $"{command}: {ending}" then Some count else None)

                          Expect.isGreaterThan (Option.defaultValue 0 found) (mutants / 20) $"{command}: {ending}"
          } ]
