#!/bin/sh
# How many instructions the dispatch of an action takes, counted by callgrind:
# a run with more steps less one with fewer, divided by the actions between.
# Unlike a time it is the same on a machine that is busy.
#
#     count_dispatch.sh DISPATCH_STEPS MOST
#
# MOST is a generous bound: it is exceeded if a search, a copy of a text or a
# system call has come into the path of each action.  Exit status 77 means
# skipped.
set -eu

program=$1
most=$2
few=2
many=12
microbatches=512

command -v valgrind >/dev/null || {
    echo "skipped: valgrind is not installed"
    exit 77
}

# instructions STEPS: of the whole process.
instructions() {
    said=$(OPENBLAS_NUM_THREADS=1 valgrind --tool=callgrind \
        --callgrind-out-file=/dev/null "$program" "$1" "$microbatches" 2>&1) || {
        printf '%s\n' "$said"
        exit 1
    }
    printf '%s\n' "$said" | sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}

fewer=$(instructions "$few")
more=$(instructions "$many")
actions=$(((many - few) * microbatches * 2)) # an F and a B of each
each=$(((more - fewer) / actions))
echo "$each instructions an action; at most $most"
[ "$each" -gt 0 ] && [ "$each" -le "$most" ]
