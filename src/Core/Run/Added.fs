/// What a run adds to a file: columns of obs and var, and bytes.
namespace SingleSharp.Core.Run

open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Writing
open SingleSharp.Core.Subset
open SingleSharp.Core.Steps

[<RequireQualifiedAccess>]
module internal Added =
    /// The columns of obs that the steps and code of one's own write, as far as a plan knows.
    let obs (file: AnnDataFile) (plan: RunPlan) =
        let genes = RowMask.all (int64 file.X.Genes)

        [ match plan.Selector with
          | Some selector -> yield! selector.CellColumns.Columns
          | None -> ()
          for step in plan.Steps do
              yield! step.CellColumns genes
          yield! Also.columns plan.Recipe.Also ]

    let var (plan: RunPlan) =
        [ match plan.Selector with
          | Some selector -> yield! selector.GeneColumns
          | None -> ()
          for step in plan.Steps do
              yield! step.GeneColumns ]

    /// The bytes that a run adds to a file, about: columns of obs, new elements, and values that are stored anew without compression.
    let bytes (settings: Settings) (file: AnnDataFile) (plan: RunPlan) note =
        let columns =
            obs file plan |> List.sumBy (fun column -> file.X.Cells * int64 (DType.size column.Type))

        let values =
            let isPlain =
                match settings.Compression with
                | None -> file.X.Values.Filters.IsEmpty
                | Some wanted -> wanted = Compression.None

            if (plan.Values = StoreAnew || plan.Values = RowByRow) && isPlain then
                let indices =
                    match file.X.Format with
                    | Csr arrays
                    | Csc arrays when not arrays.Indices.Filters.IsEmpty -> arrays.Indices.ElementSize
                    | _ -> 0

                file.X.Stored * int64 (DType.size plan.TypeAfter + indices)
            else
                0L

        plan.Steps
        |> List.map _.AddedBytes
        |> List.fold Memory.plus (Memory.plus columns values)
        |> Memory.plus (Provenance.bytes note)
        |> Memory.plus (if plan.Recipe.KeepCounts then CountsLayer.bytes file settings.Compression else 0L)
