/// The pages in docs/ say what the code says: the code of extending.md compiles and works, and reference.md lists the steps that there are.
module internal SingleSharp.Properties.DocsLaws

open System
open System.IO
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Steps

let private root =
    let rec above (folder: string) =
        if File.Exists(Path.Combine(folder, "SingleSharp.sln")) then
            folder
        else
            match Path.GetDirectoryName folder with
            | null -> failtest "these tests need the repository"
            | parent -> above parent

    lazy (above AppContext.BaseDirectory)

let text (path: string) =
    File.ReadAllText(Path.Combine(root.Value, path)).Replace("\r\n", "\n")

let private extending =
    let blocks language (page: string) =
        page.Split "\n```"
        |> Array.indexed
        |> Array.filter (fun (i, block) -> i % 2 = 1 && block.StartsWith(language + "\n"))
        |> Array.map (fun (_, block) -> block.Substring(language.Length + 1))

    let files = [ "ExtendingMetric"; "ExtendingStep"; "ExtendingCodec" ]

    test "every F# block of docs/extending.md is compiled code" {
        let compiled =
            files |> List.map (fun file -> text $"tests/Properties/Docs/{file}.fs")

        let shown = text "docs/extending.md" |> blocks "fsharp"
        Expect.isGreaterThanOrEqual shown.Length files.Length "there are blocks"

        for block in shown do
            Expect.isTrue
                (compiled |> List.exists (fun file -> file.Contains(block + "\n")))
                $"docs/extending.md shows what no file of tests/Properties/Docs has:\n{block}"
    }

/// Two cells: 5 of gene 0 and 1 of gene 2, then 3 of gene 2.
let private batch () =
    RowBatch(Cells = 2, Offsets = [| 0; 2; 3 |], Genes = [| 0; 2; 2 |], Values = [| 5.0; 1.0; 3.0 |], Output = Array.zeroCreate 3)

let private metric =
    test "the metrics of docs/extending.md" {
        let cell = CellTotals(Array.empty, Array.empty, Detected = 2, Total = 6.0)

        Expect.equal (ExtendingMetric.countsPerGene.Value cell) 3.0 "6 counts of 2 genes"
        let column, values = ExtendingMetric.countsPerCell
        let tallies = Fold.run (GeneTallies.perGene 3) [ batch () ]
        Expect.equal column.Name "counts_per_cell" "its column"
        Expect.equal (values tallies |> Array.map string) [| "5"; "NaN"; "2" |] "gene 1 is in no cell"
    }

/// What the step makes of a file, without a run: its plan, then its fold over all rows, then its turn.
let private outcomeOf path (step: Step) =
    let settings = Settings.standard
    use file = AnnDataFile.openReadWithin settings.Memory MatrixName.X path
    let common = Recipe.common (Recipe.ofSteps [ step ])

    use rows =
        CsrView.Prepare(file, Path.GetTempPath(), settings.Memory, settings.Cancel, ignore)

    let plan =
        step.Body.Plan
            { File = file
              Rows = rows.Matrix
              Settings = settings
              Common = common
              State =
                { Type = file.X.Type
                  IsLoggedHere = false
                  LogBase = None
                  SeenAs = file.X.Type }
              Spread = Batches.alone
              IsSaved = false
              Choices = []
              DropsCells = false
              DropsGenes = false }

    let job =
        { File = file
          Rows = rows
          Settings = settings
          Passes = []
          SumDuplicates = false
          RefusesInvalid = false
          Batches = None
          Scope = Whole
          Genes = RowMask.all (int64 file.X.Genes)
          Folder = Path.GetTempPath()
          Taker = Taker.alone
          Aside = Aside.nothing }

    let turn = Passes.ask file false settings (plan.Start job Normalize.nothing).Fold

    let outcome =
        turn
            { Job = job
              Editor = Unchecked.defaultof<_>
              Transformation = Normalize.nothing
              Cells = file.X.Cells
              Before = []
              Beside = Budget.nothing }

    let largest =
        Passes.ask file false settings (ExtendingStep.largest file.X.Genes |> Fold.map Array.max)

    plan, outcome, largest

let private step =
    test "the step of docs/extending.md" {
        let usual = ExtendingStep.step ExtendingStep.defaults

        match usual.Read [ "key_added", [ "most" ] ] with
        | Error mistakes -> failtest $"its option is not read: {mistakes}"
        | Ok step ->
            Expect.equal step.Given [ "key_added", "'most'" ] "the option that was given"
            let folder = Directory.CreateTempSubdirectory "singlesharp-docs-"

            try
                let path = Path.Combine(folder.FullName, "demo.h5ad")
                Expect.equal (Pipeline.demo Settings.standard path) (Ok()) "the demo is written"
                let plan, outcome, largest = outcomeOf path step
                let column, values = List.exactlyOne outcome.GeneColumns
                Expect.equal column.Name "most" "the column has the name that was given"
                Expect.equal [ column ] plan.GeneColumns "it is the one that was planned"
                Expect.equal (Array.max (values ())) largest "its largest value is that of X"
                Expect.isGreaterThan largest 1.0 "there are counts"
            finally
                folder.Delete true

        let most = Fold.run (ExtendingStep.largest 3) [ batch () ]
        Expect.equal most [| 5.0; 0.0; 3.0 |] "of each gene"
        Expect.isError (usual.Read [ "key_added", [ "" ] ]) "a name must not be empty"
    }

