/// A small file in order, usual steps on it, and other programs that are run beside them.
module internal SingleSharp.Golden.Sample

open System
open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared

let sample = here "edge/plain_csr_f32/input.h5ad"

let tool = Child.tool

let qc = (Recipe.ofSteps [ Qc.step Qc.defaults ])

let log1p = (Recipe.ofSteps [ Log1p.step Log1p.defaults ])

/// Two inputs as one.
let joined =
    { Input.convert with
        SampleNames = [ "a"; "b" ]
        IndexUnique = Some "-" }

/// Runs a recipe, to a file in a folder of the test's own.
let run recipe input (sandbox: Sandbox) =
    Pipeline.run recipe Settings.standard (Input.file input) (NewFile(sandbox.File "output.h5ad"))

/// A fault whose sentence says so.
let refused (parts: string list) (result: Result<'a, Fault>) =
    match result with
    | Ok _ -> failtest "a fault is expected"
    | Error fault ->
        for part in parts do
            Expect.stringContains (Fault.sentence fault) part "the sentence"

/// Runs a program that has to succeed, and returns what it says.
let must (program: string) arguments =
    if not (File.Exists program) then
        skiptest $"skipped: no {program}"

    let outcome = Child.run program arguments [] ""
    Expect.equal outcome.ExitCode 0 outcome.Errors
    outcome.Output.Trim()

let requireRoot () =
    if must "/usr/bin/id" [ "-u" ] <> "0" then
        skiptest "skipped: only root may give files to others"

/// Somebody else, who is not root.
let nobody = "65534:65534"
