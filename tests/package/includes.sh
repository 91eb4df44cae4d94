#!/bin/sh
# The architecture, as far as #include lines tell it (docs/architecture.md).
# Which modules there are, in which group each stands, what it links, which
# public headers it implements and what it must never see is told by the
# CMakeLists.txt files of src, and by nothing else:
#
#   - a module links modules of earlier groups only, and nothing that it must
#     never see, not even through others;
#   - a file includes headers of its own module and of those it links;
#   - public headers count as headers of the module that implements them;
#   - modules that must never see threads include no header of theirs;
#   - a .c file includes its own header first; nobody uses "../";
#   - files include each other in no circle; X.c and X.h are one file here;
#   - cblas.h and dnnl.h are included by one file each, mpi.h by one at most,
#     hwloc.h by none;
#   - programs and examples use the public headers and nothing else of ours;
#   - bench/peers has programs that are not ours: it is left out.
#
#     includes.sh ROOT GROUP:MODULE:LINK,...:HEADER,...:NEVER,... ...
set -u
cd "$1" || exit 1
shift

# A line for each #include: FILE HEADER, in the order of the file.
find src include bench docs/examples -name '*.[ch]' -not -path 'bench/peers/*' |
    LC_ALL=C sort |
    while read -r file; do
        sed -n "s|^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<\"][^>\"]*[>\"]\).*|$file \1|p" \
            "$file"
    done |
    awk -v modules="$*" '
function complain(text) {
    print text
    bad++
}

# Whether module a sees module b: the closure of the links.
function sees(a, b,    i, n, list) {
    if (a == b || index("," linked[a] ",", "," b ","))
        return 1
    n = split(linked[a], list, ",")
    for (i = 1; i <= n; i++)
        if (sees(list[i], b))
            return 1
    return 0
}

function is_never(a, b) {
    return index("," never[a] ",", "," b ",") > 0
}

function check_links(a,    i, n, list) {
    n = split(linked[a], list, ",")
    for (i = 1; i <= n; i++) {
        if (!(list[i] in group))
            complain(a " links " list[i] ", which is not a module")
        else if (group[list[i]] >= group[a])
            complain(a " links " list[i] ", which is not of an earlier group")
    }
    n = split(never[a], list, ",")
    for (i = 1; i <= n; i++) {
        if (list[i] != "threads" && !(list[i] in group))
            complain(a " must never see " list[i] ", which is not a module")
        else if (list[i] != "threads" && sees(a, list[i]))
            complain(a " links " list[i] ", which it must never see")
    }
}

function check_public(file, module, name,    owner) {
    if (!(name in home)) {
        complain(file ": <" name "> is of no module: name it in HEADERS")
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
    if (name ~ /^(cblas|dnnl|hwloc|mpi)\.h$/)
        users[name] = users[name] " " file
    if (name ~ /^(pthread|threads|semaphore|stdatomic)\.h$/ &&
        is_never(module, "threads"))
        complain(file ": " module " knows no threads, but includes <" name ">")
}

function check_single(name, n,    list) {
    if (split(users[name], list, " ") > n)
        complain("<" name "> may be included by " n " file(s), not by" \
                 users[name])
}

# The file of ours that an include line names, without its ending; "" if none.
function unit_of(file) {
    sub(/\.[ch]$/, "", file)
    return file
}

function note_edge(from, to) {
    if (from == to || ((from, to) in edge))
        return
    edge[from, to] = 1
    edges[from] = edges[from] " " to
}

# Depth first: state 1 is under way, 2 is done.
function find_circle(unit, trail,    i, n, list) {
    state[unit] = 1
    trail = trail " -> " unit
    n = split(edges[unit], list, " ")
    for (i = 1; i <= n; i++) {
        if (state[list[i]] == 1)
            complain("files include each other in a circle:" \
                     substr(trail, index(trail, " -> " list[i]) + 3) \
                     " -> " list[i])
        else if (!state[list[i]])
            find_circle(list[i], trail)
    }
    state[unit] = 2
}

BEGIN {
    n = split(modules, list, " ")
    for (i = 1; i <= n; i++) {
        split(list[i], of, ":")
        group[of[2]] = of[1]
        linked[of[2]] = of[3]
        never[of[2]] = of[5]
        m = split(of[4], names, ",")
        for (k = 1; k <= m; k++)
            home["sluice/" names[k] ".h"] = of[2]
    }
    for (module in group)
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
    if (quoted)
        note_edge(unit_of(file), unit_of(part[1] == "src" ? "src/" name : name))
    else if (name ~ /^sluice\// && part[1] == "include")
        note_edge(unit_of(file), unit_of("include/" name))
}

# Inside the library.
module != "" {
    if (!(module in group)) {
        group[module] = 0
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
    check_single("dnnl.h", 1)
    check_single("mpi.h", 1)
    check_single("hwloc.h", 0)
    for (unit in edges)
        if (!state[unit])
            find_circle(unit, "")
    print seen + 0 " includes, " bad + 0 " bad"
    exit bad || !seen
}'
