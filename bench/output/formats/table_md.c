/* Tables as Markdown: the context as a list, then the columns, aligned; times
 * in ms, shares in per cent.  The main thread. */
#include "bench/output/formats/table_md.h"

#include <string.h>

enum { NAME_BYTES = 64 };

/* A field as people read it. */
struct told {
    char name[NAME_BYTES];
    char number[TABLE_NUMBER];
    const char *text;
};

static bool is_time(const struct table_field *field)
{
    size_t n = strlen(field->name);
    return n > 3 && !strcmp(field->name + n - 3, "_ns") &&
           (field->kind == TABLE_INTEGER || field->kind == TABLE_REAL);
}

static double number_of(const struct table_field *field)
{
    return field->kind == TABLE_INTEGER ? (double)field->integer : field->real;
}

/* "step_ms" of "step_ns", "bubble %" of a share. */
static void tell(const struct table_field *field, struct told *told)
{
    bool is_ms = is_time(field);
    int n = (int)strlen(field->name) - (is_ms ? 2 : 0);
    snprintf(told->name, sizeof told->name, "%.*s%s", n, field->name,
             is_ms          ? "ms"
             : field->share ? " %"
                            : "");
    told->text = table_text(field, told->number);
    if ((!is_ms && !field->share) || !*told->text)
        return;
    double value = number_of(field);
    snprintf(told->number, sizeof told->number, is_ms ? "%.6g" : "%.2f",
             is_ms ? value / 1e6 : 100 * value);
}

static bool is_column(const struct table_field *field)
{
    return !field->context && field->kind != TABLE_SAMPLES;
}

static int column_width(const struct told *told)
{
    int n = (int)strlen(told->name);
    return n > 8 ? n : 8;
}

void table_md_context(struct table *table, const struct table_field *fields,
                      int n)
{
    for (int i = 0; i < n; i++) {
        struct told told;
        tell(&fields[i], &told);
        if (fields[i].context && *told.text)
            fprintf(table->out, "- %s: %s\n", told.name, told.text);
    }
}

static void md_head(struct table *table, const struct table_field *fields,
                    int n)
{
    struct told told;
    table_md_context(table, fields, n);
    fputs("\n|", table->out);
    for (int i = 0; i < n; i++) {
        tell(&fields[i], &told);
        if (is_column(&fields[i]))
            fprintf(table->out, " %*s |", column_width(&told), told.name);
    }
    fputs("\n|", table->out);
    for (int i = 0; i < n; i++) {
        tell(&fields[i], &told);
        if (!is_column(&fields[i]))
            continue;
        for (int k = 0; k <= column_width(&told); k++)
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
        struct told told;
        tell(&fields[i], &told);
        if (is_column(&fields[i]))
            fprintf(table->out, " %*s |", column_width(&told), told.text);
    }
    fputc('\n', table->out);
}
