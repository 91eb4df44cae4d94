# The mutants of a C file, one a line: the number of the line, a tab, and what
# stands there instead.  Comments, declarations of constants and asserts, which a
# release build does not have, are left alone.
function mutant(text) {
    if (text != $0)
        print FNR "\t" text
}

function swap(from, to,   at, rest, head) {
    head = ""
    rest = $0
    while ((at = index(rest, from)) > 0) {
        mutant(head substr(rest, 1, at - 1) to substr(rest, at + length(from)))
        head = head substr(rest, 1, at + length(from) - 1)
        rest = substr(rest, at + length(from))
    }
}

/^ *\/?\*/ || /^#/ || /assert\(/ { next }
/^}/                             { inside = 0 }
/^{/                             { inside = 1; next }
!inside                          { next }

{
    sub(/ *\/\*.*\*\/$/, "")
    swap(" == ", " != ")
    swap(" != ", " == ")
    swap(" < ", " <= ")
    swap(" <= ", " < ")
    swap(" > ", " >= ")
    swap(" >= ", " > ")
    swap(" && ", " || ")
    swap(" || ", " && ")
    swap(" + 1", "")
    swap(" - 1", "")
    swap(" + ", " - ")
    swap("if (!", "if (")
    swap("true", "false")
    swap("false", "true")
    swap("return st;", "return SLUICE_OK;")
    swap("continue;", "break;")
}
# A call whose result is not used, left out; but what is not given back shows
# nowhere, or is the sanitizers' to find.
/^ +[a-z_]+\(.*\);$/ && !/return|free|fini|destroy|close\(/ {
    text = $0
    match(text, /^ +/)
    print FNR "\t" substr(text, 1, RLENGTH) "; // " substr(text, RLENGTH + 1)
}
