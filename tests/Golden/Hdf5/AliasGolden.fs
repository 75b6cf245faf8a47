/// X, or a part of it, has a second hard link: under that name it stays what it was, while X becomes new.
module internal SingleSharp.Golden.AliasGolden

open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private kinds =
    [ "x_soft"; "x_hard"; "data_soft"; "data_hard"; "indices_hard"; "layer_soft" ]

let private run recipe input output =
    (need (Pipeline.run recipe Settings.standard (Input.file input) output)).Warnings

let private isKept storage case kind recipe inPlace =
    use sandbox = new Sandbox()
    let source = here $"edge/{case}/input.h5ad"
    let twin = sandbox.File "twin.h5ad"
    let plain = sandbox.File "plain.h5ad"
    Child.script "aliases.py" [ "make"; source; twin; kind ] "" |> ignore
    run recipe source (NewFile plain) |> ignore

    let output = if inPlace then twin else sandbox.File "output.h5ad"
    let warnings = run recipe twin (if inPlace then InPlace else NewFile output)

    // A soft link cannot lead to what was there before, so the run says so.
    let follows =
        warnings |> Seq.exists (fun warning -> warning.Contains "layers/twin is a soft link to X")

    Expect.equal follows (kind = "layer_soft") $"the warning of {kind}"

    Expect.equal (Child.script "aliases.py" [ "check"; source; plain; output; kind ] "") "" $"{kind}, {storage}"

let tests =
    testList
        "Aliases"
        [ for storage, case in
              [ "in the same places", "plain_csr_f32"
                "compressed", "layout_gzip"
                "of another type", "x_int32" ] do
              for kind in kinds do
                  test $"{kind}, {storage}" {
                      for inPlace in [ false; true ] do
                          isKept storage case kind Recipe.standard inPlace
                  } ]
