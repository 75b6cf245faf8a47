/// Files as Cell Ranger 2 and 3 write them are read as what is in them, and damaged ones are refused with a sentence.
module internal SingleSharp.Properties.TenXLaws

open System
open Expecto
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.AnnData
open SingleSharp.Core.Inputs
open SingleSharp.Properties.FileParts
open SingleSharp.Properties.TenXFiles

/// What a file gives: its barcodes, genes and columns of var, the place of each column, and its rows as they are stored.
let private read path choice =
    use input = TenX.openRead Settings.standard path choice (NameMemory Int64.MaxValue)
    let source = input.Read 1000
    let rows = Blocks.run Blocks.sequential source Sink.none AnnDataFiles.transcript
    let look = input.Look Settings.standard 0L input.Places

    {| Type = input.Type
       Barcodes = List.ofSeq input.CellNames
       Genes = List.ofArray input.Genes
       Places = List.ofArray input.Places
       Var = input.Var
       Rows = rows |> List.map (fun (cell, _, row) -> cell, row |> List.map (fun (gene, value) -> gene, RowSource.bits value))
       Taken = look.Values |}

/// Is a file read as these counts, of which some genes are wanted?
let private isRead stored counts (wanted: bool list) (var: (string * Column) list) (path, choice) =
    let found = read path choice
    let chosen = List.indexed wanted |> List.filter snd |> List.map fst

    let rows =
        counts.Matrix.Rows
        |> List.mapi (fun cell row ->
            int64 cell, row |> List.map (fun (gene, value) -> gene, RowSource.bits (InMemory.stored stored.Values value)))

    let taken =
        rows |> List.sumBy (fun (_, row) -> row |> List.filter (fun (gene, _) -> wanted[gene]) |> List.length)

    found.Type = (if stored.Values = DType.Int32 then DType.Float32 else stored.Values)
    && found.Barcodes = counts.Barcodes
    && found.Genes = (chosen |> List.map (fun gene -> counts.Names[gene]))
    && found.Places = (wanted |> List.mapFold (fun next isWanted -> (if isWanted then next, next + 1 else -1, next)) 0 |> fst)
    && found.Rows = rows
    && found.Taken = int64 taken
    && List.map fst found.Var = List.map fst var
    && List.forall2 (fun (_, field) (_, all) -> Column.areSame field (Column.choose (List.toArray chosen) all)) found.Var var

let private flags (values: bool list) =
    Column.Numbers(DType.Bool, [ values |> List.map (fun flag -> if flag then 1uy else 0uy) |> Array.ofList ])

/// A choice that may ask for what is not there.
let private anyChoice =
    Gen.map3
        (fun genome featureType sumDuplicates ->
            { Genome = genome
              FeatureType = featureType
              SumDuplicates = sumDuplicates })
        (Gen.frequency
            [ 4, Gen.constant None
              3, Gen.elements (List.map Some genomes)
              1, Gen.constant (Some "hg19") ])
        (Gen.frequency
            [ 4, Gen.constant None
              2, Gen.constant (Some "all")
              3, Gen.elements (List.map Some types)
              1, Gen.constant (Some "Spatial") ])
        (Gen.elements [ true; false ])

/// Fails unless the work ends with a fault about an option of these.
let private isInvalid options work =
    match GenFiles.faultOf work with
    | InvalidOption(option, _) -> List.contains option options
    | other -> failtest $"{other}"

/// Single damages of a group of counts; those of rows only where there are values.
let private damages stored counts ofGenes (random: Random) : (string * (Part list -> Part list)) list =
    let at name = $"{counts.Group}/{name}"
    let cells, genes = counts.Matrix.Rows.Length, counts.Matrix.Genes
    let held = counts.Matrix.Rows |> List.sumBy _.Length
    let lines = [ "data"; "indices"; "indptr"; "shape"; "barcodes" ] @ ofGenes

    let otherType content =
        match content with
        | Texts texts -> Numbers(DType.Float64, Array.create texts.Length 0.5)
        | Numbers(_, values) -> Texts(Array.create values.Length "half")
        | other -> other

    let put name place value =
        changeNumbers (at name) (fun values ->
            values[place] <- value values
            values)

    [ for name in lines do
          $"no {name}", without (at name)
          $"{name} a group", change (at name) (fun _ -> Members)
          $"{name} of another type", change (at name) otherType
          $"{name} longer by one", change (at name) (resized true)

      for name, length in
          [ "data", held
            "indices", held
            "indptr", cells + 1
            "shape", 2
            "barcodes", cells ]
          @ List.map (fun name -> name, genes) ofGenes do
          if length > 0 then
              $"{name} shorter by one", change (at name) (resized false)

      for name, length in [ "indices", held; "indptr", cells + 1 ] do
          $"{name} that are real", change (at name) (fun _ -> Numbers(DType.Float32, Array.zeroCreate length))

      "a negative shape", put "shape" (random.Next 2) (fun _ -> -1.0)
      "a shape of more cells", put "shape" 1 (fun shape -> shape[1] + 1.0)
      "a shape of more genes", put "shape" 0 (fun shape -> shape[0] + 1.0)

      if cells > 0 then
          let cell = random.Next cells
          "a first offset that is not 0", put "indptr" 0 (fun _ -> 1.0)
          "offsets that decrease", put "indptr" cell (fun offsets -> offsets[cell + 1] + 1.0)
          "a last offset that is too large", put "indptr" cells (fun offsets -> offsets[cells] + 1.0)

      if held > 0 then
          let place = random.Next held
          "a last offset that is too small", put "indptr" cells (fun offsets -> offsets[cells] - 1.0)
          "an index that is too large", put "indices" place (fun _ -> float (genes + random.Next 3))

          if not (DType.isUnsigned stored.Indices) then
              "a negative index", put "indices" place (fun _ -> -1.0 - float (random.Next 3)) ]

