/// The small inputs of ../shared/cases: what once failed gives what their README calls right.
module internal SingleSharp.Golden.CaseGolden

open Expecto
open SingleSharp.Golden.Shared

let private numbers =
    [ "01"
      "02"
      "03"
      "04"
      "05"
      "06"
      "07"
      "08"
      "09"
      "10"
      "11, 12"
      "13"
      "14"
      "16"
      "20"
      "21"
      "22"
      "24"
      "25"
      "30" ]

let all =
    testList
        "Cases"
        [ for number in numbers do
              test number {
                  let cases = require "cases"
                  use sandbox = new Sandbox()

                  let found =
                      Child.scriptIn sandbox.Folder "cases.py" [ number; cases; "dotnet"; Child.tool ] ""

                  Expect.equal found "" "what is not right"
              } ]
