/// A run over shards as a Snakefile, and the profile that hands its jobs to Slurm.
namespace SingleSharp.Cli

open SingleSharp

[<RequireQualifiedAccess>]
module internal SnakemakeScript =
    let private configuration =
        [ "cluster: \"sbatch --parsable --requeue --open-mode=append --job-name={rule} --output=.snakemake/log/slurm-%j.log -c {threads} --mem={resources.mem_mb}\""
          "cluster-status: \"status.sh\""
          "jobs: 100"
          "latency-wait: 60" ]

    let private status =
        [ "#!/bin/sh"
          "# What Snakemake asks about a job of Slurm: prints running, success or failed."
          "state=$(scontrol show job -o \"$1\" 2>&1) || case $state in"
          "    *'Invalid job id'*) state=JobState=$(sacct -j \"$1\" -X -n -o State 2>/dev/null | awk '{ print $1; exit }') ;;"
          "    *) state=JobState=UNREACHABLE ;;"
          "esac"
          "state=${state#*JobState=}"
          "case ${state%% *} in"
          "    COMPLETED) echo success ;;"
          "    BOOT_FAIL | CANCELLED* | DEADLINE | FAILED | NODE_FAIL | OUT_OF_MEMORY | TIMEOUT | '') echo failed ;;"
          "    *) echo running ;;"
          "esac" ]

    /// config.yaml of the profile.
    let profile = ScriptText.lines configuration

    /// status.sh beside it.
    let statusScript = ScriptText.lines status

    let private quoted (text: string list) =
        [ for line in text -> $"#     {line}".TrimEnd() ]

    let private rules planParts (before: ShardStage option) (stage: ShardStage) =
        let name = ScriptText.identifier stage.Name

        let file (suffix: string) =
            ScriptText.literal $"{planParts}/{stage.Name}.{suffix}"

        [ $"# {ScriptText.about stage}"
          $"rule {name}_task:"
          match before with
          | Some before -> $"""    input: {ScriptText.literal $"{planParts}/{before.Name}.merged"}"""
          | None -> ()
          $"""    output: {file "{task}.part"}"""
          "    params: index=lambda wildcards: int(wildcards.task), id=plan_id"
          "    threads: cpus"
          "    retries: 2"
          $"    resources: mem_mb={ScriptText.mebibytes stage.Memory}"
          $"    shell: \"{{tool}} shard run {{plan:q}} {name} {{params.index}} --workers {{threads}}\""
          ""
          $"rule {name}_merge:"
          $"""    input: [{file ""} + f"{{task:04d}}.part" for task in range({stage.Tasks})]"""
          $"""    output: {file "merged"}"""
          "    params: id=plan_id"
          "    threads: cpus"
          "    retries: 2"
          $"    resources: mem_mb={ScriptText.mebibytes stage.MergeMemory}"
          $"    shell: \"{{tool}} shard merge {{plan:q}} {name} --workers {{threads}}\""
          "" ]

    let text (plan: ShardPlan) planPath =
        let parts = ScriptText.parts planPath
        let stages = List.ofSeq plan.Stages

        ScriptText.lines
            [ $"""# {ScriptText.madeBy "snakemake" planPath}"""
              "#"
              "#     snakemake --cores 8                   on this machine"
              "#     snakemake --profile profile           on Slurm, with the profile below"
              "#"
              "# All machines must see the plan, its inputs, its output and the folder of parts under the same names. The jobs run `singlesharp`,"
              "# or what the environment variable SINGLESHARP says, with two processors, or as many as CPUS says."
              "#"
              "# Snakemake runs a failed job again, twice, whatever its exit code: it does not know that 75 is temporary and 1 is not."
              "# Before it runs a job, it deletes the parts that the job makes. The output is no output of a rule: it would be deleted, too,"
              "# before there is a new one."
              "#"
              "# Snakemake 7 on Slurm: profile/config.yaml is"
              "#"
              yield! quoted configuration
              "#"
              "# Newer versions call `cluster` `cluster-generic-submit-cmd`, and `cluster-status` `cluster-generic-status-cmd`, with"
              "# `executor: cluster-generic`; or they take `executor: slurm`. profile/status.sh, which must be executable, is"
              "#"
              yield! quoted status
              "import os"
              ""
              $"plan = {ScriptText.literal planPath}"
              $"plan_id = {ScriptText.literal plan.Id}"
              "tool = os.environ.get(\"SINGLESHARP\", \"singlesharp\")"
              "cpus = int(os.environ.get(\"CPUS\", \"2\"))"
              ""
              "wildcard_constraints:"
              "    task=\"[0-9]+\""
              ""
              $"# The last merge writes {ScriptText.remark plan.Out}"
              "rule all:"
              $"""    input: {ScriptText.literal $"{parts}/{(List.last stages).Name}.merged"}"""
              ""
              for before, stage in List.zip (None :: List.map Some (List.truncate (stages.Length - 1) stages)) stages do
                  yield! rules parts before stage ]
        |> fun text -> text.TrimEnd '\n' + "\n"