let private isDamageRefused seed stored (counts: Counts) ofGenes genome parts =
    let random = Random(seed: int)
    let all = damages stored counts ofGenes random
    let damage, change = all[random.Next all.Length]

    let choice: TenXChoice =
        { Genome = genome
          FeatureType = Some "all"
          SumDuplicates = false }

    withFile stored (change parts) (fun path ->
        GenFiles.isRefused damage path (fun () ->
            // Without some members it is not even taken for a file of Cell Ranger.
            if GenFiles.withStore path TenX.isTenX then
                read path choice |> ignore
            else
                using (GenFiles.openRead path) ignore))

let tests =
    testList
        "TenX"
        [ Law.holdsFor 300 "a file of Cell Ranger 3 is read as it was written" (fun () ->
              Prop.forAll (Arb.fromGen (Gen.zip version3 anyChoice)) (fun ((stored, counts), choice) ->
                  let wantedType = Option.defaultValue usualType choice.FeatureType

                  let wrong =
                      [ if choice.Genome |> Option.exists (fun genome -> not (List.contains genome counts.Genomes)) then
                            "genome"
                        if wantedType <> "all" && not counts.Types.IsEmpty && not (List.contains wantedType counts.Types) then
                            "feature_type" ]

                  let wanted =
                      (counts.Types, counts.Genomes)
                      ||> List.map2 (fun kind genome ->
                          (wantedType = "all" || kind = wantedType) && Option.forall ((=) genome) choice.Genome)

                  let var =
                      [ "gene_ids", Column.Texts counts.Ids
                        "feature_types", Column.Texts counts.Types
                        "genome", Column.Texts counts.Genomes
                        "is_target", flags counts.Targets ]

                  withFile stored (ofVersion3 stored counts) (fun path ->
                      if wrong.IsEmpty then
                          isRead stored counts wanted var (path, choice)
                      else
                          isInvalid wrong (fun () -> read path choice))))

          Law.holdsFor 200 "a file of Cell Ranger 2 is read genome by genome" (fun () ->
              Prop.forAll (Arb.fromGen (Gen.zip version2 anyChoice)) (fun ((stored, all), choice) ->
                  let named =
                      match choice.Genome, all with
                      | None, [ one ] -> Some one
                      | name, _ -> all |> List.tryFind (fun counts -> Some counts.Group = name)

                  let hasType = List.contains choice.FeatureType [ None; Some "all"; Some usualType ]

                  withFile stored (List.collect (ofVersion2 stored) all) (fun path ->
                      match named with
                      | Some counts when hasType ->
                          let var = [ "gene_ids", Column.Texts counts.Ids ]
                          isRead stored counts (List.replicate counts.Matrix.Genes true) var (path, choice)
                      | found ->
                          isInvalid
                              [ if found.IsNone then
                                    "genome"
                                if not hasType then
                                    "feature_type" ]
                              (fun () -> read path choice))))

          Law.holdsFor 400 "a damaged file of Cell Ranger 3 is refused" (fun (seed: int) ->
              Prop.forAll (Arb.fromGen version3) (fun (stored, counts) ->
                  let ofGenes = [ "features/id"; "features/name"; "features/feature_type" ]
                  isDamageRefused seed stored counts ofGenes None (ofVersion3 stored counts)))

          Law.holdsFor 200 "a damaged file of Cell Ranger 2 is refused" (fun (seed: int) ->
              Prop.forAll (Arb.fromGen version2) (fun (stored, all) ->
                  let counts = all[abs (seed % all.Length)]
                  let parts = List.collect (ofVersion2 stored) all
                  isDamageRefused seed stored counts [ "genes"; "gene_names" ] (Some counts.Group) parts)) ]
