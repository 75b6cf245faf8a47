/// What whole runs are tried on: a matrix of any type, and any recipe for it.
module SingleSharp.Properties.GenRuns

open FsCheck
open FsCheck.FSharp
open SingleSharp.Core
open SingleSharp.Properties.Gen

/// A matrix of some type, with what a recipe needs to know about its genes.
type Study =
    {
        Matrix: Rows
        Type: Numeric
        /// Is it stored with the most significant byte first?
        BigEndian: bool
        GeneNames: string list
        Flags: bool list
    }

/// Something to preprocess, and how.
type AnyRun = AnyRun of Study * Recipe

let private single value = float (float32 value)

/// Values that the type holds, mostly counts, and some that only this type holds.
let private valueOf numeric isWild =
    let ofType most special =
        let value = Gen.frequency [ 8, count |> Gen.map (min most); 2, special ]

        if isWild then
            Gen.frequency [ 9, value; 1, Gen.map (fun number -> max -most (0.0 - number)) value ]
        else
            value

    match numeric with
    | Numeric.Float32 when isWild -> Gen.map single wildValue
    | Numeric.Float64 when isWild -> wildValue
    | Numeric.Float32 -> Gen.frequency [ 1, count; 1, Gen.choose (1, 1000) |> Gen.map (fun n -> float n / 37.0) ] |> Gen.map single
    | Numeric.Float64 -> Gen.frequency [ 1, count; 1, Gen.choose (1, 1000) |> Gen.map (fun n -> float n / 37.0) ]
    | Numeric.UInt8 -> count |> Gen.map (min 255.0)
    | Numeric.UInt16 ->
        Gen.frequency
            [ 3, Gen.map (min 65535.0) count
              1, Gen.choose (32768, 65535) |> Gen.map float ]
    | Numeric.UInt32 -> Gen.frequency [ 3, count; 1, Gen.elements [ 2147483648.0; 4294967295.0 ] ]
    | Numeric.Int32 -> ofType 2147483647.0 (Gen.elements [ 2147483647.0; 16777219.0 ])
    | _ -> ofType 1e12 (Gen.elements [ 1099511627776.0; 16777219.0 ])

let private types =
    Gen.frequency
        [ 4, Gen.constant Numeric.Float32
          2, Gen.constant Numeric.Float64
          3, Gen.elements [ Numeric.Int32; Numeric.Int64; Numeric.UInt8; Numeric.UInt16; Numeric.UInt32 ] ]

/// Human, mouse or no mitochondrial genes, and names that only look like them.
let private namePrefixes =
    Gen.elements
        [ [ "MT-"; "mt-"; "RPS"; "gene" ]
          [ "mt-"; "Mt-"; "Rps"; "gene" ]
          [ "gene"; "aMT-"; "Mt-"; "RPL" ] ]

/// Sometimes more rows than one block has.
let private manyRows value =
    gen {
        let! genes = Gen.choose (2, 9)
        let! cells = Gen.choose (4097, 9000)
        let! some = Gen.listOfLength 97 (row genes value)

        return
            { Genes = genes
              Rows = List.init cells (fun cell -> some[(cell * cell) % 97]) }
    }

let private study =
    gen {
        let! numeric = types
        let! isWild = Gen.frequency [ 3, Gen.constant false; 1, Gen.constant true ]
        let value = valueOf numeric isWild
        let! matrix = Gen.frequency [ 30, rows value; 1, manyRows value ]
        let! bigEndian = Gen.elements [ false; false; true ]
        let! prefixes = namePrefixes
        let! chosen = Gen.listOfLength matrix.Genes (Gen.elements prefixes)
        let! flags = Gen.listOfLength matrix.Genes (Gen.elements [ true; false ])

        return
            { Matrix = matrix
              Type = numeric
              BigEndian = bigEndian
              GeneNames = chosen |> List.mapi (fun i prefix -> $"{prefix}{i}")
              Flags = flags }
    }

let private optional value =
    Gen.frequency [ 1, Gen.constant None; 3, Gen.map Some value ]

let private qcRecipe genes names =
    gen {
        let! mitochondrial =
            Gen.frequency
                [ 3, Gen.constant Guessed
                  1, Gen.elements [ StartingWith "mt-"; StartingWith "gene" ]
                  1, Gen.constant NotCounted ]

        let! named = Gen.subListOf names

        let! sets =
            Gen.subListOf
                [ { Name = "ribo"
                    Rule = Prefix [ "RPS"; "RPL" ] }
                  { Name = "flagged"
                    Rule = Column "flag" }
                  { Name = "mt"; Rule = Prefix [ "Mt-" ] }
                  { Name = "named"
                    Rule = Names("nobody" :: List.ofSeq named) } ]

        let! ks =
            Gen.choose (1, 4) |> Gen.bind (fun count -> Gen.listOfLength count (Gen.choose (1, genes)))

        let! beyond = Gen.elements [ 0; genes + 1 ]

        let! top =
            Gen.frequency
                [ 8, Gen.constant Fitting
                  12, Gen.constant (Exactly ks)
                  1, Gen.constant (Exactly(beyond :: ks)) ]

        let! logs = Gen.elements [ true; false ]

        return
            { Mitochondrial = mitochondrial
              GeneSets = List.ofSeq sets
              PercentTop = top
              Log1p = logs }
    }

let private normalizeRecipe =
    gen {
        let! target =
            Gen.oneof
                [ Gen.frequency [ 9, Gen.elements [ 1e4; 1.0; 0.1; 1234.567 ]; 1, Gen.elements [ 1e39; 1e-50 ] ] |> Gen.map Counts
                  Gen.constant MedianOfPositive
                  Gen.constant MedianOfAll ]

        let! excludes = Gen.elements [ true; false ]

        // Without it a share would be refused, as it says nothing.
        let! fraction =
            if excludes then
                Gen.elements [ 0.0; 0.05; 0.1; 1.0 / 3.0; 0.5; 0.9; 1.0 ]
            else
                Gen.constant Recipe.normalizeTotal.MaxFraction

        let! key = Gen.elements [ None; Some "factor" ]

        return
            { TargetSum = target
              ExcludeHighlyExpressed = excludes
              MaxFraction = fraction
              KeyAdded = key }
    }

let private anyRun =
    gen {
        let! study = study
        let! qc = optional (qcRecipe study.Matrix.Genes study.GeneNames)
        let! normalize = optional normalizeRecipe

        let! log1p =
            optional (Gen.elements [ None; None; Some 2.0; Some 10.0; Some 0.5 ] |> Gen.map (fun basis -> { Base = basis }))

        let! allows = Gen.elements [ true; false ]

        let recipe =
            { Recipe.nothing with
                Qc = qc
                NormalizeTotal = normalize
                Log1p = log1p
                AllowInvalid = allows }

        return AnyRun(study, (if (Recipe.steps recipe).IsEmpty then Recipe.standard else recipe))
    }

let anything =
    Arb.fromGenShrink (
        anyRun,
        fun (AnyRun(study, recipe)) -> simpler study.Matrix |> Seq.map (fun matrix -> AnyRun({ study with Matrix = matrix }, recipe))
    )
