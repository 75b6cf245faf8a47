/// Wrappers with which workflow engines run the tasks and merges of a plan. SingleSharp itself talks to no engine.
namespace SingleSharp.Cli

open SingleSharp

[<RequireQualifiedAccess>]
module ShardScripts =
    let private all =
        [ "slurm", SlurmScript.text
          "snakemake", SnakemakeScript.text
          "nextflow", NextflowScript.text
          "dask", DaskScript.text
          "k8s", KubernetesScript.text ]

    /// The engines that there is a wrapper for.
    let engines = List.map fst all

    /// The wrapper for an engine. The path of the plan stands in it as it is given.
    let text engine plan planPath =
        (all |> List.find (fun (name, _) -> name = engine) |> snd) plan planPath

    /// The files of a Snakemake profile for Slurm, which the Snakefile quotes: their names and what they hold.
    let snakemakeProfile =
        [ "config.yaml", SnakemakeScript.profile
          "status.sh", SnakemakeScript.statusScript ]
