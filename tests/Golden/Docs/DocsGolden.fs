/// What the pages for people show is what happens: their blocks are run, and the sentences that they quote are said.
module internal SingleSharp.Golden.DocsGolden

open System
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Packages
open SingleSharp.Golden.DocBlocks
open SingleSharp.Answers

let private readme = "README.md"

/// Every door leads to the same room: the file holds what the recipe makes of counts.h5ad.
let private expectMade (sandbox: Sandbox) name recipe =
    let expected = sandbox.File "expected.h5ad"
    ran recipe (sandbox.File "counts.h5ad") expected |> ignore
    Expect.equal (whole (sandbox.File name)) (whole expected) name

let private withCounts (sandbox: Sandbox) =
    writeCounts (sandbox.File "counts.h5ad")

/// A limit in the place of the one that is there.
let private limited limits =
    Recipe.full |> Recipe.add (Filter.step limits)

let private analysis =
    limited
        { Filter.defaults with
            MinCounts = Some 100.0
            MaxPct = [ "mt", 20.0 ]
            MinCells = Some 3L }

/// The README in one language, and what has to be there afterwards.
let private readmeIn language (made: (string * Recipe) list) =
    test $"the {language} blocks of the README run" {
        use sandbox = new Sandbox()
        SampleFiles.twoSamples sandbox
        withCounts sandbox
        PageRun.run sandbox (blocksOf readme |> List.filter (fun block -> block.Language = language))

        for name, recipe in made do
            expectMade sandbox name recipe
    }

let private ribosomal =
    { Recipe.standard with
        GeneSets = [ GeneSet.WithPrefix("ribo", "RPS", "RPL") ] }

let private readmes =
    [ readmeIn "sh" [ "normalized.h5ad", ribosomal ]
      readmeIn "python" [ "pca.h5ad", analysis ]
      for language in [ "fsharp"; "csharp" ] do
          readmeIn language [ "normalized.h5ad", Recipe.standard; "pca.h5ad", analysis ] ]

let private demo name (sandbox: Sandbox) =
    Pipeline.demo Settings.standard (sandbox.File name) |> need

let private nothing (_: Sandbox) = ()

/// Other pages: what lies in the folder, and what has to be there afterwards.
let private others: (string * (Sandbox -> unit) * (Sandbox -> unit)) list =
    [ "python/README.md",
      withCounts,
      (fun sandbox ->
          expectMade
              sandbox
              "components.h5ad"
              (limited
                  { Filter.defaults with
                      MaxPct = [ "mt", 20.0 ] }))
      "docs/determinism.md",
      (fun sandbox ->
          withCounts sandbox

          for name in [ "mine.h5ad"; "yours.h5ad" ] do
              sandbox.Copy(sandbox.File "counts.h5ad", name) |> ignore),
      (fun sandbox -> Expect.equal (whole (sandbox.File "one.h5ad")) (whole (sandbox.File "eight.h5ad")) "the same bits")
      "docs/guides/large-files.md", nothing, nothing
      "docs/guides/many-samples.md", SampleFiles.twoSamples, nothing
      "docs/scale-out.md",
      withCounts,
      (fun sandbox ->
          expectMade
              sandbox
              "pca.h5ad"
              (limited
                  { Filter.defaults with
                      MaxPct = [ "mt", 20.0 ] }))
      "docs/guides/notebook.md", demo "pbmc_like.h5ad", nothing
      "docs/guides/csharp.md", demo "pbmc_like.h5ad", nothing
      "docs/guides/reading.md", demo "pbmc_like.h5ad", nothing
      "docs/guides/exports.md", nothing, nothing
      "docs/guides/from-r.md", withCounts, nothing ]

let private runs =
    [ for page, prepare, check in others do
          test $"the blocks of {page} run" {
              use sandbox = new Sandbox()
              prepare sandbox
              PageRun.run sandbox (blocksOf page)
              check sandbox
          } ]

/// The files that the examples of steps name: counts of two samples, normalised, and logged.
let private exampleFiles =
    lazy
        (let folder = Directory.CreateDirectory(lasting.Value.File "examples").FullName
         let file name = Path.Combine(folder, name)
         let demo = file "demo.h5ad"

         let both =
             { Paths = [ demo; demo ]
               Convert =
                 { Input.convert with
                     SampleNames = [ "one"; "two" ]
                     IndexUnique = Some "-" } }

         let made steps input output =
             ran (Recipe.ofSteps steps) (file input) (file output) |> ignore

         let settings = Settings.standard
         Pipeline.demo settings (file "all.h5ad") |> need

         // Some of its cells are enough for every example.
         use all = H5ad.openFile settings (file "all.h5ad") |> need
         File.WriteAllLines(file "names.txt", all.Obs.ReadNames(0L, 400))

         made
             [ SubsetStep.step
                   { SubsetStep.defaults with
                       Obs = Some(file "names.txt") } ]
             "all.h5ad"
             "demo.h5ad"

         Pipeline.convert MatrixName.X false settings both (file "counts.h5ad") |> need |> ignore
         made [ NormalizeTotal.step NormalizeTotal.defaults ] "counts.h5ad" "normalized.h5ad"
         made [ Log1p.step Log1p.defaults ] "normalized.h5ad" "logged.h5ad"
         folder)

