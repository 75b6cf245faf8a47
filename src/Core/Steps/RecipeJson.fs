/// Recipes as JSON: written, read, and described by a JSON Schema; all from the list of steps.
namespace SingleSharp.Core.Steps

open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract

[<RequireQualifiedAccess>]
module internal RecipeJson =
    /// The number of the format; it grows when what was written before would be understood in another way.
    let private format = 1L

    let private refuse why : 'a =
        Fault.throw (InvalidOption("recipe", why))

    let private setForm =
        let ofRule rule =
            match rule with
            | GeneRule.Prefixes prefixes -> "prefixes", JsonForm.list(JsonForm.text).Write prefixes
            | GeneRule.Column column -> "column", JsonForm.text.Write column
            | GeneRule.Names genes -> "genes", JsonForm.list(JsonForm.text).Write genes
            | GeneRule.ListedIn path -> "file", JsonForm.text.Write path

        let rules: (string * JsonValue * (JsonValue -> GeneRule option)) list =
            let rule name (form: JsonForm<'a>) make =
                name, form.Schema, form.Read >> Option.map make

            [ rule "prefixes" (JsonForm.list JsonForm.text) GeneRule.Prefixes
              rule "column" JsonForm.text GeneRule.Column
              rule "genes" (JsonForm.list JsonForm.text) GeneRule.Names
              rule "file" JsonForm.text GeneRule.ListedIn ]

        let object' (name, schema, _) =
            JsonValue.Object
                [ "type", JsonValue.Text "object"
                  "properties", JsonValue.Object [ "name", JsonForm.text.Schema; name, schema ]
                  "required", JsonValue.List [ JsonValue.Text "name"; JsonValue.Text name ]
                  "additionalProperties", JsonValue.Flag false ]

        { Schema = JsonValue.Object [ "oneOf", JsonValue.List(List.map object' rules) ]
          Wanted = "a name with one of prefixes, column, genes and file"
          Write =
            fun (set: GeneSet) ->
                let rule, value = ofRule set.Rule
                Some(JsonValue.Object [ "name", JsonValue.Text set.Name; rule, value.Value ])
          Read =
            function
            | JsonValue.Object([ "name", JsonValue.Text name; rule, value ] | [ rule, value; "name", JsonValue.Text name ]) when name <> "" ->
                rules
                |> List.tryPick (fun (known, _, read) -> if known = rule then read value else None)
                |> Option.map (fun rule -> { Name = name; Rule = rule })
            | _ -> None }

    /// The end of a clause that says that there is no such name.
    let private near (known: string list) name =
        match DidYouMean.find known name with
        | Some near -> $", unlike {near}"
        | None -> ""

    /// What all steps have in common: a member, its form, how it is taken from a recipe and put into one.
    type private Shared =
        { Name: string
          Schema: JsonValue
          Write: Recipe -> JsonValue
          Read: JsonValue -> Recipe -> Result<Recipe, string> }

    let private shared name (form: JsonForm<'a>) get set =
        { Name = name
          Schema = form.Schema
          Write = get >> form.Write >> Option.get
          Read = fun json recipe -> JsonForm.read form json |> Result.map (fun value -> set value recipe) }

    /// An empty text stands for no set at all, as on a command line.
    let private prefix =
        let any =
            { JsonForm.text with
                Schema = JsonValue.Object [ "type", JsonValue.Text "string" ]
                Wanted = "a text"
                Read =
                    function
                    | JsonValue.Text text -> Some text
                    | _ -> None }

        JsonForm.orNull any
        |> JsonForm.map
            (function
            | None -> Mitochondrial.Auto
            | Some "" -> Mitochondrial.None
            | Some prefix -> Mitochondrial.Prefix prefix)
            (function
             | Mitochondrial.Auto -> None
             | Mitochondrial.None -> Some ""
             | Mitochondrial.Prefix prefix -> Some prefix)

    let private members =
        [ shared
              "layer"
              (JsonForm.orNull JsonForm.text)
              (fun recipe ->
                  match recipe.Matrix with
                  | MatrixName.Layer name -> Some name
                  | _ -> None)
              (fun layer recipe ->
                  match layer with
                  | Some name ->
                      { recipe with
                          Matrix = MatrixName.Layer name }
                  | None -> recipe)
          shared "use_raw" JsonForm.flag (fun recipe -> recipe.Matrix = MatrixName.Raw) (fun isRaw recipe ->
              match isRaw, recipe.Matrix with
              | true, MatrixName.Layer name -> refuse $"layer \"{name}\" and use_raw each name a matrix; give one of them"
              | true, _ -> { recipe with Matrix = MatrixName.Raw }
              | false, _ -> recipe)
          shared "mt_prefix" prefix _.Mitochondrial (fun genes recipe -> { recipe with Mitochondrial = genes })
          shared "gene_sets" (JsonForm.list setForm) _.GeneSets (fun sets recipe -> { recipe with GeneSets = sets })
          shared "gene_symbols" (JsonForm.orNull JsonForm.text) _.GeneSymbols (fun column recipe -> { recipe with GeneSymbols = column })
          shared "sum_duplicates" JsonForm.flag _.SumDuplicates (fun value recipe -> { recipe with SumDuplicates = value })
          shared "allow_invalid" JsonForm.flag _.AllowInvalid (fun value recipe -> { recipe with AllowInvalid = value })
          shared "keep_counts" JsonForm.flag _.KeepCounts (fun value recipe -> { recipe with KeepCounts = value }) ]

    /// The recipe as a value, in one order of steps and options, without what is code.
    let write (recipe: Recipe) =
        JsonValue.Object
            [ "recipe", JsonValue.Integer format
              "steps",
              JsonValue.List
                  [ for step in recipe.Steps ->
                        JsonValue.Object [ "step", JsonValue.Text step.Name; "options", JsonValue.Object step.Body.Json ] ]
              for shared in members do
                  shared.Name, shared.Write recipe ]

    let private stepNames = AllSteps.inOrder |> List.map _.Name

    let private readStep (place: string) json =
        let named, options =
            match json with
            | JsonValue.Object members ->
                match members |> List.map fst |> List.except [ "step"; "options" ] with
                | [] -> ()
                | strange :: _ -> refuse $"{place} has a member \"{strange}\"; there are step and options"

                let find name =
                    members |> List.tryFind (fun (other, _) -> other = name) |> Option.map snd

                find "step", find "options"
            | _ -> refuse $"{place} must be an object with a step and its options, not {JsonValue.line json}"

        let step =
            match named with
            | Some(JsonValue.Text name) ->
                match AllSteps.inOrder |> List.tryFind (fun step -> step.Name = name) with
                | Some step -> step
                | None -> refuse $"""{place}: {name} is no step{near stepNames name}; the steps are {String.concat ", " stepNames}"""
            | _ -> refuse $"{place} does not say which step it is"

        let given =
            match options with
            | None -> []
            | Some(JsonValue.Object given) -> given
            | Some other -> refuse $"{place}, {step.Name}: options must be an object, not {JsonValue.line other}"

        match step.Body.OfJson given with
        | Ok body -> Step body
        | Error mistakes ->
            let option, ending = List.head mistakes
            refuse $"{place}, {step.Name}: {option} {ending}"

    let private readMembers all =
        let names = "$schema" :: "recipe" :: "steps" :: (members |> List.map _.Name)

        let find name =
            all |> List.tryFind (fun (other, _) -> other = name) |> Option.map snd

        match find "recipe" with
        | Some(JsonValue.Integer number) when number = format -> ()
        | Some other -> refuse $"its format is {JsonValue.line other}, and this version of SingleSharp reads format {format}"
        | None -> refuse $"it does not say its format; it must begin with \"recipe\": {format}"

        match all |> List.map fst |> List.except names with
        | [] -> ()
        | strange :: _ -> refuse $"\"{strange}\" is no member of it{near names strange}"

        let steps =
            match find "steps" with
            | Some(JsonValue.List steps) -> steps |> List.mapi (fun i step -> readStep $"step {i + 1}" step)
            | Some other -> refuse $"steps must be a list, not {JsonValue.line other}"
            | None -> refuse "it has no steps"

        let start =
            { Steps = steps
              Matrix = MatrixName.X
              Mitochondrial = Mitochondrial.Auto
              GeneSets = []
              GeneSymbols = None
              SumDuplicates = false
              AllowInvalid = false
              KeepCounts = false
              Also = [] }

        (start, members)
        ||> List.fold (fun recipe shared ->
            match find shared.Name with
            | None -> recipe
            | Some json ->
                match shared.Read json recipe with
                | Ok recipe -> recipe
                | Error ending -> refuse $"{shared.Name} {ending}")

    /// Reads a text; throws a fault that says what is wrong, and where.
    let read (text: string) : Recipe =
        match JsonValue.parse text with
        | Ok(JsonValue.Object members) -> readMembers members
        | Ok _ -> refuse "it must be an object"
        | Error why -> refuse why

    /// What recipes must look like, for editors and other programs.
    let schema () =
        let object' properties required =
            JsonValue.Object
                [ "type", JsonValue.Text "object"
                  "properties", JsonValue.Object properties
                  "required", JsonValue.List(List.map JsonValue.Text required)
                  "additionalProperties", JsonValue.Flag false ]

        let step (step: Step) =
            object'
                [ "step", JsonValue.Object [ "const", JsonValue.Text step.Name ]
                  "options",
                  JsonValue.Object
                      [ "type", JsonValue.Text "object"
                        "properties", JsonValue.Object step.Body.Schema
                        "additionalProperties", JsonValue.Flag false ] ]
                [ "step" ]

        let properties =
            [ "$schema", JsonValue.Object [ "type", JsonValue.Text "string" ]
              "recipe", JsonValue.Object [ "const", JsonValue.Integer format ]
              "steps",
              JsonValue.Object
                  [ "type", JsonValue.Text "array"
                    "items", JsonValue.Object [ "oneOf", JsonValue.List(List.map step AllSteps.inOrder) ] ]
              for shared in members do
                  shared.Name, shared.Schema ]

        match object' properties [ "recipe"; "steps" ] with
        | JsonValue.Object rest ->
            JsonValue.Object(
                [ "$schema", JsonValue.Text "https://json-schema.org/draft/2020-12/schema"
                  "title", JsonValue.Text "A recipe of SingleSharp" ]
                @ rest
            )
        | other -> other
