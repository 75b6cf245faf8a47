#!/usr/bin/env bash
# How long `singlesharp pipeline` takes and how much memory it needs, on synthetic raw counts of 48,788 genes: QC metrics,
# normalize_total, log1p, 2,000 highly variable genes and 50 principal components, in two reads and one write of X.
#
# It measures whole processes from the shell, the page cache warm, each lane in turn so that drift hits all alike:
#   pipeline      the built command line, all processors
#   preprocess    the same without hvg and pca
#   copy          cp and fsync of the same file: no program that writes a new file can do less
# It does not measure a cold disk, other matrices or other machines.
#
#   bench/pipeline.sh [CELLS …]      default: 20000 100000 500000; needs ../shared, python3-h5py, python3-numba, time
set -euo pipefail
. "$(dirname "$0")/lanes.sh"

header

for cells in "${sizes[@]}"; do
    input=$(synthetic "$cells")
    output="$folder/out.h5ad"
    for lane in pipeline preprocess copy; do : >"$folder/$lane.log"; done

    for _ in $(seq "$runs"); do
        rm -f "$output"
        measure dotnet "$tool" pipeline "$input" --out "$output" --quiet >>"$folder/pipeline.log"
        rm -f "$output"
        measure dotnet "$tool" preprocess "$input" --out "$output" --quiet >>"$folder/preprocess.log"
        rm -f "$output"
        measure sh -c "cp '$input' '$output' && sync '$output'" >>"$folder/copy.log"
    done

    for lane in pipeline preprocess copy; do row "$cells" "$lane" <"$folder/$lane.log"; done
    rm -f "$output"
done

finish
