/// What is in a file, and what a recipe would do to it.
namespace SingleSharp.Core.Run

open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Hdf5
open SingleSharp.Core.AnnData
open SingleSharp.Core.Reading
open SingleSharp.Core.Steps

[<RequireQualifiedAccess>]
module internal Info =
    let private others (file: AnnDataFile) =
        let store = file.Store

        [ for name in [ "layers"; "raw"; "obsm"; "varm"; "obsp"; "varp"; "uns" ] do
              match store.TryFind("", store.Root, name) with
              | Some(GroupObject group) ->
                  for link in group.Links do
                      $"{name}/{link.Name}"
              | Some(DatasetObject _) -> name
              | None -> () ]

    // What a run would refuse is a warning here: people look at a file to learn such things.
    let private planned file (recipe: Recipe) settings =
        let tolerant (step: Step) =
            if step.Name = Log1p.kind.Name then
                step.Read [ "allow_logged", [] ] |> Result.defaultValue step
            else
                step

        Narrow.plan
            file
            false
            { recipe with
                Steps = recipe.Steps |> List.map tolerant }
            settings

    let private withPlan (file: AnnDataFile) plan areCounts examined : Info =
        { Path = file.Path
          Bytes = file.Store.Disk.Device.Length
          Cells = file.X.Cells
          Genes = file.X.Genes
          StoredValues = file.X.Stored
          Encoding = file.X.Encoding
          Matrix = file.X.Datasets |> List.map Examine.stored
          ObsColumns = file.Obs.Columns
          VarColumns = file.Var.Columns
          Others = others file
          IsLogged = AnnDataFile.isLogged file
          LooksLikeCounts = areCounts
          CellsExamined = examined
          Plan = plan }

    /// Of a file whose values were examined elsewhere: are those of the first cells counts?
    let ofExamined file recipe settings areCounts examined =
        withPlan file (planned file recipe settings) areCounts examined

    let ofFile file recipe settings =
        // What does not fit the memory allowed is refused before anything is read.
        let plan = planned file recipe settings
        let findings, examined = Examine.firstBlock file settings
        withPlan file plan findings.AreCounts examined
