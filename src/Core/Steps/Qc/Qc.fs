/// The step qc: columns of obs and var that describe the quality of cells and genes (scanpy-semantics, section 1).
namespace SingleSharp

open System

/// For which k the share of the k most expressed genes is computed.
[<RequireQualifiedAccess>]
type PercentTop =
    internal
    /// Those of 50, 100, 200 and 500 that do not exceed the number of genes.
    | Auto
    /// These; each must fit the number of genes.
    | Exactly of int list

    /// Those of 50, 100, 200 and 500 that do not exceed the number of genes.
    static member Default = Auto

    /// These; each must lie between 1 and the number of genes.
    static member Of([<ParamArray>] genes: int[]) = Exactly(List.ofArray genes)

namespace SingleSharp.Core

open System
open SingleSharp
open SingleSharp.Core.Contract
open SingleSharp.Core.Folds
open SingleSharp.Core.Rows
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Steps

type PercentTop = SingleSharp.PercentTop

/// The options of calculate_qc_metrics.
type QcOptions =
    {
        PercentTop: PercentTop
        /// Also write log1p_ columns.
        Log1p: bool
    }

[<RequireQualifiedAccess>]
module Qc =
    let defaults =
        { PercentTop = PercentTop.Default
          Log1p = true }

    let private pieces (words: string list) =
        words |> List.collect (fun text -> text.Split([| ','; ' ' |], StringSplitOptions.RemoveEmptyEntries) |> List.ofArray)

    let private readTop words (options: QcOptions) =
        match pieces words with
        | [] -> Error [ "must be followed by numbers such as 50,100, or by none" ]
        | [ "none" ] ->
            Ok
                { options with
                    PercentTop = PercentTop.Exactly [] }
        | all ->
            match all |> List.tryFind (fun piece -> (StepOption.tryPositive piece).IsNone) with
            | Some piece -> Error [ $"must be integers from 1 up, or none alone; '{piece}' is not" ]
            | None ->
                Ok
                    { options with
                        PercentTop = all |> List.choose StepOption.tryPositive |> List.distinct |> PercentTop.Exactly }

    /// scanpy's None is a list of none.
    let private topForm =
        JsonForm.list JsonForm.positive
        |> JsonForm.orNull
        |> JsonForm.map (Option.defaultValue [] >> PercentTop.Exactly) (function
            | PercentTop.Exactly ks -> Some ks
            | PercentTop.Auto -> None)
        |> JsonForm.leftOut (fun top -> top = PercentTop.Auto)

    let private percentTopOption: StepOption<QcOptions> =
        let show options =
            match options.PercentTop with
            | PercentTop.Auto -> "(50, 100, 200, 500)"
            | PercentTop.Exactly ks -> "[" + (ks |> List.map string |> String.concat ", ") + "]"

        let info: OptionInfo =
            { Name = "percent_top"
              CommandName = "percent_top"
              PipelineName = "percent_top"
              Placeholder = "K..."
              Choices = []
              IsRepeatable = true
              Type = "list[int]"
              Default = show defaults
              Doc =
                "columns pct_counts_in_top_K_genes, as 50,100 or 50 100. Default: those of 50,100,200,500 that X has genes for. none: no such columns." }

        { Info = info
          Read = readTop
          Show = show
          Idle = fun _ -> None
          ToJson = _.PercentTop >> topForm.Write
          OfJson = fun json options -> JsonForm.read topForm json |> Result.map (fun top -> { options with PercentTop = top })
          Schema = topForm.Schema }

    let private options =
        [ percentTopOption
          StepOption.switch
              "log1p"
              defaults
              _.Log1p
              (fun value options -> { options with Log1p = value })
              "leave out the log1p_ columns: calculate_qc_metrics(log1p=False)."
          |> StepOption.named "log1p_columns" "log1p_columns" ]

    /// For which k the share of the top k genes is told, among N genes, and those that are left out.
    let internal percentTop genes (options: QcOptions) =
        match options.PercentTop with
        | PercentTop.Auto -> [ 50; 100; 200; 500 ] |> List.partition (fun k -> k <= genes)
        | PercentTop.Exactly ks ->
            match ks |> List.tryFind (fun k -> k < 1 || k > genes) with
            | Some k -> Fault.throw (InvalidOption("percent_top", $"positions outside range of features: {k} is not between 1 and {genes}"))
            | None -> List.sort (List.distinct ks), []

    /// scipy numbers stored values in int32 as long as they fit; from there scanpy has the numbers of whatever the matrix is
    /// compressed by, and counts all others in int64.
    let private countType (matrix: Matrix) isCompressedBy =
        if isCompressedBy && matrix.Stored <= int64 Int32.MaxValue then DType.Int32 else DType.Int64

    let private cellColumns (file: AnnDataFile) options (genes: RowMask) sets =
        let matrix = file.X

        QcMetrics.perCell
            matrix.Type
            (countType matrix matrix.Format.IsCsr)
            { Sets = Membership.ofMasks sets
              PercentTop = percentTop (int genes.Count) options |> fst
              Log1p = options.Log1p
              Dense = if matrix.Format.IsDense then ValueSome(int genes.Count) else ValueNone }

    let private listed (ks: int list) =
        ks |> List.map string |> String.concat ", "

    /// Bytes per gene of the sums that a block keeps, and of the columns that come of them with what they are made with.
    let private talliesPerGene, columnsPerGene = 16L, 88L

    let private mean (total: GeneTallies -> float) (tallies: GeneTallies) =
        if tallies.Cells = 0L then Nullable() else Nullable(total tallies / float tallies.Cells)

    let private plan (context: PlanContext) (options: QcOptions) =
        let file = context.File
        let all = RowMask.all (int64 file.X.Genes)
        let genes = int64 file.X.Genes
        let memory = context.Settings.Memory
        let sets = GeneSetMasks.masks file memory context.Common all

        /// The sets over the genes that stay.
        let setsAmong (genes: RowMask) =
            if genes.IsAll then sets else GeneSetMasks.masks file memory context.Common genes

        let geneColumns =
            QcMetrics.geneColumns file.X.Type (countType file.X file.X.Format.IsCsc) options.Log1p

        let kept, dropped = percentTop file.X.Genes options

        let start (job: Job) before =
            let sets = setsAmong job.Genes

            let finish (tallies: GeneTallies) (turn: StepTurn) =
                let among = turn.Job.Genes

                { Outcome.nothing with
                    GeneColumns =
                        [ for column, values in geneColumns do
                              column,
                              (fun () ->
                                  Memory.tidy ()
                                  values tallies) ]
                    Warnings =
                        [ if not among.IsAll then
                              match percentTop (int among.Count) options with
                              | _, [] -> ()
                              | _, dropped ->
                                  $"""the share of the top {listed dropped} genes is left out, because {Plural.say among.Count "gene stays" "genes stay"}""" ]
                    Report =
                        fun report ->
                            { report with
                                GeneSets = GeneSetMasks.sizes sets
                                MeanCountsPerCell = mean (fun tallies -> Array.sum tallies.Totals) tallies
                                MeanGenesPerCell = mean (fun tallies -> float (Array.sum tallies.CellsByCounts)) tallies } }

            { Transformation = before
              CellColumns = cellColumns file options job.Genes sets
              Sink = Sink.none
              Fold = GeneTallies.perGene (int job.Genes.Count) |> Fold.map finish }

        { StepPlan.nothing "qc" context with
            Main =
                Some
                    { Budget.folding (genes * talliesPerGene) with
                        Once = 16L * genes
                        After = genes * columnsPerGene }
            CellColumns = fun genes -> (cellColumns file options genes (setsAmong genes)).Columns
            CellColumnCount = 8L + 3L * int64 (1 + context.Common.GeneSets.Length)
            GeneColumns = List.map fst geneColumns
            WantsCounts = true
            Planning = AnnDataFile.geneNameBytes file
            Warnings =
                [ yield! GeneSetMasks.missing file memory context.Common
                  yield! GeneSetMasks.unnamed file context.Common sets
                  if not dropped.IsEmpty then
                      $"the share of the top {listed dropped} genes is left out, because {file.X.Path} has {file.X.Genes}"
                  for name, mask in sets do
                      if GeneSetMasks.size mask = 0 then
                          $"the gene set {name} is empty" ]
            Tell =
                fun plan ->
                    { plan with
                        GeneSets = GeneSetMasks.sizes sets
                        PercentTop = kept }
            Start = start }

    let internal kind =
        { StepKind.make "qc" defaults options plan with
            Line = "QC metrics into obs and var; X does not change."
            About =
                "Computes scanpy's calculate_qc_metrics: total counts, genes per cell, shares of mitochondrial and other genes, and so on, as columns of obs and var. X does not change."
            Examples =
                [ "singlesharp qc counts.h5ad ⟨in_place⟩"
                  "singlesharp qc counts.h5ad ⟨out=qc.h5ad⟩ ⟨gene_set=ribo=prefix:RPS,RPL⟩" ]
            UsesSets = fun _ -> AllSets }

    /// The step with these options.
    let step options = Step(StepBody.make kind options)
