/* Tables as JSON.  The main thread. */
#include "bench/output/formats/table_json.h"

#include <jansson.h>
#include <math.h>

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

void table_jsonl_row(struct table *table, const struct table_field *fields,
                     int n)
{
    json_t *row = json_object();
    for (int i = 0; i < n; i++)
        json_object_set_new(row, fields[i].name, json_field(&fields[i]));
    json_dumpf(row, table->out, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(row);
    fputc('\n', table->out);
}

void table_json_row(struct table *table, const struct table_field *fields,
                    int n)
{
    fputc(table->n_rows ? ',' : '[', table->out);
    table_jsonl_row(table, fields, n);
}

void table_json_end(struct table *table)
{
    fputs(table->n_rows ? "]\n" : "[]\n", table->out);
}
