/* How deep a JSON text goes.  Any thread. */
#include "base/text/json_depth.h"

#include <limits.h>
#include <stdbool.h>

int sl_json_depth(const char *text, size_t bytes)
{
    int depth = 0, most = 0;
    bool quoted = false;
    for (size_t i = 0; i < bytes && most < INT_MAX; i++) {
        char c = text[i];
        if (c == '"')
            quoted = !quoted;
        else if (quoted)
            i += c == '\\';
        else if (c == '{' || c == '[')
            most = ++depth > most ? depth : most;
        else if (c == '}' || c == ']')
            depth--;
    }
    return most;
}
