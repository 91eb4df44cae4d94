#!/bin/sh
# The layer is in the list, in texts, in metrics and in errors.
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
"$tool" train --model help | grep -q '^  amplify  *x times a number$'
"$tool" train --model help | grep -q '^    factor=X .*above 0, at most 100 (2)$'
train --metrics /dev/stdout --model 'linear(32); amplify(0.5, negate) x2' |
    grep -q '; amplify(factor=0.5,negate) x2"'
refused --model 'linear(32); amplify(factor=0)'
grep -q 'at position 20, .*amplify: factor is "0"; it must be' "$said"
refused --model 'linear(32); amplifier'
grep -q 'there are linear, amplify, ' "$said"
