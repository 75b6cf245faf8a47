/// Inputs of splits, and what anndata's slicing makes of them.
module internal SingleSharp.Golden.SplitSamples

open System
open System.IO
open System.Text.Json
open System.Threading
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample
open SingleSharp.Answers

let private made =
    lazy
        (Child.requirePython ()
         let folder = lasting.Value.File "split"
         Directory.CreateDirectory folder |> ignore
         Child.script "split.py" [ "make"; folder ] "" |> ignore
         folder)

let input name = Path.Combine(made.Value, name)

let split column (file: string) folder =
    Pipeline.split column true withoutNote (Input.file file) folder

let judged column (file: string) (split: Split) =
    let problems = Child.script "split.py" [ "judge"; file; split.Manifest; column ] ""
    Expect.equal (problems.Trim()) "" $"{column}: what anndata's slicing makes of it"

/// The files of a folder, hidden ones too.
let names (folder: string) =
    Directory.GetFiles folder |> Array.map Path.GetFileName |> Array.sort |> List.ofArray
