/// What a recipe means for one file: passes, memory, and where the new values go; decided before a value is read.
namespace SingleSharp.Core

open System

/// One read of X.
type PlannedPass =
    {
        /// What it is for.
        Purpose: string
        /// Bytes of memory for buffers and states.
        Memory: int64
    }

type Plan =
    {
        Recipe: Recipe
        /// The reads of X, in order.
        Passes: PlannedPass list
        Values: ValuePlan
        /// The type of X afterwards.
        TypeAfter: Numeric
        Sets: Membership
        /// Sizes of the gene sets.
        SetSizes: (string * int) list
        PercentTop: int list
        ValuesPerSlice: int
        Window: int
        /// Bytes of memory for buffers and states: what the most demanding pass needs.
        Memory: int64
        Warnings: string list
    }

[<RequireQualifiedAccess>]
module Plan =
    /// Enough values for a slice to be worth its trouble, few enough to stay in a processor's cache.
    let private bestSlice = 1 <<< 17

    let private smallestSlice = 1 <<< 12

    /// What a page holds at most: a block of columns, and encoded chunks that wait for their turn.
    let private usualPage = 6L * 1024L * 1024L

    /// A page of new chunks also has one that is being built and the two buffers of its codec.
    let private pageOf (matrix: Matrix) values after =
        match values, matrix.Data.Layout with
        | StoreAnew, Chunked(shape, _, _, _) -> usualPage + 3L * shape[0] * int64 (Numeric.size after)
        | _ -> usualPage

    /// A question that lets nothing out needs no pages.
    let noPage = 0L

    let private geneSets (file: H5adFile) (recipe: QcRecipe) =
        let names = lazy Schema.geneNames file

        let mask (set: GeneSet) =
            match set.Rule with
            | Prefix prefixes -> names.Value |> Array.map (Axis.hasPrefix prefixes)
            | Column column -> Frame.booleans file.Store file.Var column
            | Names wanted ->
                let wanted = Set.ofList wanted
                names.Value |> Array.map wanted.Contains

        let mitochondrial =
            if recipe.GeneSets |> List.exists (fun set -> set.Name = "mt") then
                None
            else
                match recipe.Mitochondrial with
                | NotCounted
                | StartingWith "" -> None
                | StartingWith prefix -> Some prefix
                | Guessed -> Axis.mitochondrialPrefix names.Value

        [ match mitochondrial with
          | Some prefix ->
              { Name = "mt"
                Rule = Prefix [ prefix ] }
          | None -> ()
          yield! recipe.GeneSets ]
        |> List.map (fun set -> set.Name, mask set)

    let private percentTop genes (recipe: QcRecipe) =
        match recipe.PercentTop with
        | Fitting ->
            let fitting, dropped = [ 50; 100; 200; 500 ] |> List.partition (fun k -> k <= genes)
            let list = dropped |> List.map string |> String.concat ", "

            fitting,
            (if dropped.IsEmpty then
                 []
             else
                 [ $"the share of the top {list} genes is left out, because X has {genes}" ])
        | Exactly ks ->
            match ks |> List.tryFind (fun k -> k < 1 || k > genes) with
            | Some k -> Fault.throw (BadOption("--percent-top", $"positions outside range of features: {k} is not between 1 and {genes}"))
            | None -> List.sort (List.distinct ks), []

    let private typeAfter (matrix: Matrix) recipe =
        let normalized =
            if recipe.NormalizeTotal.IsSome then
                Precision.numeric (Precision.afterNormalize matrix.Type)
            else
                matrix.Type

        if recipe.Log1p.IsSome then Precision.numeric (Precision.afterLog1p normalized) else normalized

    let private values (file: H5adFile) recipe after =
        if not (Recipe.changesValues recipe) then
            Untouched
        elif file.X.Group.Header.LinkCount = 1 && Place.canOverwrite file.Store.Disk file.X.Data (Numeric.datatype after) then
            Overwrite
        else
            StoreAnew

    let private passes recipe =
        [ match recipe.NormalizeTotal with
          | Some normalize ->
              if normalize.ExcludeHighlyExpressed then
                  "find highly expressed genes"

              match normalize.TargetSum with
              | Counts _ -> ()
              | MedianOfPositive
              | MedianOfAll -> "median total"
          | None -> ()
          Recipe.steps recipe |> String.concat " + " ]

    /// How to read within the budget: values per slice, blocks in flight, and the bytes that this takes, with so many for
    /// each page that waits to leave.
    let fit (matrix: Matrix) (settings: Settings) pageBytes =
        let workers = int64 (max 1 settings.Workers)
        let window = max 1 settings.Workers + 2
        // A state holds a count and a sum for every gene.
        let states = int64 (window + 2) * (int64 matrix.Genes * 16L + pageBytes)

        let needed slice =
            states + workers * Reader.memory matrix slice

        let rec shrink slice =
            if needed slice <= settings.Memory then slice
            elif slice > smallestSlice then shrink (slice / 2)
            else Fault.throw (OverBudget(needed slice, settings.Memory))

        let slice = shrink bestSlice
        struct (slice, window, needed slice)

    let make (file: H5adFile) recipe settings =
        Check.recipe recipe
        let after = typeAfter file.X recipe
        let values = values file recipe after

        let struct (slice, window, memory) =
            fit file.X settings (pageOf file.X values after)

        let sets = recipe.Qc |> Option.map (geneSets file) |> Option.defaultValue []

        let top, topWarnings =
            recipe.Qc |> Option.map (percentTop file.X.Genes) |> Option.defaultValue ([], [])

        let size mask =
            mask |> Array.sumBy (fun belongs -> if belongs then 1 else 0)

        let sizes = sets |> List.map (fun (name, mask) -> name, size mask)

        { Recipe = recipe
          Passes = passes recipe |> List.map (fun purpose -> { Purpose = purpose; Memory = memory })
          Values = values
          TypeAfter = after
          Sets = Membership.ofMasks file.X.Genes sets
          SetSizes = sizes
          PercentTop = top
          ValuesPerSlice = slice
          Window = window
          Memory = memory
          Warnings =
            [ yield! topWarnings
              for name, size in sizes do
                  if size = 0 then
                      $"the gene set {name} is empty"
              if recipe.Log1p.IsSome && Schema.isLogged file then
                  "X seems to be already log-transformed (uns/log1p is there); it is transformed again" ] }

    /// scipy numbers stored values in int32 as long as they fit.
    let private rowCountType (matrix: Matrix) =
        if matrix.Stored > int64 Int32.MaxValue then Numeric.Int64 else Numeric.Int32

    /// The columns of obs, in scanpy's order.
    let cellColumns (file: H5adFile) (plan: Plan) =
        let matrix = file.X

        CellColumns.concat
            [ match plan.Recipe.Qc with
              | Some qc ->
                  Qc.perCell
                      matrix.Type
                      (rowCountType matrix)
                      { Sets = plan.Sets
                        PercentTop = plan.PercentTop
                        Log1p = qc.Log1p }
              | None -> ()
              match plan.Recipe.NormalizeTotal with
              | Some { KeyAdded = Some name } -> Normalize.factorColumn name (Precision.afterNormalize matrix.Type)
              | _ -> () ]

    /// The columns of var, in scanpy's order, and how each comes from the tallies.
    let geneColumns (file: H5adFile) (plan: Plan) =
        match plan.Recipe.Qc with
        | Some qc -> Qc.geneColumns file.X.Type qc.Log1p
        | None -> []

    /// The bytes that a run adds to a file, at least: columns of obs, and values that are stored anew without compression.
    let addedBytes (file: H5adFile) (plan: Plan) =
        let columns =
            (cellColumns file plan).Columns |> List.sumBy (fun column -> file.X.Cells * int64 (Numeric.size column.Type))

        let values =
            if plan.Values = StoreAnew && file.X.Data.Filters.IsEmpty then
                file.X.Stored * int64 (Numeric.size plan.TypeAfter)
            else
                0L

        columns + values
