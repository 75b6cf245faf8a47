# What the benchmarks share: the built command line, synthetic files, and figures of whole processes. To be sourced.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
folder=${BENCH_DIR:-$(mktemp -d)}
runs=${RUNS:-3}
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

# The synthetic file of so many cells, made if it is not there, in the page cache.
synthetic() {
    local file="$folder/synthetic-$1.h5ad"
    [ -f "$file" ] || /usr/bin/python3 "$root/../shared/tools/make_synth.py" --cells "$1" --out "$file" >&2
    cat "$file" >/dev/null
    echo "$file"
}

header() {
    echo "| cells | lane | wall s | CPU s | peak RSS MiB |"
    echo "|---|---|---|---|---|"
}

finish() {
    [ -n "${BENCH_DIR:-}" ] || rm -rf "$folder"
}
