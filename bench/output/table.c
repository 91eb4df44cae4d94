/* Tables, whatever their format.  The main thread. */
#include "bench/output/table.h"

#include <inttypes.h>
#include <math.h>

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
    if (table->format->end)
        table->format->end(table);
}
