/* The table of formats.  The main thread. */
#include "bench/output/formats/table_formats.h"

#include <stdio.h>
#include <string.h>

#include "bench/output/formats/gbench.h"
#include "bench/output/formats/table_csv.h"
#include "bench/output/formats/table_json.h"
#include "bench/output/formats/table_matrix.h"
#include "bench/output/formats/table_md.h"

static const struct table_format formats[] = {
    {.name = "md", .row = table_md_row},
    {.name = "csv", .row = table_csv_row},
    {.name = "json", .row = table_json_row, .end = table_json_end},
    {.name = "jsonl", .row = table_jsonl_row},
    {.name = "matrix",
     .row = table_matrix_row,
     .end = table_matrix_end,
     .needs_bubbles = true,
     .help = "the bubbles by K and M, measured / formula in per cent"},
    {.name = "gbench",
     .row = gbench_row,
     .end = gbench_end,
     .needs_samples = true,
     .help = "Google Benchmark's JSON, for its compare.py"},
};

enum { N_FORMATS = (int)(sizeof formats / sizeof *formats) };

/* Whether tables of a command show it. */
static bool fits(const struct table_format *format, enum table_shows shows)
{
    return (!format->needs_samples || shows != TABLE_SHOWS_FIGURES) &&
           (!format->needs_bubbles || shows == TABLE_SHOWS_BUBBLES);
}

const struct table_format *table_format_find(const char *name,
                                             enum table_shows shows)
{
    for (int i = 0; i < N_FORMATS; i++)
        if (!strcmp(formats[i].name, name) && fits(&formats[i], shows))
            return &formats[i];
    return NULL;
}

void table_format_help(enum table_shows shows, char *text, size_t bytes)
{
    text[0] = 0;
    for (int i = 0; i < N_FORMATS; i++) {
        const struct table_format *f = &formats[i];
        size_t n = strlen(text);
        if (!fits(f, shows))
            continue;
        if (f->help)
            snprintf(text + n, bytes - n, "; %s: %s", f->name, f->help);
        else
            snprintf(text + n, bytes - n, "%s%s%s", n ? ", " : "", f->name,
                     n ? "" : " (default)");
    }
}

void table_format_names(enum table_shows shows, char *text, size_t bytes)
{
    text[0] = 0;
    for (int i = 0; i < N_FORMATS; i++) {
        size_t n = strlen(text);
        if (fits(&formats[i], shows))
            snprintf(text + n, bytes - n, "%s%s", n ? ", " : "",
                     formats[i].name);
    }
}
