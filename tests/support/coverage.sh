#!/bin/sh
# After the tests of a coverage build: for each file of src, the share of lines
# that ran and of branches that were taken, lowest first.
#
#     coverage.sh BUILD
set -eu
cd "$1"

find src -name '*.gcda' | LC_ALL=C sort | while read -r counts; do
    gcov --no-output --branch-probabilities "$counts" 2>/dev/null
done | awk '
/^File /           { file = $2; gsub(/\047/, "", file) }
/^Lines executed/  { sub(/.*:/, "", $2); lines = $2 }
/^No branches/     { branches = "100.00%" }
/^Taken at least/  { sub(/.*:/, "", $4); branches = $4 }
# "No calls" or "Calls executed" ends the entry of a file.
/alls/ && file ~ /\/src\/.*\.c$/ {
    sub(/.*\/src\//, "", file)
    printf "%8s %8s  %s\n", branches + 0, lines + 0, file
    file = ""
}' | sort -n | sed '1i branches    lines  file (percent)'
