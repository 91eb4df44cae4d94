#!/bin/sh
# A measured step, opened by speedscope's importer of Chrome traces in a real
# browser; what that exports is compared with what was written.
#
#     run.sh SLUICE SOURCES DIRECTORY
#
# Exit status 77: a program is missing, or npm cannot fetch speedscope.
set -eu

devices=3
microbatches=8
sluice=$1
sources=$2
work=$3/importer

# skip SENTENCE
skip() {
    echo "skipped: $1"
    exit 77
}

browser=$(command -v chromium || command -v chromium-browser ||
    command -v google-chrome) || skip "chromium is not installed"
command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"

mkdir -p "$work"
cp "$sources/package.json" "$sources/package-lock.json" "$work"
package=$work/node_modules/speedscope
if ! cmp -s "$sources/package-lock.json" "$work/installed"; then
    (cd "$work" && timeout 90 npm ci --ignore-scripts --no-audit --no-fund \
        --fetch-retries=0 >npm.log 2>&1) || {
        cat "$work/npm.log"
        skip "npm cannot install speedscope (above: why)"
    }
    cp "$sources/package-lock.json" "$work/installed"
fi

trace=$work/trace.measured.json
"$sluice" schedule 1f1b -k $devices -m $microbatches --run --cell 500us \
    --draw "$work/trace.json" >/dev/null # the prediction; beside it the run

# Speedscope loads a local file as a script that hands it over in base 64.
release=$package/dist/release
printf 'speedscope.loadFileFromBase64("trace.json", "%s")\n' \
    "$(base64 -w 0 "$trace")" >"$work/trace.js"
sed 's|<body>|<body><script src="export.js"></script>|' \
    "$release/index.html" >"$release/exporting.html"
cp "$sources/export.js" "$release"

profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
timeout 60 "$browser" --headless --no-sandbox --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update \
    --disable-sync --use-gl=angle --use-angle=swiftshader \
    --enable-unsafe-swiftshader --user-data-dir="$profile" \
    --allow-file-access-from-files --enable-logging=stderr --v=0 \
    --virtual-time-budget=10000 --dump-dom \
    "file://$release/exporting.html#localProfilePath=$work/trace.js" \
    >"$work/page.html" 2>"$work/browser.log"
grep -o 'Importing as[^"]*' "$work/browser.log" || true
node "$sources/judge.js" "$trace" "$work/page.html" $devices $microbatches
