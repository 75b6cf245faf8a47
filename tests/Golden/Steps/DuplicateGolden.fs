/// Genes that a cell has several values of: every step refuses them, or sees their sums.
module internal SingleSharp.Golden.DuplicateGolden

open Expecto
open SingleSharp.Core
open SingleSharp.Core.Writing
open SingleSharp.Golden.EdgeFiles
open SingleSharp.Golden.Expected
open SingleSharp.Golden.Matrices
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Step
open SingleSharp.Golden.Tolerance

let private input = here $"edge/{ambiguous}/input.h5ad"

/// The steps that scanpy took, and those before them.
let private recipes =
    let step name =
        recipe (steps ambiguous |> List.find (fun step -> step.Name = name))

    let qc =
        { Qc.defaults with
            PercentTop = PercentTop.Exactly [ 5; 10; 20 ] }

    [ "qc", (Recipe.ofSteps [ Qc.step qc ])
      for names in
          [ [ "norm" ]
            [ "norm"; "log" ]
            [ "norm"; "log"; "hvg" ]
            [ "norm"; "log"; "hvg"; "pca" ] ] do
          String.concat ", " names, names |> List.map step |> fuse ]

/// What is stored of a cell: genes and values.
let private row rows cell =
    [| for i in rows.Offsets[cell] .. rows.Offsets[cell + 1] - 1 -> rows.Indices[i], rows.Values[i] |]

/// A row in which every gene has one value, the sum of those that it had.
let private added row =
    row |> Array.groupBy fst |> Array.map (fun (gene, values) -> gene, Array.sumBy snd values) |> Array.sortBy fst

/// The matrix with every gene once in a cell, and the names of the file.
let private summed =
    lazy
        (use file = new Results(input)
         let stored = read file "X"
         let rows = [| for cell in 0 .. stored.Cells - 1 -> added (row stored cell) |]

         { CellNames = file.Texts "obs/_index"
           GeneNames = file.Texts "var/_index"
           Indptr = rows |> Array.scan (fun total row -> total + row.Length) 0
           Indices = rows |> Array.collect (Array.map fst)
           Data = rows |> Array.collect (Array.map (snd >> float32)) })

/// The cell and the gene that come twice first.
let private first =
    lazy
        (use file = new Results(input)
         let stored = read file "X"

         Seq.init stored.Cells (fun cell -> cell, row stored cell |> Array.map fst)
         |> Seq.pick (fun (cell, genes) ->
             let twice =
                 genes |> Array.indexed |> Array.tryFind (fun (i, gene) -> Array.contains gene genes[.. i - 1])

             twice |> Option.map (fun (_, gene) -> summed.Value.CellNames[cell], summed.Value.GeneNames[gene])))

let private refused (name, recipe) =
    test $"{name}: refused" {
        use sandbox = new Sandbox()

        match run recipe input (sandbox.File "output.h5ad") with
        | Error(DuplicateEntry(path, cell, gene)) ->
            Expect.equal (path, (cell, gene)) (input, first.Value) "what is stored twice"
            Expect.isEmpty sandbox.Names "a refusal writes nothing"
        | other -> failtest $"a refusal is expected, not {other}"
    }

let private output (sandbox: Sandbox) recipe (input: string) name =
    let output = sandbox.File name

    match run recipe input output with
    | Ok _ -> output
    | Error fault -> failtest (Fault.sentence fault)

let private ofSums (sandbox: Sandbox) recipe =
    output sandbox { recipe with SumDuplicates = true } input "output.h5ad"

/// The matrix whose values were added up beforehand has the same results, to the bit.
let private likeSums (name, recipe) =
    test $"{name}: of the sums" {
        use sandbox = new Sandbox()
        let clean = sandbox.File "clean.h5ad"
        NewFile.write clean Unchunked summed.Value
        use ours = new Results(ofSums sandbox recipe)
        use theirs = new Results(output sandbox recipe clean "expected.h5ad")

        let columns frame =
            [ for column in theirs.Strings(frame, "column-order") -> $"{frame}/{column}" ]

        let members =
            [ "obsm/X_pca"; "varm/PCs"; "uns/pca/variance"; "uns/pca/variance_ratio" ] |> List.filter theirs.Has

        for place in columns "obs" @ columns "var" @ members do
            numbers place Exact (ours.Numbers place) (theirs.Numbers place)

        if (Recipe.tryFind "normalize_total" recipe).IsSome then
            Expect.equal (read ours "X") (read theirs "X") "X"
    }

let private perRow measure =
    let counts = summed.Value
    [| for cell in 0 .. counts.CellNames.Length - 1 -> measure counts.Data[counts.Indptr[cell] .. counts.Indptr[cell + 1] - 1] |]

/// Every sum as pencil and paper have it.
let private byHand =
    test "totals, detected genes and logarithms by hand" {
        use sandbox = new Sandbox()

        let recipe name =
            recipes |> List.find (fun (known, _) -> known = name) |> snd

        use qc = new Results(ofSums sandbox (recipe "qc"))
        let totals = perRow (Array.sumBy float)
        values "obs/total_counts" Exact (qc.Numbers "obs/total_counts").Values totals
        values "obs/n_genes_by_counts" Exact (qc.Numbers "obs/n_genes_by_counts").Values (perRow (Array.length >> float))

        let cells = summed.Value.Indices |> Array.countBy id |> Map

        let expected =
            Array.init summed.Value.GeneNames.Length (fun gene -> cells.TryFind gene |> Option.defaultValue 0 |> float)

        values "var/n_cells_by_counts" Exact (qc.Numbers "var/n_cells_by_counts").Values expected

        use other = new Sandbox()
        use logged = new Results(ofSums other (recipe "norm, log"))

        let byCell =
            perRow (fun values -> values |> Array.map (fun x -> x / float32 (Array.sumBy float values / 1e4) |> float |> log1p))

        values "X" (Ulps 1L) (read logged "X").Values (Array.concat byCell)
    }

let tests =
    [ yield! recipes |> List.map refused
      yield! recipes |> List.map likeSums
      byHand ]
