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
in_memory=${IN_MEMORY:-20000 100000}
. "$(dirname "$0")/lanes.sh"

header

for cells in "${sizes[@]}"; do
    input=$(synthetic "$cells")
    output="$folder/out.h5ad"
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

finish