/// Examples of a page that have nothing to do with each other: each line has a folder of its own.
let private apart =
    [ "docs/reference.md", exampleFiles, [ "counts.h5ad"; "normalized.h5ad"; "logged.h5ad" ] ]

let private runsApart =
    [ for page, prepare: Lazy<string>, files in apart do
          test $"each example of {page} runs by itself" {
              let folder = prepare.Force()

              for block in blocksOf page |> List.filter (fun block -> block.Language = "sh") do
                  for line in block.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries) do
                      use sandbox = new Sandbox()

                      for name in files |> List.filter (fun name -> line.Contains(name: string)) do
                          sandbox.Copy(Path.Combine(folder, name)) |> ignore

                      PageRun.run sandbox [ { block with Text = line + "\n" } ]
          } ]

/// The pages of --help, which Golden.Manual holds current; the examples of steps are run as those of docs/reference.md.
let private ofHelp = "docs/cli.md"

let private all = lazy (pages |> List.filter ((<>) ofHelp) |> List.collect blocksOf)

let private coverage =
    test "every block of every page is run, or has a reason" {
        let covered =
            [ readme; DoorsGolden.page ] @ [ for page, _, _ in others -> page ] @ [ for page, _, _ in apart -> page ]

        let isRun (block: Block) =
            block.Language = "json" || (List.contains block.Language PageRun.languages && List.contains block.Page covered)

        let left =
            [ for block in all.Value do
                  if not (isRun block) then
                      block.Page, block.Language, block.FirstLine ]

        Expect.equal
            (List.sort left)
            (List.sort [ for page, language, line, _ in BlocksNotRun.all -> page, language, line ])
            "blocks that are not run"
    }

let private json =
    test "every JSON block is JSON, and a recipe is one" {
        for block in all.Value |> List.filter (fun block -> block.Language = "json") do
            use document = JsonDocument.Parse block.Text

            match document.RootElement.ValueKind, document.RootElement.TryGetProperty "recipe" with
            | JsonValueKind.Object, (true, _) -> Recipe.ofJson block.Text |> need |> ignore
            | _ -> ()
    }

let private index =
    test "docs/README.md leads to every page" {
        let text = File.ReadAllText(Path.Combine(root, "docs/README.md"))

        for page in pages |> List.filter (fun page -> page.StartsWith "docs/" && page <> "docs/README.md") do
            Expect.stringContains text $"""]({page.Substring("docs/".Length)})""" page
    }

let private links =
    test "every link to a file of the repository leads to one" {
        for page in pages do
            let folder =
                Path.GetDirectoryName(Path.Combine(root, page)) |> Option.ofObj |> Option.get

            let text = File.ReadAllText(Path.Combine(root, page))

            for link in Regex.Matches(text, @"\]\(([^)#:]+)(#[^)]*)?\)") do
                let target = Path.Combine(folder, link.Groups[1].Value)
                Expect.isTrue (File.Exists target || Directory.Exists target) $"{page}: {link.Value}"

        Expect.isLessThan (FileInfo(Path.Combine(root, "docs/images/report.png")).Length) 300_000L "the picture loads at once"
    }

let private refusals =
    testList
        "the README quotes what is refused"
        [ for case in [ "duplicate_indices" ] do
              test case {
                  let input = here $"edge/{case}/input.h5ad"

                  match Pipeline.run Recipe.standard Settings.standard (Input.file input) (NewFile "refused.h5ad") with
                  | Ok _ -> failtest "it is not refused any more"
                  | Error fault ->
                      let text = File.ReadAllText(Path.Combine(root, readme))
                      Expect.stringContains text ((Fault.sentence fault).Replace(input, "*FILE*")) readme
              } ]

let tests: Test =
    testSequencedGroup
        "pages"
        (testList
            "docs"
            [ coverage
              json
              index
              links
              refusals
              testList "README" readmes
              testList "pages" (runs @ runsApart) ])
