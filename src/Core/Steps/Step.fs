/// A step as a value: what it is called, its options, and what it means for a file.
namespace SingleSharp

open System.Collections.Generic

/// What a door tells of a step.
type StepInfo =
    {
        /// Its name, such as hvg.
        Name: string
        /// What it does, in one line, and in a few sentences.
        Line: string
        About: string
        Options: IReadOnlyList<OptionInfo>
        /// Is it taken among other steps only where it is asked for, by name or by an option of its own?
        IsOptional: bool
        /// Does it look at sets of genes?
        UsesGeneSets: bool
        /// Does it change X, with its options?
        ChangesValues: bool
        /// Does it refuse values that are no counts: negative, NaN and infinite ones?
        RefusesInvalid: bool
        /// Command lines that show its use, their options in marks such as ⟨out=qc.h5ad⟩.
        Examples: IReadOnlyList<string>
    }

namespace SingleSharp.Core.Steps

open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.AnnData

/// Genes that alone stay when all steps have been taken: those that are True in a boolean column of var which a step has written.
type internal GeneNarrowing =
    {
        Column: string
        /// Are X and var, as they are before, kept as raw?
        KeepsRaw: bool
    }

/// A kind of step, whose options are a record 'o.
type internal StepKind<'o> =
    {
        Name: string
        Line: string
        About: string
        Examples: string list
        Defaults: 'o
        Options: StepOption<'o> list
        IsOptional: bool
        /// Does it change X with these options?
        ChangesValues: 'o -> bool
        RefusesInvalid: bool
        /// Does it drop cells or genes?
        Selects: bool
        /// Does it leave some genes alone in the end?
        Narrows: 'o -> GeneNarrowing option
        UsesSets: 'o -> SetUse
        /// The column of obs whose batches it looks at.
        BatchKey: 'o -> string option
        /// The column of obs that says which cells it is about.
        MaskObs: 'o -> string option
        /// The options that hold paths of files.
        FileOptions: string list
        /// What the options that were given, by their names, mean for those that were not.
        Settle: string list -> 'o -> Result<'o, string * string>
        /// What is wrong with options that fit no data at all.
        Check: Common -> 'o -> Fault list
        /// Refuses a file that it must not be taken on.
        Require: AnnDataFile -> Common -> 'o -> unit
        Plan: PlanContext -> 'o -> StepPlan
    }

[<RequireQualifiedAccess>]
module internal StepKind =
    /// A step that is always taken, changes no values and looks at no sets of genes: the start of a kind.
    let make name defaults options plan : StepKind<'o> =
        { Name = name
          Line = ""
          About = ""
          Examples = []
          Defaults = defaults
          Options = options
          IsOptional = false
          ChangesValues = fun _ -> false
          RefusesInvalid = false
          Selects = false
          Narrows = fun _ -> None
          UsesSets = fun _ -> NoSets
          BatchKey = fun _ -> None
          MaskObs = fun _ -> None
          FileOptions = []
          Settle = fun _ options -> Ok options
          Check = fun _ _ -> []
          Require = fun _ _ _ -> ()
          Plan = plan }

/// A step whose kind and options are chosen.
type internal StepBody =
    {
        Info: StepInfo
        /// Options that differ from their defaults, as Python writes them.
        Given: (string * string) list
        UsesSets: SetUse
        Selects: bool
        Narrows: GeneNarrowing option
        BatchKey: string option
        MaskObs: string option
        /// The files that its options name, by these options.
        Files: (string * string) list
        /// Reads options given as text, by their names; or a sentence for each mistake, begun with the option.
        Read: (string * string list) list -> Result<StepBody, (string * string) list>
        /// Its options as a recipe in JSON holds them, and what a JSON Schema says of each.
        Json: (string * JsonValue) list
        Schema: (string * JsonValue) list
        /// Reads options from JSON, by their names; or a sentence for each mistake, begun with the option.
        OfJson: (string * JsonValue) list -> Result<StepBody, (string * string) list>
        /// Options that say nothing beside the others, and why.
        Idle: (string * string) list
        Check: Common -> Fault list
        Require: AnnDataFile -> Common -> unit
        Plan: PlanContext -> StepPlan
    }

