/// What whole runs are tried on: a matrix of any type, and any recipe for it.
module internal SingleSharp.Properties.GenRuns

open FsCheck.FSharp
open SingleSharp
open SingleSharp.Core
open SingleSharp.Properties.Gen

/// A matrix of some type, with what a recipe needs to know about its genes.
type Study =
    {
        Matrix: Rows
        Type: DType
        /// Is it stored with the most significant byte first?
        BigEndian: bool
        GeneNames: string list
        Flags: bool list
    }

/// Sets of genes and options of steps, before they become a recipe: what it must mean can be told from them.
type Wanted =
    { Mitochondrial: Mitochondrial
      GeneSets: GeneSet list
      Qc: QcOptions option
      NormalizeTotal: NormalizeTotalOptions option
      Log1p: Log1pOptions option
      AllowInvalid: bool }

[<RequireQualifiedAccess>]
module Wanted =
    let nothing =
        { Mitochondrial = Mitochondrial.Auto
          GeneSets = []
          Qc = None
          NormalizeTotal = None
          Log1p = None
          AllowInvalid = false }

    /// What Recipe.standard is.
    let standard =
        { nothing with
            Qc = Some Qc.defaults
            NormalizeTotal = Some NormalizeTotal.defaults
            Log1p = Some Log1p.defaults }

    /// Does a step change values?
    let changesValues wanted =
        wanted.NormalizeTotal.IsSome || wanted.Log1p.IsSome

    let recipe wanted =
        let steps =
            [ wanted.Qc |> Option.map Qc.step
              wanted.NormalizeTotal |> Option.map NormalizeTotal.step
              wanted.Log1p |> Option.map Log1p.step ]

        { Recipe.ofSteps (List.choose id steps) with
            Mitochondrial = wanted.Mitochondrial
            GeneSets = wanted.GeneSets
            AllowInvalid = wanted.AllowInvalid }

/// Something to preprocess, and how.
type AnyRun = AnyRun of Study * Wanted

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
    | DType.Float32 when isWild -> Gen.map single wildValue
    | DType.Float64 when isWild -> wildValue
    | DType.Float32 -> Gen.frequency [ 1, count; 1, Gen.choose (1, 1000) |> Gen.map (fun n -> float n / 37.0) ] |> Gen.map single
    | DType.Float64 -> Gen.frequency [ 1, count; 1, Gen.choose (1, 1000) |> Gen.map (fun n -> float n / 37.0) ]
    | DType.UInt8 -> count |> Gen.map (min 255.0)
    | DType.UInt16 ->
        Gen.frequency
            [ 3, Gen.map (min 65535.0) count
              1, Gen.choose (32768, 65535) |> Gen.map float ]
    | DType.UInt32 -> Gen.frequency [ 3, count; 1, Gen.elements [ 2147483648.0; 4294967295.0 ] ]
    | DType.Int32 -> ofType 2147483647.0 (Gen.elements [ 2147483647.0; 16777219.0 ])
    | _ -> ofType 1e12 (Gen.elements [ 1099511627776.0; 16777219.0 ])

let private types =
    Gen.frequency
        [ 4, Gen.constant DType.Float32
          2, Gen.constant DType.Float64
          3, Gen.elements [ DType.Int32; DType.Int64; DType.UInt8; DType.UInt16; DType.UInt32 ] ]

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

/// What qc looks at; it stands in the recipe.
let private geneSets names =
    gen {
        let! mitochondrial =
            Gen.frequency
                [ 3, Gen.constant Mitochondrial.Auto
                  1, Gen.elements [ Mitochondrial.Prefix "mt-"; Mitochondrial.Prefix "gene" ]
                  1, Gen.constant Mitochondrial.None ]

        let! named = Gen.subListOf names

        let! sets =
            Gen.subListOf
                [ { Name = "ribo"
                    Rule = GeneRule.Prefixes [ "RPS"; "RPL" ] }
                  { Name = "flagged"
                    Rule = GeneRule.Column "flag" }
                  { Name = "mt"
                    Rule = GeneRule.Prefixes [ "Mt-" ] }
                  { Name = "named"
                    Rule = GeneRule.Names("nobody" :: List.ofSeq named) } ]

        // Both a set called mt and a rule for one are refused; now and then is enough for that.
        let! keepsBoth = Gen.frequency [ 9, Gen.constant false; 1, Gen.constant true ]

        return
            mitochondrial,
            sets |> List.ofSeq |> List.filter (fun set -> keepsBoth || mitochondrial = Mitochondrial.Auto || set.Name <> "mt")
    }

let private qcOptions genes : FsCheck.Gen<QcOptions> =
    gen {
        let! ks =
            Gen.choose (1, 4) |> Gen.bind (fun count -> Gen.listOfLength count (Gen.choose (1, genes)))

        let! beyond = Gen.elements [ 0; genes + 1 ]

        let! top =
            Gen.frequency
                [ 8, Gen.constant PercentTop.Default
                  12, Gen.constant (PercentTop.Exactly ks)
                  1, Gen.constant (PercentTop.Exactly(beyond :: ks)) ]

        let! logs = Gen.elements [ true; false ]

        return { PercentTop = top; Log1p = logs }
    }

let private normalizeOptions =
    gen {
        let! target =
            Gen.oneof
                [ Gen.frequency [ 9, Gen.elements [ 1e4; 1.0; 0.1; 1234.567 ]; 1, Gen.elements [ 1e39; 1e-50 ] ]
                  |> Gen.map TargetSum.Counts
                  Gen.constant TargetSum.MedianOfPositive
                  Gen.constant TargetSum.MedianOfAll ]

        let! excludes = Gen.elements [ true; false ]

        // Without it a share would be refused, as it says nothing.
        let! fraction =
            if excludes then
                Gen.elements [ 0.0; 0.05; 0.1; 1.0 / 3.0; 0.5; 0.9; 1.0 ]
            else
                Gen.constant NormalizeTotal.defaults.MaxFraction

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
        let! qc = optional (qcOptions study.Matrix.Genes)
        let! mitochondrial, sets = geneSets study.GeneNames
        let! normalize = optional normalizeOptions

        let! log1p =
            optional (
                Gen.elements [ None; None; Some 2.0; Some 10.0; Some 0.5 ]
                |> Gen.map (fun basis -> { Log1p.defaults with Base = basis })
            )

        let! allows = Gen.elements [ true; false ]

        // Without qc nothing looks at sets of genes, which would be refused.
        let wanted =
            { Mitochondrial = if qc.IsSome then mitochondrial else Mitochondrial.Auto
              GeneSets = if qc.IsSome then sets else []
              Qc = qc
              NormalizeTotal = normalize
              Log1p = log1p
              AllowInvalid = allows }

        return AnyRun(study, (if (Wanted.recipe wanted).Steps.IsEmpty then Wanted.standard else wanted))
    }

let anything =
    Arb.fromGenShrink (
        anyRun,
        fun (AnyRun(study, wanted)) -> simpler study.Matrix |> Seq.map (fun matrix -> AnyRun({ study with Matrix = matrix }, wanted))
    )
