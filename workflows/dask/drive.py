#!/usr/bin/env python3
"""Runs the tasks and merges of a plan on the workers of Dask.

    python3 drive.py [ADDRESS OF THE SCHEDULER]

Needs distributed (Debian: python3-distributed). All machines must see the plan, its inputs, its output and the folder of parts under
the same names. A worker has as many threads as tasks fit into its memory, so start it with --nthreads. Workers run `singlesharp`, or
what the environment variable SINGLESHARP of this script says.

Exit codes 75, 130, 137 and 143 are tried again, twice, and so are the tasks of a worker that has gone. All others end the script
with the message of the command. To go on after a failure, run it again: tasks whose part is there end at once.
"""
# Made by: singlesharp shard script 'plan.json' --engine dask
import argparse
import os
import shlex
import subprocess
import sys

from distributed import Client, as_completed

PLAN = os.path.abspath("plan.json")
TEMPORARY = {75, 130, 137, 143}
RETRIES = 2
STAGES = [
    # main: qc + normalize_total + log1p + hvg; 8 tasks, each reads 0.10 GiB and leaves 0.16 GiB; 218 MiB of memory, the merge 218 MiB
    ("main", 8),
    # pca: pca; 8 tasks, each reads 0.10 GiB and leaves 0.09 GiB; 309 MiB of memory, the merge 309 MiB
    ("pca", 8),
    # scores: pca: scores; 8 tasks, each reads 0.07 GiB and leaves 0.02 GiB; 309 MiB of memory, the merge 309 MiB
    ("scores", 8),
]


class Temporary(Exception):
    """Dask runs a task that raises again."""


def step(words):
    """Runs a command on a worker. Returns its exit code and what it said where trying again would be of no use."""
    nothing = subprocess.DEVNULL
    ended = subprocess.run(words, stdin=nothing, stdout=nothing, stderr=subprocess.PIPE, text=True, errors="replace")
    code = ended.returncode if ended.returncode >= 0 else 128 - ended.returncode
    if code in TEMPORARY:
        raise Temporary(f"exit code {code}: {shlex.join(words)}: {ended.stderr.strip()}")
    return code, ended.stderr.strip()


def run(client, tool, stage, tasks):
    """The tasks of a stage, then its merge."""
    # What is asked for again is run again, not remembered: singlesharp itself knows what is done.
    options = {"pure": False, "retries": RETRIES}
    waiting = [client.submit(step, [*tool, "run", PLAN, stage, str(task)], **options) for task in range(tasks)]
    check(stage, waiting)
    check(stage, [client.submit(step, [*tool, "merge", PLAN, stage], **options)])


def check(stage, waiting):
    for ended in as_completed(waiting):
        try:
            code, message = ended.result()
        except Temporary as reason:
            sys.exit(f"{stage}: {reason}")
        if code != 0:
            print(f"{stage}: {message}", file=sys.stderr)
            sys.exit(code)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scheduler", nargs="?", help="such as tcp://head:8786; without one, workers on this machine")
    address = parser.parse_args().scheduler
    tool = [*shlex.split(os.environ.get("SINGLESHARP", "singlesharp")), "shard"]
    with Client(address) if address else Client(n_workers=2, threads_per_worker=1) as client:
        for name, tasks in STAGES:
            run(client, tool, name, tasks)
            print(f"{name}: {tasks} done, merged", flush=True)


if __name__ == "__main__":
    main()
