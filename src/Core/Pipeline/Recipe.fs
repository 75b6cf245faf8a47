/// What to do with a file, as a value: the same fields, in the same order, as the options of the command line.
namespace SingleSharp.Core

open System
open System.Threading

/// Which genes count as mitochondrial.
type Mitochondrial =
    /// Genes that begin with MT-, or with mt- where none does.
    | Guessed
    /// Genes that begin with this.
    | StartingWith of string
    /// No set called mt.
    | NotCounted

/// For which k the share of the k most expressed genes is computed.
type PercentTop =
    /// Those of 50, 100, 200 and 500 that do not exceed the number of genes.
    | Fitting
    /// These; each must fit the number of genes.
    | Exactly of int list

/// The options of calculate_qc_metrics.
type QcRecipe =
    {
        Mitochondrial: Mitochondrial
        /// Further sets, each giving columns total_counts_NAME and pct_counts_NAME.
        GeneSets: GeneSet list
        PercentTop: PercentTop
        /// Also write log1p_ columns.
        Log1p: bool
    }

/// What every cell is scaled to.
type TargetSum =
    /// So many counts per cell.
    | Counts of float
    /// The median total of the cells that have counts: scanpy's None.
    | MedianOfPositive
    /// The median total of all cells, as scanpy 1.11 computed it.
    | MedianOfAll

/// The options of normalize_total.
type NormalizeRecipe =
    {
        TargetSum: TargetSum
        /// Leave genes out of the totals that make up too much of some cell.
        ExcludeHighlyExpressed: bool
        /// What is too much: a share between 0 and 1.
        MaxFraction: float
        /// A column of obs for each cell's factor, total / target.
        KeyAdded: string option
    }

/// The options of log1p.
type Log1pRecipe =
    {
        /// The base of the logarithm; none for the natural one.
        Base: float option
    }

/// The steps to take, in the order in which they are taken.
type Recipe =
    {
        Qc: QcRecipe option
        NormalizeTotal: NormalizeRecipe option
        Log1p: Log1pRecipe option
        /// Compute with negative, NaN and infinite values as scanpy does, instead of refusing them.
        AllowInvalid: bool
    }

[<RequireQualifiedAccess>]
module Recipe =
    let qc =
        { Mitochondrial = Guessed
          GeneSets = []
          PercentTop = Fitting
          Log1p = true }

    let normalizeTotal =
        { TargetSum = Counts 1e4
          ExcludeHighlyExpressed = false
          MaxFraction = 0.05
          KeyAdded = None }

    let log1p: Log1pRecipe = { Base = None }

    /// Nothing at all; the start of a recipe of one's own.
    let nothing =
        { Qc = None
          NormalizeTotal = None
          Log1p = None
          AllowInvalid = false }

    /// QC metrics, 10,000 counts per cell, natural logarithm.
    let standard =
        { nothing with
            Qc = Some qc
            NormalizeTotal = Some normalizeTotal
            Log1p = Some log1p }

    /// The names of the steps.
    let steps recipe =
        [ if recipe.Qc.IsSome then
              "qc"
          if recipe.NormalizeTotal.IsSome then
              "normalize_total"
          if recipe.Log1p.IsSome then
              "log1p" ]

    /// Does the recipe change the values of X?
    let changesValues recipe =
        recipe.NormalizeTotal.IsSome || recipe.Log1p.IsSome

    /// Do the steps expect raw counts? A logarithm alone is usually taken of what was normalized before.
    let wantsCounts recipe =
        recipe.Qc.IsSome || recipe.NormalizeTotal.IsSome

    let private refuse option why = Fault.throw (BadOption(option, why))

    /// Refuses options that fit no data at all.
    let check recipe =
        if (steps recipe).IsEmpty then
            refuse "the recipe" "it has no steps"

        match recipe.NormalizeTotal with
        | Some normalize ->
            match normalize.TargetSum with
            | Counts target when not (target > 0.0 && Double.IsFinite target) ->
                refuse "--target-sum" "it must be a positive number or median"
            | _ -> ()

            if not (normalize.MaxFraction >= 0.0 && normalize.MaxFraction <= 1.0) then
                refuse "--max-fraction" "it must lie between 0 and 1"
        | None -> ()

        match recipe.Log1p with
        | Some { Base = Some basis } when not (basis > 0.0 && basis <> 1.0 && Double.IsFinite basis) ->
            refuse "--base" "it must be positive and not 1"
        | _ -> ()

        match recipe.Qc with
        | Some qc ->
            let names = qc.GeneSets |> List.map _.Name

            if List.distinct names <> names then
                refuse "--gene-set" "two sets have the same name"
        | None -> ()

/// Where the result goes.
type Output =
    /// A new file; one that is there is replaced once the new one is complete.
    | NewFile of path: string
    /// The input itself.
    | InPlace

/// How far a run is.
type Progress =
    {
        /// Which read of X this is, from 1, and how many there will be.
        Pass: int
        Passes: int
        CellsDone: int64
        Cells: int64
        /// Bytes of X as stored that one read goes through.
        Bytes: int64
    }

/// How to run; nothing here can change a result.
type Settings =
    {
        /// Threads that read and compute.
        Workers: int
        /// Bytes of memory for buffers and states, the runtime's own aside.
        Memory: int64
        Progress: Progress -> unit
        /// Told what is worth a word as soon as it is known; the report repeats all of it.
        Warn: string -> unit
        Cancel: CancellationToken
    }

[<RequireQualifiedAccess>]
module Settings =
    /// All processors, up to 1 GiB, in silence.
    let standard =
        { Workers = Environment.ProcessorCount
          Memory = 1L <<< 30
          Progress = ignore
          Warn = ignore
          Cancel = CancellationToken.None }
