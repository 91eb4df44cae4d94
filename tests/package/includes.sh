#!/bin/sh
# The architecture, as far as #include lines tell it (docs/architecture.md):
#
#   - modules stand in groups, and link only modules of earlier groups
#         base < tensor sched part trace chan < nn sim data < blueprint search
#         < pipeline reference < train
#     attribution reads trace, sched and sim; report those and attribution;
#   - a file includes headers of its own module and of those it links;
#   - public headers count as headers of the module that implements them;
#   - schedules, plans and simulations know no threads;
#   - cblas.h and hwloc.h are included by one file each, mpi.h by none;
#   - a .c file includes its own header first; nobody uses "../";
#   - programs and examples use the public headers and nothing else of ours.
#
#     includes.sh ROOT MODULE:LINK,LINK...  (the LINKS of src/*/CMakeLists.txt)
set -u
cd "$1" || exit 1
shift

# A line for each #include: FILE HEADER, in the order of the file.
find src include bench docs/examples -name '*.[ch]' | LC_ALL=C sort |
    while read -r file; do
        sed -n "s|^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<\"][^>\"]*[>\"]\).*|$file \1|p" \
            "$file"
    done |
    awk -v links="$*" '
function complain(text) {
    print text
    bad++
}

# Whether module a may see module b: the closure of LINKS.
function sees(a, b,    i, n, list) {
    if (a == b || index("," linked[a] ",", "," b ","))
        return 1
    n = split(linked[a], list, ",")
    for (i = 1; i <= n; i++)
        if (sees(list[i], b))
            return 1
    return 0
}

function check_links(a,    i, n, list) {
    n = split(linked[a], list, ",")
    for (i = 1; i <= n; i++) {
        if (!(list[i] in group))
            complain(a " links " list[i] ", which is not a module")
        else if (a ~ /^(attribution|report)$/ &&
                 list[i] !~ /^(base|trace|sched|sim|attribution)$/)
            complain(a " may read trace, sched and sim, not " list[i])
        else if (group[list[i]] >= group[a])
            complain(a " links " list[i] ", which is not of an earlier group")
    }
}

function check_public(file, module, name,    owner) {
    if (!(name in home)) {
        complain(file ": <" name "> is not known to this test")
        return
    }
    owner = home[name]
    # Events hold actions: trace reads the public part of sched.
    if (module == "trace" && owner == "sched")
        return
    if (!sees(module, owner))
        complain(file ": " module " must not see <" name ">, it is of " owner)
}

function check_system(file, module, name) {
    if (name ~ /^(cblas|hwloc|mpi)\.h$/)
        users[name] = users[name] " " file
    if (name ~ /^(pthread|threads|semaphore|stdatomic)\.h$/ &&
        module ~ /^(sched|part|nn|sim|attribution|report)$/)
        complain(file ": " module " knows no threads, but includes <" name ">")
}

function check_single(name, n,    list) {
    if (split(users[name], list, " ") > n)
        complain("<" name "> may be included by " n " file(s), not by" \
                 users[name])
}

BEGIN {
    n = split("base:0 tensor:1 sched:1 part:1 trace:1 chan:1 nn:2 sim:2 " \
              "data:2 search:3 blueprint:3 pipeline:4 reference:4 train:5 " \
              "attribution:4 report:5", list, " ")
    for (i = 1; i <= n; i++) {
        split(list[i], pair, ":")
        group[pair[1]] = pair[2]
    }
    n = split("export:base memory:base shape:base status:base version:base " \
              "activation:tensor " \
              "schedule:sched schedule_text:sched schedule_formula:sched " \
              "schedule_passes:sched partition:part trace:trace layer:nn loss:nn " \
              "model:nn optimizer:nn dataset:data pipeline:blueprint " \
              "reference:reference train:train simulate:sim search:search " \
              "attribution:attribution report:report", list, " ")
    for (i = 1; i <= n; i++) {
        split(list[i], pair, ":")
        home["sluice/" pair[1] ".h"] = pair[2]
    }
    n = split(links, list, " ")
    for (i = 1; i <= n; i++) {
        split(list[i], pair, ":")
        linked[pair[1]] = pair[2]
    }
    for (module in linked)
        check_links(module)
}

{
    seen++
    file = $1
    quoted = $2 ~ /^"/
    name = substr($2, 2, length($2) - 2)
    split(file, part, "/")
    module = part[1] == "src" ? part[2] : ""
    if (name ~ /\.\.\//)
        complain(file ": no ../ in includes: " name)
    if (name !~ /^sluice\//) {
        if (!quoted)
            check_system(file, module, name)
    } else if (quoted) {
        complain(file ": public headers are included as <" name ">")
    }
}

# Inside the library.
module != "" {
    if (!(module in linked)) {
        linked[module] = ""
        complain("module " module " is not built")
    }
    if (file ~ /\.c$/ && !(file in first)) {
        first[file] = name
        own = file
        sub(/^src\//, "", own)
        sub(/c$/, "h", own)
        if (own != name && !system("test -f src/" own))
            complain(file ": includes " name " before its own header")
    }
    if (quoted) {
        split(name, of, "/")
        if (!(of[1] in group))
            complain(file ": write \"module/file.h\", not \"" name "\"")
        else if (!sees(module, of[1]))
            complain(file ": " module " must not see " name)
    } else if (name ~ /^sluice\//) {
        check_public(file, module, name)
    }
}

# Outside it: programs may have headers of their own.
(part[1] == "bench" || part[1] == "docs") && quoted {
    split(name, of, "/")
    if (of[1] in group)
        complain(file ": only <sluice/...> may be used here, not " name)
}

END {
    check_single("cblas.h", 1)
    check_single("hwloc.h", 1)
    check_single("mpi.h", 0)
    print seen + 0 " includes, " bad + 0 " bad"
    exit bad || !seen
}'
