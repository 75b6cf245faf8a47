/// A run over shards on Slurm: an array of tasks for each stage, and a job that merges their parts.
namespace SingleSharp.Cli

open SingleSharp

[<RequireQualifiedAccess>]
module internal SlurmScript =
    /// What jobs run. Its variables are those of the job, so that paths need no quotes of their own.
    let private job =
        [ "# What is temporary (75) goes back into the queue, five times at most: RequeueExit=75 in slurm.conf would never stop."
          "job='$SINGLESHARP shard \"$SHARD_STEP\" \"$SHARD_PLAN\" \"$SHARD_STAGE\" --workers \"$SLURM_CPUS_PER_TASK\"; code=$?"
          "[ $code -eq 75 ] || exit $code"
          "[ \"${SLURM_RESTART_COUNT:-0}\" -lt 5 ] || exit 1"
          "scontrol requeue \"$SLURM_JOB_ID\" && sleep 60"
          "exit 1'" ]

    let private submit =
        [ "submit() { # run or merge, the stage, MiB of memory, what it waits for, options"
          "    SHARD_STEP=$1 SHARD_STAGE=$2 sbatch --parsable --export=ALL --requeue --open-mode=append --kill-on-invalid-dep=yes \\"
          "        --job-name=\"$2.$1\" --mem=\"$3M\" --cpus-per-task=\"${CPUS:-2}\" ${4:+\"--dependency=$4\"} \"${@:5}\" --wrap=\"$job\""
          "}"
          ""
          "# A stage: its tasks after the merge of the stage before, its merge after its tasks."
          "merged="
          "stage() { # name, number of tasks, MiB of a task, MiB of the merge, options"
          "    local name=$1 last=$(($2 - 1)) tasks"
          "    tasks=$(submit run \"$name\" \"$3\" \"${merged:+afterok:$merged}\" \\"
          "        --array=\"0-$last\" --output=\"$logs/$name.%A_%a.log\" \"${@:5}\")"
          "    merged=$(submit merge \"$name\" \"$4\" \"afterany:$tasks${merged:+,afterok:$merged}\" --output=\"$logs/$name.merge.%j.log\" \"${@:5}\")"
          "    printf '%s: tasks %s, merge %s\\n' \"$name\" \"$tasks\" \"$merged\""
          "}" ]

    let text (plan: ShardPlan) planPath =
        ScriptText.lines
            [ "#!/usr/bin/env bash"
              $"""# {ScriptText.madeBy "slurm" planPath}"""
              "#"
              "#     bash submit.sh [OPTIONS OF sbatch]      such as --account=lab --partition=long --time=4:00:00"
              "#"
              "# Every stage of the plan is an array of tasks and a job that merges their parts. All machines must see the plan, its inputs,"
              "# its output and the folder of parts under the same names. The jobs run `singlesharp`, or what the environment variable SINGLESHARP"
              "# says, with two processors, or as many as CPUS says."
              "#"
              "# A merge waits for the end of its tasks (afterany), not for their success: where one task of an array has failed and was put"
              "# back into the queue, afterok of the array never comes true. A merge refuses where parts are missing. A stage waits for the"
              "# success of the merge before it, which is one job (afterok)."
              "#"
              "# To go on after a failure, run this again once no job of it is left in the queue. Tasks whose part is there end at once."
              "set -euo pipefail"
              ""
              $"plan={ScriptText.shell planPath}"
              "SHARD_PLAN=$(readlink -e -- \"$plan\") || { printf 'there is no %s\\n' \"$plan\" >&2; exit 2; }"
              "export SHARD_PLAN SINGLESHARP=\"${SINGLESHARP:-singlesharp}\""
              "logs=${SHARD_PLAN%.json}.logs"
              "mkdir -p -- \"$logs\""
              "logs=${logs//%/%%} # sbatch replaces %A and the like"
              ""
              yield! job
              ""
              yield! submit
              ""
              for stage in plan.Stages do
                  $"# {ScriptText.about stage}"

                  if stage.Tasks > 1001 then
                      "# Slurm takes 1,001 tasks of an array where slurm.conf has no larger MaxArraySize."

                  $"stage {ScriptText.shell stage.Name} {stage.Tasks} {ScriptText.mebibytes stage.Memory} {ScriptText.mebibytes stage.MergeMemory} \"$@\""
              "printf 'the output is there when job %s is done: %s\\n' \"$merged\" " + ScriptText.shell plan.Out ]
