#!/bin/sh
# A generator that was added: it is listed, helped, run and held to its promise.
#
#     check.sh BUILD
set -eu
sluice=$1/bench/sluice
bench=$1/bench/sluice-bench

"$sluice" schedule --list | grep -q '^halves  *a generator that a test has added$'
"$sluice" schedule --help | tr -s ' \n' '  ' |
    grep -q 'Stages of a device: halves, interleaved-1f1b, gis, interleaved-zb, looped-bfs (2)'
"$bench" bubble --help | grep -q 'halves'
"$sluice" schedule 1f1c 2>&1 | grep -q 'there are auto, gpipe, halves, 1f1b'
"$sluice" schedule 1f1b -v 3 2>&1 | tr -s ' \n' '  ' |
    grep -q 'applies to halves, interleaved-1f1b, gis, interleaved-zb, looped-bfs'
"$sluice" schedule halves -v 2 --group 2 2>&1 | grep -q 'takes no group'
"$sluice" schedule halves -k 2 -m 2 -v 3 | grep -q '^1: *1F0 *1F1 *3F0'
"$bench" bubble --smoke --schedule halves -m 4 -k 2 --cell 100us -o jsonl |
    grep -q '"schedule":"halves".*"wrong":0'
"$sluice" train --data embedded --epochs 1 --schedule halves --microbatches 4 \
    --partition 1,1,1,1 --metrics "$1/halves.jsonl" >"$1/halves.log"
grep -q '"schedule":"halves"' "$1/halves.jsonl"
"$1/tests/sched/test_sched_promises" >"$1/halves.log"
"$1/tests/bench/test_bench_order" >"$1/halves.log"
"$1/tests/bench/test_bench_schedule_print" >"$1/halves.log"
