module SingleSharp.Properties.Main

open Expecto

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
          HvgLaws.tests
          BinsLaws.tests
          DispersionLaws.tests
          DispersionBatchLaws.tests
          SeuratV3Laws.tests
          FilterLaws.tests
          GramLaws.tests
          PcaLaws.tests
          ValidityLaws.tests
          MedianLaws.tests
          FrameLaws.tests
          SchemaLaws.tests
          MatrixLaws.tests
          ReaderLaws.tests
          ReaderTypeLaws.tests
          DuplicatesLaws.tests
          SelectingLaws.tests
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
          PreprocessLaws.tests
          PipelineLaws.tests
          RecipeLaws.tests
          CrashLaws.tests
          RobustnessLaws.tests
          MalformedLaws.tests
          IntakeLaws.tests
          LinesLaws.tests
          EntriesLaws.tests
          MatrixMarketLaws.tests
          JointLaws.tests ]

[<EntryPoint>]
let main args = runTestsWithCLIArgs [] args all
