/// Canonical decomposition of text, and its digits, by tables of our own: those of the platform differ from machine to machine,
/// and are not there at all where .NET runs without cultures.
namespace SingleSharp.Core.Concat

open System
open System.Collections.Generic
open System.IO
open System.Reflection
open System.Text

/// What a letter says of numbers.
[<Struct; RequireQualifiedAccess>]
type internal Digit =
    /// One of those that make a number together.
    | Decimal of value: int
    /// One that stands alone, as a raised 2.
    | Alone of number: int
    | No

[<Sealed>]
type private UnicodeTables() =
    let wholes = Dictionary<int, int[]>()
    let classes = Dictionary<int, int>()
    let digits = Dictionary<int, Digit>()

    do
        use stream =
            Assembly.GetExecutingAssembly().GetManifestResourceStream "canonical.txt"

        use lines = new StreamReader(stream)
        let mutable line = lines.ReadLine()

        while not (isNull line) do
            let words = line.Split ' '

            if words[0] <> "#" then
                let codes = words[1..] |> Array.map (fun word -> Convert.ToInt32(word, 16))

                match words[0] with
                | "d" -> wholes.Add(codes[0], codes[1..])
                | "c" ->
                    for code in codes[0] .. codes[1] do
                        classes.Add(code, codes[2])
                | "n" ->
                    for value in 0..9 do
                        digits.Add(codes[0] + value, Digit.Decimal value)
                | _ -> digits.Add(codes[0], Digit.Alone codes[1])

            line <- lines.ReadLine()

    member _.Wholes = wholes
    member _.Classes = classes
    member _.Digits = digits

[<RequireQualifiedAccess>]
module internal Decomposition =
    let private tables = lazy (UnicodeTables())

    /// The code points of a text; a surrogate without its other half is one as well.
    let codePoints (text: string) =
        let codes = List<int> text.Length
        let mutable i = 0

        while i < text.Length do
            if i + 1 < text.Length && Char.IsSurrogatePair(text[i], text[i + 1]) then
                codes.Add(Char.ConvertToUtf32(text[i], text[i + 1]))
                i <- i + 2
            else
                codes.Add(int text[i])
                i <- i + 1

        codes

    /// Adds a code point to a text.
    let append (text: StringBuilder) code =
        if code < 0x10000 then
            text.Append(char code) |> ignore
        else
            text.Append(Char.ConvertFromUtf32 code) |> ignore

    let digit code =
        if code < 0x80 then
            if code >= int '0' && code <= int '9' then Digit.Decimal(code - int '0') else Digit.No
        else
            match tables.Value.Digits.TryGetValue code with
            | true, digit -> digit
            | _ -> Digit.No

    let private classOf code =
        match tables.Value.Classes.TryGetValue code with
        | true, combining -> combining
        | _ -> 0

    /// Hangul syllables come apart by a rule: The Unicode Standard 15.0, section 3.12.
    let private whole code =
        let syllable = code - 0xAC00

        if syllable >= 0 && syllable < 11172 then
            [| 0x1100 + syllable / 588
               0x1161 + syllable % 588 / 28
               if syllable % 28 > 0 then
                   0x11A7 + syllable % 28 |]
        else
            match tables.Value.Wholes.TryGetValue code with
            | true, whole -> whole
            | _ -> [| code |]

    /// The text in Unicode's normalization form D. Letters that Unicode has had only since the table was made stay as they are.
    /// Law (canonical): it is what Python's unicodedata makes of it.
    let canonical (text: string) =
        if Ascii.IsValid text then
            text
        else
            let canonical = StringBuilder text.Length
            let marks = List<int>()

            // Marks that combine are in the order of their classes, those of one class in their own.
            let flush () =
                marks |> Seq.sortBy classOf |> Seq.iter (append canonical)
                marks.Clear()

            for code in codePoints text do
                for part in whole code do
                    if classOf part > 0 then
                        marks.Add part
                    else
                        flush ()
                        append canonical part

            flush ()
            canonical.ToString()
