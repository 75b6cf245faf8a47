/// What is said on stderr beside the work: where nobody can hear it, the work goes on all the same.
namespace SingleSharp.Cli

open System
open System.IO

/// Drops what cannot be written, to a closed pipe or a full disk.
[<Sealed>]
type private Lenient(writer: TextWriter) =
    inherit TextWriter()

    let attempt write =
        try
            write ()
        with
        | :? IOException
        | :? UnauthorizedAccessException -> ()

    override _.Encoding = writer.Encoding
    override _.Write(value: char) = attempt (fun () -> writer.Write value)
    override _.Write(value: string) = attempt (fun () -> writer.Write value)

    override _.Write(buffer: char[], index: int, count: int) =
        attempt (fun () -> writer.Write(buffer, index, count))

    override _.Flush() = attempt writer.Flush

[<RequireQualifiedAccess>]
module Remarks =
    let letThemFail () =
        Console.SetError(new Lenient(Console.Error))
