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
     .needs_samples = true},
};

enum { N_FORMATS = (int)(sizeof formats / sizeof *formats) };

const struct table_format *table_format_find(const char *name)
{
    for (int i = 0; i < N_FORMATS; i++)
        if (!strcmp(formats[i].name, name))
            return &formats[i];
    return NULL;
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
