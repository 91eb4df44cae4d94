/* The table of formats.  The main thread. */
#include "bench/output/table_formats.h"

#include <stdio.h>
#include <string.h>

#include "bench/output/gbench.h"
#include "bench/output/table_csv.h"
#include "bench/output/table_json.h"
#include "bench/output/table_md.h"

static const struct table_format formats[] = {
    {.name = "md", .row = table_md_row},
    {.name = "csv", .row = table_csv_row},
    {.name = "json", .row = table_json_row, .end = table_json_end},
    {.name = "jsonl", .row = table_jsonl_row},
    {.name = "gbench",
     .row = gbench_row,
     .end = gbench_end,
     .needs_samples = true,
     .help = "Google Benchmark's JSON, for its compare.py"},
};

enum { N_FORMATS = (int)(sizeof formats / sizeof *formats) };

const struct table_format *table_format_find(const char *name)
{
    for (int i = 0; i < N_FORMATS; i++)
        if (!strcmp(formats[i].name, name))
            return &formats[i];
    return NULL;
}

void table_format_plain_help(char *text, size_t bytes)
{
    text[0] = 0;
    for (int i = 0; i < N_FORMATS; i++) {
        size_t n = strlen(text);
        if (!formats[i].needs_samples)
            snprintf(text + n, bytes - n, "%s%s%s", n ? ", " : "",
                     formats[i].name, n ? "" : " (default)");
    }
}

void table_format_help(char *text, size_t bytes)
{
    table_format_plain_help(text, bytes);
    for (int i = 0; i < N_FORMATS; i++) {
        const struct table_format *f = &formats[i];
        if (!f->needs_samples)
            continue;
        size_t n = strlen(text);
        snprintf(text + n, bytes - n, " or, where steps are timed, %s: %s",
                 f->name, f->help);
    }
}

void table_format_names(bool timed, char *text, size_t bytes)
{
    text[0] = 0;
    for (int i = 0; i < N_FORMATS; i++) {
        size_t n = strlen(text);
        if (timed || !formats[i].needs_samples)
            snprintf(text + n, bytes - n, "%s%s", n ? ", " : "",
                     formats[i].name);
    }
}
