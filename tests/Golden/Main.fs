/// Runs the suite, or what a test asked for in a process of its own.
module SingleSharp.Golden.Main

open Expecto
open SingleSharp.Golden

let all =
    testList
        "Golden"
        [ EdgeGolden.all
          FaultGolden.all
          SentenceGolden.all
          OptionGolden.all
          CommandGolden.all
          MistakeGolden.all
          ToolGolden.all
          DamageGolden.all
          VerifyGolden.all
          FuzzGolden.all
          RealGolden.all
          DenseGolden.all
          InterruptionGolden.all
          CrashGolden.all
          KillGolden.all
          DeterminismGolden.all
          Conformance.all
          PipelineConformance.all
          ImportGolden.all
          ImportFaults.all
          InputGolden.tests
          StrangerGolden.tests
          LookGolden.tests
          UseGolden.tests
          AliasGolden.tests
          CompatibilityGolden.tests
          Consumers.tests
          FacadeGolden.tests
          DocsGolden.tests ]

[<EntryPoint>]
let main args =
    match List.ofArray args with
    | "--digest-of" :: recipe :: inputs ->
        DeterminismGolden.digestOf recipe inputs
        0
    | [ "--slowly"; recipe; input; output ] ->
        InterruptionGolden.slowly recipe input output
        0
    | _ -> runTestsWithCLIArgs [] args all
