/// A run over shards on several machines, with engines that people use, while machines fail: the bits are those of one machine.
module internal SingleSharp.Golden.ShardCluster

open System
open System.IO
open Expecto
open SingleSharp.Golden.Shared

let all =
    testList
        "Cluster"
        [ test "Slurm and Snakemake on three machines, one of which is killed and one cut off for a while" {
              if not (OperatingSystem.IsLinux()) then
                  skiptest "skipped: machines are namespaces of Linux"

              let profile = Path.Combine(root, "workflows", "snakemake", "profile")
              let said = Child.script "on_cluster.py" [ profile; "dotnet"; Child.tool ] ""

              let told =
                  Map
                      [ for line in said.Split('\n', StringSplitOptions.RemoveEmptyEntries) do
                            match line.Split(' ', 2) with
                            | [| name; value |] -> name, value
                            | _ -> () ]

              match told.TryFind "skipped:" with
              | Some reason -> skiptest $"skipped: {reason}"
              | None ->
                  Expect.equal told["one"].Length 64 said
                  Expect.equal told["slurm"] told["one"] "Slurm: the digest of one machine"
                  Expect.equal told["snakemake"] told["one"] "Snakemake: the digest of one machine"
                  // The machine that was killed was in the middle of a task.
                  Expect.isGreaterThan (int told["restarted"]) 0 "jobs that Slurm ran again"
          } ]
