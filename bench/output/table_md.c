/* Tables as Markdown: the context as a list, then the columns, aligned.  The
 * main thread. */
#include "bench/output/table_md.h"

#include <string.h>

static bool is_column(const struct table_field *field)
{
    return !field->context && field->kind != TABLE_SAMPLES;
}

static int column_width(const struct table_field *field)
{
    int n = (int)strlen(field->name);
    return n > 8 ? n : 8;
}

static void md_head(struct table *table, const struct table_field *fields,
                    int n)
{
    char buffer[TABLE_NUMBER];
    for (int i = 0; i < n; i++) {
        const char *text = table_text(&fields[i], buffer);
        if (fields[i].context && *text)
            fprintf(table->out, "- %s: %s\n", fields[i].name, text);
    }
    fputs("\n|", table->out);
    for (int i = 0; i < n; i++)
        if (is_column(&fields[i]))
            fprintf(table->out, " %*s |", column_width(&fields[i]),
                    fields[i].name);
    fputs("\n|", table->out);
    for (int i = 0; i < n; i++) {
        if (!is_column(&fields[i]))
            continue;
        for (int k = 0; k <= column_width(&fields[i]); k++)
            fputc('-', table->out);
        fputs(":|", table->out);
    }
    fputc('\n', table->out);
}

void table_md_row(struct table *table, const struct table_field *fields, int n)
{
    if (!table->n_rows)
        md_head(table, fields, n);
    fputc('|', table->out);
    for (int i = 0; i < n; i++) {
        char buffer[TABLE_NUMBER];
        if (is_column(&fields[i]))
            fprintf(table->out, " %*s |", column_width(&fields[i]),
                    table_text(&fields[i], buffer));
    }
    fputc('\n', table->out);
}
