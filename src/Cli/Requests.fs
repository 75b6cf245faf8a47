/// What a command line asks for, as a value; or every mistake in it at once.
namespace SingleSharp.Cli

open Argu
open SingleSharp.Core

/// Some steps on a file.
type Work =
    {
        Command: string
        Inputs: string list
        /// How inputs that are no .h5ad file, or are several, become one.
        Conversion: ConvertRecipe
        Wish: Wish
    }

type Task =
    | Help of Command option
    | Version
    | Demo of folder: string
    | Info of inputs: string list * ConvertRecipe
    | Convert of inputs: string list * ConvertRecipe * target: string
    | Digest of path: string
    | Verify of path: string
    | Plan of Work
    | Run of Work * Output

/// A task and the manner in which to do it.
type Request =
    { Task: Task
      Workers: int
      Memory: int64
      Json: bool
      Quiet: bool }

[<RequireQualifiedAccess>]
module Requests =
    let private input words =
        match words |> List.map Values.word |> Checked.all with
        | Error mistakes -> Error mistakes
        | Ok [ file ] -> Values.name "FILE" file
        | Ok [] -> Checked.mistake "which FILE? Name an HDF5 file."
        | Ok several ->
            let list = several |> List.map (fun word -> $"'{word}'") |> String.concat " and "
            Checked.mistake $"one FILE at a time, not {list}."

    let private inputs words =
        match words |> List.map Values.word |> Checked.all with
        | Ok [] -> Checked.mistake "which FILE? Name an .h5ad file, a 10x .h5 file or a folder with matrix.mtx."
        | Ok several -> several |> List.map (Values.name "FILE") |> Checked.all
        | Error mistakes -> Error mistakes

    let private conversion (spoken: Spoken) : Checked<ConvertRecipe> =
        check {
            let! genome = spoken |> Spoken.optional Argument.Genome Values.name
            and! featureType = spoken |> Spoken.optional Argument.Feature_Type Values.name
            and! join = spoken |> Spoken.orElse Inner Argument.Join Values.join

            and! key =
                spoken |> Spoken.orElse Conversion.standard.SampleKey Argument.Sample_Key Values.key

            and! matrix = Recipes.matrix spoken

            and! names =
                spoken |> Spoken.values Argument.Sample_Names |> List.map Values.names |> Checked.all

            return
                { Genome = genome
                  FeatureType = featureType
                  MakeUnique = List.contains Argument.Make_Unique spoken
                  Join = join
                  SampleKey = key
                  SampleNames = List.concat names
                  IndexUnique = Spoken.tryValue Argument.Index_Unique spoken
                  Matrix = matrix
                  SumDuplicates = List.contains Argument.Sum_Duplicates spoken }
        }

    /// Words after --percent-top that cannot be meant for it are the command's own, such as its FILE.
    let private sortWords (spoken: Spoken) : Spoken =
        spoken
        |> List.collect (fun argument ->
            match argument with
            | Argument.Percent_Top(first :: rest) ->
                let tops = rest |> List.takeWhile Values.isTop
                Argument.Percent_Top(first :: tops) :: (rest |> List.skip tops.Length |> List.map Argument.Word)
            | other -> [ other ])

    let private output (spoken: Spoken) =
        match Spoken.tryValue Argument.Out spoken, List.contains Argument.In_Place spoken with
        | Some file, false -> Values.name "--out" file |> Result.map NewFile
        | None, true -> Ok InPlace
        | None, false -> Checked.mistake "where should the result go? Say --out FILE or --in-place."
        | Some _, true -> Checked.mistake "--out and --in-place exclude each other; say one of them."

    let private work (command: Command) (spoken: Spoken) files : Checked<Work> =
        check {
            let! inputs = inputs files
            and! _ = Unused.ofInputs spoken files
            and! conversion = conversion spoken
            and! wish = Recipes.ofOptions command.Steps spoken

            return
                { Command = command.Name
                  Inputs = inputs
                  Conversion = conversion
                  Wish = wish }
        }

    let private requireNewFile files output =
        match inputs files, output with
        | Ok(_ :: _ :: _), Ok InPlace -> Checked.mistake "several FILEs cannot be changed in place; say --out FILE."
        | _ -> output

    let private run (command: Command) (spoken: Spoken) files =
        check {
            let! work = work command spoken files
            and! output = output spoken |> requireNewFile files
            return Run(work, output)
        }

    let private convert (spoken: Spoken) files =
        check {
            let! inputs = inputs files
            and! _ = Unused.ofInputs spoken files
            and! conversion = conversion spoken

            and! target =
                match output spoken with
                | Ok(NewFile target) -> Ok target
                | Ok InPlace -> Checked.mistake "convert makes a new file; say --out FILE."
                | Error _ -> Checked.mistake "where should the result go? Say --out FILE."

            return Convert(inputs, conversion, target)
        }

    let private info (spoken: Spoken) files =
        check {
            let! inputs = inputs files
            and! _ = Unused.ofInputs spoken files
            and! conversion = conversion spoken
            return Info(inputs, conversion)
        }

    let private demo (spoken: Spoken) files =
        check {
            let! folder = spoken |> Spoken.orElse "singlesharp-demo" Argument.Out_Dir Values.name

            and! _ =
                match files |> List.map Values.word |> Checked.all with
                | Error mistakes -> Error mistakes
                | Ok [] -> Ok()
                | Ok(file :: _) -> Checked.mistake $"demo makes its own file and takes none, not '{file}'."

            return Demo folder
        }

    /// A mistake for each option that the command does not take.
    let private misplaced (command: Command) (others: Spoken) =
        others
        |> List.distinctBy Argument.spelling
        |> List.map (fun argument ->
            let others =
                match Command.taking argument with
                | [] -> "say it without a command."
                | [ one ] -> $"{one} has."
                | several -> $"{Command.enumerated several} have."

            Checked.mistake $"{command.Name} has no option {Argument.spelling argument}; {others}")
        |> Checked.all

    let private taskOf (command: Command) spoken files =
        match command.Name with
        | "demo" -> demo spoken files
        | "info" -> info spoken files
        | "convert" -> convert spoken files
        | "digest" -> input files |> Result.map Digest
        | "verify" -> input files |> Result.map Verify
        | _ -> run command spoken files

    /// What a command, or the plan of one, is to do with the words and options around it.
    let private ofCommand isPlan (command: Command) files (spoken: Spoken) =
        // What it does not take is told so, and nothing else is said of it.
        let spoken, others =
            spoken
            |> List.map (Command.meant command)
            |> List.partition (fun argument -> argument.Chapter = Chapter.Input || List.contains argument.Chapter command.Chapters)

        check {
            let! _ = misplaced command others
            and! _ = Unused.ofManner command.Name spoken

            and! task =
                if isPlan then work command spoken files |> Result.map Plan else taskOf command spoken files

            return task
        }

    let private isPlannable name =
        Command.tryFind name |> Option.exists Command.runs

    /// The name of a command behind plan, of which there is none.
    let private withoutPlan name =
        Command.find name
        |> Result.bind (fun command ->
            let planned = Command.all |> List.filter Command.runs |> List.map _.Name

            Checked.mistake
                $"plan tells what {Command.enumerated planned} would do, and {command.Name} is none of these; if {name} is a file, say ./{name}.")

    let private task (spoken: Spoken) =
        let strange, plain =
            spoken |> Spoken.values Argument.Word |> List.partition (fun (word: string) -> word.StartsWith '-')

        let commanded isPlan files name =
            Command.find name |> Result.bind (fun command -> ofCommand isPlan command (files @ strange) spoken)

        match plain with
        | [] when List.contains Argument.Version spoken ->
            match spoken |> List.filter (fun argument -> argument <> Argument.Version) with
            | [] -> Ok Version
            | other :: _ -> Checked.mistake $"--version is said alone, without {Argument.spelling other}."
        | [] ->
            strange
            |> List.map Values.word
            |> Checked.all
            |> Result.bind (fun _ -> Checked.mistake "which command? singlesharp --help lists them.")
        | plan :: name :: files when plan = Command.plan.Name && isPlannable name -> commanded true files name
        | plan :: name :: _ when plan = Command.plan.Name && Command.isName name -> withoutPlan name
        | plan :: files when plan = Command.plan.Name -> commanded true files "pipeline"
        | name :: files -> commanded false files name

    let private ofSpoken (spoken: Spoken) =
        check {
            let! task = task spoken

            and! workers =
                spoken |> Spoken.orElse Settings.standard.Workers Argument.Workers Values.whole

            and! memory =
                spoken |> Spoken.orElse Settings.standard.Memory Argument.Memory Values.memory

            return
                { Task = task
                  Workers = workers
                  Memory = memory
                  Json = List.contains Argument.Json spoken
                  Quiet = List.contains Argument.Quiet spoken }
        }

    /// --option=value is --option value.
    let private split (word: string) =
        match word.IndexOf '=' with
        | at when at > 2 && word.StartsWith "--" -> [ word[.. at - 1]; word[at + 1 ..] ]
        | _ -> [ word ]

    /// Options have scanpy's names, with dashes; underscores are as good.
    let private dashed (word: string) =
        let dashed = word.Replace('_', '-')
        if Argument.forms |> List.exists (fun form -> form.Spelling = dashed) then dashed else word

    /// What Argu has to say, without the help page that it adds.
    let private sentence (trouble: ArguParseException) =
        trouble.Message.Split("\n")[0] |> _.Replace("ERROR: ", "").Trim()

    let ofWords (words: string list) : Checked<Request> =
        if Help.isWanted words then
            Ok
                { Task = Help(Help.commandOf words)
                  Workers = Settings.standard.Workers
                  Memory = Settings.standard.Memory
                  Json = false
                  Quiet = false }
        else
            try
                let words = words |> List.collect split |> List.map dashed |> Array.ofList
                (Argument.parser.ParseCommandLine words).GetAllResults() |> sortWords |> ofSpoken
            with :? ArguParseException as trouble ->
                Checked.mistake (sentence trouble)
