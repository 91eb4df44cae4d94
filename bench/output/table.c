/* Tables in four formats.  The main thread. */
#include "bench/output/table.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "bench/output/gbench.h"

struct table_format {
    const char *name;
    void (*row)(struct table *table, const struct table_field *fields, int n);
    void (*end)(struct table *table);
    bool needs_samples;
};

const char *table_text(const struct table_field *field,
                       char buffer[TABLE_NUMBER])
{
    buffer[0] = 0;
    switch (field->kind) {
    case TABLE_TEXT:
        return field->text;
    case TABLE_INTEGER:
        snprintf(buffer, TABLE_NUMBER, "%" PRId64, field->integer);
        break;
    case TABLE_REAL:
        if (!isnan(field->real))
            snprintf(buffer, TABLE_NUMBER, "%.6g", field->real);
        break;
    case TABLE_SAMPLES:
        break;
    }
    return buffer;
}

/* Markdown: the context as a list, then the columns, aligned. */

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
    for (int i = 0; i < n; i++)
        if (fields[i].context)
            fprintf(table->out, "- %s: %s\n", fields[i].name,
                    table_text(&fields[i], buffer));
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

static void md_row(struct table *table, const struct table_field *fields, int n)
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

/* CSV as of RFC 4180, but with bare newlines. */

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

static void csv_row(struct table *table, const struct table_field *fields,
                    int n)
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

/* JSON. */

static json_t *json_samples(const struct table_field *field)
{
    json_t *array = json_array();
    for (int i = 0; i < field->n_samples; i++)
        json_array_append_new(array, json_real(field->samples[i]));
    return array;
}

static json_t *json_field(const struct table_field *field)
{
    switch (field->kind) {
    case TABLE_TEXT:
        return json_string(field->text);
    case TABLE_INTEGER:
        return json_integer(field->integer);
    case TABLE_REAL:
        return isnan(field->real) ? json_null() : json_real(field->real);
    case TABLE_SAMPLES:
        return json_samples(field);
    }
    return NULL;
}

static void jsonl_row(struct table *table, const struct table_field *fields,
                      int n)
{
    json_t *row = json_object();
    for (int i = 0; i < n; i++)
        json_object_set_new(row, fields[i].name, json_field(&fields[i]));
    json_dumpf(row, table->out, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(row);
    fputc('\n', table->out);
}

static void json_row(struct table *table, const struct table_field *fields,
                     int n)
{
    fputc(table->n_rows ? ',' : '[', table->out);
    jsonl_row(table, fields, n);
}

static void json_end(struct table *table)
{
    fputs(table->n_rows ? "]\n" : "[]\n", table->out);
}

static void no_end(struct table *table)
{
    (void)table;
}

static const struct table_format formats[] = {
    {"md", md_row, no_end, false},
    {"csv", csv_row, no_end, false},
    {"json", json_row, json_end, false},
    {"jsonl", jsonl_row, no_end, false},
    {"gbench", gbench_row, gbench_end, true},
};

const struct table_format *table_format_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(formats[i].name, name))
            return &formats[i];
    return NULL;
}

bool table_format_needs_samples(const struct table_format *format)
{
    return format->needs_samples;
}

void table_begin(struct table *table, const struct table_format *format,
                 FILE *out)
{
    *table = (struct table){.format = format, .out = out};
}

void table_row(struct table *table, const struct table_field *fields, int n)
{
    table->format->row(table, fields, n);
    table->n_rows++;
    fflush(table->out);
}

void table_end(struct table *table)
{
    table->format->end(table);
}
