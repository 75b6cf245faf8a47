/// The scripts of workflow engines: the examples are as the code makes them, programs that read such scripts have nothing against them,
/// and paths with quotes reach the commands as they are.
module internal SingleSharp.Golden.WorkflowGolden

open System
open System.IO
open System.Text.Json
open Expecto
open SingleSharp
open SingleSharp.Cli
open SingleSharp.Core.Writing
open SingleSharp.Golden.Shared
open SingleSharp.Golden.Sample

let private folder = Path.Combine(root, "workflows")

/// What scripts need of a plan.
let private read (path: string) =
    use document = JsonDocument.Parse(File.ReadAllText path)
    let text (element: JsonElement) (name: string) = element.GetProperty(name).GetString()
    let number (element: JsonElement) (name: string) = element.GetProperty(name).GetInt64()
    let plan = document.RootElement

    { Id = text plan "id"
      Version = ""
      Bits = 0
      Inputs = []
      Out = text plan "out"
      Cells = 0L
      Genes = 0L
      Shards = int (number plan "shards")
      Stages =
        [| for stage in plan.GetProperty("stages").EnumerateArray() ->
               { Name = text stage "name"
                 Purpose = text stage "purpose"
                 Tasks = int (number stage "tasks")
                 Memory = number stage "memory"
                 MergeMemory = number stage "merge_memory"
                 Reads = number stage "reads"
                 Part = number stage "part" } |]
      Warnings = [] }

let private plan = lazy (read (Path.Combine(folder, "plan.json")))

let private script engine =
    ShardScripts.text engine plan.Value "plan.json"

let private files =
    [ "slurm/submit.sh", "slurm"
      "snakemake/Snakefile", "snakemake"
      "nextflow/main.nf", "nextflow"
      "dask/drive.py", "dask"
      "kubernetes/jobs.yaml", "k8s" ]

let private isWriting =
    Environment.GetEnvironmentVariable "SINGLESHARP_WRITE_DOCS" = "1"

let private current (name: string) (text: unit -> string) =
    test $"workflows/{name} is as the code has it" {
        let path = Path.Combine(folder, name)

        if isWriting then
            File.WriteAllText(path, text ())

        Expect.equal
            (File.ReadAllText(path).Replace("\r\n", "\n"))
            (text ())
            "write it anew: SINGLESHARP_WRITE_DOCS=1 dotnet SingleSharp.Golden.dll --filter-test-list Workflows"
    }

let private python = "/usr/bin/python3"

let private requireModule name =
    if not (File.Exists python) || (Child.run python [ "-c"; $"import {name}" ] [] "").ExitCode <> 0 then
        skiptest $"skipped: no {python} with {name}"

let private readers =
    [ test "bash has nothing against the scripts" {
          must "/bin/bash" [ "-n"; Path.Combine(folder, "slurm/submit.sh") ] |> ignore
          must "/bin/sh" [ "-n"; Path.Combine(folder, "snakemake/profile/status.sh") ] |> ignore
      }
      test "Python has nothing against the script of Dask" {
          must
              python
              [ "-c"
                "import sys; compile(open(sys.argv[1]).read(), 'drive.py', 'exec')"
                Path.Combine(folder, "dask/drive.py") ]
          |> ignore
      }
      test "the Jobs of Kubernetes are YAML, two for each stage" {
          requireModule "yaml"

          let count =
              "import sys, yaml; print(len([1 for job in yaml.safe_load_all(open(sys.argv[1])) if job['kind'] == 'Job']))"

          let jobs = must python [ "-c"; count; Path.Combine(folder, "kubernetes/jobs.yaml") ]
          Expect.equal jobs (string (2 * plan.Value.Stages.Count)) "Jobs"
      }
      test "Snakemake plans one job for each task and merge" {
          use sandbox = new Sandbox()
          let path = "it's \"a\" plan.json"
          File.WriteAllText(sandbox.File "Snakefile", ShardScripts.text "snakemake" plan.Value path)

          let outcome =
              must "/usr/bin/snakemake" [ "-n"; "-p"; "-d"; sandbox.Folder; "-s"; sandbox.File "Snakefile" ]

          let jobs = plan.Value.Stages |> Seq.sumBy (fun stage -> stage.Tasks + 1)
          Expect.stringContains outcome "singlesharp shard run 'it'\"'\"'s \"a\" plan.json' main 7 --workers" "the last task of main"
          let commands = outcome.Split '\n' |> Array.filter _.Contains("singlesharp shard")
          Expect.equal commands.Length jobs outcome
      } ]

