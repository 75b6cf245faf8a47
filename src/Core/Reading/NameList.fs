/// Text files that list names, one a line.
namespace SingleSharp.Core.Reading

open System.Collections.Generic
open SingleSharp.Core

[<RequireQualifiedAccess>]
module internal NameList =
    /// Bytes of memory that a listed name takes: text, an entry in a list and one in a table.
    let private bytesOf (name: string) = 120L + 2L * int64 name.Length

    /// The names that a text file lists, each once, within this much memory. Space around names and empty lines do not count.
    let read memory (path: string) =
        use lines = new TextLines(path)
        let seen = HashSet<string>()
        let names = List<string>()
        let mutable bytes = 0L

        while lines.Next() do
            let name = lines.Text.Trim()

            if name <> "" && seen.Add name then
                names.Add name
                bytes <- bytes + bytesOf name

                if bytes > memory then
                    Fault.throw (Fault.memory bytes memory)

        List.ofSeq names
