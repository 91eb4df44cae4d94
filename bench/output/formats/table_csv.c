/* Tables as CSV, as of RFC 4180, but with bare newlines.  The main thread. */
#include "bench/output/formats/table_csv.h"

#include <string.h>

static void csv_cell(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\n\r")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

void table_csv_row(struct table *table, const struct table_field *fields, int n)
{
    const char *comma = "";
    for (int i = 0; i < n && !table->n_rows; i++)
        if (fields[i].kind != TABLE_SAMPLES) {
            fprintf(table->out, "%s%s", comma, fields[i].name);
            comma = ",";
        }
    if (!table->n_rows)
        fputc('\n', table->out);
    comma = "";
    for (int i = 0; i < n; i++) {
        char buffer[TABLE_NUMBER];
        if (fields[i].kind == TABLE_SAMPLES)
            continue;
        fputs(comma, table->out);
        csv_cell(table->out, table_text(&fields[i], buffer));
        comma = ",";
    }
    fputc('\n', table->out);
}
