/* Putting a row together.  The main thread. */
#include "bench/output/table.h"

#include <assert.h>
#include <math.h>

static void add(struct table_fields *fields, struct table_field field)
{
    assert(fields->n < TABLE_FIELDS);
    fields->of[fields->n++] = field;
}

void add_word(struct table_fields *fields, const char *name, const char *value)
{
    add(fields,
        (struct table_field){
            .name = name, .kind = TABLE_TEXT, .context = true, .text = value});
}

void add_shared(struct table_fields *fields, const char *name, int64_t value)
{
    add(fields, (struct table_field){.name = name,
                                     .kind = TABLE_INTEGER,
                                     .context = true,
                                     .integer = value});
}

void add_shared_real(struct table_fields *fields, const char *name,
                     double value)
{
    add_real(fields, name, value);
    fields->of[fields->n - 1].context = true;
}

void add_absent(struct table_fields *fields, const char *name)
{
    add(fields,
        (struct table_field){
            .name = name, .kind = TABLE_REAL, .context = true, .real = NAN});
}

void add_key_word(struct table_fields *fields, const char *name,
                  const char *value)
{
    add(fields,
        (struct table_field){
            .name = name, .kind = TABLE_TEXT, .key = true, .text = value});
}

void add_key(struct table_fields *fields, const char *name, int64_t value)
{
    add(fields, (struct table_field){.name = name,
                                     .kind = TABLE_INTEGER,
                                     .key = true,
                                     .integer = value});
}

void add_text(struct table_fields *fields, const char *name, const char *value)
{
    add(fields,
        (struct table_field){.name = name, .kind = TABLE_TEXT, .text = value});
}

void add_integer(struct table_fields *fields, const char *name, int64_t value)
{
    add(fields, (struct table_field){
                    .name = name, .kind = TABLE_INTEGER, .integer = value});
}

void add_real(struct table_fields *fields, const char *name, double value)
{
    add(fields,
        (struct table_field){.name = name, .kind = TABLE_REAL, .real = value});
}

void add_share(struct table_fields *fields, const char *name, double value)
{
    add_real(fields, name, value);
    fields->of[fields->n - 1].share = true;
}

void add_samples(struct table_fields *fields, const char *name,
                 const double *values, int n)
{
    add(fields, (struct table_field){.name = name,
                                     .kind = TABLE_SAMPLES,
                                     .samples = values,
                                     .n_samples = n});
}
