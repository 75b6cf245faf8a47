/// What the new file of a conversion will hold, as far as it is known before X is read.
namespace SingleSharp.Core.Concat

open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs

/// Inputs with everything that is decided about them together.
type internal ConcatPlan =
    {
        Annotations: Annotations
        Inputs: CountInput list
        /// Where the stored columns of each input go, −1 where they are not taken.
        Places: int[] list
        Type: DType
        /// The other matrices: their types, and what each input has for them.
        Layers: (string * DType * CountInput option list) list
        /// They are found when they are asked for, while inputs are open: names of all cells are compared.
        Warnings: Lazy<string list>
    }

[<RequireQualifiedAccess>]
module internal ConcatPlan =
    let private uniquely (options: ConvertOptions) (input: CountInput) =
        if options.MakeUnique then
            { input with
                Genes = MatrixFolder.unique input.Genes }
        else
            input

    /// Genes of one input may have equal names; those of several must be told apart.
    let private requireUnique (input: CountInput) =
        match Concat.tryRepeated input.Genes with
        | Some gene ->
            Fault.throw (
                Unsupported(
                    input.Path,
                    "the names of its genes",
                    $"{gene} occurs twice, so genes cannot be matched by name; pass ⟨make_unique⟩, or make names unique with anndata's var_names_make_unique"
                )
            )
        | None -> ()

    let private cellNames (options: ConvertOptions) (samples: string list) (inputs: CountInput list) =
        List.zip samples inputs
        |> Seq.collect (fun (sample, input) ->
            match options.IndexUnique with
            | Some separator when inputs.Length > 1 -> input.CellNames |> Seq.map (fun name -> name + separator + sample)
            | _ -> input.CellNames)

    let private sampleField (samples: string list) (inputs: CountInput list) =
        let codes =
            inputs |> Seq.indexed |> Seq.collect (fun (code, input) -> Column.repeated input.Cells code)

        Column.Categories(Labels.Texts(Array.ofList samples), false, codes)

    let private told place (before, after) =
        $"the column {before} of {place} becomes {after}, because another one has its place in a new file"

    /// Columns under names that a new frame can hold beside its index and the column of the sample, and what is said of those
    /// that had another name.
    let private named options inputs (input: CountInput) =
        let columns frame taken columns =
            let named, renamed = UniqueNames.distinct ("_index" :: taken) columns

            named, renamed |> List.map (told $"{frame} in {input.Path}")

        let sample, obs =
            match inputs with
            | 1 -> [], input.Obs
            // The sample takes the place of a column of its name.
            | _ -> [ options.SampleKey ], input.Obs |> List.filter (fun (name, _) -> name <> options.SampleKey)

        let obs, ofCells = columns "obs" sample obs
        let var, ofGenes = columns "var" [] input.Var
        { input with Obs = obs; Var = var }, ofCells @ ofGenes

    let private warnings options room (inputs: CountInput list) genes (cells: seq<string>) leftOut =
        [ match leftOut @ (inputs |> List.collect _.LeftOut) |> List.distinct with
          | [] -> ()
          | names ->
              let names = String.concat ", " names
              $"left out, because they cannot be taken over: {names}"
          match Concat.tryRepeated (genes: string[]) with
          | Some gene -> $"names of genes are not unique, as {gene}; ⟨make_unique⟩ gives each a name of its own"
          | None -> ()
          if inputs.Length > 1 then
              match RepeatedName.tryFirst room (inputs |> List.sumBy _.Cells) cells with
              | Some cell when options.IndexUnique.IsNone ->
                  $"names of cells repeat, as {cell}; ⟨index_unique=-⟩ puts the sample behind each"
              | Some cell -> $"names of cells repeat, as {cell}"
              | None -> ()

              if inputs |> List.exists (fun input -> List.exists (fun (name, _) -> name = options.SampleKey) input.Obs) then
                  $"obs/{options.SampleKey} of the inputs is replaced by the sample; ⟨sample_key⟩ gives it another name" ]

    /// The type of X: that of all inputs, or what their types have in common. Booleans count as numbers.
    let private typeOf (inputs: CountInput list) =
        inputs
        |> List.map (fun input -> if input.Type = DType.Bool then DType.UInt8 else input.Type)
        |> ResultType.ofAll
        |> Option.defaultValue DType.Float64

    /// The layers of the new file as anndata joins them, and the names of those that it does not get: a layer that an input lacks
    /// goes by with an inner join, and is empty there with an outer one.
    let private layersOf join (inputs: CountInput list) =
        let among (input: CountInput) name =
            input.Layers |> List.tryFind (fun (other, _) -> other = name) |> Option.map snd

        let names = inputs |> List.collect (_.Layers >> List.map fst) |> List.distinct

        let taken, others =
            names
            |> List.partition (fun name -> join = Join.Outer || inputs |> List.forall (fun input -> (among input name).IsSome))

        [ for name in taken do
              let layers = inputs |> List.map (fun input -> among input name)
              name, typeOf (List.choose id layers), layers ],
        others |> List.map (fun name -> $"layers/{name}")

    /// One input as it is.
    let private alone options room (input: CountInput) =
        let input, renamed = uniquely options input |> named options 1

        { Annotations =
            { CellNames = input.CellNames
              Obs = input.Obs
              Obsm = input.Obsm
              GeneNames = input.Genes
              Var = input.Var }
          Inputs = [ input ]
          Places = [ input.Places ]
          Type = typeOf [ input ]
          Layers = fst (layersOf Join.Inner [ input ])
          Warnings = lazy (warnings options room [ input ] input.Genes input.CellNames [] @ renamed) }

    let private joined options held room samples (inputs: CountInput list) =
        let unnamed = inputs |> List.map (uniquely options)
        List.iter requireUnique unnamed

        let inputs, renamed =
            unnamed |> List.map (named options unnamed.Length) |> List.unzip

        let genes = Concat.genes options.Join (inputs |> List.map _.Genes)

        let obs, oddObs =
            inputs |> List.map (fun input -> input.Cells, input.Obs) |> Concat.obs held options.Join

        // A column of one input may lie where another one of another input does.
        let obs, moved = UniqueNames.distinct [ "_index"; options.SampleKey ] obs

        let obsm, oddObsm =
            inputs |> List.map (fun input -> input.Cells, input.Obsm) |> Concat.obsm options.Join

        let layers, oddLayers = layersOf options.Join inputs

        let var, oddVar =
            inputs |> List.map (fun input -> input.Genes, input.Var) |> Concat.var held genes

        let names = cellNames options samples inputs

        { Annotations =
            { CellNames = names
              Obs = obs @ [ options.SampleKey, sampleField samples inputs ]
              Obsm = obsm
              GeneNames = genes
              Var = var }
          Inputs = inputs
          Places =
            [ for input in inputs do
                  let places = Concat.places genes input.Genes
                  input.Places |> Array.map (fun place -> if place < 0 then place else places[place]) ]
          Type = typeOf inputs
          Layers = layers
          Warnings =
            lazy
                (JoinOverlap.warnings options.Join genes.Length inputs
                 @ warnings options room unnamed genes names (oddObs @ oddVar @ oddObsm @ oddLayers)
                 @ List.concat renamed
                 @ List.map (told "obs") moved) }

    /// What inputs, and the names of their samples, make together; names of cells are compared within N bytes, and what is held is counted.
    let make options held room samples (inputs: CountInput list) =
        let combination =
            match inputs with
            | [ one ] -> alone options room one
            | several -> joined options held room samples several

        { combination with
            Warnings = lazy (combination.Warnings.Value |> List.map Printable.line) }
