/// Lines of a text file, gzipped or not, one at a time and none of them long.
namespace SingleSharp.Core.Reading

open System
open System.IO
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5

[<Sealed>]
type internal TextLines(path: string) =
    /// No name and no entry is as long as this.
    let mostLength = 1 <<< 16

    let file =
        new FileStream(Hdf5File.openHandle path FileAccess.Read FileShare.Read, FileAccess.Read)

    let isGzipped =
        let head = Array.zeroCreate<byte> 2
        let count = file.ReadAtLeast(Span head, 2, false)
        file.Position <- 0L
        count = 2 && head[0] = 0x1Fuy && head[1] = 0x8Buy

    let packed = if isGzipped then ValueSome(new Gunzip(file)) else ValueNone

    let buffer: byte[] = Array.zeroCreate (8 * mostLength)
    let mutable filled = 0
    let mutable next = 0
    let mutable isOver = false
    let mutable start = 0
    let mutable length = 0
    let mutable number = 0L

    let damaged (where: string) what =
        Fault.throw (Damaged(path, where, what))

    /// Keeps what is not read yet and reads more behind it.
    let refill () =
        Buffer.BlockCopy(buffer, next, buffer, 0, filled - next)
        filled <- filled - next
        next <- 0

        let got =
            try
                let room = Span(buffer, filled, buffer.Length - filled)

                match packed with
                | ValueSome packed -> packed.Read room
                | ValueNone -> file.Read room
            with
            | :? InvalidDataException -> damaged $"line {number + 1L}" "it cannot be decompressed"
            | :? EndOfStreamException as trouble -> damaged "its end" trouble.Message
            | :? IOException as trouble -> Fault.throw (Unreadable(path, Fault.reason trouble))

        filled <- filled + got
        isOver <- (got = 0)

    /// Some editors put a mark of their encoding before the first line.
    let skipMark () =
        while filled < 3 && not isOver do
            refill ()

        let begins (mark: byte[]) =
            filled >= mark.Length && Span(buffer, 0, mark.Length).SequenceEqual(ReadOnlySpan mark)

        if begins [| 0xEFuy; 0xBBuy; 0xBFuy |] then
            next <- 3
        elif begins [| 0xFFuy; 0xFEuy |] || begins [| 0xFEuy; 0xFFuy |] then
            Fault.throw (Unsupported(path, "its text", "it is UTF-16; write it again as UTF-8 (iconv -f UTF-16 -t UTF-8)"))

    member _.Path = path

    /// The number of the line that was read last, from 1.
    member _.Number = number

    /// Bytes of the file that were read, and those that it has.
    member _.Done = struct (file.Position, file.Length)

    /// Reads the next line, if there is one.
    member _.Next() =
        if number = 0L then
            skipMark ()

        let mutable stop = -1
        let mutable isSearching = true

        while isSearching do
            let found = ReadOnlySpan(buffer, next, filled - next).IndexOf(byte '\n')

            if found >= 0 then
                stop <- next + found
                isSearching <- false
            elif isOver then
                stop <- filled
                isSearching <- false
            elif filled - next > mostLength then
                damaged $"line {number + 1L}" "it is far too long for a name or a number"
            else
                refill ()

        if stop = filled && isOver && stop = next then
            false
        else
            start <- next
            length <- stop - next
            next <- min filled (stop + 1)
            number <- number + 1L

            if length > mostLength + 1 then
                damaged $"line {number}" "it is far too long for a name or a number"

            if length > 0 && buffer[start + length - 1] = byte '\r' then
                length <- length - 1

            true

    /// The line that was read last, without its end; valid until the next one.
    member _.Current = ReadOnlySpan(buffer, start, length)

    member _.Text = Utf8.text (ReadOnlySpan(buffer, start, length))

    /// Stops with what is wrong with the line that was read last.
    member _.Damaged what : 'a = damaged $"line {number}" what

    /// Stops with what is wrong with the file as a whole.
    member _.DamagedAt (where: string) what : 'a = damaged where what

    interface IDisposable with
        member _.Dispose() =
            packed |> ValueOption.iter (fun packed -> (packed :> IDisposable).Dispose())
            file.Dispose()
