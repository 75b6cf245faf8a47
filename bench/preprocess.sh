#!/usr/bin/env bash
# How long `singlesharp preprocess` takes and how much memory it needs, on synthetic raw counts of 48,788 genes.
#
# It measures whole processes from the shell, the page cache warm, each lane in turn so that drift hits all alike:
#   singlesharp   the built command line, all processors
#   copy          cp and fsync of the same file: no program that writes a new file can do less
#   in memory     in_memory.py (anndata, NumPy, SciPy); only at the sizes given in IN_MEMORY
# It does not measure a cold disk, other matrices or other machines.
#
#   bench/preprocess.sh [CELLS …]      default: 20000 100000 500000; needs ../shared, python3-h5py, python3-numba, time
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
folder=${BENCH_DIR:-$(mktemp -d)}
runs=${RUNS:-3}
in_memory=${IN_MEMORY:-20000 100000}
sizes=("$@")
[ ${#sizes[@]} -gt 0 ] || sizes=(20000 100000 500000)

dotnet build -c Release "$root/src/Cli" >&2
tool="$root/artifacts/bin/SingleSharp.Cli/release/singlesharp.dll"

# One line: wall seconds, processor seconds, peak MiB.
measure() {
    local log
    log=$(mktemp)
    /usr/bin/time -o "$log" -f '%e %U %S %M' "$@" >/dev/null 2>&1
    awk '{ printf "%.2f %.2f %.0f\n", $1, $2 + $3, $4 / 1024 }' "$log"
    rm -f "$log"
}

row() { # cells lane: the median of each figure over the runs on standard input
    awk -v cells="$1" -v lane="$2" '
        { wall[NR] = $1; cpu[NR] = $2; peak[NR] = $3 }
        function median(a, n,   i, j, t) {
            for (i = 2; i <= n; i++) { t = a[i]; for (j = i - 1; j > 0 && a[j] > t; j--) a[j + 1] = a[j]; a[j + 1] = t }
            return a[int((n + 1) / 2)]
        }
        END { printf "| %d | %s | %.2f | %.2f | %d |\n", cells, lane, median(wall, NR), median(cpu, NR), median(peak, NR) }'
}

echo "| cells | lane | wall s | CPU s | peak RSS MiB |"
echo "|---|---|---|---|---|"

for cells in "${sizes[@]}"; do
    input="$folder/synthetic-$cells.h5ad"
    output="$folder/out.h5ad"
    [ -f "$input" ] || /usr/bin/python3 "$root/../shared/tools/make_synth.py" --cells "$cells" --out "$input" >&2
    cat "$input" >/dev/null
    for lane in ours copy memory; do : >"$folder/$lane.log"; done

    for _ in $(seq "$runs"); do
        rm -f "$output"
        measure dotnet "$tool" preprocess "$input" --out "$output" --quiet >>"$folder/ours.log"
        rm -f "$output"
        measure sh -c "cp '$input' '$output' && sync '$output'" >>"$folder/copy.log"

        if [[ " $in_memory " == *" $cells "* ]]; then
            rm -f "$output"
            measure /usr/bin/python3 "$here/in_memory.py" "$input" "$output" >>"$folder/memory.log"
        fi
    done

    row "$cells" singlesharp <"$folder/ours.log"
    row "$cells" copy <"$folder/copy.log"
    [ ! -s "$folder/memory.log" ] || row "$cells" "in memory" <"$folder/memory.log"
    rm -f "$output"
done

[ -n "${BENCH_DIR:-}" ] || rm -rf "$folder"
