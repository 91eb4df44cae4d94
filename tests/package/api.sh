#!/bin/sh
# Doxygen makes pages of the public headers and warns of nothing; a function's
# contract is in its page.
#
#     api.sh ROOT WORK
set -eu
if ! command -v doxygen >/dev/null; then
    echo "there is no doxygen"
    exit 77
fi
rm -rf "$2"
mkdir -p "$2"
cd "$1"
SLUICE_DOCS_OUT=$2 doxygen docs/Doxyfile >"$2/said" 2>&1
if [ -s "$2/said" ]; then
    cat "$2/said"
    exit 1
fi
for header in include/sluice/*.h; do
    page=$2/html/$(basename "$header" .h | sed 's/_/__/g')_8h.html
    [ -f "$page" ] || {
        echo "$header has no page"
        exit 1
    }
done
grep -q 'one call of step, evaluate or infer at a time' \
    "$2/html/pipeline_8h.html"
