/// Options in sentences are spelled by the door alone, and everything else stays as it is.
module internal SingleSharp.Properties.OptionTextLaws

open Expecto
open FsCheck.FSharp
open SingleSharp.Core

/// Parts of a sentence: plain text, or an option with a value or without.
let private anySentence =
    Arb.fromGen (
        gen {
            let plain =
                Gen.elements [ ""; "pass "; " <b> "; "n_top_genes"; "a=b"; "[x]"; "$1"; "Größe" ] |> Gen.map Choice1Of2

            let option =
                Gen.map2
                    (fun name value -> Choice2Of2(name, value))
                    (Gen.elements [ "n_top_genes"; "base"; "x2" ])
                    (Gen.elements [ ""; "False"; "mt=20"; "ribo=prefix:RPS,RPL"; "2 000"; "$0" ])

            let! count = Gen.choose (0, 6)
            return! Gen.listOfLength count (Gen.frequency [ 1, plain; 1, option ])
        }
    )

let private sentence parts spell =
    parts
    |> List.map (fun part ->
        match part with
        | Choice1Of2 text -> text
        | Choice2Of2(name, value) -> spell name value)
    |> String.concat ""

let private marked name value =
    if value = "" then $"⟨{name}⟩" else $"⟨{name}={value}⟩"

let tests =
    testList
        "OptionText"
        [ Law.holds "each option is spelled once, with its value" (fun () ->
              Prop.forAll anySentence (fun parts ->
                  let spell name value = $"--{name}[{value}]"
                  OptionText.spell (OptionSpelling spell) (sentence parts marked) = sentence parts spell))

          Law.holds "the plain spelling is scanpy's, without marks" (fun () ->
              Prop.forAll anySentence (fun parts ->
                  let plain name value =
                      if value = "" then name else $"{name}={value}"

                  OptionText.spell OptionText.plain (sentence parts marked) = sentence parts plain))

          test "what is no mark stays" {
              for text in [ ""; "⟨"; "⟩"; "⟨⟩"; "⟨Upper⟩"; "⟨two words⟩"; "⟨2nd⟩"; "⟨a" ] do
                  Expect.equal (OptionText.spell (OptionSpelling(fun _ _ -> "spelled")) text) text $"of '{text}'"
          } ]
