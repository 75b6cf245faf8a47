#!/usr/bin/env bash
# What it costs to cut a run into shards: tasks and merges one after another on this machine, against one run of the same file.
#
#     bench/scale.sh [FOLDER]
#
# CELLS="262144 1048576" SHARDS="1 2 4 8" GENES=10000 STORED=200 are its settings. For the largest file, all numbers of shards are tried;
# for others the largest number. Prints a table: processor seconds of all tasks and merges over those of one run, seconds of merges, and
# bytes of parts. One run is the median of three. FOLDER keeps the inputs for the next call, and scale.tsv with a line for each task, which bench/simulate.py takes.
# Outputs must be equal. Page cache warm, two workers. It does not measure shared storage, other machines or an engine.
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra cells <<< "${CELLS:-262144 1048576}"
read -ra shards <<< "${SHARDS:-1 2 4 8}"
genes=${GENES:-10000} stored=${STORED:-200}
python=${BENCH_PYTHON:-/usr/bin/python3}
# As it is handed out: compiled ahead of time.
tool=(dotnet "$PWD/artifacts/ahead/singlesharp.dll")
folder=${1:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"
lines=$folder/scale.tsv
printf 'cells\tstored\tshards\tstage\ttask\twall\tcpu\tbytes\n' > "$lines"

# Runs a command; wall and processor seconds are in $wall and $cpu.
measure() {
    local TIMEFORMAT='%R %U %S' user system
    { time "$@" > "$folder/said" 2>&1; } 2> "$folder/time" || { cat "$folder/said" >&2; exit 1; }
    read -r wall user system < "$folder/time"
    cpu=$(sum "$user" "$system")
}
sum() { printf '%s\n' "$@" | awk '{ s += $1 } END { printf "%.2f", s }'; }
note() { printf '%s\t' "$@" >> "$lines"; printf '\n' >> "$lines"; }
size() { if [ -e "$1" ]; then stat -c %s "$1"; else echo 0; fi; }
column() { # of the lines of these cells and shards: all, tasks or merges
    awk -F '\t' -v c="$1" -v n="$2" -v kind="$3" -v f="$4" \
        'NR > 1 && $1 == c && $3 == n && $4 != "one" && $4 != "again" && (kind == "all" || (kind == "merges") == ($5 == "merge")) { s += $f } END { printf "%.2f", s }' "$lines"
}

input() {
    path=$folder/cells-$1-$genes-$stored.h5ad
    if [ ! -e "$path" ]; then
        "$python" ../shared/tools/make_synth.py --cells "$1" --genes "$genes" --nnz "$stored" --out "$path.part" > "$folder/said" 2>&1
        mv "$path.part" "$path"
    fi
    cat "$path" > /dev/null # into the page cache
}

# One run over shards, task by task.
sharded() {
    local count=$1 n=$2 plan=$folder/plan.json parts=$folder/plan.parts stage tasks task first=
    rm -rf "$parts" "$folder/sharded.h5ad"
    "${tool[@]}" shard plan "$path" --out "$folder/sharded.h5ad" --shards "$n" --workers 2 > "$plan"
    while read -r stage tasks; do
        first=${first:-$stage}
        for task in $(seq 0 $((tasks - 1))); do
            measure "${tool[@]}" shard run "$plan" "$stage" "$task" --workers 2 --quiet < /dev/null
            note "$count" "$stored" "$n" "$stage" "$task" "$wall" "$cpu" "$(size "$parts/$(printf '%s.%04d.part' "$stage" "$task")")"
        done
        measure "${tool[@]}" shard merge "$plan" "$stage" --workers 2 --quiet < /dev/null
        note "$count" "$stored" "$n" "$stage" merge "$wall" "$cpu" "$(size "$parts/$stage.merged")"
    done < <("$python" -c 'import json, sys
for stage in json.load(open(sys.argv[1]))["stages"]: print(stage["name"], stage["tasks"])' "$plan")
    # A task that is done: what a process takes before it begins to work.
    measure "${tool[@]}" shard run "$plan" "$first" 0 --workers 2 --quiet < /dev/null
    note "$count" "$stored" "$n" again 0 "$wall" "$cpu" 0
    [ "$("${tool[@]}" digest "$folder/sharded.h5ad" --quiet)" = "$digest" ] || { echo "$count cells, $n shards: another result" >&2; exit 1; }
    rm -rf "$parts" "$folder/sharded.h5ad"
}

machine=$(dotnet --info | sed -n 's/^ *RID: *//p' | head -n 1)
dotnet publish src/Cli -c Release -r "$machine" --self-contained false -p:PublishReadyToRun=true -o artifacts/ahead -v quiet -nologo >&2
printf '%s\n' "# Shards one after another on one machine" "" \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors. Synthetic counts, $genes genes, about $stored stored values per cell, uncompressed." "" \
    "| cells | shards | CPU s of one run | CPU s of tasks and merges | ratio | merges, s | the last merge, s | parts, MB | parts per shard, MB |" \
    "|---|---|---|---|---|---|---|---|---|"

largest=${cells[-1]}
for count in "${cells[@]}"; do
    input "$count"
    # A first run after much else may take half as long again.
    for _ in 1 2 3; do
        rm -f "$folder/one.h5ad"
        measure "${tool[@]}" pipeline "$path" --out "$folder/one.h5ad" --workers 2 --quiet
        note "$count" "$stored" 1 one 0 "$wall" "$cpu" "$(size "$folder/one.h5ad")"
    done
    one=$(awk -F '\t' -v c="$count" '$1 == c && $4 == "one" { print $7 }' "$lines" | sort -g | sed -n 2p)
    digest=$("${tool[@]}" digest "$folder/one.h5ad" --quiet)
    rm "$folder/one.h5ad"
    for n in "${shards[@]}"; do
        [ "$count" = "$largest" ] || [ "$n" = "${shards[-1]}" ] || continue
        sharded "$count" "$n"
        last=$(awk -F '\t' '$5 == "merge" { s = $6 } END { print s }' "$lines")
        all=$(column "$count" "$n" all 7)
        bytes=$(column "$count" "$n" tasks 8)
        awk -v c="$count" -v n="$n" -v one="$one" -v all="$all" -v m="$(column "$count" "$n" merges 6)" -v last="$last" -v b="$bytes" \
            'BEGIN { printf "| %d | %d | %.1f | %.1f | %.2f | %.1f | %.1f | %.0f | %.0f |\n", c, n, one, all, all / one, m, last, b / 1e6, b / 1e6 / n }'
    done
done
