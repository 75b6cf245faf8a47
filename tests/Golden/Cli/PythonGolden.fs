/// The Python package and its wheel: the tests in python/tests, run by the Python of the system on this working copy's tool.
module internal SingleSharp.Golden.PythonGolden

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open SingleSharp.Golden.Shared

let private package = Path.Combine(root, "python")

/// The program that common.py asks for what commands make; the package itself starts the tool.
let private resident =
    let program, arguments = Child.selfArguments [ "--commands" ]
    program :: arguments

let private start (folder: string) arguments =
    let info =
        Child.prepare
            "/usr/bin/python3"
            arguments
            [ "PYTHONPATH", package
              "PYTHONWARNINGS", "ignore"
              "PYTHONDONTWRITEBYTECODE", "1"
              "SINGLESHARP", Sample.tool
              "SINGLESHARP_RESIDENT", String.concat "\n" resident ]

    info.WorkingDirectory <- folder
    use running = Diagnostics.Process.Start info
    running.StandardInput.Close()
    let output = running.StandardOutput.ReadToEndAsync()
    let errors = running.StandardError.ReadToEnd()
    running.WaitForExit()
    running.ExitCode, output.Result, errors

/// What Python says that has this working copy's package and tool, and has to succeed.
let run folder arguments =
    match start folder arguments with
    | 0, output, _ -> output
    | _, _, errors -> failtest errors

let private suites =
    [ "signatures"
      "arguments"
      "files"
      "backed"
      "memory"
      "errors"
      "export"
      "recipes"
      "pages"
      "subset"
      "process"
      "wheel" ]

let private suite name =
    test name {
        Child.requirePython ()
        let file = Path.Combine(package, "tests", $"test_{name}.py")
        let code, _, said = start (Path.Combine(package, "tests")) [ file ]
        Expect.equal code 0 said

        // None is lost on the way.
        let written =
            Regex.Count(File.ReadAllText file, "^    def test_", RegexOptions.Multiline)

        Expect.stringContains said $"Ran {written} test" "all tests of the file"
    }

let private complete =
    test "every file of tests is run" {
        let files =
            Directory.GetFiles(Path.Combine(package, "tests"), "test_*.py") |> Array.map Path.GetFileNameWithoutExtension

        Expect.equal (Set files) (suites |> List.map (fun name -> $"test_{name}") |> Set) "python/tests"
    }

let all = testList "Python" (complete :: List.map suite suites)
