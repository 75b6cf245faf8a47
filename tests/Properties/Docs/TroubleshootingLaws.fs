/// docs/troubleshooting.md quotes what is said.
module internal SingleSharp.Properties.TroubleshootingLaws

open Expecto
open SingleSharp.Core
open SingleSharp.Properties.DocsLaws

/// Every case of Fault, as troubleshooting.md quotes it.
let private faults =
    let file = "FILE"

    [ NotFound file
      Unreadable(file, "WHY")
      NotAnnData(file, "WHY")
      Damaged(file, "PLACE", "WHAT")
      Damaged(file, "PLACE", "it is cut off")
      Unsupported(file, "PLACE", "WHAT")
      InvalidValue(file, "CELL", "GENE", 1.5)
      DuplicateEntry(file, "CELL", "GENE")
      InvalidOption("option", "WHY")
      InvalidStep("STEP", "WHY")
      Unsuitable("STEP", "WHY")
      CannotWrite(file, "WHY")
      InsufficientMemory("WHAT", 12L <<< 20, 8L <<< 20, "ADVICE, ")
      OutOfMemory
      InputChanged file
      NotYet("FOLDER", "WHAT") ]

let private quotations =
    test "docs/troubleshooting.md has a quotation for each kind of fault, and no other" {
        let nameOf fault =
            (fst (FSharp.Reflection.FSharpValue.GetUnionFields(fault, typeof<Fault>))).Name

        Expect.equal
            (faults |> List.map nameOf |> set)
            (FSharp.Reflection.FSharpType.GetUnionCases typeof<Fault> |> Seq.map _.Name |> set)
            "all cases are here"

        let quoted =
            (text "docs/troubleshooting.md").Split '\n'
            |> Array.filter _.StartsWith("> ")
            |> Array.map (fun line -> line.Substring 2)

        let said =
            faults |> List.map (fun fault -> (Fault.sentence fault).Replace("holds 1.5", "holds VALUE"))

        let only left right =
            String.concat "\n" (set left - set right)

        Expect.equal (only said quoted) "" "sentences that are not quoted"
        Expect.equal (only quoted said) "" "sentences that nobody says"
    }

let tests = testList "Troubleshooting" [ quotations ]
