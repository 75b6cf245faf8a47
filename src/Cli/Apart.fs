/// Nobody loses a file to another one: what a run writes has names apart from what it reads, and from each other.
namespace SingleSharp.Cli

open SingleSharp.Core

[<RequireQualifiedAccess>]
module Apart =
    let require (request: Request) (input: Input) recipe output : Result<unit, Fault> =
        let target =
            match output with
            | NewFile target -> [ target ]
            | InPlace -> []

        let read = input.Paths @ Recipe.files recipe
        let started, saved = Option.toList request.Recipe, Option.toList request.SaveRecipe

        let pairs =
            [ // A recipe may take the place of the one that was read.
              for file in saved do
                  file, target @ read
              for file in Option.toList request.Page do
                  file, target @ read @ started @ saved
              // Of the rest the run itself takes care, and says more of it.
              for file in target do
                  if not started.IsEmpty then
                      file, started ]

        (Ok(), pairs)
        ||> List.fold (fun earlier (file, others) -> earlier |> Result.bind (fun () -> Pipeline.requireApart file others))
