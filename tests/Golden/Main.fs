module SingleSharp.Golden.Main

open Expecto
open SingleSharp.Core

let all =
    testList "Golden" [ test "the core knows its version" { Expect.equal Library.version "0.1.0" "the version of the assembly" } ]

[<EntryPoint>]
let main args = runTestsWithCLIArgs [] args all
