/// The text of a matrix: MatrixMarket's coordinate format, genes × cells, entries in any order.
namespace SingleSharp.Core.Inputs

open System
open System.Buffers.Text
open System.Threading
open SingleSharp.Core
open SingleSharp.Core.Reading
open SingleSharp.Core.Contract
open SingleSharp.Core.Numerics

/// What the head of the file says.
type internal MatrixHead =
    {
        Genes: int
        Cells: int64
        Stored: int64
        /// integer, real or pattern: the last has no value but 1.
        Field: string
    }

[<RequireQualifiedAccess>]
module internal MatrixMarket =
    let private banner (lines: TextLines) =
        let words =
            if lines.Next() then
                lines.Text.ToLowerInvariant().Split([| ' '; '\t' |], StringSplitOptions.RemoveEmptyEntries)
            else
                [||]

        match words with
        | [| "%%matrixmarket"; "matrix"; "coordinate"; ("integer" | "real" | "pattern"); "general" |] -> words[3]
        | _ when words.Length > 0 && words[0] = "%%matrixmarket" ->
            let said = String.Join(' ', Array.tail words)

            Fault.throw (
                Unsupported(lines.Path, "its entries", $"it is a \"{said}\", where a \"matrix coordinate integer general\" is read")
            )
        | _ -> lines.DamagedAt "line 1" "it does not begin with %%MatrixMarket"

    let private isBlankOrComment (line: ReadOnlySpan<byte>) =
        let line = line.Trim " \t"B
        line.Length = 0 || line[0] = byte '%'

    let rec private nextEntry (lines: TextLines) =
        lines.Next() && (not (isBlankOrComment lines.Current) || nextEntry lines)

    /// Where the number that begins behind blanks ends; −1 where there is none. It is told through the reference.
    let private whole (line: ReadOnlySpan<byte>) from (number: byref<int64>) =
        let mutable at = from

        while at < line.Length && (line[at] = byte ' ' || line[at] = byte '\t') do
            at <- at + 1

        let mutable consumed = 0

        if Utf8Parser.TryParse(line.Slice at, &number, &consumed) then at + consumed else -1

    /// Entries that a byte of the file can stand for at most: one takes four letters, and gzip makes a thousand of a byte.
    let private mostPerByte = 300L

    /// The head, and the reader behind it.
    let readHead (lines: TextLines) =
        let field = banner lines

        if not (nextEntry lines) then
            lines.DamagedAt "its end" "the line with the numbers of genes, cells and entries is missing"

        let line = lines.Current
        let mutable genes = 0L
        let mutable cells = 0L
        let mutable stored = 0L
        let mutable at = whole line 0 &genes

        if at >= 0 then
            at <- whole line at &cells

        if at >= 0 then
            at <- whole line at &stored

        if at < 0 || genes < 0L || cells < 0L || stored < 0L || genes > int64 Int32.MaxValue || cells > int64 Int32.MaxValue then
            lines.Damaged "it should hold the numbers of genes, cells and entries"

        if float stored > float genes * float cells then
            lines.Damaged
                $"""{Plural.say stored "entry is" "entries are"} more than {Plural.things genes "gene"} and {Plural.things cells "cell"} have room for"""

        let struct (_, length) = lines.Done

        if stored > Checked.(*) mostPerByte length then
            lines.Damaged $"""{Plural.say stored "entry is" "entries are"} more than the file can hold (is it cut off?)"""

        { Genes = int genes
          Cells = cells
          Stored = stored
          Field = field }

    /// How often a reader of entries looks up.
    let private pause = 1 <<< 16

    /// Visits entries behind the head as long as they are wanted, and all of them unless one is not; `told` hears how many there
    /// have been.
    let readWhile
        (lines: TextLines)
        (head: MatrixHead)
        (visit: int64 -> int -> float32 -> bool)
        (cancel: CancellationToken)
        (told: int64 -> unit)
        =
        let isPattern = (head.Field = "pattern")
        let mutable count = 0L
        let mutable isWanted = true

        while isWanted && nextEntry lines do
            if count = head.Stored then
                lines.Damaged $"there are more entries than the {head.Stored} that were announced"

            let line = lines.Current
            let mutable gene = 0L
            let mutable cell = 0L
            let mutable value = 1.0
            let mutable at = whole line 0 &gene

            if at >= 0 then
                at <- whole line at &cell

            if at < 0 then
                lines.Damaged "it should hold a gene, a cell and a value"

            if not isPattern then
                let rest = line.Slice(at).Trim " \t"B
                let mutable consumed = 0

                if not (Utf8Parser.TryParse(rest, &value, &consumed)) || consumed <> rest.Length then
                    lines.Damaged "its third part should be a number"

            if gene < 1L || gene > int64 head.Genes then
                lines.Damaged $"gene {gene} is not one of 1 to {head.Genes}"

            if cell < 1L || cell > head.Cells then
                lines.Damaged $"cell {cell} is not one of 1 to {head.Cells}"

            isWanted <- visit (cell - 1L) (int (gene - 1L)) (Precision.toFloat32 value)
            count <- count + 1L

            if count % int64 pause = 0L then
                cancel.ThrowIfCancellationRequested()
                told count

        if isWanted && count < head.Stored then
            lines.DamagedAt "its end" $"""it has {Plural.say count "entry" "entries"} instead of {head.Stored} (is it cut off?)"""

        told count

    /// Adds every entry behind the head.
    let read lines head (add: int64 -> int -> float32 -> unit) cancel told =
        readWhile
            lines
            head
            (fun cell gene value ->
                add cell gene value
                true)
            cancel
            told
