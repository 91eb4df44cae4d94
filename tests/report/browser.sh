#!/bin/sh
# A page in a real browser, wide and narrow, light and dark: the panels are
# drawn, the console stays silent, and nothing is asked of a network.  With
# SLUICE_TEST_LONG each width has each colour; else each has one.
#
#     browser.sh REPORT_PAGE DIRECTORY    exit status 77: there is no browser
set -eu

browser=$(command -v chromium || command -v chromium-browser ||
    command -v google-chrome) || {
    echo "skipped: chromium is not installed"
    exit 77
}
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
page=$2/page.html
dom=$2/page.dom
log=$2/page.log
"$1" >"$page"

# fail SENTENCE
fail() {
    echo "$1"
    cat "$log"
    exit 1
}

# What the page names itself; the browser must not even want to know.
if grep -n -i -E '(src|href|action|data)="?[a-z]*:?//|@import|url\(' "$page"
then
    echo "the page names something elsewhere"
    exit 1
fi

# What a page cannot be seen to be from outside: a copy of it tells.
asked=$2/asked.html
cat "$page" - >"$asked" <<'END'
<script>
addEventListener('load', function () {
    var root = document.documentElement;
    root.dataset.paper = getComputedStyle(document.body).backgroundColor;
    root.dataset.wide = root.scrollWidth > root.clientWidth;
});
</script>
END

# look WIDTH SCHEME PAPER: 0 is dark, 1 light
look() {
    rm -rf "$profile"
    mkdir "$profile"
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu \
        --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync \
        --user-data-dir="$profile" --enable-logging=stderr --v=0 \
        --window-size="$1,2400" \
        --blink-settings="preferredColorScheme=$2" \
        --virtual-time-budget=5000 --dump-dom "file://$asked" \
        >"$dom" 2>"$log" || fail "the browser failed"

    grep -q '<body data-drawn="4">' "$dom" ||
        fail "not all four panels are drawn"
    n=$(grep -o -E '<canvas width="[1-9][0-9]+" height="[1-9][0-9]+"' "$dom" |
        wc -l)
    [ "$n" -eq 4 ] || fail "$n canvases with a size, not 4"
    grep -q '<svg ' "$dom" || fail "no timeline"
    grep -q "data-paper=\"$3\"" "$dom" ||
        fail "the paper is not $3: $(grep -o 'data-paper="[^"]*"' "$dom")"
    grep -q 'data-wide="false"' "$dom" || fail "wider than $1 pixels"
    if grep -n CONSOLE "$log"; then
        fail "the console is not silent"
    fi
}

dark='rgb(16, 18, 22)'
light='rgb(246, 247, 249)'
look 1280 0 "$dark"
look 520 1 "$light"
if [ -n "${SLUICE_TEST_LONG-}" ]; then
    look 1280 1 "$light"
    look 520 0 "$dark"
fi
