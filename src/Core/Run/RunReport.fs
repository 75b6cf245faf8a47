/// What a run says of itself once it is done.
namespace SingleSharp.Core.Run

open System
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Contract
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Subset
open SingleSharp.Core.Steps

[<RequireQualifiedAccess>]
module internal RunReport =
    /// The report of what was taken, with warnings beside those of the plan.
    let make (plan: RunPlan) (job: Job) (taken: Taken) (warnings: string list) output : Report =
        let file = job.File

        let members group =
            [ for outcome in taken.Outcomes do
                  for name, elements in outcome.Members do
                      if name = group then
                          yield! List.map fst elements ]

        let base': Report =
            { Input = file.Path
              Output = output
              Steps = plan.Told.Steps
              Matrix = file.X.Path
              Cells = file.X.Cells
              Genes = file.X.Genes
              StoredValues = file.X.Stored
              CellsKept = taken.Selection.Cells.Count
              GenesKept = int taken.Selection.Genes.Count
              Dropped = taken.Dropped
              Reads = plan.Passes.Length
              TypeBefore = DType.name file.X.Type
              TypeAfter = DType.name plan.TypeAfter
              TargetSum = Nullable()
              ExcludedGenes = 0
              GeneSets = []
              ObsColumns = taken.CellColumns |> List.map (fun (column, _) -> column.Name)
              VarColumns = taken.GeneColumns |> List.map (fun (column, _) -> column.Name)
              LayerKeys =
                [ yield! members "layers"
                  if plan.Recipe.KeepCounts then
                      CountsLayer.name ]
              ObsmKeys = members "obsm"
              VarmKeys = members "varm"
              UnsKeys = members "uns"
              MeanCountsPerCell = Nullable()
              MeanGenesPerCell = Nullable()
              HighlyVariableGenes = Nullable()
              VarianceRatio = []
              Findings = taken.Findings
              Warnings =
                [ yield! plan.Told.Warnings
                  yield! warnings |> List.map (OptionText.spell job.Settings.Spelling >> Printable.line) ] }

        (base', taken.Outcomes) ||> List.fold (fun report outcome -> outcome.Report report)

    /// What was found among the values of X that deserves attention.
    let findings (plan: RunPlan) (file: AnnDataFile) (findings: Findings) =
        let asScanpy =
            if plan.Steps |> List.exists _.State.IsLoggedHere then
                "they are computed with as they are, where scanpy's log1p would refuse NaN and infinity"
            else
                "results are those of scanpy, which does not check"

        [ if findings.NotFinite > 0L then
              $"""{file.X.Path} holds {Plural.say findings.NotFinite "value that is" "values that are"} NaN or infinite; {asScanpy}"""
          if findings.Negative > 0L then
              $"""{file.X.Path} holds {Plural.things findings.Negative "negative value"}; {asScanpy}"""
          if findings.Fractional > 0L && (plan.Recipe.KeepCounts || plan.Steps |> List.exists _.WantsCounts) then
              $"""{file.X.Path} holds {Plural.say findings.Fractional "value that is no integer" "values that are no integers"}; are these raw counts?""" ]