[<RequireQualifiedAccess>]
module internal StepBody =
    let private info (kind: StepKind<'o>) options =
        { Name = kind.Name
          Line = kind.Line
          About = kind.About
          Options = kind.Options |> List.map _.Info
          IsOptional = kind.IsOptional
          UsesGeneSets = (kind.UsesSets kind.Defaults <> NoSets)
          ChangesValues = kind.ChangesValues options
          RefusesInvalid = kind.RefusesInvalid
          Examples = kind.Examples }

    let private read (kind: StepKind<'o>) options (given: (string * 'given) list) (readOne: StepOption<'o> -> 'given -> 'o -> _) =
        let one (options, mistakes) (option: StepOption<'o>) =
            match List.tryFind (fun (name, _) -> name = option.Info.Name) given with
            | None -> options, mistakes
            | Some(name, value) ->
                match readOne option value options with
                | Ok changed -> changed, mistakes
                | Error several -> options, List.map (fun mistake -> name, mistake) several @ mistakes

        // The last one first: an option may go by what those after it say, as target_sum by median.
        match List.fold one (options, []) (List.rev kind.Options) with
        | options, [] -> kind.Settle (List.map fst given) options |> Result.mapError List.singleton
        | _, mistakes -> Error mistakes

    let private readJson (kind: StepKind<'o>) options (given: (string * JsonValue) list) =
        let known = kind.Options |> List.map _.Info.Name

        match given |> List.map fst |> List.except known with
        | [] -> read kind options given (fun option json options -> option.OfJson json options |> Result.mapError List.singleton)
        | strange ->
            strange
            |> List.map (fun name ->
                match DidYouMean.find known name with
                | Some near -> name, $"is no option of {kind.Name}, unlike {near}"
                | None -> name, $"is no option of {kind.Name}")
            |> Error

    /// The step of a kind with these options.
    let rec make (kind: StepKind<'o>) (options: 'o) : StepBody =
        { Info = info kind options
          Given =
            [ for option in kind.Options do
                  let shown = option.Show options

                  if shown <> option.Info.Default then
                      option.Info.Name, shown ]
          UsesSets = kind.UsesSets options
          Selects = kind.Selects
          Narrows = kind.Narrows options
          BatchKey = kind.BatchKey options
          MaskObs = kind.MaskObs options
          Files =
            [ for option in kind.Options do
                  if List.contains option.Info.Name kind.FileOptions then
                      match option.ToJson options with
                      | Some(JsonValue.Text path) -> option.Info.Name, path
                      | _ -> () ]
          Read = fun given -> read kind options given _.Read |> Result.map (make kind)
          Json =
            [ for option in kind.Options do
                  match option.ToJson options with
                  | Some value -> option.Info.Name, value
                  | None -> () ]
          Schema = kind.Options |> List.map (fun option -> option.Info.Name, option.Schema)
          OfJson = readJson kind options >> Result.map (make kind)
          Idle =
            [ for option in kind.Options do
                  match option.Idle options with
                  | Some why -> option.Info.Name, why
                  | None -> () ]
          Check = fun common -> kind.Check common options
          Require = fun file common -> kind.Require file common options
          Plan = fun context -> kind.Plan context options }

    /// Options that differ from their defaults, and so were meant, but say nothing.
    let idle (body: StepBody) =
        [ for name, why in body.Idle do
              if body.Given |> List.exists (fun (given, _) -> given = name) then
                  InvalidOption(name, $"it has no effect, because {why}; leave it out") ]

namespace SingleSharp.Core

open SingleSharp
open SingleSharp.Core.Steps

/// A step with its options, such as Qc.step Qc.defaults.
[<Sealed>]
type Step internal (body: StepBody) =
    /// What it is called and does, and which options there are.
    member _.Info = body.Info

    member _.Name = body.Info.Name

    /// The options that differ from their defaults: scanpy's names, and values as Python writes them.
    member _.Given = body.Given

    /// The options that say nothing beside the others, and why.
    member _.Idle = body.Idle

    /// The same step with some options read from text, by scanpy's names; or what is wrong with each: an option, and the end of a
    /// sentence that begins with it.
    member _.Read(given: (string * string list) list) : Result<Step, (string * string) list> = body.Read given |> Result.map Step

    member internal _.Body = body

    /// Steps are equal where they are called the same and have the same options.
    override step.Equals other =
        match other with
        | :? Step as other -> step.Name = other.Name && step.Given = other.Given
        | _ -> false

    override step.GetHashCode() = hash (step.Name, step.Given)

    override step.ToString() =
        let options =
            step.Given |> List.map (fun (name, value) -> $"{name}={value}") |> String.concat ", "

        $"{step.Name}({options})"
