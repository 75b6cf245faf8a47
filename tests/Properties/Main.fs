module internal SingleSharp.Properties.Main

open Expecto
open SingleSharp

let all =
    testList
        "Properties"
        [ FoldLaws.tests
          SyntaxLaws.tests
          SinkLaws.tests
          BlocksLaws.tests
          ElementaryLaws.tests
          LoessLaws.tests
          EigenLaws.tests
          ChecksumLaws.tests
          ObjectHeaderLaws.tests
          LinksLaws.tests
          DatatypeLaws.tests
          GlobalHeapLaws.tests
          AttributeLaws.tests
          ChunksLaws.tests
          LzfLaws.tests
          ZstdLaws.tests
          BloscLaws.tests
          FiltersLaws.tests
          DatasetReaderLaws.tests
          IntegersLaws.tests
          EncodeLaws.tests
          FileEditorLaws.tests
          HardLinkUpdateLaws.tests
          RewriteLaws.tests
          ChunkTreeLaws.tests
          RowMaskLaws.tests
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
          DataFrameLaws.tests
          AnnDataFileLaws.tests
          MatrixLaws.tests
          ReaderLaws.tests
          ReaderTypeLaws.tests
          DuplicatesLaws.tests
          RowSelectionLaws.tests
          FaultLaws.tests
          Hdf5FileLaws.tests
          AccessListLaws.tests
          AdditionsLaws.tests
          ScratchFileLaws.tests
          CscToCsrLaws.tests
          BatchesLaws.tests
          SpillLaws.tests
          DigestLaws.tests
          NewFileLaws.tests
          ColumnSinkLaws.tests
          ScoreSinkLaws.tests
          ValueSinkLaws.tests
          AppendableDatasetLaws.tests
          SparseSinkLaws.tests
          DenseSinkLaws.tests
          CopyRangesLaws.tests
          EditLaws.tests
          ExtentsLaws.tests
          OutputStorageLaws.tests
          AlignedLaws.tests
          AlignedLinksLaws.tests
          SubsetArrayLaws.tests
          SubsetSparseLaws.tests
          SubsetLaws.tests
          PlanLaws.tests
          RunMemoryLaws.tests
          BudgetLaws.tests
          RunnerLaws.tests
          PipelineLaws.tests
          RecipeLaws.tests
          CrashLaws.tests
          RobustnessLaws.tests
          MalformedLaws.tests
          CountInputLaws.tests
          IndexTypeLaws.tests
          GunzipLaws.tests
          TextLinesLaws.tests
          NameTableLaws.tests
          ExternalSortLaws.tests
          MatrixMarketLaws.tests
          ObsmArrayLaws.tests
          ConcatLaws.tests
          Utf8Laws.tests
          UniqueNamesLaws.tests
          ColumnConcatLaws.tests
          DocsLaws.tests ]

[<EntryPoint>]
let main args = Suite.run (List.ofArray args) all
