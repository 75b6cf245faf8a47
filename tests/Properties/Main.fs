module SingleSharp.Properties.Main

open Expecto

let all =
    testList
        "Properties"
        [ FoldLaws.tests
          SyntaxLaws.tests
          BlocksLaws.tests
          ElementaryLaws.tests
          QcLaws.tests
          NormalizeLaws.tests
          ValidityLaws.tests
          MedianLaws.tests
          PreprocessLaws.tests ]

[<EntryPoint>]
let main args = runTestsWithCLIArgs [] args all
