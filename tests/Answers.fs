/// What the door answers, where a test needs an answer: a fault fails the test with its sentence.
module internal SingleSharp.Answers

open Expecto
open SingleSharp.Core

let need result =
    match result with
    | Ok value -> value
    | Error fault -> failtest (Fault.sentence fault)

let settings workers memory =
    { Settings.standard with
        Workers = workers
        Memory = memory }

/// The standard settings without the note of the run, which has the name of the input and the recipe: for results that are to be the
/// same whatever the input is called, and however many runs they took.
let withoutNote =
    { Settings.standard with
        Provenance = false }

/// The digest of a file, object by object.
let digest path =
    need (Pipeline.digest Settings.standard path)

/// One hash over the whole file.
let whole path = (digest path).Whole

/// The report of a recipe that is run on a file, to a new file.
let ranWith settings recipe input output =
    need (Pipeline.run recipe settings (Input.file input) (NewFile output))

/// The same with the standard settings.
let ran recipe input output =
    ranWith Settings.standard recipe input output

/// The least memory that a run accepts, which the refusal of one byte names.
let leastMemory recipe workers input =
    match Pipeline.info recipe (settings workers 1L) (Input.file input) with
    | Error(InsufficientMemory(_, needed, _, _)) -> needed
    | other -> failtest $"one byte of memory should not be enough: %A{other}"
