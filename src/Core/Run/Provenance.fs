/// The note of what was done to a file: uns/singlesharp, an array of texts, one per run, the last one last. Each is a JSON object.
/// Nothing in it depends on the machine, the time, workers or memory, so outputs stay the same to the byte.
namespace SingleSharp.Core.Run

open System
open System.IO
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Writing
open SingleSharp.Core.Concat
open SingleSharp.Core.Steps
open SingleSharp.Core.Verify

/// What a run was asked for: the inputs as they were named, how they are read and joined, and the recipe before a conversion takes
/// its part of it.
type internal Asked =
    {
        Input: Input
        /// The files that the inputs consist of.
        Files: string list
        Recipe: Recipe
    }

[<RequireQualifiedAccess>]
module internal Provenance =
    let private name = "singlesharp"
    let private place = Digest.notes

    /// More runs than anybody takes on one file; an array with more is something else.
    let private most = 10_000L

    /// A file name without its folder, which is a matter of the machine.
    let private named (path: string) =
        match Path.GetFileName(path.TrimEnd('/', Path.DirectorySeparatorChar)) with
        | "" -> path
        | name -> name

    let private stepWithoutFolders (step: Step) =
        step.Read [ for option, path in step.Body.Files -> option, [ named path ] ] |> Result.defaultValue step

    let private withoutFolders (recipe: Recipe) =
        { recipe with
            Steps = recipe.Steps |> List.map stepWithoutFolders
            GeneSets =
                recipe.GeneSets
                |> List.map (fun set ->
                    match set.Rule with
                    | GeneRule.ListedIn path ->
                        { set with
                            Rule = GeneRule.ListedIn(named path) }
                    | _ -> set) }

    let private entry (asked: Asked) =
        JsonValue.Object
            [ "version", JsonValue.Text Release.version
              "bits", JsonValue.Integer(int64 Release.bits)
              "inputs", JsonValue.List(asked.Input.Paths |> List.map (named >> JsonValue.Text))
              // Notes of runs without such options are as they always were, to the byte.
              match ConversionCheck.given asked.Input.Convert with
              | [] -> ()
              | given -> "conversion", JsonValue.Object given
              "recipe", RecipeJson.write (withoutFolders asked.Recipe)
              // Code is not noted, but the columns that it has written are.
              match Also.columns asked.Recipe.Also with
              | [] -> ()
              | columns -> "also", JsonValue.List [ for column in columns -> JsonValue.Text column.Name ] ]
        |> JsonValue.line

    /// The texts that are there; none where something else is in their place.
    let private texts (store: Hdf5File) =
        match store.TryFind("", store.Root, "uns") with
        | None -> Some []
        | Some(DatasetObject _) -> None
        | Some(GroupObject uns) ->
            match store.TryFind("uns", uns, name) with
            | None when (Links.tryFind name uns).IsNone -> Some []
            | Some(DatasetObject dataset) when dataset.Dims.Length = 1 && dataset.Count <= most && dataset.Type = VlenString ->
                Some(List.ofSeq (AnnData.DataFrame.texts store dataset 0L dataset.Count))
            | _ -> None

    /// What is written for a run behind the notes that are there; none where they cannot be told.
    let next (store: Hdf5File) (asked: Asked) : (string * (string * NewElement) list) option =
        try
            texts store |> Option.map (fun before -> "uns", [ name, NewElement.Texts(before @ [ entry asked ]) ])
        with FaultException _ ->
            None

    /// The bytes that the note takes, about: a string heap, and the texts.
    let bytes (note: (string * (string * NewElement) list) option) =
        match note with
        | Some(_, [ _, NewElement.Texts texts ]) -> 16384L + (texts |> List.sumBy (fun text -> 64L + 4L * int64 text.Length))
        | _ -> 0L

    let untold =
        $"this run is not noted in {place}: something else is there, or uns cannot be edited"

    let private past (store: Hdf5File) number entry : PastRun =
        let wrong () : 'a =
            store.Disk.Damaged place $"its text {number} does not tell of a run"

        match JsonValue.parse entry with
        | Ok(JsonValue.Object members) ->
            let text json =
                match json with
                | JsonValue.Text text -> text
                | _ -> wrong ()

            let find name =
                members |> List.tryFind (fun (other, _) -> other = name) |> Option.map snd

            match find "version", find "bits", find "inputs", find "recipe" with
            | Some(JsonValue.Text version), Some(JsonValue.Integer bits), Some(JsonValue.List inputs), Some recipe ->
                { Version = version
                  Bits = int (min bits (int64 Int32.MaxValue))
                  Inputs = inputs |> List.map text
                  Recipe = JsonValue.lines recipe
                  Conversion =
                    match find "conversion" with
                    | None -> JsonValue.line (JsonValue.Object [])
                    | Some(JsonValue.Object _ as conversion) -> JsonValue.line conversion
                    | Some _ -> wrong ()
                  Also =
                    match find "also" with
                    | None -> []
                    | Some(JsonValue.List columns) -> columns |> List.map text
                    | Some _ -> wrong () }
            | _ -> wrong ()
        | _ -> wrong ()

    /// The runs that a file tells of, the first one first.
    let history (store: Hdf5File) : PastRun list =
        match texts store with
        | Some texts -> texts |> List.mapi (fun i text -> past store (i + 1) text)
        | None -> store.Disk.Damaged place "it is no array of texts, as SingleSharp writes it"
