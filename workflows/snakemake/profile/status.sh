#!/bin/sh
# What Snakemake asks about a job of Slurm: prints running, success or failed.
state=$(scontrol show job -o "$1" 2>&1) || case $state in
    *'Invalid job id'*) state=JobState=$(sacct -j "$1" -X -n -o State 2>/dev/null | awk '{ print $1; exit }') ;;
    *) state=JobState=UNREACHABLE ;;
esac
state=${state#*JobState=}
case ${state%% *} in
    COMPLETED) echo success ;;
    BOOT_FAIL | CANCELLED* | DEADLINE | FAILED | NODE_FAIL | OUT_OF_MEMORY | TIMEOUT | '') echo failed ;;
    *) echo running ;;
esac
