/// Does what a request asks for and prints the result.
namespace SingleSharp.Cli

open System
open System.Diagnostics
open System.IO
open System.Threading
open SingleSharp.Core

[<RequireQualifiedAccess>]
module Execution =
    /// One line on stdout.
    let private say (text: string) = printfn "%s" (Shown.line text)

    let private orThrow result =
        match result with
        | Ok value -> value
        | Error fault -> Fault.throw fault

    let private settings (request: Request) cancel =
        { Settings.standard with
            Workers = request.Workers
            Memory = request.Memory
            Cancel = cancel }

    /// The recipe with its lists of genes read, and what is worth a warning so far.
    let private complete (settings: Settings) warn names (recipe: Recipe) (work: Work) =
        let sets, remarks = GeneLists.read settings.Memory names work.Wish.GeneSets
        let remarks = remarks |> List.map Shown.line
        remarks |> List.iter warn
        Recipes.withGeneSets sets recipe, remarks

    let private run request (settings: Settings) (work: Work) output =
        let clock = Stopwatch.StartNew()

        let recipe, report =
            Display.during request.Quiet (fun progress warn ->
                let settings =
                    { settings with
                        Progress = progress
                        Warn = warn }

                Inputs.asFile work.Conversion work.Wish.Recipe settings work.Inputs (Some output) (fun file recipe warnings ->
                    let names () =
                        using (Schema.openReadWithin settings.Memory recipe.Matrix file) (fun file ->
                            Symbols.names file recipe.GeneSymbols)

                    let recipe, remarks = complete settings warn names recipe work
                    let report = Pipeline.run recipe settings file output |> orThrow

                    recipe,
                    { report with
                        Input = Inputs.shown work.Inputs
                        Warnings = warnings @ remarks @ report.Warnings }))

        let keys = Keys.ofRecipe recipe

        if request.Json then
            Json.ofReport work.Command (output = InPlace) clock.Elapsed.TotalSeconds keys report
        else
            Summary.ofReport clock.Elapsed.TotalSeconds keys report |> Listing.print

    let private plan request (settings: Settings) (work: Work) =
        let input = Inputs.shown work.Inputs
        let warn = Display.warn request.Quiet

        let plan =
            Inputs.plan work.Conversion work.Wish.Recipe { settings with Warn = warn } work.Inputs (fun file recipe ->
                complete settings warn (fun () -> Symbols.names file recipe.GeneSymbols) recipe work)

        if request.Json then
            Json.ofPlan work.Command input plan
        else
            Summary.ofPlan $"What singlesharp {work.Command} would do with {input}" plan |> Listing.print

    let private convert request (settings: Settings) inputs conversion target =
        let clock = Stopwatch.StartNew()

        let conversion =
            Display.during request.Quiet (fun progress warn ->
                Pipeline.convert
                    conversion
                    { settings with
                        Progress = progress
                        Warn = warn }
                    inputs
                    target)
            |> orThrow

        if request.Json then
            Json.ofConversion clock.Elapsed.TotalSeconds conversion
        else
            Summary.ofConversion clock.Elapsed.TotalSeconds conversion |> Listing.print

    let private info request settings inputs conversion =
        let warn = Display.warn request.Quiet

        let info =
            Inputs.info conversion Recipe.standard { settings with Warn = warn } inputs

        info.Plan.Warnings |> List.iter warn

        if request.Json then
            Json.ofInfo info
        else
            Summary.ofInfo info |> Listing.print
            printfn ""
            Summary.ofPlan "What singlesharp preprocess would do" info.Plan |> Listing.print

    let private digest request settings path =
        let digest = Pipeline.digest settings path |> orThrow

        if request.Json then
            Json.ofDigest digest
        elif request.Quiet then
            printfn "%s" digest.Whole
        else
            digest.Elements |> List.iter (fun element -> say $"{element.Sha256}  {element.Path}")
            printfn "%s  (the whole file)" digest.Whole

    /// Says whether the file is sound.
    let private verify request settings path =
        let verification = Pipeline.verify settings path |> orThrow

        if request.Json then
            Json.ofVerification verification
        else
            Summary.ofVerification request.Quiet verification |> List.iter say

        verification.IsSound

    /// A path that a shell takes as one word.
    let private quoted (path: string) =
        if path |> Seq.forall (fun c -> Char.IsLetterOrDigit c || "/._-+".Contains c) then
            path
        else
            "'" + path.Replace("'", "'\\''") + "'"

    let private makeFolder folder =
        try
            Directory.CreateDirectory folder |> ignore
        with
        | :? IOException when File.Exists folder -> Fault.throw (CannotWrite(folder, "it is a file"))
        | :? IOException
        | :? UnauthorizedAccessException as trouble -> Fault.throw (Fault.ofWrite folder trouble)

    let private demo request (settings: Settings) folder =
        makeFolder folder
        let counts = Path.Combine(folder, "pbmc_like.h5ad")
        let result = Path.Combine(folder, "pbmc_like_preprocessed.h5ad")

        for file in [ counts; result ] do
            Publish.require file 0L
            Publish.requireReplaceable file false

        if not request.Quiet then
            eprintfn "making synthetic blood cells: %s" (Shown.line counts)

        let cells = Synthetic.counts ()
        settings.Cancel.ThrowIfCancellationRequested()
        Publish.replace counts 0L (fun disk -> NewFile.writeTo disk (Gzipped 65_536) cells)

        let work =
            { Command = "demo"
              Inputs = [ counts ]
              Conversion = Conversion.standard
              Wish =
                { Recipe = Recipe.standard
                  GeneSets = [] } }

        run request settings work (NewFile result)

        if not request.Json then
            printfn ""
            say $"Raw counts:   {counts}"
            say $"Preprocessed: {result}"
            printfn ""
            printfn "Try next:"
            say $"  singlesharp info {quoted counts}"
            say $"""  singlesharp pipeline {quoted counts} --out {quoted (Path.Combine(folder, "pbmc_like_pca.h5ad"))}"""
            say $"  singlesharp digest {quoted result}"
            say $"  python -c \"import anndata; print(anndata.read_h5ad(r'{result}').obs.describe())\""

    let private succeed () = 0

    /// Returns the exit code. Throws a FaultException for expected trouble and OperationCanceledException when cancelled.
    let perform (cancel: CancellationToken) (request: Request) =
        let settings = settings request cancel

        match request.Task with
        | Help command -> printf "%s" (Help.page command) |> succeed
        | Version -> printfn "singlesharp %s" Pipeline.version |> succeed
        | Demo folder -> demo request settings folder |> succeed
        | Info(inputs, conversion) -> info request settings inputs conversion |> succeed
        | Convert(inputs, conversion, target) -> convert request settings inputs conversion target |> succeed
        | Digest path -> digest request settings path |> succeed
        | Verify path -> if verify request settings path then 0 else 1
        | Plan work -> plan request settings work |> succeed
        | Run(work, output) -> run request settings work output |> succeed
