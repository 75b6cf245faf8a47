#!/usr/bin/env bash
# Made by: singlesharp shard script 'plan.json' --engine slurm
#
#     bash submit.sh [OPTIONS OF sbatch]      such as --account=lab --partition=long --time=4:00:00
#
# Every stage of the plan is an array of tasks and a job that merges their parts. All machines must see the plan, its inputs,
# its output and the folder of parts under the same names. The jobs run `singlesharp`, or what the environment variable SINGLESHARP
# says, with two processors, or as many as CPUS says.
#
# A merge waits for the end of its tasks (afterany), not for their success: where one task of an array has failed and was put
# back into the queue, afterok of the array never comes true. A merge refuses where parts are missing. A stage waits for the
# success of the merge before it, which is one job (afterok).
#
# To go on after a failure, run this again once no job of it is left in the queue. Tasks whose part is there end at once.
set -euo pipefail

plan='plan.json'
SHARD_PLAN=$(readlink -e -- "$plan") || { printf 'there is no %s\n' "$plan" >&2; exit 2; }
export SHARD_PLAN SINGLESHARP="${SINGLESHARP:-singlesharp}"
logs=${SHARD_PLAN%.json}.logs
mkdir -p -- "$logs"
logs=${logs//%/%%} # sbatch replaces %A and the like

# What is temporary (75) goes back into the queue, five times at most: RequeueExit=75 in slurm.conf would never stop.
job='$SINGLESHARP shard "$SHARD_STEP" "$SHARD_PLAN" "$SHARD_STAGE" --workers "$SLURM_CPUS_PER_TASK"; code=$?
[ $code -eq 75 ] || exit $code
[ "${SLURM_RESTART_COUNT:-0}" -lt 5 ] || exit 1
scontrol requeue "$SLURM_JOB_ID" && sleep 60
exit 1'

submit() { # run or merge, the stage, MiB of memory, what it waits for, options
    SHARD_STEP=$1 SHARD_STAGE=$2 sbatch --parsable --export=ALL --requeue --open-mode=append --kill-on-invalid-dep=yes \
        --job-name="$2.$1" --mem="$3M" --cpus-per-task="${CPUS:-2}" ${4:+"--dependency=$4"} "${@:5}" --wrap="$job"
}

# A stage: its tasks after the merge of the stage before, its merge after its tasks.
merged=
stage() { # name, number of tasks, MiB of a task, MiB of the merge, options
    local name=$1 last=$(($2 - 1)) tasks
    tasks=$(submit run "$name" "$3" "${merged:+afterok:$merged}" \
        --array="0-$last" --output="$logs/$name.%A_%a.log" "${@:5}")
    merged=$(submit merge "$name" "$4" "afterany:$tasks${merged:+,afterok:$merged}" --output="$logs/$name.merge.%j.log" "${@:5}")
    printf '%s: tasks %s, merge %s\n' "$name" "$tasks" "$merged"
}

# main: qc + normalize_total + log1p + hvg; 8 tasks, each reads 0.10 GiB and leaves 0.16 GiB
stage 'main' 8 218 218 "$@"
# pca: pca; 8 tasks, each reads 0.10 GiB and leaves 0.09 GiB
stage 'pca' 8 309 309 "$@"
# scores: pca: scores; 8 tasks, each reads 0.07 GiB and leaves 0.02 GiB
stage 'scores' 8 309 309 "$@"
printf 'the output is there when job %s is done: %s\n' "$merged" '/data/pca.h5ad'
