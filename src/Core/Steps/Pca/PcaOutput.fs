/// Which genes pca looks at, and where its results go.
namespace SingleSharp.Core.Steps

open System
open SingleSharp.Core
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Writing

[<RequireQualifiedAccess>]
module internal PcaOutput =
    let booleans (file: AnnDataFile) column =
        DataFrame.booleans file.Store file.Var "mask_var" column

    /// The column of var that says which genes are looked at, if one does, and those genes. A column that a step before writes
    /// counts, not the one of that name that is in the file.
    let mask (turn: StepTurn) (options: PcaOptions) =
        let job = turn.Job

        let written name =
            turn.Before
            |> List.collect _.GeneColumns
            |> List.tryFindBack (fun (column, _) -> column.Name = name && column.Type = DType.Bool)
            |> Option.map (fun (_, values) -> values () |> Array.map ((<>) 0.0) |> RowMask.ofFlags)

        let ofFile column =
            booleans job.File column |> GeneSetMasks.valuesAmong job.Genes |> RowMask.ofFlags

        match options.MaskVar with
        | MaskVar.AllGenes -> None, RowMask.all job.Genes.Count
        | MaskVar.Column column -> Some column, written column |> Option.defaultWith (fun () -> ofFile column)
        | MaskVar.HighlyVariable ->
            match written "highly_variable" with
            | Some genes -> Some "highly_variable", genes
            | None when List.contains "highly_variable" job.File.Var.Columns -> Some "highly_variable", ofFile "highly_variable"
            | None -> None, RowMask.all job.Genes.Count

    /// Loadings that are written at a time.
    let private batch = 1 <<< 17

    /// Loadings as genes × components, zero for the genes that were not looked at.
    let private loadings (job: Job) (editor: FileEditor) (genes: RowMask) (components: Components) =
        let count = components.Count

        let address =
            editor.Reserve(Memory.times (Memory.times job.Genes.Count (int64 count)) 8L)

        let rows = max 1 (batch / count)
        let numbers: float[] = Array.zeroCreate (rows * count)
        let bytes: byte[] = Array.zeroCreate (8 * numbers.Length)

        for first in 0L .. int64 rows .. job.Genes.Count - 1L do
            let now = int (min (int64 rows) (job.Genes.Count - first))
            Array.Clear numbers

            for row in 0 .. now - 1 do
                if genes.Has(first + int64 row) then
                    Array.Copy(components.Loadings, int (genes.Rank(first + int64 row)) * count, numbers, row * count, count)

            let length = ColumnBytes.encode DType.Float64 numbers (now * count) bytes
            editor.Disk.Write(address + 8L * first * int64 count, ReadOnlySpan(bytes, 0, length))

        NewElement.Placed(DType.Float64, [ job.Genes.Count; int64 count ], address)

    let members
        (job: Job)
        (editor: FileEditor)
        (common: Common)
        (pca: PcaOptions)
        cells
        (column: string option)
        genes
        (components: Components)
        scores
        =
        let count = int64 components.Count
        let key usual = Option.defaultValue usual pca.KeyAdded

        let parameters =
            [ "zero_center", NewElement.Flag pca.ZeroCenter
              "use_highly_variable", NewElement.Flag(column = Some "highly_variable")
              match column with
              | Some column -> "mask_var", NewElement.Text column
              | None -> ()
              match common.Matrix with
              | MatrixName.Layer layer -> "layer", NewElement.Text layer
              | _ -> () ]

        [ "obsm", [ key "X_pca", NewElement.Placed(DType.Float32, [ cells; count ], scores) ]
          "varm", [ key "PCs", loadings job editor genes components ]
          "uns",
          [ key "pca",
            NewElement.Dict
                [ "params", NewElement.Dict parameters
                  "variance", NewElement.Numbers(DType.Float64, [ count ], components.Variances)
                  "variance_ratio", NewElement.Numbers(DType.Float64, [ count ], components.Ratios) ] ] ]
