module SingleSharp.Properties.Main

open Expecto
open SingleSharp

let all =
    testList
        "Properties"
        [ FoldLaws.tests
          SyntaxLaws.tests
          OutletLaws.tests
          BlocksLaws.tests
          ElementaryLaws.tests
          LoessLaws.tests
          EigenLaws.tests
          ChecksumLaws.tests
          HeaderLaws.tests
          LinksLaws.tests
          DatatypeLaws.tests
          GlobalHeapLaws.tests
          AttributeLaws.tests
          ChunksLaws.tests
          LzfLaws.tests
          ZstdLaws.tests
          BloscLaws.tests
          FiltersLaws.tests
          SlabLaws.tests
          WholeLaws.tests
          EncodeLaws.tests
          DraftLaws.tests
          RelinkLaws.tests
          RewriteLaws.tests
          ChunkTreeLaws.tests
          KeptLaws.tests
          RunsLaws.tests
          QcLaws.tests
          NormalizeLaws.tests
          MomentsLaws.tests
          DistancesLaws.tests
          HvgLaws.tests
          BinsLaws.tests
          DispersionLaws.tests
          DispersionBatchLaws.tests
          SeuratV3Laws.tests
          FilterLaws.tests
          GramLaws.tests
          PcaLaws.tests
          ShiftLaws.tests
          PcaByCellsLaws.tests
          ValidityLaws.tests
          MedianLaws.tests
          FrameLaws.tests
          SchemaLaws.tests
          MatrixLaws.tests
          ReaderLaws.tests
          ReaderTypeLaws.tests
          DuplicatesLaws.tests
          SelectingLaws.tests
          FaultLaws.tests
          StoreLaws.tests
          AccessListLaws.tests
          AdditionsLaws.tests
          ScratchLaws.tests
          TransposedLaws.tests
          BatchesLaws.tests
          SpillLaws.tests
          DigestLaws.tests
          NewFileLaws.tests
          ColumnsLaws.tests
          ScoresLaws.tests
          ValuesLaws.tests
          StretchLaws.tests
          SparseOutletLaws.tests
          DenseOutletLaws.tests
          CloneLaws.tests
          EditLaws.tests
          ClaimsLaws.tests
          PlaceLaws.tests
          AlignedLaws.tests
          AlignedLinksLaws.tests
          SubsetArrayLaws.tests
          SubsetSparseLaws.tests
          SubsetLaws.tests
          PlanLaws.tests
          MemoryLaws.tests
          BudgetLaws.tests
          PreprocessLaws.tests
          PipelineLaws.tests
          RecipeLaws.tests
          CrashLaws.tests
          RobustnessLaws.tests
          MalformedLaws.tests
          IntakeLaws.tests
          IndexTypeLaws.tests
          GunzipLaws.tests
          LinesLaws.tests
          NameTableLaws.tests
          EntriesLaws.tests
          MatrixMarketLaws.tests
          GridLaws.tests
          JointLaws.tests
          Utf8Laws.tests
          NamingLaws.tests
          TogetherLaws.tests ]

[<EntryPoint>]
let main args = Suite.run (List.ofArray args) all
