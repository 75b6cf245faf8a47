/// The orders in which pandas and anndata put texts: by code points, and as people count.
namespace SingleSharp.Core.Concat

open System
open System.Collections.Generic
open System.Text
open SingleSharp.Core.Contract

[<RequireQualifiedAccess>]
module internal TextOrder =
    let private compareBytes (left: byte[]) (right: byte[]) =
        left.AsSpan().SequenceCompareTo(ReadOnlySpan right)

    /// Texts in the order of their code points.
    let byCodePoint (texts: string[]) =
        texts
        |> Array.map (fun text -> Utf8.bytes text, text)
        |> Array.sortWith (fun (left, _) (right, _) -> compareBytes left right)
        |> Array.map snd

    /// What is between numbers, and these, by turns; numbers that follow one another have nothing between them.
    let private parts (text: string) =
        let parts = List<StringBuilder>([ StringBuilder() ])
        let isNumber () = parts.Count % 2 = 0
        let mutable isOpen = false

        let add digit goesOn =
            if not (isNumber () && isOpen && goesOn) then
                if isNumber () then
                    parts.Add(StringBuilder())

                parts.Add(StringBuilder())

            parts[parts.Count - 1].Append(digit: int) |> ignore
            isOpen <- goesOn

        for code in Decomposition.codePoints text do
            match Decomposition.digit code with
            | Digit.Decimal digit -> add digit true
            | Digit.Alone digit -> add digit false
            | Digit.No ->
                if isNumber () then
                    parts.Add(StringBuilder())

                Decomposition.append parts[parts.Count - 1] code

        [| for part in parts -> part.ToString() |]

    /// Integers of any length, without zeros before them.
    let private compareNumbers (left: string) (right: string) =
        let left, right = left.TrimStart '0', right.TrimStart '0'
        let byLength = compare left.Length right.Length
        if byLength <> 0 then byLength else String.CompareOrdinal(left, right)

    /// Texts as natsort orders them: what is between numbers by the code points of its canonical decomposition, numbers by their
    /// value. Equal ones are in the order of their own code points.
    /// Law (natural): it is a total order, and that of the numbers where texts differ in one number only.
    let natural (texts: string[]) =
        let key (text: string) =
            parts (Decomposition.canonical text)
            |> Array.mapi (fun i part -> struct (part, (if i % 2 = 0 then Utf8.bytes part else [||])))

        let compareKeys left right =
            let parts =
                Seq.zip left right
                |> Seq.mapi (fun i (struct (one, oneBytes), struct (other, otherBytes)) ->
                    if i % 2 = 0 then compareBytes oneBytes otherBytes else compareNumbers one other)

            match parts |> Seq.tryFind ((<>) 0) with
            | Some order -> order
            | None -> compare (Array.length left) (Array.length right)

        byCodePoint texts
        |> List.ofArray
        |> List.map (fun text -> key text, text)
        |> List.sortWith (fun (left, _) (right, _) -> compareKeys left right)
        |> List.map snd
        |> Array.ofList
