/// The orders in which pandas and anndata put texts: by code points, and as people count.
namespace SingleSharp.Core

open System
open System.Text.RegularExpressions

[<RequireQualifiedAccess>]
module TextOrder =
    let private compareBytes (left: byte[]) (right: byte[]) =
        left.AsSpan().SequenceCompareTo(ReadOnlySpan right)

    /// Texts in the order of their code points.
    let byCodePoint (texts: string[]) =
        texts
        |> Array.map (fun text -> Utf8.bytes text, text)
        |> Array.sortWith (fun (left, _) (right, _) -> compareBytes left right)
        |> Array.map snd

    let private digits = Regex("([0-9]+)", RegexOptions.CultureInvariant)

    /// Whole numbers of any length, without zeros before them.
    let private compareNumbers (left: string) (right: string) =
        let left, right = left.TrimStart '0', right.TrimStart '0'
        let byLength = compare left.Length right.Length
        if byLength <> 0 then byLength else String.CompareOrdinal(left, right)

    /// Texts as natsort orders them: what is between digits by code points, digits as the number that they are.
    /// Law (natural): it is a total order, and that of the numbers where texts differ in one number only.
    let natural (texts: string[]) =
        let key (text: string) =
            digits.Split text |> Array.mapi (fun i part -> struct (part, (if i % 2 = 0 then Utf8.bytes part else [||])))

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
