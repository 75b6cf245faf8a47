/// What a command line says, option by option.
namespace SingleSharp.Cli

open Microsoft.FSharp.Reflection

/// The options as they came.
type Spoken = Argument list

[<RequireQualifiedAccess>]
module Spoken =
    let private fields (argument: Argument) =
        FSharpValue.GetUnionFields(argument, typeof<Argument>)

    /// All values of an option.
    let values (option: string -> Argument) (spoken: Spoken) =
        let wanted = fst (fields (option ""))

        spoken
        |> List.choose (fun argument ->
            match fields argument with
            | case, [| :? string as value |] when case.Tag = wanted.Tag -> Some value
            | _ -> None)

    let tryValue option spoken = values option spoken |> List.tryHead

    /// The value of an option, if it is there, checked under the option's name.
    let optional option (check: string -> string -> Checked<'a>) spoken : Checked<'a option> =
        tryValue option spoken |> Checked.optional (check (Argument.spelling (option "")))

    /// The value of an option, checked under the option's name, or else the usual one.
    let orElse usual option (check: string -> string -> Checked<'a>) spoken : Checked<'a> =
        optional option check spoken |> Result.map (Option.defaultValue usual)

    /// Those of some options that are said.
    let among (options: string list) (spoken: Spoken) =
        spoken |> List.map Argument.spelling |> List.filter (fun option -> List.contains option options)
