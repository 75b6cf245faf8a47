/// Runs the suite, or what a test asked for in a process of its own.
module internal SingleSharp.Golden.Main

open Expecto
open SingleSharp
open SingleSharp.Golden

let all =
    testList
        "Golden"
        [ // What takes long begins first, so that no core waits for it in the end; and beside the packing of packages, what needs none.
          FuzzGolden.all
          ShardCluster.all
          Consumers.tests
          AheadGolden.tests
          FacadeGolden.tests
          FacadeOptions.tests
          FacadeRecords.tests
          DoorsGolden.tests
          DocsGolden.tests
          KillGolden.all
          PythonGolden.all
          SamplesGolden.tests
          ReportGolden.all
          Conformance.all
          PipelineConformance.all
          CrashGolden.all
          CompatibilityGolden.tests
          DeterminismGolden.all
          ImportGolden.all
          EscapeGolden.all
          DamageGolden.all
          MemoryGolden.all
          EdgeGolden.all
          FaultGolden.all
          SentenceGolden.all
          ChangedGolden.all
          DeviceGolden.all
          OwnershipGolden.all
          TogetherGolden.all
          OptionGolden.all
          ProvenanceGolden.all
          CommandGolden.all
          RecipeGolden.all
          MistakeGolden.all
          SpellingGolden.all
          ToolGolden.all
          RunFilesGolden.all
          CompletionGolden.all
          ManualGolden.all
          WorkflowGolden.all
          DisplayGolden.all
          ProtocolGolden.all
          ApartGolden.all
          UnfinishedGolden.all
          SignalGolden.all
          ShardGolden.all
          ShardFaults.all
          ShardKills.all
          VerifyGolden.all
          BrokenGolden.all
          FoldGolden.tests
          AskedGolden.all
          SymbolGolden.all
          JoinGolden.all
          RealGolden.all
          DenseGolden.all
          PlannedGolden.all
          CountsGolden.all
          CompressionGolden.all
          ScratchGolden.all
          InterruptionGolden.all
          ImportFaults.all
          InputGolden.tests
          StrangerGolden.tests
          LookGolden.tests
          UseGolden.tests
          ReadingGolden.all
          ApiGolden.all
          FrameGolden.all
          QueryGolden.all
          ExportGolden.all
          SplitGolden.all
          SplitFaultsGolden.all
          NarrowGolden.all
          PackedGolden.tests
          HeadGolden.all
          ColumnGolden.all
          OrderGolden.all
          AliasGolden.tests
          ValuesGolden.tests
          ScaleGolden.tests
          ScaleLayerGolden.tests
          OffsetGolden.tests
          ManyGenesGolden.tests
          BloscGolden.tests
          OddGolden.tests
          CaseGolden.all ]

[<EntryPoint>]
let main args =
    match List.ofArray args with
    | "--digest-of" :: recipe :: inputs ->
        DeterminismGolden.digestOf recipe inputs
        0
    | [ "--fuzz"; first; count ] ->
        FuzzGolden.printTally (int first) (int count)
        0
    | [ "--slowly"; recipe; input; output ] ->
        InterruptionGolden.slowly recipe input output
        0
    | [ "--commands" ] ->
        Resident.serve ()
        0
    | arguments -> Suite.run arguments all
