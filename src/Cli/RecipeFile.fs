/// Recipes in files: read for --recipe, written for --save-recipe.
namespace SingleSharp.Cli

open SingleSharp.Core

[<RequireQualifiedAccess>]
module RecipeFile =
    let private mistake option (file: string) why =
        Validated.mistake (OptionText.spell StepArguments.inSentences $"{option} {file}: {why}.")

    /// What is wrong with a file, without its name and a full stop.
    let private reason fault =
        match fault with
        | NotFound _ -> "there is no such file"
        | Unreadable(_, why)
        | CannotWrite(_, why)
        | InvalidStep("the recipe", why)
        | InvalidOption("recipe", why) -> why.TrimEnd '.'
        | other -> (Fault.sentence other).TrimEnd '.'

    /// Steps that are twice there or in another order would be lost where options are put beside them.
    let private inOrder (recipe: Recipe) =
        let ordered =
            (Recipe.ofSteps [], recipe.Steps) ||> List.fold (fun ordered step -> Recipe.add step ordered)

        Recipe.names ordered = Recipe.names recipe

    let read (file: string) : Validated<Recipe> =
        match Recipe.load file with
        | Error fault -> mistake "--recipe" file (reason fault)
        | Ok recipe when inOrder recipe -> Ok recipe
        | Ok recipe -> mistake "--recipe" file (Pipeline.check recipe |> List.head |> reason)

    /// A file that may be written: a new one, or one with a recipe. Nobody means to lose anything else.
    let target option (file: string) : Validated<string> =
        let free file =
            match Pipeline.requireApart file [] |> Result.bind (fun () -> Recipe.load file) with
            | Ok _
            | Error(NotFound _) -> Ok file
            | Error(InvalidOption _) -> mistake option file "there is a file that is no recipe; choose another name"
            | Error fault -> mistake option file (reason fault)

        Values.name option file |> Result.bind free
