module SingleSharp.Properties.Main

open Expecto

let all =
    testList "Properties" [ FoldLaws.tests; SyntaxLaws.tests; BlocksLaws.tests; ElementaryLaws.tests; LinksLaws.tests ]

[<EntryPoint>]
let main args = runTestsWithCLIArgs [] args all
