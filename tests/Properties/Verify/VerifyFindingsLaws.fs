/// Findings are kept in order, the first of each object and kind, and a fault is one of them.
module internal SingleSharp.Properties.VerifyFindingsLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Verify

let private perObject = 10
let private inAll = 1000

/// Severities and paths as they come: of few objects much, or of many objects little.
let private anyFindings =
    Arb.fromGen (
        gen {
            let! paths = Gen.elements [ 1; 3; 200; 2000 ]

            let! length =
                Gen.frequency [ 1, Gen.constant 0; 6, Gen.choose (1, 60); 2, Gen.choose (900, 3000) ]

            let! severities =
                Gen.listOfLength length (Gen.elements [ Severity.Error; Severity.Warning; Severity.Note ])

            let! places = Gen.listOfLength length (Gen.choose (1, paths))
            return List.zip severities places |> List.mapi (fun i (severity, place) -> severity, $"uns/{place}", $"sentence {i}")
        }
    )

/// What is kept of them.
let private kept findings =
    let all =
        findings
        |> List.mapFold
            (fun counts (severity, path, sentence) ->
                let count = 1 + (Map.tryFind (severity, path) counts |> Option.defaultValue 0)

                let told =
                    if count <= perObject then Some sentence
                    elif count = perObject + 1 then Some "further findings of this kind are not listed"
                    else None

                told |> Option.map (fun told -> severity, path, told), Map.add (severity, path) count counts)
            Map.empty
        |> fst
        |> List.choose id

    if all.Length <= inAll then
        all
    else
        let severity, path, _ = all[inAll]
        List.truncate inAll all @ [ severity, path, "further findings are not listed" ]

let private told (findings: FindingList) =
    [ for finding in findings.All -> finding.Severity, finding.Path, finding.Sentence ]

let tests =
    testList
        "VerifyFindings"
        [ Law.holds "the first of each object are kept, in order" (fun () ->
              Prop.forAll anyFindings (fun added ->
                  let findings = FindingList()
                  added |> List.iter findings.Add
                  told findings = kept added))

          Law.holds "an error is one of everything that its object is in" (fun (places: byte list) ->
              let findings = FindingList()
              let isEven place = place % 2uy = 0uy

              for place in places do
                  if isEven place then findings.Error $"uns/{place}/x" "no" else findings.Warn $"uns/{place}/x" "no"

              let has (place: byte) =
                  List.contains place places && isEven place

              [ 0uy .. 255uy ] |> List.forall (fun place -> findings.HasError $"uns/{place}" = has place)
              && findings.HasError "uns" = List.exists isEven places
              && not (findings.HasError "un"))

          test "the root has a name" {
              let findings = FindingList()
              findings.Note "" "it is one"
              Expect.equal (told findings) [ Severity.Note, "/", "it is one" ] "of the root"
          }

          test "a fault is a finding, and what does not fit the memory allowed is not" {
              let findings = FindingList()

              for fault in
                  [ Damaged("file", "uns/a", "it is cut off")
                    Damaged("file", "byte 7", "it is cut off")
                    Unsupported("file", "uns/a", "szip")
                    Unsupported("file", "uns/a/b", "szip")
                    NotAnnData("file", "no obs")
                    Unreadable("file", "gone") ] do
                  Expect.isNone (findings.Try("uns/a", (fun () -> (Fault.throw fault: int)))) "no result"

              Expect.equal (findings.Try("uns/a", (fun () -> 7))) (Some 7) "a result"

              Expect.equal
                  (told findings)
                  [ Severity.Error, "uns/a", "it is cut off"
                    Severity.Error, "uns/a", "byte 7: it is cut off"
                    Severity.Warning, "uns/a", "it cannot be checked: szip"
                    Severity.Warning, "uns/a", "uns/a/b cannot be checked: szip"
                    Severity.Error, "uns/a", "no obs"
                    Severity.Error, "uns/a", "gone" ]
                  "what is told"

              match GenFiles.faultOf (fun () -> findings.Check("uns/a", (fun () -> Fault.throw (Fault.memory 9L 1L)))) with
              | InsufficientMemory _ -> ()
              | other -> failtest (Fault.sentence other)

              Expect.throwsT<InvalidOperationException> (fun () -> findings.Check("", (fun () -> invalidOp "a bug"))) "a bug is no finding"
          } ]
