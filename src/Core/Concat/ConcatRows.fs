/// Reads inputs one after another and writes their rows to one file.
namespace SingleSharp.Core.Concat

open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Reading
open SingleSharp.Core.Inputs

[<RequireQualifiedAccess>]
module internal ConcatRows =
    let private names (input: CountInput) cell column =
        CountInput.nameAt input.CellNames cell,
        match input.Places[column] with
        | -1 -> $"at column {column}"
        | place -> input.Genes[place]

    /// What is stored twice is told by the names of its cell and gene.
    let refuse (input: CountInput) cause =
        match cause with
        | SecondValue(cell, column) ->
            let cell, gene = names input cell column
            Fault.throw (DuplicateEntry(input.Path, cell, gene))
        | SumTooLarge(cell, column) ->
            let cell, gene = names input cell column

            Fault.throw (
                InvalidOption("sum_duplicates", $"the values of cell {cell}, gene {gene} add up to more than X of {input.Path} holds")
            )
        | _ -> ()

    let private naming (input: CountInput) work =
        try
            work ()
        with BlockFailed(_, _, cause) ->
            refuse input cause
            reraise ()

    /// Looks at each input as it will be taken, while N bytes are held.
    let look (settings: Settings) held (combination: ConcatPlan) =
        List.zip combination.Inputs combination.Places
        |> List.map (fun (input, places) -> naming input (fun () -> input.Look settings held places))

    let private rowsOf (settings: Settings) held pass passes (input: CountInput) places sink =
        let fit, rows = CountInput.opened input.Fit input.Read settings held

        let schedule =
            Passes.schedule settings fit input.Cells (input.Stored * 8L) pass passes

        let stored =
            naming input (fun () -> Blocks.run schedule (CountInput.moved places rows) sink CountInput.stored)

        // The next input shall not find the buffers of this one in its way.
        Memory.release fit.Memory
        stored

    let write (settings: Settings) held firstPass (combination: ConcatPlan) replace =
        let inputs = combination.Inputs
        let cells = inputs |> List.sumBy _.Cells
        let storedIn (inputs: CountInput list) = inputs |> List.sumBy _.Stored
        let passes = firstPass - 1 + inputs.Length * (1 + combination.Layers.Length)

        /// The matrix that these are of each input, after N others.
        let matrix before numeric (matrices: CountInput option list) : NewMatrix<int64> =
            let fill sink =
                List.zip3 inputs matrices combination.Places
                |> List.mapi (fun i (input, matrix, places) ->
                    match matrix with
                    | Some matrix -> rowsOf settings held (firstPass + before * inputs.Length + i) passes matrix places sink
                    | None -> Blocks.run Blocks.sequential (CountInput.empty input.Cells) sink CountInput.stored)
                |> List.sum

            { Type = numeric
              Most = storedIn (List.choose id matrices)
              Fill = fill }

        replace (inputs |> List.collect _.Files) (fun disk ->
            let stored =
                H5adWriter.write
                    settings.Compression
                    disk
                    cells
                    combination.Annotations
                    (matrix 0 combination.Type (List.map Some inputs))
                    (combination.Layers |> List.mapi (fun i (name, numeric, layers) -> name, matrix (i + 1) numeric layers))

            match inputs |> List.tryFind (fun input -> input.IsChanged()) with
            | Some input -> Fault.throw (InputChanged input.Path)
            | None -> stored)
