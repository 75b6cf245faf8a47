/// Names that the columns of a new frame can have side by side: each leads to one place, which is nobody else's.
namespace SingleSharp.Core

[<RequireQualifiedAccess>]
module Naming =
    /// Does one path lead to the other's place, or through it?
    let private meet (left: string list) (right: string list) =
        let length = min left.Length right.Length
        List.truncate length left = List.truncate length right

    /// The path with a number behind its first name, as anndata makes names unique.
    let private numbered number path =
        match path with
        | [] -> [ $"unnamed-{number}" ]
        | first :: rest -> $"{first}-{number}" :: rest

    /// Gives columns the names that they can have where others are taken: their own ones where nothing is there yet.
    /// Says which of them are called otherwise.
    /// Law (naming): no name leads to the place of another, of one that is taken, or through it; names that can stay do.
    let distinct (taken: string list) (columns: (string * 'field) list) =
        let free known path =
            not (List.isEmpty path) && not (List.exists (meet path) known)

        let place (known, renamed) (name: string, field) =
            let path = Links.along name

            let own =
                Seq.append [ path ] (Seq.initInfinite (fun i -> numbered (i + 1) path)) |> Seq.find (free known)

            let given = String.concat "/" own
            (given, field), (own :: known, (if given = name then renamed else (name, given) :: renamed))

        let named, (_, renamed) =
            columns |> List.mapFold place (List.map Links.along taken, [])

        named, List.rev renamed
