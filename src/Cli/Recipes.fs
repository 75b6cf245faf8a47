/// What a command line asks to be done with a file: a recipe of some steps.
namespace SingleSharp.Cli

open SingleSharp.Core

/// What is to be done.
type Wish =
    {
        /// Complete but for the gene sets below, some of which are lists yet to be read.
        Recipe: Recipe
        GeneSets: WantedSet list
    }

[<RequireQualifiedAccess>]
module Recipes =
    /// The matrix that is meant; X, unless another is named.
    let matrix (spoken: Spoken) : Checked<MatrixName> =
        match Spoken.tryValue Argument.Layer spoken, List.contains Argument.Use_Raw spoken with
        | Some _, true -> Checked.mistake "--layer and --use-raw each name a matrix; give one of them."
        | Some layer, false -> Values.name "--layer" layer |> Result.map MatrixName.Layer
        | None, true -> Ok MatrixName.Raw
        | None, false -> Ok MatrixName.X

    /// The steps of a command but for those that are skipped, and a filter that limits nothing beside other steps.
    let private remaining (spoken: Spoken) skipped (steps: Recipe) =
        let unless name step =
            if List.contains name skipped then None else step

        let limited =
            spoken |> List.exists (fun argument -> argument.Chapter = Chapter.Filter)

        { steps with
            Filter = (if limited || Recipe.steps steps = [ "filter" ] then unless "filter" steps.Filter else None)
            Qc = unless "qc" steps.Qc
            NormalizeTotal = unless "normalize_total" steps.NormalizeTotal
            Log1p = unless "log1p" steps.Log1p
            Hvg = unless "hvg" steps.Hvg
            Pca = unless "pca" steps.Pca
            SumDuplicates = List.contains Argument.Sum_Duplicates spoken
            AllowInvalid = List.contains Argument.Allow_Invalid spoken
            AllowLogged = List.contains Argument.Allow_Logged spoken && not (List.contains "log1p" skipped) }

    let private spokenSteps (spoken: Spoken) (steps: Recipe) =
        check {
            let! filter = steps.Filter |> Checked.optional (Steps.filter spoken)
            and! qc = steps.Qc |> Checked.optional (Steps.qc spoken)

            and! normalizeTotal =
                steps.NormalizeTotal |> Checked.optional (Steps.normalizeTotal spoken)

            and! log1p = steps.Log1p |> Checked.optional (Steps.log1p spoken)
            and! hvg = steps.Hvg |> Checked.optional (Steps.hvg spoken)
            and! pca = steps.Pca |> Checked.optional (Steps.pca spoken)
            and! matrix = matrix spoken
            and! symbols = spoken |> Spoken.optional Argument.Gene_Symbols Values.name

            return
                { steps with
                    Filter = filter
                    Qc = qc
                    NormalizeTotal = normalizeTotal
                    Log1p = log1p
                    Hvg = hvg
                    Pca = pca
                    Matrix = matrix
                    GeneSymbols = symbols }
        }

    /// What the core refuses whatever the data is a mistake of the command line.
    let private accepted (recipe: Recipe) =
        try
            Check.recipe recipe
            Ok recipe
        with FaultException fault ->
            Checked.mistake (Fault.sentence fault)

    /// The steps of a command with the options that are said.
    let ofOptions (steps: Recipe) (spoken: Spoken) : Checked<Wish> =
        let skipped =
            spoken |> Spoken.values Argument.Skip |> List.map Values.steps |> Checked.all |> Result.map List.concat

        let remaining = remaining spoken (Result.defaultValue [] skipped) steps

        let understood =
            check {
                let! skipped = skipped
                and! recipe = spokenSteps spoken remaining
                and! geneSets = Steps.geneSets spoken
                return skipped, recipe, geneSets
            }

        // What is said in vain is told by its name, before the core tells of what it results in.
        match understood with
        | Error mistakes -> Error mistakes
        | Ok(skipped, recipe, geneSets) ->
            Unused.ofSteps spoken skipped recipe geneSets
            |> Result.bind (fun () -> accepted recipe)
            |> Result.map (fun recipe -> { Recipe = recipe; GeneSets = geneSets })

    /// The recipe, once the lists of genes are read.
    let withGeneSets sets recipe =
        { recipe with
            Filter = recipe.Filter |> Option.map (fun filter -> { filter with GeneSets = sets })
            Qc = recipe.Qc |> Option.map (fun qc -> { qc with GeneSets = sets }) }
