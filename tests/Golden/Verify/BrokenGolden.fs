/// What anndata refuses, or a step, verify calls an error; and what is in order it does not.
module internal SingleSharp.Golden.BrokenGolden

open System.IO
open Expecto
open SingleSharp.Core
open SingleSharp.Golden.Shared

/// The files that broken.py makes: their paths, and whether anndata reads them.
let private files =
    lazy
        (let folder = lasting.Value.File "broken"
         Directory.CreateDirectory folder |> ignore

         [ for line in (Child.script "broken.py" [ folder ] "").Split('\n', System.StringSplitOptions.RemoveEmptyEntries) do
               let fields = line.Split '\t'
               Path.Combine(folder, fields[0] + ".h5ad"), fields[1] = "read", fields[2] ])

let private errors path =
    match Pipeline.verify Settings.standard path with
    | Ok verification -> verification.Findings |> Seq.filter (fun finding -> finding.Severity = Severity.Error) |> List.ofSeq
    | Error fault -> failtest (Fault.sentence fault)

let private isFine (path: string) =
    let name = Path.GetFileName path
    name.StartsWith "fine_" || name = "old_07.h5ad" || name = "old_06.h5ad"

/// Does a step that reads X, obs and var refuse the file, because it contradicts itself?
let private isRefused path =
    use sandbox = new Sandbox()

    let recipe =
        (Recipe.ofSteps
            [ Filter.step
                  { Filter.defaults with
                      MinGenes = Some 0L } ])

    match Pipeline.run recipe Settings.standard (Input.file path) (NewFile(sandbox.File "output.h5ad")) with
    | Error(Damaged _ | NotAnnData _ as fault) when not (Fault.sentence(fault).Contains "it has no X") -> Some(Fault.sentence fault)
    | _ -> None

let all =
    testList
        "Broken"
        [ test "anndata refuses it: an error" {
              let refused = files.Value |> List.filter (fun (_, isRead, _) -> not isRead)
              Expect.isGreaterThan refused.Length 70 "files that anndata refuses"

              let missed =
                  refused |> List.filter (fun (path, _, _) -> (errors path).IsEmpty) |> List.map (fun (path, _, why) -> path, why)

              Expect.isEmpty missed "files without an error"
          }
          test "a step refuses it: an error" {
              let missed =
                  [ for path, _, _ in files.Value do
                        match isRefused path with
                        | Some sentence when (errors path).IsEmpty -> path, sentence
                        | _ -> () ]

              Expect.isEmpty missed "files without an error"
          }
          test "what no column or matrix can be is an error, even where anndata reads it" {
              for name in
                  [ "x_of_words"
                    "x_words_as_data"
                    "x_index_too_large"
                    "x_offsets_decrease"
                    "layer_of_3_dimensions"
                    "obs_column_scalar"
                    "obs_column_as_matrix"
                    "obs_codes_too_short" ] do
                  let path, _, _ =
                      files.Value |> List.find (fun (path, _, _) -> Path.GetFileName path = name + ".h5ad")

                  Expect.isNonEmpty (errors path) name
          }
          test "what is in order has no error" {
              for path, isRead, why in files.Value |> List.filter (fun (path, _, _) -> isFine path) do
                  Expect.isTrue isRead $"{path}: {why}"
                  Expect.isEmpty (errors path) path
          }
          test "files of all kinds that anndata wrote have no error" {
              let wrong =
                  [ for name in list "data/wild" "*.h5ad" do
                        let path = require $"data/wild/{name}"

                        match errors path with
                        | [] -> ()
                        | found -> name, found |> List.map (fun finding -> $"{finding.Path}: {finding.Sentence}") ]

              // Of some it is known that anndata does not open them.
              let known =
                  [ "anndata-duckdb-extension__test_no_index__35f43c.h5ad"
                    "anndata-duckdb-extension__test_sparse_csc__0d4c01.h5ad"
                    "mudata__v0.1.2__mdata_axis0__mod1.h5ad"
                    "pertpy__sc_sim__b1e376.h5ad"
                    "scp-ingest-pipeline__bad__2e5c07.h5ad" ]

              Expect.isEmpty (wrong |> List.filter (fun (name, _) -> not (List.contains name known))) "errors"
          } ]
