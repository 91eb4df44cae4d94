/* Rows and cells of a CSV. */
#include "sched/text/csv_cells.h"

#include <string.h>

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

struct sl_csv_cursor sl_csv_begin(const char *text, size_t bytes)
{
    static const char mark[] = "\xef\xbb\xbf";
    enum { N = sizeof mark - 1 };
    if (bytes >= N && memcmp(text, mark, N) == 0) {
        text += N;
        bytes -= N;
    }
    return (struct sl_csv_cursor){{text, bytes ? text + bytes : text}, text};
}

bool sl_csv_next_row(struct sl_csv_cursor *cursor)
{
    cursor->row = cursor->left.at;
    return cursor->left.at < cursor->left.end;
}

/* What ASCII has of the white space that Python's str.strip() knows. */
static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

struct sl_csv_text sl_csv_strip(struct sl_csv_text text)
{
    while (text.at < text.end && is_space(*text.at))
        text.at++;
    while (text.at < text.end && is_space(text.end[-1]))
        text.end--;
    return text;
}

/* The end of a cell that began with a quote: its closing quote, two in a row
 * not counting, or the end of the text. */
static const char *closing_quote(const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at != '"')
            continue;
        if (at + 1 == end || at[1] != '"')
            break;
        at++;
    }
    return at < end ? at : end;
}

static const char *cell_end(const char *at, const char *end)
{
    while (at < end && *at != ',' && !is_line_end(*at))
        at++;
    return at;
}

enum sl_csv_cell sl_csv_next_cell(struct sl_csv_cursor *cursor,
                                  struct sl_csv_text *cell, size_t *bytes)
{
    const char *at = cursor->left.at, *end = cursor->left.end;
    const char *last;
    bool trailed = false;
    if (at < end && *at == '"') {
        const char *quote = closing_quote(at + 1, end);
        cell->at = at + 1;
        cell->end = quote;
        at = quote < end ? quote + 1 : end;
        last = cell_end(at, end);
        trailed = last > at;
    } else {
        last = cell_end(at, end);
        *cell = (struct sl_csv_text){at, last};
    }
    *cell = sl_csv_strip(*cell);
    *bytes = (size_t)(last - cursor->row);
    bool inner = last < end && *last == ',';
    if (last < end)
        last += 1 + (last + 1 < end && last[0] == '\r' && last[1] == '\n');
    cursor->left.at = last;
    return trailed ? SL_CSV_TRAILED : inner ? SL_CSV_INNER : SL_CSV_LAST;
}
