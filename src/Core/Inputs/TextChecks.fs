/// Refuses names and labels that a new file could not hold as what they are: bytes that are no UTF-8, and NULs, where HDF5 ends a string.
namespace SingleSharp.Core.Inputs

open SingleSharp.Core
open SingleSharp.Core.AnnData
open SingleSharp.Core.Contract

[<RequireQualifiedAccess>]
module internal TextChecks =
    let private isLegible (text: string) =
        Utf8.isText text && not (text.Contains '\000')

    let private refuse path where (text: string) what : 'a =
        Fault.throw (Unsupported(path, where, $"\"{text}\" {what} and cannot be taken over; write it anew as UTF-8"))

    let private requireAll path where (texts: seq<string>) =
        texts
        |> Seq.mapi (fun row text ->
            if not (isNull (box text)) && not (isLegible text) then
                refuse path where text (if Utf8.isText text then $"in row {row} holds a NUL" else $"in row {row} is not UTF-8")

            text)

    let private requireNow path where (texts: string[]) =
        requireAll path where texts |> Seq.iter ignore

    let private column path frame (name, field) =
        let where = $"{frame}/{name}"

        if not (isLegible name) then
            refuse path $"the columns of {frame}" name "is a name that is not UTF-8"

        name, Column.mapTexts (requireAll path where) field

    /// An input all of whose texts are legible: what is in memory is looked at now, the rest as it is read.
    let require (input: CountInput) =
        requireNow input.Path "the names of its genes" input.Genes

        { input with
            CellNames = requireAll input.Path "the names of its cells" input.CellNames
            Obs = List.map (column input.Path "obs") input.Obs
            Var = List.map (column input.Path "var") input.Var }
