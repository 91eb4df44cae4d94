# Doxygen's comments from ours.  A comment that stands before something, or
# behind a field, documents it; the labels of a contract become headings; what
# is indented by four is an example.
#
#     awk -f doxygen_filter.awk FILE

function escape(text) {
    gsub(/[\\@<>#%]/, "\\\\&", text)
    return text
}

# A line of a comment without its star.
function line(text,    label) {
    if (text ~ /^     *[^ ]/ && !in_label)
        return text # an example
    if (match(text, /^ ?(Takes|Threads|Blocks|Shapes|Saves|Accumulates)  +/)) {
        in_label = 1
        label = substr(text, 1, RLENGTH)
        gsub(/ /, "", label)
        return " @par " label "\n * " escape(substr(text, RLENGTH + 1))
    }
    if (match(text, /^ ?Returns  +/)) {
        in_label = 1
        return " @return " escape(substr(text, RLENGTH + 1))
    }
    if (text ~ /^ *$/)
        in_label = 0
    if (in_label)
        sub(/^ +/, " ", text)
    return escape(text)
}

FNR == 1 {
    name = FILENAME
    sub(/.*\//, "", name)
    inside = in_label = 0
}

!inside {
    at = index($0, "/*")
    if (!at) {
        print
        next
    }
    before = substr($0, 1, at - 1)
    text = substr($0, at + 2)
    inside = 1
    in_label = 0
    opening = before ~ /[^ ]/ ? "/**<" : "/**"
    if (!seen_file++)
        opening = "/** @file\n *"
    if (match(text, /\*\/.*/)) {
        inside = 0
        after = substr(text, RSTART)
        text = substr(text, 1, RSTART - 1)
    } else {
        after = ""
    }
    print before opening line(text) after
    next
}

{
    after = ""
    text = $0
    if (match(text, /\*\/.*/)) {
        inside = 0
        after = substr(text, RSTART)
        text = substr(text, 1, RSTART - 1)
    }
    star = sub(/^ *\*/, "", text)
    if (!star)
        sub(/^ +/, " ", text) # a comment without stars at the left
    print (text ~ /^ *$/ && after ? " " : " *" line(text)) after
}
