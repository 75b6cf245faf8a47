/// The tables of names beside a matrix, as R, Python and Cell Ranger write them: columns between tabs, perhaps in quotes.
namespace SingleSharp.Core.Inputs

open System
open SingleSharp.Core.Reading
open System.Collections.Generic
open System.Text
open SingleSharp.Core.Contract

[<RequireQualifiedAccess>]
module internal NameTable =
    /// An empty line means nothing, as in pandas.
    let isBlank (line: ReadOnlySpan<byte>) = line.Trim(" "B).Length = 0

    /// The end of a field in quotes that begins at a place, and what it says: two quotes stand for one.
    let private quoted (lines: TextLines) (text: string) start =
        let said = StringBuilder()
        let mutable at = start + 1
        let mutable isOpen = true

        while isOpen do
            match text.IndexOf('"', at) with
            | -1 -> lines.Damaged "a quote begins that does not end on this line"
            | quote ->
                said.Append(text, at, quote - at) |> ignore
                at <- quote + 1

                if at < text.Length && text[at] = '"' then
                    said.Append '"' |> ignore
                    at <- at + 1
                else
                    isOpen <- false

        // Whatever follows before the next tab belongs to the field, as in pandas.
        let stop =
            match text.IndexOf('\t', at) with
            | -1 -> text.Length
            | tab -> tab

        struct (said.Append(text, at, stop - at).ToString(), stop)

    /// The columns of the line that was read last; only a field that begins with a quote is quoted.
    /// Law (fields): what R's write.table or Python's csv wrote.
    let fields (lines: TextLines) : string[] =
        let text = lines.Text

        if not (text.Contains '"') then
            text.Split '\t'
        else
            let found = List<string>()
            let mutable at = 0

            while at >= 0 do
                let struct (field, stop) =
                    if at < text.Length && text[at] = '"' then
                        quoted lines text at
                    else
                        match text.IndexOf('\t', at) with
                        | -1 -> struct (text[at..], text.Length)
                        | tab -> struct (text[at .. tab - 1], tab)

                found.Add field
                at <- if stop < text.Length then stop + 1 else -1

            found.ToArray()

    /// Visits the columns of every line that is not empty; there must be N.
    let visit path (count: int64) thing (visit: TextLines -> string[] -> unit) =
        use lines = new TextLines(path)
        let mutable rows = 0L
        let mutable blank = 0L

        while lines.Next() do
            if isBlank lines.Current then
                blank <- blank + 1L
            else
                if rows = count then
                    lines.Damaged $"the matrix has only {Plural.things count thing}"

                visit lines (fields lines)
                rows <- rows + 1L

        if rows < count then
            let empty =
                if blank > 0L then $""" ({Plural.say blank "empty line does" "empty lines do"} not count)""" else ""

            lines.DamagedAt "its end" $"it names {Plural.things rows thing}, but the matrix has {count}{empty}"

    /// The first column, a line at a time, however often it is gone through.
    let firsts path : seq<string> =
        seq {
            use lines = new TextLines(path)

            while lines.Next() do
                if not (isBlank lines.Current) then
                    (fields lines)[0]
        }
