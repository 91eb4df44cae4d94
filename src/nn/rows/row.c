/* Rows by name, with their options.  Any thread; no state. */
#include "nn/rows/row.h"

#include <string.h>

#include "base/text/text_out.h"

enum { LIST = SLUICE_DIAG_TEXT / 2 }; /* bytes of the names in a sentence */

static sluice_status no_row(const char *kind, sl_rows *rows,
                            struct sl_span name, sluice_diag *why)
{
    char list[LIST] = "";
    struct sl_text_out out = {list, sizeof list, 0};
    struct sl_row row;
    int n = 0;
    for (; rows(n, &row); n++) {
        sl_text_add(&out, n ? ", " : "");
        sl_text_add(&out, row.table.owner);
    }
    return sluice_diag_set(
        why, SLUICE_NOT_FOUND, "no %s is called \"%.*s\"; there %s %s", kind,
        sl_shown(name), name.at, n == 1 ? "is" : "are", list);
}

sluice_status sl_row_find(const char *kind, sl_rows *rows, struct sl_span name,
                          int *index, sluice_diag *why)
{
    struct sl_row row;
    for (int i = 0; rows(i, &row); i++)
        if (strlen(row.table.owner) == name.n &&
            !memcmp(row.table.owner, name.at, name.n)) {
            *index = i;
            return SLUICE_OK;
        }
    return no_row(kind, rows, name, why);
}

sluice_status sl_row_parse(const char *kind, sl_rows *rows, const char *text,
                           int *index, sluice_config_room *config,
                           sluice_diag *why)
{
    struct sl_row row;
    const char *options = NULL;
    *index = 0;
    if (text && *text) {
        size_t n = strcspn(text, ":");
        sluice_status st =
            sl_row_find(kind, rows, (struct sl_span){text, n}, index, why);
        if (st)
            return st;
        options = text[n] ? text + n + 1 : NULL;
    }
    rows(*index, &row);
    *config = (sluice_config_room){.bytes = {0}};
    if (row.config_bytes > sizeof *config)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s %s has a config of %zu bytes; a row of the "
                               "table can have %zu",
                               kind, row.table.owner, row.config_bytes,
                               sizeof *config);
    return sluice_options_parse(&row.table, options, config, why);
}
