#!/usr/bin/env python3
"""Simulates a run of many cells on many machines from the times of tasks that bench/scale.sh has measured.

    bench/simulate.py scale.tsv [--cells N] [--stored N] [--nodes N ...] [--cells-per-shard N] [--node-rate B] [--storage-rate B] [--start S]

It takes the tasks and merges of the largest file and the most shards, and scales them: processor time of the stages main, pca and scores, and
bytes of their parts, by stored values. The merge of a stage grows by the bytes that it reads; that of the last one, which writes the output,
too. A task takes its processor time, or the time that its bytes take, whichever is longer: a machine moves --node-rate bytes per second, the
storage --storage-rate for all machines together. Each job waits --start seconds before it begins. Machines take the tasks of a stage in turn;
none fails. States of sums, which grow with genes and segments and not with values, are scaled like the rest, so that merges of main and pca are
overestimated here.
"""
import argparse
import csv
import math

VALUE = 8  # bytes of a float32 and its int32 index


def measured(path):
    """Of each stage in order: processor seconds and bytes of a part, per stored value; seconds of its merge per byte of its parts."""
    rows = [row for row in csv.DictReader(open(path), delimiter="\t") if row["stage"] != "one"]
    cells = max(int(row["cells"]) for row in rows)
    shards = max(int(row["shards"]) for row in rows if int(row["cells"]) == cells)
    rows = [row for row in rows if int(row["cells"]) == cells and int(row["shards"]) == shards]
    values = cells * float(rows[0]["stored"])
    stages = {}
    for row in rows:
        stage = stages.setdefault(row["stage"], {"cpu": 0.0, "bytes": 0.0, "merge": 0.0})
        if row["task"] == "merge":
            stage["merge"] = float(row["wall"])
        else:
            stage["cpu"] += float(row["cpu"])
            stage["bytes"] += float(row["bytes"])
    total = sum(stage["bytes"] for stage in stages.values())
    names = list(stages)
    for name, stage in stages.items():
        reads = total if name == names[-1] else stage["bytes"]
        stage.update(cpu=stage["cpu"] / values, bytes=stage["bytes"] / values, merge=stage["merge"] / reads)
    return stages


def simulate(stages, options, nodes):
    """Seconds of tasks and of merges, of each stage."""
    values = options.cells * options.stored
    shards = max(math.ceil(options.cells / options.cells_per_shard), 1)
    names = list(stages)
    seconds = []
    for place, (name, stage) in enumerate(stages.items()):
        part = stage["bytes"] * values / shards
        reads = values / shards * VALUE if place < 2 else stages[names[1]]["bytes"] * values / shards
        cpu = stage["cpu"] * values / shards / options.processors
        left, tasks = shards, 0.0
        while left > 0:
            busy = min(nodes, left)
            rate = min(options.node_rate, options.storage_rate / busy)
            tasks += max(cpu, (reads + part) / rate) + options.start
            left -= busy
        read = sum(other["bytes"] for other in stages.values()) if place == len(names) - 1 else stage["bytes"]
        written = values * VALUE if place == len(names) - 1 else 0
        merge = max(stage["merge"] * read * values, (read * values + written) / options.node_rate)
        seconds.append((name, tasks, merge + options.start))
    return shards, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measured", help="scale.tsv of bench/scale.sh")
    parser.add_argument("--cells", type=float, default=100e6)
    parser.add_argument("--stored", type=float, default=1100, help="stored values per cell")
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--processors", type=int, default=2, help="of a machine")
    parser.add_argument("--cells-per-shard", type=float, default=1e6)
    parser.add_argument("--node-rate", type=float, default=1e9, help="bytes per second of a machine")
    parser.add_argument("--storage-rate", type=float, default=10e9, help="bytes per second of the storage")
    parser.add_argument("--start", type=float, default=5, help="seconds until a job begins")
    options = parser.parse_args()
    stages = measured(options.measured)
    print(
        f"# {options.cells:,.0f} cells, simulated\n\n"
        f"Not measured: scaled from the tasks of a small file by bench/simulate.py, which says how. {options.stored:,.0f} stored values per cell, "
        f"{options.processors} processors and {options.node_rate / 1e9:g} GB/s per machine, storage of {options.storage_rate / 1e9:g} GB/s, "
        f"{options.start:g} s until a job begins, no failures.\n"
    )
    names = [f"{name}, {kind}" for name in stages for kind in ("tasks", "merge")]
    print(f"| machines | shards | {' | '.join(names)} | minutes |\n|{'---|' * (len(names) + 3)}")
    for nodes in options.nodes:
        shards, seconds = simulate(stages, options, nodes)
        times = [time for _, tasks, merge in seconds for time in (tasks, merge)]
        print(f"| {nodes} | {shards} | {' | '.join(f'{time:,.0f} s' for time in times)} | {sum(times) / 60:,.0f} |")


if __name__ == "__main__":
    main()
