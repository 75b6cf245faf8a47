/// Recipes as they are made, changed, checked, and kept as JSON.
namespace SingleSharp.Core

open System
open System.IO
open System.Text
open SingleSharp
open SingleSharp.Core.Files
open SingleSharp.Core.Hdf5
open SingleSharp.Core.Steps

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Recipe =
    /// These steps on X.
    let ofSteps steps : Recipe =
        { Steps = steps
          Matrix = MatrixName.X
          Mitochondrial = Mitochondrial.Auto
          GeneSets = []
          GeneSymbols = None
          SumDuplicates = false
          AllowInvalid = false
          KeepCounts = false
          Also = [] }

    /// QC metrics, 10,000 counts per cell, natural logarithm.
    let standard =
        ofSteps
            [ Qc.step Qc.defaults
              NormalizeTotal.step NormalizeTotal.defaults
              Log1p.step Log1p.defaults ]

    /// The standard steps, 2,000 highly variable genes, 50 principal components.
    let full =
        { standard with
            Steps =
                standard.Steps
                @ [ Hvg.step
                        { Hvg.defaults with
                            NTopGenes = Some 2000 }
                    Pca.step Pca.defaults ] }

    /// The recipe with a step at its place in the order, instead of one of its kind.
    let add (step: Step) (recipe: Recipe) =
        let steps =
            step :: (recipe.Steps |> List.filter (fun other -> other.Name <> step.Name))

        { recipe with
            Steps = steps |> List.sortBy (fun step -> AllSteps.inOrder |> List.findIndex (fun known -> known.Name = step.Name)) }

    /// The recipe without the step of a name.
    let without name (recipe: Recipe) =
        { recipe with
            Steps = recipe.Steps |> List.filter (fun step -> step.Name <> name) }

    /// The names of the steps.
    let names (recipe: Recipe) = recipe.Steps |> List.map _.Name

    /// The step of a name, if it is taken.
    let tryFind name (recipe: Recipe) =
        recipe.Steps |> List.tryFind (fun step -> step.Name = name)

    let internal common (recipe: Recipe) : Common =
        { Steps = names recipe
          Matrix = recipe.Matrix
          Mitochondrial = recipe.Mitochondrial
          GeneSets = recipe.GeneSets
          GeneSymbols = recipe.GeneSymbols
          SumDuplicates = recipe.SumDuplicates
          AllowInvalid = recipe.AllowInvalid
          KeepCounts = recipe.KeepCounts }

    /// Is a set of genes looked at by a step?
    let private isUsed (recipe: Recipe) name =
        recipe.Steps
        |> List.exists (fun step ->
            match step.Body.UsesSets with
            | NoSets -> false
            | AllSets -> true
            | SetsNamed names -> List.contains name names)

    let private setMistakes (recipe: Recipe) =
        let names = recipe.GeneSets |> List.map _.Name

        [ for name, count in List.countBy id names do
              if count > 1 then
                  InvalidOption("gene_set", $"two sets are called {name}")

          for name in List.distinct names do
              if not (isUsed recipe name) then
                  InvalidOption(
                      "gene_set",
                      $"{name} has no effect: only qc and limits such as ⟨max_pct={name}=20⟩ look at it, and there are none; leave it out"
                  )

          match recipe.Mitochondrial with
          | Mitochondrial.Prefix _ when List.contains "mt" names ->
              InvalidOption("mt_prefix", "there is a set called mt already; leave one of them out")
          | _ -> ()

          if recipe.Mitochondrial <> Mitochondrial.Auto && not (isUsed recipe "mt") then
              InvalidOption(
                  "mt_prefix",
                  "it has no effect: only qc and limits such as ⟨max_pct=mt=20⟩ look at the set mt, and there are none; leave it out"
              ) ]

    /// Do names of genes decide which of them belong to a set that is looked at?
    let private goesByNames (recipe: Recipe) =
        recipe.GeneSets
        |> List.exists (fun set ->
            isUsed recipe set.Name
            && match set.Rule with
               | GeneRule.Column _ -> false
               | _ -> true)
        || (isUsed recipe "mt"
            && recipe.Mitochondrial <> Mitochondrial.None
            && recipe.Mitochondrial <> Mitochondrial.Prefix ""
            && recipe.GeneSets |> List.forall (fun set -> set.Name <> "mt"))

    let private symbolMistakes (recipe: Recipe) =
        match recipe.GeneSymbols with
        | Some "" -> [ InvalidOption("gene_symbols", "it must not be empty") ]
        | Some _ when not (goesByNames recipe) ->
            [ InvalidOption("gene_symbols", "it has no effect: no gene set is made of names of genes; leave it out") ]
        | _ -> []

    let private orderMistakes (recipe: Recipe) =
        let order = AllSteps.inOrder |> List.map _.Name
        let places = names recipe |> List.map (fun name -> List.findIndex ((=) name) order)

        [ if recipe.Steps.IsEmpty && recipe.Also.IsEmpty then
              InvalidStep("the recipe", "it has no steps")

          if places <> List.sort (List.distinct places) then
              InvalidStep(
                  "the recipe",
                  $"""{String.concat ", " (names recipe)}: each step is taken at most once, in the order {String.concat ", " order}"""
              ) ]

    let private selectionMistakes (recipe: Recipe) =
        match recipe.Steps |> List.filter _.Body.Selects |> List.map _.Name with
        | first :: second :: _ ->
            [ InvalidStep(
                  second,
                  $"one run drops cells and genes once, but {first} drops some, too; run {first} first, and {second} on its output"
              ) ]
        | _ -> []

    let private countMistakes (recipe: Recipe) =
        if recipe.KeepCounts && not (recipe.Steps |> List.exists (fun step -> step.Info.ChangesValues)) then
            [ InvalidOption("keep_counts", "it has no effect: no step changes values of X, which stays as it is; leave it out") ]
        else
            []

    /// What is wrong with a recipe whatever the data.
    let internal mistakes (recipe: Recipe) =
        [ yield! orderMistakes recipe
          yield! selectionMistakes recipe
          for step in recipe.Steps do
              yield! StepBody.idle step.Body
              yield! step.Body.Check(common recipe)
          yield! setMistakes recipe
          yield! symbolMistakes recipe
          yield! countMistakes recipe
          yield! Also.mistakes recipe.Also ]

    /// Refuses what fits no data at all, before a file is looked at.
    let internal check (recipe: Recipe) =
        mistakes recipe |> List.tryHead |> Option.iter Fault.throw

    /// Does it read raw without becoming a new file of it?
    let internal leavesRaw (recipe: Recipe) = names recipe |> List.forall ((=) "qc")

    /// A recipe that holds code is no text.
    let private (|OfCode|_|) (recipe: Recipe) =
        if recipe.Also.IsEmpty then
            None
        else
            Some "a recipe in JSON holds no code; leave out what is among Also first"

    /// The recipe as JSON, as docs/recipe.schema.json describes it: every option of every step under scanpy's name. Throws an
    /// InvalidOperationException where something is among Also, which JSON does not hold.
    /// Law (round trip): ofJson (toJson recipe) = Ok recipe
    let toJson (recipe: Recipe) =
        match recipe with
        | OfCode why -> raise (InvalidOperationException $"toJson: {why}.")
        | _ -> RecipeJson.write recipe |> Contract.JsonValue.lines

    /// Reads what toJson has written, or what somebody has written by hand; options that are left out have their defaults.
    let ofJson (json: string) : Result<Recipe, Fault> =
        try
            Ok(RecipeJson.read json)
        with FaultException fault ->
            Error fault

    /// The files that it reads: those that its sets of genes are listed in, and those that options of steps name.
    let files (recipe: Recipe) =
        [ for set in recipe.GeneSets do
              match set.Rule with
              | GeneRule.ListedIn path -> path
              | _ -> ()
          for step in recipe.Steps do
              yield! List.map snd step.Body.Files ]

    /// More bytes than any recipe has: whatever is longer is something else, and is not read to its end.
    let private most = 16L <<< 20

    let private tooLong =
        InvalidOption("recipe", $"it is longer than {Fault.size most}, which no recipe is")

    /// The text of a file, a device or a pipe, as far as a recipe could go.
    let private text path =
        use file = File.OpenRead path
        use held = new MemoryStream()
        let buffer: byte[] = Array.zeroCreate 65536
        let mutable count = file.Read(buffer, 0, buffer.Length)

        while count > 0 do
            held.Write(buffer, 0, count)

            if held.Length > most then
                Fault.throw tooLong

            count <- file.Read(buffer, 0, buffer.Length)

        held.Position <- 0L
        use reader = new StreamReader(held, UTF8Encoding false)
        reader.ReadToEnd()

    /// Reads a file that save has written, or somebody by hand.
    let load (path: string) : Result<Recipe, Fault> =
        try
            match Status.tryFind path with
            | ValueNone -> Error(NotFound path)
            | ValueSome { Nature = Folder } -> Error(Unreadable(path, "it is a folder"))
            | ValueSome status when status.Length > most -> Error tooLong
            | ValueSome _ -> ofJson (text path)
        with
        | FaultException fault -> Error fault
        | :? UnauthorizedAccessException -> Error(Unreadable(path, "you have no permission"))
        | :? IOException as trouble -> Error(Unreadable(path, Fault.reason trouble))

    /// Writes the recipe as JSON to a file: all of it, or the file stays as it was.
    let save (path: string) (recipe: Recipe) : Result<unit, Fault> =
        match recipe with
        | OfCode why -> Error(InvalidOption("also", why))
        | _ ->
            let bytes = Encoding.UTF8.GetBytes(toJson recipe)

            try
                AtomicReplace.require path 0L
                AtomicReplace.requireReplaceable path false
                AtomicReplace.replace path 0L (fun disk -> disk.Write(0L, ReadOnlySpan bytes))
                Ok()
            with FaultException fault ->
                Error fault
