/// What the new file of a conversion will hold, as far as it is known before X is read.
namespace SingleSharp.Core

/// Inputs with everything that is decided about them together.
type Combination =
    {
        Annotations: Annotations
        Inputs: Intake list
        /// Where the stored columns of each input go, −1 where they are not taken.
        Places: int[] list
        Type: Numeric
        Warnings: string list
    }

[<RequireQualifiedAccess>]
module Combine =
    let private uniquely recipe (intake: Intake) =
        if recipe.MakeUnique then
            { intake with
                Genes = MatrixFolder.unique intake.Genes }
        else
            intake

    /// Genes of one input may have equal names; those of several must be told apart.
    let private requireUnique (intake: Intake) =
        match Joint.tryRepeated intake.Genes with
        | Some gene ->
            Fault.throw (
                Unsupported(
                    intake.Path,
                    "the names of its genes",
                    $"{gene} occurs twice, so genes cannot be matched by name; pass --make-unique, or make names unique with anndata's var_names_make_unique"
                )
            )
        | None -> ()

    let private cellNames recipe (samples: string list) (inputs: Intake list) =
        List.zip samples inputs
        |> Seq.collect (fun (sample, intake) ->
            match recipe.IndexUnique with
            | Some separator when inputs.Length > 1 -> intake.CellNames |> Seq.map (fun name -> name + separator + sample)
            | _ -> intake.CellNames)

    let private sampleField (samples: string list) (inputs: Intake list) =
        let codes =
            inputs |> Seq.indexed |> Seq.collect (fun (code, intake) -> Seq.replicate (Checked.int intake.Cells) code)

        Field.Categories(Array.ofList samples, false, codes)

    /// A list that does not grow beyond what people read.
    let private some (names: string list) =
        let shown = names |> List.truncate 10 |> String.concat ", "
        if names.Length > 10 then $"{shown} and {names.Length - 10} more" else shown

    let private warnings recipe (inputs: Intake list) genes (cells: seq<string>) leftOut =
        [ match leftOut @ (inputs |> List.collect _.LeftOut) |> List.distinct with
          | [] -> ()
          | names -> $"left out, because they cannot be taken over: {some names}"
          match Joint.tryRepeated (genes: string[]) with
          | Some gene -> $"names of genes are not unique, as {gene}; --make-unique gives each a name of its own"
          | None -> ()
          if inputs.Length > 1 then
              match Joint.tryRepeated cells with
              | Some cell when recipe.IndexUnique.IsNone ->
                  $"names of cells repeat, as {cell}; --index-unique - puts the sample behind each"
              | Some cell -> $"names of cells repeat, as {cell}"
              | None -> ()

              if inputs |> List.exists (fun intake -> List.exists (fun (name, _) -> name = recipe.SampleKey) intake.Obs) then
                  $"obs/{recipe.SampleKey} of the inputs is replaced by the sample; --sample-key gives it another name" ]

    /// The type of X: that of all inputs, or what their types have in common. Truth values count as numbers.
    let private typeOf (inputs: Intake list) =
        inputs
        |> List.map (fun intake -> if intake.Type = Numeric.Bool then Numeric.UInt8 else intake.Type)
        |> List.reduce (fun left right -> Promotion.common left right |> Option.defaultValue Numeric.Float64)

    /// One input as it is.
    let private alone recipe (intake: Intake) =
        let intake = uniquely recipe intake

        { Annotations =
            { CellNames = intake.CellNames
              Obs = intake.Obs
              GeneNames = intake.Genes
              Var = intake.Var }
          Inputs = [ intake ]
          Places = [ intake.Places ]
          Type = typeOf [ intake ]
          Warnings = warnings recipe [ intake ] intake.Genes intake.CellNames [] }

    let private joined recipe samples (inputs: Intake list) =
        let inputs = inputs |> List.map (uniquely recipe)
        List.iter requireUnique inputs
        let genes = Joint.genes recipe.Join (inputs |> List.map _.Genes)

        /// The sample takes the place of a column of its name.
        let others = List.filter (fun (name, _) -> name <> recipe.SampleKey)

        let obs, oddObs = inputs |> List.map (_.Obs >> others) |> Joint.obs

        let var, oddVar =
            inputs |> List.map (fun intake -> intake.Genes, intake.Var) |> Joint.var genes

        let names = cellNames recipe samples inputs

        { Annotations =
            { CellNames = names
              Obs = obs @ [ recipe.SampleKey, sampleField samples inputs ]
              GeneNames = genes
              Var = var }
          Inputs = inputs
          Places =
            [ for intake in inputs do
                  let places = Joint.places genes intake.Genes
                  intake.Places |> Array.map (fun place -> if place < 0 then place else places[place]) ]
          Type = typeOf inputs
          Warnings = Overlap.warnings recipe.Join genes.Length inputs @ warnings recipe inputs genes names (oddObs @ oddVar) }

    /// What inputs, and the names of their samples, make together.
    let make recipe samples (inputs: Intake list) =
        match inputs with
        | [ one ] -> alone recipe one
        | several -> joined recipe samples several
