#!/bin/sh
# A kind of link that was added: it makes the links between devices, one in each
# direction at each of two boundaries, and the training is as before.
#
#     check.sh BUILD
set -eu
"$1/bench/sluice" train --data embedded --epochs 1 --devices 3 \
    >"$1/link.log" 2>"$1/link.err"
[ "$(grep -c '^a counted link$' "$1/link.err")" -eq 4 ]
"$1/bench/sluice" train --data embedded --epochs 1 --devices 1 \
    >"$1/link_alone.log" 2>"$1/link.err"
[ "$(grep -c '^a counted link$' "$1/link.err")" -eq 0 ]
