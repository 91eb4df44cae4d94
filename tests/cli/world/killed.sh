#!/bin/sh
# A process of a training is killed: the others end, and one sentence names it.
#
#     killed.sh RANK NAME TOOL mpirun...
#
# The launcher must not end them: it must recover.
set -eu

rank=$1
name=$2
tool=$3
shift 3
metrics=$name.jsonl
rm -f "$metrics"
"$@" "$tool" train --data embedded --model -16-10 -k 2 -m 2 --batch 100 \
    --epochs 1000000 --quiet --metrics "$metrics" >"$name.out" 2>&1 &
mpirun=$!

# It trains when there are steps; whether it does is looked at every 20 ms.
trains() {
    [ -s "$metrics" ] && [ "$(wc -l <"$metrics")" -gt 5 ]
}
until trains; do
    kill -0 "$mpirun" || { cat "$name.out"; exit 1; }
    sleep 0.02
done
processes=$(pgrep -P "$mpirun")
victim=
for pid in $processes; do
    if tr '\0' '\n' <"/proc/$pid/environ" |
        grep -qx "OMPI_COMM_WORLD_RANK=$rank"; then
        victim=$pid
    fi
done
kill -9 "$victim"
wait "$mpirun" || true
for pid in $processes; do
    # A zombie has ended.
    if grep -q "^State:.[^ZX]" "/proc/$pid/status" 2>/dev/null; then
        echo "$pid is still there"
        exit 1
    fi
done
said=$(grep -c "process $rank (pid $victim) has ended without leaving the others" \
    "$name.out" || true)
[ "$said" = 1 ] || { cat "$name.out"; exit 1; }
