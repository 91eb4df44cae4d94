#!/bin/sh
# Draw the pictures of docs/schedules.md, and print its table: each schedule at
# K=4, M=8, with layers of 1 ms.  For a quiet machine; give it the program:
#
#     docs/schedules/draw.sh build/release/bench/sluice
set -eu

sluice=$1
to=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
names=$("$sluice" schedule --list | awk '$1 != "forward" {print $1}')

for name in $names; do
    "$sluice" schedule "$name" -k 4 -m 8 --simulate --draw "$to/$name.svg" \
        >/dev/null
done
# shellcheck disable=SC2086
"$sluice" schedule --compare "$(echo $names | tr ' ' ,)" -k 4 -m 8 --run \
    --capacity 4 -o md
