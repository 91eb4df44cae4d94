#!/bin/sh
# The optimizer is in the list, in metrics and in errors; the usual one stays.
set -eu
tool=$1/bench/sluice
said=$1/said
train() {
    "$tool" train --data embedded --epochs 1 --quiet "$@"
}
refused() {
    if train "$@" 2>"$said"; then
        exit 1
    fi
}
"$tool" train --optimizer help | grep -q '^  sign  *a step of the learning rate'
"$tool" train --optimizer help | grep -q '^    decoupled  *also pull'
train --metrics /dev/stdout --optimizer sign:decoupled --lr 0.002 |
    grep -q '"optimizer":{"name":"sign","learning_rate":0.002,"decoupled":true}'
train --metrics /dev/stdout | grep -q '"optimizer":{"name":"sgd",'
refused --optimizer sign --momentum 0.9
grep -q -- '--momentum: sign has no option "momentum"; it has learning-rate, decou' \
    "$said"
refused --optimizer sing
grep -q 'no optimizer is called "sing"; there are sgd, sign' "$said"
