/// File names for values of a column, whatever the values are and whatever file systems take.
namespace SingleSharp.Core.Run

open System
open System.Collections.Generic
open System.Text

[<RequireQualifiedAccess>]
module internal PartNames =
    let private ending = ".h5ad"

    /// File systems take 255 bytes; a number and the ending follow.
    let private mostBytes = 200

    /// Names that Windows keeps for devices, with any ending.
    let private devices =
        set
            [ "CON"
              "PRN"
              "AUX"
              "NUL"
              for number in 1..9 do
                  $"COM{number}"
                  $"LPT{number}" ]

    let private isPlain (rune: Rune) =
        Rune.IsLetterOrDigit rune
        || match Rune.GetUnicodeCategory rune with
           | Globalization.UnicodeCategory.NonSpacingMark
           | Globalization.UnicodeCategory.SpacingCombiningMark -> true
           | _ -> rune.IsBmp && "-_.+".Contains(char rune.Value)

    /// The value with _ for whatever is neither a letter nor a digit nor one of - _ . +, cut where it is too long.
    let safe (value: string) =
        let name = StringBuilder()
        let mutable bytes = 0

        for rune in value.EnumerateRunes() do
            // No command takes a file for an option, and none is hidden.
            let isFirst = (bytes = 0)

            let taken =
                if isPlain rune && not (isFirst && (rune.Value = int '.' || rune.Value = int '-')) then
                    rune
                else
                    Rune '_'

            if bytes + taken.Utf8SequenceLength <= mostBytes then
                bytes <- bytes + taken.Utf8SequenceLength
                name.Append(taken.ToString()) |> ignore
            else
                // Nothing shorter that follows is taken instead.
                bytes <- mostBytes

        match name.ToString() with
        | "" -> "_"
        | name when devices.Contains(((name.Split '.')[0]).ToUpperInvariant()) -> "_" + name
        | name -> name

    /// Names that some file systems take for one.
    let private key (name: string) = name.ToUpperInvariant()

    /// A file name for each of some values, all different without regard to case. Of values that would have one name, the first that
    /// is such a name itself has it, then the first one; the others get a number behind it.
    /// Law (part names): names differ without regard to case, need no more than 255 bytes, and depend on the values alone.
    let ofValues (values: string list) =
        let taken = HashSet<string>()
        let names: string[] = Array.zeroCreate values.Length

        let rec free stem number =
            let name = if number = 1 then stem else $"{stem}_{number}"
            if taken.Add(key name) then name else free stem (number + 1)

        let itself, others =
            List.indexed values |> List.partition (fun (_, value) -> safe value = value)

        for place, value in itself @ others do
            names[place] <- free (safe value) 1 + ending

        List.ofArray names