let private codec =
    test "the codec of docs/extending.md" {
        let bound =
            match ExtendingCodec.codec.Length with
            | CodecLength.Varies bound -> bound
            | _ -> failtest "it compresses"

        let chunk = Array.init 10000 (fun i -> byte (i / 100))
        let coder = ExtendingCodec.codec.Start Array.empty chunk.Length
        let stored = Array.zeroCreate (bound chunk.Length)
        let length = coder.Encode(chunk, chunk.Length, stored)
        let again = Array.zeroCreate chunk.Length
        Expect.isTrue (length > 0 && length < chunk.Length / 10) "it shrinks"
        Expect.equal (coder.Decode(stored, length, again)) chunk.Length "as many bytes come back"
        Expect.equal again chunk "the same bytes come back"

        // Two blocks of 4 and 2 bytes that are not compressed.
        let plain =
            [| 0
               0
               0
               0
               0
               0
               0
               6
               0
               0
               0
               4
               0
               0
               0
               4
               1
               2
               3
               4
               0
               0
               0
               2
               5
               6 |]

        let plain = Array.map byte plain
        Expect.equal (coder.Decode(plain, plain.Length, again)) 6 "blocks as they are"
        Expect.equal again[..5] [| 1uy .. 6uy |] "their bytes"

        for length in 0 .. plain.Length - 1 do
            Expect.throws (fun () -> coder.Decode(plain, length, again) |> ignore) $"cut off after {length} bytes"

        Expect.equal (coder.Encode([| 1uy .. 9uy |], 9, stored)) -1 "what does not shrink is left as it is"
    }

/// docs/reference.md between the two marks: the steps and their options.
let private beginning, ending =
    "<!-- steps: made from Pipeline.steps by tests/Properties/Docs/DocsLaws.fs -->", "<!-- end of steps -->"

let private listed =
    let plain = OptionText.spell OptionText.plain
    let cell (words: string) = (plain words).Replace("|", "\\|")

    let command =
        OptionText.spell (
            OptionSpelling(fun name value ->
                let dashed = name.Replace('_', '-')

                match value with
                | "" -> $"--{dashed}"
                | "False" -> $"--no-{dashed}"
                | _ -> $"--{dashed} {value}")
        )

    let spelling (option: OptionInfo) =
        let dashes (name: string) =
            let isTurnedOff = option.Placeholder = "" && option.Default = "True"
            (if isTurnedOff then "--no-" else "--") + name.Replace('_', '-')

        if option.CommandName = option.PipelineName then
            $"`{dashes option.CommandName}`"
        else
            $"`{dashes option.CommandName}`, in `pipeline` `{dashes option.PipelineName}`"

    let row (option: OptionInfo) =
        $"| `{option.Name}` | {spelling option} | `{cell option.Type}` | `{cell option.Default}` | {cell option.Doc} |"

    let chapter (step: Step) =
        [ $"### {step.Name}"
          ""
          plain step.Info.About
          ""
          if not (Seq.isEmpty step.Info.Options) then
              "| option | on a command line | type | default | meaning |"
              "|---|---|---|---|---|"
              yield! Seq.map row step.Info.Options
              ""
          "```sh"
          yield! Seq.map command step.Info.Examples
          "```"
          "" ]

    lazy (Pipeline.steps |> List.collect chapter |> String.concat "\n")

let private regenerate = "SINGLESHARP_WRITE_DOCS"

let private reference =
    test "docs/reference.md lists the steps and options that there are" {
        let path = "docs/reference.md"
        let page = text path

        let start, stop =
            match page.IndexOf beginning, page.IndexOf ending with
            | -1, _
            | _, -1 -> failtest $"{path} has not both of the marks {beginning} and {ending}"
            | start, stop -> start + beginning.Length, stop

        let wanted = "\n\n" + listed.Value + "\n"

        if Environment.GetEnvironmentVariable regenerate = "1" then
            File.WriteAllText(Path.Combine(root.Value, path), page[.. start - 1] + wanted + page[stop..])
        else
            Expect.equal
                page[start .. stop - 1]
                wanted
                $"{path} is not what the steps say of themselves any more; to write it anew: {regenerate}=1 dotnet run -c Release --project tests/Properties -- --filter-test-list Docs"
    }

let private schema =
    test "docs/recipe.schema.json is made from the list of steps" {
        let path = "docs/recipe.schema.json"
        let wanted = RecipeJson.schema () |> Contract.JsonValue.lines

        if Environment.GetEnvironmentVariable regenerate = "1" then
            File.WriteAllText(Path.Combine(root.Value, path), wanted)
        else
            Expect.equal (text path) wanted $"{path} is not what recipes look like any more; to write it anew, set {regenerate}=1"
    }

let tests = testList "Docs" [ extending; metric; step; codec; reference; schema ]
