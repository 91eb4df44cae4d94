#!/bin/sh
# A process is killed while weights are saved for PyTorch: the others end, and
# one sentence names it.
#
#     killed_saving.sh RANK NAME X Y TOOL mpirun...
#
# The file is a pipe, which takes less than all of it: when its first byte has
# come, process 0 writes, and the others have tensors yet to send.  The launcher
# must not end them: it must recover.
set -eu

rank=$1
name=$2
x=$3
y=$4
tool=$5
shift 5
rm -f "$name.pipe"
mkfifo "$name.pipe"
"$@" "$tool" train --x "$x" --y "$y" --model=-256x8-3 -k 2 -m 2 --batch 8 \
    --epochs 1 --quiet --save "$name.pipe" --save-layout pytorch \
    >"$name.out" 2>&1 &
mpirun=$!

exec 3<"$name.pipe"
dd bs=1 count=1 <&3 >"$name.first" 2>"$name.dd"
processes=$(pgrep -P "$mpirun")
victim=
for pid in $processes; do
    if tr '\0' '\n' <"/proc/$pid/environ" |
        grep -qx "OMPI_COMM_WORLD_RANK=$rank"; then
        victim=$pid
    fi
done
kill -9 "$victim"
cat <&3 >"$name.rest"
wait "$mpirun" || true
rm -f "$name.pipe"
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
