#!/bin/sh
# The scripts pass shellcheck, and those that are run by name are executable.
#
#     scripts.sh ROOT
set -u
cd "$1" || exit 1

for script in bench/run tests/run .ci/run; do
    [ -x "$script" ] || {
        echo "$script is not executable"
        exit 1
    }
done
command -v shellcheck >/dev/null || {
    echo "skipped: shellcheck is not installed"
    exit 77
}
find cmake tests -name '*.sh' -print0 |
    xargs -0 shellcheck -x bench/run tests/run .ci/run
