/// Inputs are looked at where they lie: what is seen is what a conversion would make of them, and nothing is copied for it.
module internal SingleSharp.Golden.LookGolden

open System
open System.IO
open Expecto
open SingleSharp
open SingleSharp.Core
open SingleSharp.Core.Run
open SingleSharp.Golden.InputGolden
open SingleSharp.Golden.Shared
open SingleSharp.Answers

let private made =
    lazy
        (Child.requirePython ()
         ImportFaults.made.Value)

/// Inputs that are converted, the options that this takes, and whether genes are left out.
let private conversions =
    [ [ "probes.h5" ], Input.convert
      [ "two_genomes.h5" ],
      { Input.convert with
          Genome = Some "mm10" }
      [ "long.h5" ], Input.convert
      [ "double.h5" ], Input.convert
      [ "v3_shuffled" ], Input.convert
      [ "v3" ],
      { Input.convert with
          FeatureType = Some "all" }
      [ "real" ], Input.convert
      [ "first.h5ad"; "second.h5ad" ], Input.convert
      [ "second.h5ad"; "v2"; "whole.h5ad" ],
      { Input.convert with
          Join = Join.Outer
          MakeUnique = true } ]

/// The highly variable genes of Recipe.full.
let private ofFull =
    { Hvg.defaults with
        NTopGenes = Some 2000 }

let private recipes =
    [ Recipe.standard
      Recipe.full
      { Recipe.ofSteps
            [ Filter.step
                  { Filter.defaults with
                      MinCells = Some 2L }
              Qc.step Qc.defaults ] with
          GeneSets = [ GeneSet.WithPrefix("g1", "g1") ] } ]

/// Of what a conversion has to say itself, and of memory, which a plan knows by values of which some may not be taken.
let private without (warnings: string seq) (plan: Plan) =
    { plan with
        Memory = 0L
        Passes = [ for pass in plan.Passes -> { pass with Memory = 0L } ]
        Warnings = plan.Warnings |> Seq.except warnings |> List.ofSeq }

let tests =
    testList
        "Looks"
        [ test "a plan is that of the file that would be made" {
              use sandbox = new Sandbox()

              for names, conversion in conversions do
                  let inputs = names |> List.map (fun name -> Path.Combine(made.Value, name))
                  let output = sandbox.File $"{Guid.NewGuid():N}.h5ad"

                  let converted =
                      Pipeline.convert MatrixName.X false Settings.standard { Paths = inputs; Convert = conversion } output |> need

                  for recipe in recipes do
                      let recipe =
                          if names.Length > 1 && (Recipe.tryFind "hvg" recipe).IsSome then
                              recipe |> Recipe.add (Hvg.step { ofFull with BatchKey = Some "sample" })
                          else
                              recipe

                      let seen =
                          Inputs.plan { Paths = inputs; Convert = conversion } recipe Settings.standard

                      let file = Pipeline.plan recipe Settings.standard (Input.file output) |> need
                      Expect.equal (without converted.Warnings seen) (without converted.Warnings file) $"the plan of {names}"
                      Expect.isGreaterThanOrEqual seen.Memory file.Memory "what converting needs is in it"

                      for seen, file in Seq.zip seen.Passes file.Passes do
                          Expect.isGreaterThanOrEqual seen.Memory file.Memory "and what each read needs"

                  let seen =
                      Inputs.info { Paths = inputs; Convert = conversion } Recipe.standard Settings.standard

                  let file =
                      Pipeline.info Recipe.standard Settings.standard (Input.file output) |> need

                  Expect.equal
                      { seen with
                          Path = file.Path
                          Bytes = file.Bytes
                          Matrix = file.Matrix
                          CellsExamined = file.CellsExamined
                          Plan = without converted.Warnings seen.Plan }
                      { file with
                          Plan = without converted.Warnings file.Plan }
                      $"what {names} hold"

                  Expect.isTrue (seen.Matrix |> Seq.forall (fun stored -> not (stored.Name.StartsWith "X/"))) "as they are stored"
          }
          test "fractions are no counts, in whatever they are stored" {
              for name, areCounts in [ "real", false; "double.h5", false; "long.h5", true; "v2", true ] do
                  let info =
                      Pipeline.info Recipe.standard Settings.standard (Input.file (Path.Combine(made.Value, name))) |> need

                  Expect.equal info.LooksLikeCounts areCounts name
          }
          test "info and plan copy nothing" {
              use sandbox = new Sandbox()
              // Whoever made a file there would fail.
              let nowhere = [ "TMPDIR", sandbox.File "nowhere" ]

              for command in [ [ "info" ]; [ "plan" ]; [ "plan"; "pipeline" ] ] do
                  for inputs in
                      [ [ "probes.h5" ]
                        [ "v3_shuffled" ]
                        [ "v3/matrix.mtx.gz" ]
                        [ "first.h5ad"; "second.h5ad" ] ] do
                      let inputs = inputs |> List.map (fun name -> Path.Combine(made.Value, name))
                      let outcome = tool (command @ inputs @ [ "--json" ]) nowhere ""
                      Expect.equal outcome.ExitCode 0 $"{command}: {outcome.Errors}"
          }
          test "what is put aside is for nobody else" {
              use sandbox = new Sandbox()
              let mutable modes = None

              let settings =
                  { Settings.standard with
                      Progress =
                          fun _ ->
                              if modes.IsNone then
                                  modes <- Some(sandbox.Names |> List.map (fun name -> File.GetUnixFileMode(sandbox.File name))) }

              Pipeline.run
                  (Recipe.ofSteps [ Qc.step Qc.defaults ])
                  settings
                  (Input.file (Path.Combine(made.Value, "probes.h5")))
                  (NewFile(sandbox.File "output.h5ad"))
              |> need
              |> ignore

              Expect.equal modes (Some [ UnixFileMode.UserRead ||| UnixFileMode.UserWrite ]) "the file that the counts wait in"
              Expect.equal sandbox.Names [ "output.h5ad" ] "nothing else is left"
          }
          test "the matrix stands for its folder" {
              use sandbox = new Sandbox()

              let convert (name: string) =
                  let output = sandbox.File $"{Path.GetFileName name}.h5ad"

                  Pipeline.convert MatrixName.X false Settings.standard (Input.files [ Path.Combine(made.Value, name) ]) output
                  |> need
                  |> ignore

                  File.ReadAllBytes output

              Expect.isTrue (convert "v2" = convert "v2/matrix.mtx") "plain"
              Expect.isTrue (convert "v3" = convert "v3/matrix.mtx.gz") "gzipped"

              let joined =
                  Pipeline.convert
                      MatrixName.X
                      false
                      Settings.standard
                      { Paths = [ Path.Combine(made.Value, "v2/matrix.mtx"); Path.Combine(made.Value, "v3") ]
                        Convert = { Input.convert with MakeUnique = true } }
                      (sandbox.File "joined.h5ad")
                  |> need

              Expect.equal (joined.Samples |> Seq.map _.Name |> List.ofSeq) [ "v2"; "v3" ] "the samples"
          } ]