/// A folder with the Slurm script for a plan of that name, and an sbatch that writes down what it is asked for.
let private submitted (name: string) (options: string list) =
    use sandbox = new Sandbox()
    File.WriteAllText(sandbox.File name, "{}")
    File.WriteAllText(sandbox.File "submit.sh", ShardScripts.text "slurm" plan.Value (sandbox.File name))

    File.WriteAllText(
        sandbox.File "sbatch",
        "#!/bin/sh\nfor word; do printf '[%s]' \"$word\" | tr '\\n' ' '; done >> calls\n"
        + "printf ' %s %s %s\\n' \"$SHARD_STEP\" \"$SHARD_STAGE\" \"$SHARD_PLAN\" >> calls\nwc -l < calls\n"
    )

    File.SetUnixFileMode(sandbox.File "sbatch", UnixFileMode.UserRead ||| UnixFileMode.UserExecute)
    let start = "cd \"$1\" && shift && PATH=\"$PWD:$PATH\" exec bash submit.sh \"$@\""
    let said = must "/bin/bash" ([ "-c"; start; "bash"; sandbox.Folder ] @ options)
    File.ReadAllLines(sandbox.File "calls") |> List.ofArray |> List.map _.Replace(sandbox.Folder, "FOLDER"), said

let private submission =
    [ test "Slurm: tasks follow the success of the merge before, a merge follows the end of its tasks" {
          let calls, said = submitted "plan.json" [ "--partition=long" ]

          let dependencies =
              [ for call in calls ->
                    match call.Split "[--dependency=" with
                    | [| _; rest |] -> rest[.. rest.IndexOf ']' - 1]
                    | _ -> "" ]

          Expect.equal
              dependencies
              [ ""
                "afterany:1"
                "afterok:2"
                "afterany:3,afterok:2"
                "afterok:4"
                "afterany:5,afterok:4" ]
              "what jobs wait for"

          for call in calls do
              Expect.stringContains call "[--partition=long]" "the option of the user"
              Expect.stringContains call "[--requeue]" "the loss of a machine"

          Expect.stringContains calls[0] "[--array=0-7]" "eight tasks"
          Expect.stringContains calls[0] "[--mem=218M]" "18 MiB of the plan, and the runtime"
          Expect.stringContains said "job 6" "the last job"
      }
      test "Slurm: paths with quotes, spaces and percent signs" {
          let name = "it's \"100%\" $HOME.json"
          let calls, _ = submitted name []
          Expect.stringEnds calls[0] $" run main FOLDER/{name}" "the path of the plan"
          Expect.stringContains calls[0] "[--output=FOLDER/it's \"100%%\" $HOME.logs/main.%A_%a.log]" "the log"
      }
      test "Dask: paths with quotes and backslashes" {
          let name = "it's \"a\\b\" plan.json"
          let script = ShardScripts.text "dask" plan.Value name
          let line = script.Split '\n' |> Array.find _.StartsWith("PLAN = ")

          let printed =
              must python [ "-c"; $"import os\n{line}\nprint(os.path.basename(PLAN))" ]

          Expect.equal printed name "what Python reads"
      } ]

let private digest path =
    must "/usr/bin/env" [ "dotnet"; tool; "digest"; path; "--quiet" ]

let private dask =
    test "Dask runs the tasks and merges of a plan" {
        requireModule "distributed"
        use sandbox = new Sandbox()
        let input, plan = sandbox.File "it's counts.h5ad", sandbox.File "plan.json"
        NewFile.write input Unchunked (Made.counts 9000 100)
        let options = [ "--n-top-genes"; "50"; "--n-comps"; "5" ]

        let said arguments =
            must "/usr/bin/env" ("dotnet" :: tool :: arguments)

        said ([ "pipeline"; input; "--out"; sandbox.File "one.h5ad"; "--quiet" ] @ options) |> ignore

        File.WriteAllText(plan, said ([ "shard"; "plan"; input; "--out"; sandbox.File "many.h5ad"; "--shards"; "3" ] @ options))
        File.WriteAllText(sandbox.File "drive.py", said [ "shard"; "script"; plan; "--engine"; "dask" ])

        let outcome =
            Child.run python [ sandbox.File "drive.py" ] [ "SINGLESHARP", $"dotnet '{tool}'"; "PYTHONWARNINGS", "ignore" ] ""

        Expect.equal outcome.ExitCode 0 outcome.Errors
        Expect.stringContains outcome.Output "main: 3 done, merged" "the tasks"
        Expect.equal (digest (sandbox.File "many.h5ad")) (digest (sandbox.File "one.h5ad")) "the digest of one run"
    }

let all =
    testList
        "Workflows"
        [ for name, engine in files do
              current name (fun () -> script engine)
          for name, text in ShardScripts.snakemakeProfile do
              current $"snakemake/profile/{name}" (fun () -> text)
          test "every engine has an example" { Expect.equal (List.map snd files) ShardScripts.engines "engines" }
          yield! readers
          dask
          yield! submission ]
