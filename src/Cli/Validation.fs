/// Mistakes of a command line are gathered, so that people see all of them at once.
namespace SingleSharp.Cli

/// A value, or a sentence per mistake.
type Validated<'a> = Result<'a, string list>

type ValidationBuilder() =
    member _.MergeSources(left: Validated<'a>, right: Validated<'b>) : Validated<'a * 'b> =
        match left, right with
        | Ok left, Ok right -> Ok(left, right)
        | Ok _, Error mistakes
        | Error mistakes, Ok _ -> Error mistakes
        | Error first, Error second -> Error(first @ second)

    member _.BindReturn(value: Validated<'a>, map: 'a -> 'b) : Validated<'b> = Result.map map value

[<RequireQualifiedAccess>]
module Validated =
    let mistake sentence : Validated<'a> = Error [ sentence ]

    /// All values, or the mistakes of all that have one.
    let all (values: Validated<'a> list) : Validated<'a list> =
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
    let optional (check: 'a -> Validated<'b>) (value: 'a option) : Validated<'b option> =
        match value with
        | Some value -> check value |> Result.map Some
        | None -> Ok None

[<AutoOpen>]
module ValidationSyntax =
    let check = ValidationBuilder()
