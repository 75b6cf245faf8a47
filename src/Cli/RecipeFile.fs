/// Recipes in files: read for --recipe, written for --save-recipe.
namespace SingleSharp.Cli

open System
open System.IO
open SingleSharp.Core

[<RequireQualifiedAccess>]
module RecipeFile =
    /// What the operating system has against it, without the path and the full stop that .NET adds.
    let private reason (trouble: exn) =
        (trouble.Message.Split " : '" |> Array.head).TrimEnd '.'

    /// The text of a file; none where there is none, or the end of a sentence.
    let private text (file: string) =
        try
            if File.Exists file then Ok(Some(File.ReadAllText file)) else Ok None
        with
        | :? IOException
        | :? UnauthorizedAccessException as trouble -> Error(reason trouble)

    let private mistake option (file: string) why =
        Validated.mistake $"{option} {file}: {why}."

    let read (file: string) : Validated<Recipe> =
        match text file with
        | Error why -> mistake "--recipe" file why
        | Ok None -> mistake "--recipe" file "there is no such file"
        | Ok(Some text) ->
            match Recipe.ofJson text with
            | Ok recipe -> Ok recipe
            | Error(InvalidOption("recipe", why)) -> mistake "--recipe" file (why.TrimEnd '.')
            | Error fault -> mistake "--recipe" file (Fault.sentence fault |> _.TrimEnd('.'))

    /// A file that may be written: a new one, or one with a recipe. Nobody means to lose anything else.
    let target option (file: string) : Validated<string> =
        match Values.name option file |> Result.bind (fun file -> Ok(text file)) with
        | Error mistakes -> Error mistakes
        | Ok(Error why) -> mistake option file why
        | Ok(Ok(Some old)) when (Recipe.ofJson old).IsError -> mistake option file "there is a file that is no recipe; choose another name"
        | Ok(Ok _) -> Ok file

    let write (file: string) (recipe: Recipe) =
        try
            File.WriteAllText(file, Recipe.toJson recipe)
            Ok()
        with
        | :? IOException
        | :? UnauthorizedAccessException as trouble -> Error(CannotWrite(file, reason trouble))
