/// Names that the columns of a new frame can have side by side: each leads to one place, which is nobody else's.
namespace SingleSharp.Core.Inputs

open SingleSharp.Core.Hdf5

[<RequireQualifiedAccess>]
module internal UniqueNames =
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
        let isFree known path =
            not (List.isEmpty path) && not (List.exists (meet path) known)

        /// Its own path, where that is free.
        let stay known (name: string, _) =
            let path = Links.along name
            if isFree known path then Some path, path :: known else None, known

        let staying, known = columns |> List.mapFold stay (List.map Links.along taken)

        let move known ((name: string, _), stays) =
            match stays with
            | Some path -> path, known
            | None ->
                let path =
                    Seq.initInfinite (fun i -> numbered (i + 1) (Links.along name)) |> Seq.find (isFree known)

                path, path :: known

        let named =
            List.zip columns staying
            |> List.mapFold move known
            |> fst
            |> List.map2 (fun (_, field) path -> String.concat "/" path, field) columns

        named,
        List.zip columns named
        |> List.map (fun ((before, _), (after, _)) -> before, after)
        |> List.filter (fun (before, after) -> before <> after)
