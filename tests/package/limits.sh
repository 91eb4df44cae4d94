#!/bin/sh
# The limits of the house style: files of at most 400 lines, of tests at most 500;
# lines of at most 80 columns, functions of at most 60 lines; folders of at most
# 25 source files, except include/sluice, whose folder is part of the headers'
# names; a name of a file, and of a struct sl_NAME, once in src and bench; ASCII,
# no tabs, no blanks at line ends.
#
#     limits.sh ROOT
set -u
cd "$1" || exit 1

# xargs sees the script of awk, the shell must not.
# shellcheck disable=SC2016
find src include bench tests docs/examples -name '*.[ch]' | LC_ALL=C sort |
    LC_ALL=C xargs -d '\n' awk '
function complain(text) {
    print FILENAME ":" FNR ": " text
    bad++
}

FNR == 1           {
    n++
    most = FILENAME ~ /^tests\// ? 500 : 400
    folder = FILENAME
    sub(/\/[^\/]*$/, "", folder)
    if (++in_folder[folder] == 26 && folder != "include/sluice")
        complain(folder " has more than 25 source files: make rooms in it")
    name = FILENAME
    sub(/.*\//, "", name)
    if (FILENAME ~ /^(src|bench)\// && name in named)
        complain("its name stands for " named[name] ", too")
    if (FILENAME ~ /^(src|bench)\//)
        named[name] = FILENAME
}
FILENAME ~ /^src\// && /^struct sl_[a-z0-9_]+ \{/ {
    if ($2 in defined)
        complain("struct " $2 " is defined in " defined[$2] ", too")
    defined[$2] = FILENAME
}
FNR == most + 1    { complain("the file has more than " most " lines") }
length($0) > 80    { complain(length($0) " columns") }
/\t/               { complain("a tab") }
/[ \r]$/           { complain("blanks at the end of the line") }
/[^\t -~]/         { complain("not ASCII") }

# The braces of functions, and of nothing else, stand alone at the margin.
/^\{$/             { start = FNR }
/^}$/ && start     {
    if (FNR - start - 1 > 60)
        complain("a function of " FNR - start - 1 " lines")
    start = 0
}

END {
    print n + 0 " files, " bad + 0 " bad"
    exit bad || !n
}'
