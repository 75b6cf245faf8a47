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
          ChecksumLaws.tests
          HeaderLaws.tests
          LinksLaws.tests
          DatatypeLaws.tests
          GlobalHeapLaws.tests
          AttributeLaws.tests
          ChunksLaws.tests
          FiltersLaws.tests
          SlabLaws.tests
          EncodeLaws.tests
          DraftLaws.tests
          RewriteLaws.tests
          ChunkTreeLaws.tests
          QcLaws.tests
          NormalizeLaws.tests
          MomentsLaws.tests
          HvgLaws.tests
          BinsLaws.tests
          DispersionLaws.tests
          DispersionBatchLaws.tests
          SeuratV3Laws.tests
          ValidityLaws.tests
          MedianLaws.tests
          FrameLaws.tests
          SchemaLaws.tests
          ReaderLaws.tests
          ReaderTypeLaws.tests
          DigestLaws.tests
          NewFileLaws.tests
          ColumnsLaws.tests
          ValuesLaws.tests
          CloneLaws.tests
          EditLaws.tests
          PlaceLaws.tests
          PlanLaws.tests
          PreprocessLaws.tests
          RecipeLaws.tests
          RobustnessLaws.tests
          MalformedLaws.tests ]

[<EntryPoint>]
let main args = runTestsWithCLIArgs [] args all
