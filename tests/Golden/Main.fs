/// Runs the suite, or what a test asked for in a process of its own.
module SingleSharp.Golden.Main

open Expecto
open SingleSharp
open SingleSharp.Golden

let all =
    testList
        "Golden"
        [ EdgeGolden.all
          FaultGolden.all
          SentenceGolden.all
          ChangedGolden.all
          DeviceGolden.all
          OwnershipGolden.all
          TogetherGolden.all
          OptionGolden.all
          CommandGolden.all
          MistakeGolden.all
          ToolGolden.all
          DamageGolden.all
          VerifyGolden.all
          BrokenGolden.all
          EscapeGolden.all
          AskedGolden.all
          FuzzGolden.all
          RealGolden.all
          DenseGolden.all
          MemoryGolden.all
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
          FrameGolden.all
          AliasGolden.tests
          ValuesGolden.tests
          OffsetGolden.tests
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
    | arguments -> Suite.run arguments all
