/// Mistakes of a command line are gathered, so that people see all of them at once.
namespace SingleSharp.Cli

/// A value, or a sentence per mistake.
type Checked<'a> = Result<'a, string list>

type CheckedBuilder() =
    member _.MergeSources(left: Checked<'a>, right: Checked<'b>) : Checked<'a * 'b> =
        match left, right with
        | Ok left, Ok right -> Ok(left, right)
        | Ok _, Error mistakes
        | Error mistakes, Ok _ -> Error mistakes
        | Error first, Error second -> Error(first @ second)

    member _.BindReturn(value: Checked<'a>, map: 'a -> 'b) : Checked<'b> = Result.map map value

[<RequireQualifiedAccess>]
module Checked =
    let mistake sentence : Checked<'a> = Error [ sentence ]

    /// All values, or the mistakes of all that have one.
    let all (values: Checked<'a> list) : Checked<'a list> =
        match values |> List.collect (fun value -> Result.toOption value |> Option.toList) with
        | good when good.Length = values.Length -> Ok good
        | _ ->
            values
            |> List.collect (fun value ->
                match value with
                | Ok _ -> []
                | Error mistakes -> mistakes)
            |> Error

    /// What is missing is checked already.
    let optional (check: 'a -> Checked<'b>) (value: 'a option) : Checked<'b option> =
        match value with
        | Some value -> check value |> Result.map Some
        | None -> Ok None

[<AutoOpen>]
module CheckedSyntax =
    let check = CheckedBuilder()
