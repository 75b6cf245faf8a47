/// plan.json: all that the tasks of a run over shards have to know.
namespace SingleSharp.Core.Shards

open System
open System.IO
open System.Security.Cryptography
open System.Text
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.Concat
open SingleSharp.Core.Steps

/// A plan with what tasks need of it.
type internal PlannedRun =
    { Told: ShardPlan
      Input: Input
      Files: InputFile list
      Recipe: Recipe
      Compression: Compression option
      Provenance: bool }

[<RequireQualifiedAccess>]
module internal PlanFile =
    let private format = 1L

    let private compressionText compression =
        match compression with
        | Compression.None -> "none"
        | Compression.Gzip level -> $"gzip:{level}"
        | Compression.Zstd level -> $"zstd:{level}"
        | Compression.Lzf -> "lzf"

    let private texts (values: seq<string>) =
        JsonValue.List [ for value in values -> JsonValue.Text value ]

    let private stage (stage: ShardStage) =
        JsonValue.Object
            [ "name", JsonValue.Text stage.Name
              "purpose", JsonValue.Text stage.Purpose
              "tasks", JsonValue.Integer(int64 stage.Tasks)
              "memory", JsonValue.Integer stage.Memory
              "merge_memory", JsonValue.Integer stage.MergeMemory
              "reads", JsonValue.Integer stage.Reads
              "part", JsonValue.Integer stage.Part ]

    /// All but the id.
    let private members (run: PlannedRun) =
        [ "shard_plan", JsonValue.Integer format
          "version", JsonValue.Text run.Told.Version
          "bits", JsonValue.Integer(int64 run.Told.Bits)
          "inputs", texts run.Input.Paths
          "conversion", JsonValue.Object(ConversionCheck.given run.Input.Convert)
          "files",
          JsonValue.List
              [ for file in run.Files do
                    JsonValue.Object
                        [ "path", JsonValue.Text file.Path
                          "length", JsonValue.Integer file.Length
                          "written", JsonValue.Integer file.Written
                          "sha256_of_pieces", JsonValue.Text file.Pieces ] ]
          "out", JsonValue.Text run.Told.Out
          "recipe", RecipeJson.write run.Recipe
          "compression",
          (match run.Compression with
           | Some compression -> JsonValue.Text(compressionText compression)
           | None -> JsonValue.Null)
          "provenance", JsonValue.Flag run.Provenance
          "cells", JsonValue.Integer run.Told.Cells
          "genes", JsonValue.Integer run.Told.Genes
          "shards", JsonValue.Integer(int64 run.Told.Shards)
          "stages", JsonValue.List [ for planned in run.Told.Stages -> stage planned ]
          "warnings", texts run.Told.Warnings ]

    let private idOf members =
        JsonValue.line (JsonValue.Object members) |> Encoding.UTF8.GetBytes |> SHA256.HashData |> Convert.ToHexStringLower

    /// The plan under its id.
    let identified (run: PlannedRun) =
        { run with
            Told =
                { run.Told with
                    Id = idOf (members run) } }

    let write (run: PlannedRun) =
        JsonValue.lines (JsonValue.Object(("id", JsonValue.Text run.Told.Id) :: members run))

    /// What is wrong with a plan: the end of a sentence.
    let private refuse path why : 'a =
        Fault.throw (InvalidOption("the plan", $"{path} {why}; make it with shard plan"))

    let private noPlan path : 'a =
        refuse path "is no plan of a run over shards"

    let private conversion path (given: (string * JsonValue) list) =
        (Input.convert, given)
        ||> List.fold (fun options (name, value) ->
            match name, value with
            | "join", JsonValue.Text "outer" -> { options with Join = Join.Outer }
            | "sample_key", JsonValue.Text key -> { options with SampleKey = key }
            | "sample_names", JsonValue.List names ->
                { options with
                    SampleNames =
                        [ for name in names do
                              match name with
                              | JsonValue.Text name -> name
                              | _ -> noPlan path ] }
            | "index_unique", JsonValue.Text between ->
                { options with
                    IndexUnique = Some between }
            | "genome", JsonValue.Text genome -> { options with Genome = Some genome }
            | "feature_type", JsonValue.Text features ->
                { options with
                    FeatureType = Some features }
            | "make_unique", JsonValue.Flag isMade -> { options with MakeUnique = isMade }
            | _ -> noPlan path)

    let private read path all : PlannedRun =
        let wrong () : 'a = noPlan path

        let find members name =
            match List.tryFind (fun (other, _) -> other = name) members with
            | Some(_, value) -> value
            | None -> wrong ()

        let text members name =
            match find members name with
            | JsonValue.Text text -> text
            | _ -> wrong ()

        let integer members name =
            match find members name with
            | JsonValue.Integer number -> number
            | _ -> wrong ()

        let list members name =
            match find members name with
            | JsonValue.List values -> values
            | _ -> wrong ()

        let objects members name =
            [ for value in list members name do
                  match value with
                  | JsonValue.Object members -> members
                  | _ -> wrong () ]

        let texts members name =
            [ for value in list members name do
                  match value with
                  | JsonValue.Text text -> text
                  | _ -> wrong () ]

        if integer all "shard_plan" <> format then
            refuse path "has another format than this version reads"

        let others = all |> List.filter (fun (name, _) -> name <> "id")

        if text all "id" <> idOf others then
            refuse path "was changed after it had been made"

        if integer all "bits" <> int64 Release.bits then
            refuse path $"""was made by version {text all "version"}, which computes other bits than this one ({Release.version})"""

        let paths = texts all "inputs"

        { Told =
            { Id = text all "id"
              Version = text all "version"
              Bits = Release.bits
              Inputs = paths
              Out = text all "out"
              Cells = integer all "cells"
              Genes = integer all "genes"
              Shards = int (integer all "shards")
              Stages =
                [ for stage in objects all "stages" ->
                      { Name = text stage "name"
                        Purpose = text stage "purpose"
                        Tasks = int (integer stage "tasks")
                        Memory = integer stage "memory"
                        MergeMemory = integer stage "merge_memory"
                        Reads = integer stage "reads"
                        Part = integer stage "part" } ]
              Warnings = texts all "warnings" }
          Input =
            { Paths = paths
              Convert =
                match find all "conversion" with
                | JsonValue.Object given -> conversion path given
                | _ -> wrong () }
          Files =
            [ for file in objects all "files" ->
                  { Path = text file "path"
                    Length = integer file "length"
                    Written = integer file "written"
                    Pieces = text file "sha256_of_pieces" } ]
          Recipe = RecipeJson.read (JsonValue.line (find all "recipe"))
          Compression =
            match find all "compression" with
            | JsonValue.Null -> None
            | JsonValue.Text form ->
                match Compression.ofText form with
                | Ok compression -> Some compression
                | Error _ -> wrong ()
            | _ -> wrong ()
          Provenance = (find all "provenance" = JsonValue.Flag true) }

    /// Reads a plan; refuses one that was changed by hand, and one of a version that computes other bits.
    let load (path: string) =
        let content =
            try
                File.ReadAllText path
            with
            | :? FileNotFoundException
            | :? DirectoryNotFoundException -> Fault.throw (NotFound path)
            | :? IOException as trouble -> Fault.throw (Unreadable(path, Fault.reason trouble))
            | :? UnauthorizedAccessException -> Fault.throw (Unreadable(path, "you may not read it"))

        match JsonValue.parse content with
        | Ok(JsonValue.Object members) -> read path members
        | Ok _ -> noPlan path
        | Error why -> refuse path $"cannot be read: {why}"
