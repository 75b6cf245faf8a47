/// Whatever text a file holds, a message shows it on one line that steers nothing.
module internal SingleSharp.Properties.PrintableLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp.Core.Contract

/// Letters of all kinds: plain ones, controls, breaks, marks of direction, pairs of surrogates and halves of them.
let private letters =
    [ "a"
      "\\"
      "é"
      "日"
      "\U0001F600"
      "\n"
      "\r"
      "\t"
      "\000"
      "\u001b[31m"
      "\u007f"
      "\u009b"
      "\u2028"
      "\u202e"
      "\u2066"
      "\u200f"
      string '\uD83D'
      string '\uDE00'
      string '\uDC80' ]

let private anyText =
    Arb.fromGen (
        gen {
            let! length = Gen.choose (0, 12)
            let! parts = Gen.listOfLength length (Gen.elements letters)
            return String.concat "" parts
        }
    )

let private isPlain (letter: char) =
    not (Char.IsControl letter)
    && not (Seq.contains letter "\u2028\u2029\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

let tests =
    testList
        "Printable"
        [ Law.holds "a line has nothing that steers, and every encoding holds it" (fun () ->
              Prop.forAll anyText (fun text ->
                  let line = Printable.line text
                  String.forall isPlain line && Utf8.isText line && Printable.line line = line))

          Law.holds "what steers nothing stays as it is" (fun () ->
              Prop.forAll anyText (fun text -> not (String.forall isPlain text && Utf8.isText text) || Printable.line text = text))

          Law.holds "of several lines each is one line" (fun () ->
              Prop.forAll anyText (fun text ->
                  let lines =
                      text.Split '\n' |> Array.map (fun line -> Printable.line (line.TrimEnd '\r'))

                  (Printable.lines text).Split '\n' = lines))

          Law.holds "only what no UTF-8 holds is shown otherwise as a whole" (fun () ->
              Prop.forAll anyText (fun text ->
                  let whole = Printable.whole text
                  Utf8.isText whole && (not (Utf8.isText text) || whole = text))) ]
