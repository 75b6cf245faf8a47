module SingleSharp.Golden.Main

open Expecto
open SingleSharp.Golden

let all = testList "Golden" [ EdgeGolden.all; RealGolden.all ]

[<EntryPoint>]
let main args = runTestsWithCLIArgs [] args all
