#!/usr/bin/env python3
"""Simulates a run of many cells on many machines from the times of tasks that bench/scale.sh has measured.

    bench/simulate.py scale.tsv [--cells N] [--stored N] [--genes N] [--nodes N ...] [--cells-per-shard N] [--node-rate B] ...

It takes the default pipeline, on the largest file and the most shards that were measured. What is assumed:
- A process takes as long before it works as one whose task is done.
- The rest of the processor seconds of a task, and the bytes of its part, grow with its stored values in main, and with the stored values of the
  chosen genes in pca and scores, but for the states: 17 bytes for each gene and segment in main, 16 MB for each segment in pca (2,000 genes).
- The merges of main and pca take the processor seconds that they took (bins, eigenvectors), and the time to read all states.
- Tasks of main write the new X to the output and copy its other half, so they move twice what they read. X is csr without compression.
- The last merge adds columns of obs and X_pca: its processor seconds grow with the cells, and it moves what the parts have of these twice.
- A machine moves --node-rate bytes per second, the storage --storage-rate for all machines. A task takes its processor time or the time of its
  bytes, whichever is longer. Machines take the tasks of a stage in turn, each job waits --start seconds, nothing fails.
"""
import argparse
import csv
import math

VALUE = 8  # bytes of a float32 and its int32 index


SEGMENT = 131_072
GRAM = 16e6


def measured(path):
    """Of each stage in order: processor seconds and bytes of parts per value, and those of its merge. And those of a start."""
    with open(path) as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["stage"] != "one"]
    cells = max(int(row["cells"]) for row in rows)
    shards = max(int(row["shards"]) for row in rows if int(row["cells"]) == cells)
    rows = [row for row in rows if int(row["cells"]) == cells and int(row["shards"]) == shards]
    values = cells * float(rows[0]["stored"])
    begin = next(row for row in rows if row["stage"] == "again")
    stages = {}
    for row in rows:
        if row["stage"] == "again":
            continue
        stage = stages.setdefault(row["stage"], {"cpu": 0.0, "bytes": 0.0, "merge": 0.0})
        if row["task"] == "merge":
            stage["merge"] = max(float(row["cpu"]) - float(begin["cpu"]), 0.0)
        else:
            stage["cpu"] += max(float(row["cpu"]) - float(begin["cpu"]), 0.0)
            stage["bytes"] += float(row["bytes"])
    stages["pca"]["bytes"] -= math.ceil(cells / SEGMENT) * GRAM
    chosen = stages["pca"]["bytes"] / 6  # a value of four bytes and the place of its gene in two
    for name, stage in stages.items():
        unit = values if name == "main" else chosen
        stage.update(cpu=stage["cpu"] / unit, bytes=stage["bytes"] / unit)
    stages["scores"]["merge"] /= cells
    return stages, float(begin["cpu"])


def simulate(stages, start, options, nodes):
    """Seconds of the tasks and of the merge of each stage."""
    values = options.cells * options.stored
    shards = max(math.ceil(options.cells / options.cells_per_shard), 1)
    segments = math.ceil(options.cells / SEGMENT)
    states = {"main": 17.0 * options.genes * segments, "pca": GRAM * segments, "scores": 0.0}
    chosen = options.cells * options.chosen
    units = {"main": values, "pca": chosen, "scores": chosen}
    reads = {"main": 2 * values * VALUE, "pca": values * VALUE, "scores": stages["pca"]["bytes"] * chosen}
    seconds = []
    for name, stage in stages.items():
        moved = (reads[name] + stage["bytes"] * units[name] + states[name]) / shards
        cpu = stage["cpu"] * units[name] / shards / options.processors
        left, tasks = shards, 0.0
        while left > 0:
            busy = min(nodes, left)
            tasks += max(cpu, moved / min(options.node_rate, options.storage_rate / busy)) + start + options.start
            left -= busy
        if name == "scores":
            rows = sum(stages[other]["bytes"] * units[other] for other in ("main", "scores"))
            merge = max(stage["merge"] * options.cells, 2 * rows / options.node_rate)
        else:
            merge = stage["merge"] + states[name] / options.node_rate
        seconds.append((name, tasks, merge + start + options.start))
    return shards, seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measured", help="scale.tsv of bench/scale.sh")
    parser.add_argument("--cells", type=float, default=100e6)
    parser.add_argument("--stored", type=float, default=1100, help="stored values per cell")
    parser.add_argument("--chosen", type=float, default=133, help="stored values per cell of the chosen genes")
    parser.add_argument("--genes", type=float, default=60_000)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--processors", type=int, default=2, help="of a machine")
    parser.add_argument("--cells-per-shard", type=float, default=1e6)
    parser.add_argument("--node-rate", type=float, default=1e9, help="bytes per second of a machine")
    parser.add_argument("--storage-rate", type=float, default=10e9, help="bytes per second of the storage")
    parser.add_argument("--start", type=float, default=5, help="seconds until a job begins")
    options = parser.parse_args()
    stages, start = measured(options.measured)
    print(
        f"# {options.cells:,.0f} cells, simulated\n\n"
        f"Not measured: scaled from the tasks of a small file by bench/simulate.py, which says what is assumed. {options.genes:,.0f} genes, "
        f"{options.stored:,.0f} stored values per cell, "
        f"{options.processors} processors and {options.node_rate / 1e9:g} GB/s per machine, storage of {options.storage_rate / 1e9:g} GB/s, "
        f"{options.start:g} s until a job begins, no failures.\n"
    )
    names = [f"{name}, {kind}" for name in stages for kind in ("tasks", "merge")]
    print(f"| machines | shards | {' | '.join(names)} | minutes |\n|{'---|' * (len(names) + 3)}")
    for nodes in options.nodes:
        shards, seconds = simulate(stages, start, options, nodes)
        times = [time for _, tasks, merge in seconds for time in (tasks, merge)]
        print(f"| {nodes} | {shards} | {' | '.join(f'{time:,.0f} s' for time in times)} | {sum(times) / 60:,.0f} |")


if __name__ == "__main__":
    main()
