/// What rides the main pass of a run beside its steps: folds and columns of one's own.
namespace SingleSharp.Core

open System
open SingleSharp
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Steps

/// What is computed of a row: a value of a column of obs. It is called from several threads, in no order.
type RowValue = delegate of row: Row -> float

/// What something does in a run.
type internal AlsoBody =
    {
        /// Its columns of obs.
        Columns: OutputColumn list
        /// The same with their values. A fault names a cell by the function, which is given its number in the input.
        Values: (int64 -> string) -> CellColumns
        Fold: Fold<RowBatch, unit>
        /// A run begins, or has ended with success.
        Begin: unit -> unit
        Succeed: unit -> unit
    }

/// Something of one's own that a run does beside its steps, in the same read of X: a fold (Also.fold) or a column of obs (Also.obs).
/// It is equal to itself only.
type Also internal (body: AlsoBody) =
    member internal _.Body = body

/// A fold that rides a run, and its answer afterwards. It is for one run at a time.
[<Sealed>]
type Answer<'r> internal (answer: 'r voption ref, body) =
    inherit Also(body)

    /// What the fold has answered in the last run that it was part of. Throws an InvalidOperationException where there was none yet, or it did not end
    /// with success.
    member _.Value =
        match answer.Value with
        | ValueSome answer -> answer
        | ValueNone ->
            raise (
                InvalidOperationException
                    "The answer of a fold is there once a run with it among Also has ended with success; run the recipe first, and look at its result."
            )

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Also =
    /// The fold over the rows of X that stay, in the main pass of a run, with Values as they were read and Output as the steps leave them.
    /// Where a filter judges cells as they are read, blocks are those of the rows that are read, and batches may be empty. Whether it does depends on
    /// how X is stored and on the limits (plan tells), and with it may the last bits of a sum of fractions, never those of counts.
    let fold (question: Fold<CsrBatch, 'r>) : Answer<'r> =
        let found = ref ValueNone
        let answer = ref ValueNone

        Answer(
            answer,
            { Columns = []
              Values = fun _ -> CellColumns.concat []
              Fold = CsrBatch.folding question |> Fold.map (fun found' -> found.Value <- ValueSome found')
              Begin =
                fun () ->
                    found.Value <- ValueNone
                    answer.Value <- ValueNone
              Succeed =
                fun () ->
                    answer.Value <- found.Value
                    found.Value <- ValueNone }
        )

    /// What a column can be stored as.
    let private types =
        [ DType.Float32; DType.Float64; DType.Int32; DType.Int64; DType.Bool ]

    /// Integers beyond 2^53 would have been rounded on the way.
    let private mostExact = float (1L <<< 53)

    let private holds dtype (value: float) =
        match dtype with
        | DType.Bool -> value = 0.0 || value = 1.0
        | DType.Int32 -> value = Math.Truncate value && value >= float Int32.MinValue && value <= float Int32.MaxValue
        | DType.Int64 -> value = Math.Truncate value && abs value < mostExact
        | _ -> true

    let private requireHeld (column: OutputColumn) (nameOf: int64 -> string) (rowBatch: RowBatch) (values: float[]) first =
        for row in 0 .. rowBatch.Cells - 1 do
            if not (holds column.Type values[first + row]) then
                let value =
                    values[first + row].ToString("R", Globalization.CultureInfo.InvariantCulture)

                Fault.throw (
                    InvalidOption(
                        "also",
                        $"the column {column.Name} is {DType.name column.Type}, which does not hold {value}, its value of cell {nameOf (rowBatch.CellOf row)}; compute another, or make the column float64"
                    )
                )

    /// A column of obs whose values are computed row by row, from what Also.fold sees. Stored as float32, float64, int32, int64 or bool: float32
    /// rounds, the others refuse a value that they do not hold. It is written like the columns of the steps, and takes the place of one that is there.
    let obs (name: string) (dtype: DType) (value: RowValue) : Also =
        let column: OutputColumn = { Name = name; Type = dtype }

        let compute nameOf () =
            fun rowBatch (columns: float[][]) first ->
                let values = columns[0]

                OwnCode.call (fun () ->
                    let batch = CsrBatch rowBatch

                    for row in 0 .. rowBatch.Cells - 1 do
                        values[first + row] <- value.Invoke(batch.Row row))

                requireHeld column nameOf rowBatch values first

        Also
            { Columns = [ column ]
              Values =
                fun nameOf ->
                    { Columns = [ column ]
                      Start = compute nameOf }
              Fold = Fold.always ()
              Begin = ignore
              Succeed = ignore }

    /// The columns of obs of all.
    let internal columns (also: Also list) = also |> List.collect _.Body.Columns

    /// What is wrong with columns whatever the data.
    let internal mistakes (also: Also list) =
        let columns = columns also

        [ for column in columns do
              if
                  String.IsNullOrEmpty column.Name
                  || column.Name.Length > 1000
                  || Links.along column.Name <> [ column.Name ]
                  || column.Name.Contains '\000'
              then
                  InvalidOption("also", $"a column cannot be called \"{column.Name}\"; give it a name without slashes")

              if not (List.contains column.Type types) then
                  InvalidOption(
                      "also",
                      $"""the column {column.Name} cannot be {DType.name column.Type}; choose {types |> List.map DType.name |> String.concat ", "}"""
                  )

          for name, count in columns |> List.countBy _.Name do
              if count > 1 then
                  InvalidOption("also", $"the column {name} would be written twice; leave one of them out, or call it otherwise") ]

    /// Refuses columns that the steps write too, or that have the name of the index.
    let internal requireFree (file: AnnDataFile) (steps: StepPlan list) (also: Also list) =
        let genes = RowMask.all (int64 file.X.Genes)

        for column in columns also do
            if column.Name = file.Obs.IndexName then
                Fault.throw (InvalidOption("also", $"the index of obs is called {column.Name}; call the column otherwise"))

            if column.Name = "_index" || column.Name = OldCategories.Name then
                Fault.throw (InvalidOption("also", $"a column cannot be called {column.Name}, which is anndata's own; call it otherwise"))

            for step in steps do
                let selector = step.Selector |> Option.toList |> List.collect _.CellColumns.Columns

                if step.CellColumns genes @ selector |> List.exists (fun other -> other.Name = column.Name) then
                    Fault.throw (
                        InvalidOption("also", $"{step.Name} writes a column {column.Name} of obs, too; call the other one otherwise")
                    )
