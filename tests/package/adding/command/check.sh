#!/bin/sh
# A command that was added: it is listed, helped and run, and refuses what its
# rows do not allow.
#
#     check.sh BUILD
set -eu
bench=$1/bench/sluice-bench

"$bench" --help | grep -q '^  count  *A command that a test has added$'
"$bench" cuont 2>&1 | grep -q '^  count '
"$bench" count --help | grep -q -e '-n, --up-to=N  *The last number (4)$'
"$bench" count --help |
    grep -q 'Of no use: never (default), always, except_last'
[ "$("$bench" count -n 3 --remat always -o csv | tail -1)" = 3,always,3 ]
[ "$("$bench" count --smoke -o csv | tail -1)" = 2,never,2 ]
"$bench" count -n 10 2>&1 | grep -q -e '-n: "10" is not an integer from 1 to 9'
"$bench" count --remat some 2>&1 |
    grep -q -e '--remat: "some" is not one of never, always, except_last'
"$bench" count fast 2>&1 | grep -q '"fast" is not an option'
