#!/bin/sh
# The loss is in the list, in metrics and in errors.
set -eu
tool=$1/bench/sluice
said=$1/said
npy=$(dirname "$0")/../../../cli/npy
train() {
    "$tool" train --x "$npy/x.npy" --y "$npy/labels_float.npy" -k 1 -m 1 \
        --batch 8 --epochs 1 --model=-1 --quiet "$@"
}
refused() {
    if train "$@" 2>"$said"; then
        exit 1
    fi
}
"$tool" train --loss help | grep -q '^  huber  *quadratic near the target'
"$tool" train --loss help | grep -q '^    delta=X .*above 0, at most 1000 (1)$'
train --loss huber:delta=0.5 --metrics /dev/stdout |
    grep -q '"loss":"huber","loss_options":{"name":"huber","delta":0.5}'
refused --loss huber:delta=0
grep -q -- '--loss: huber: delta is "0"; it must be a number above 0' "$said"
refused --loss hubert
grep -q 'there are cross_entropy, mse, huber' "$said"
