/*
 * Tables as Markdown, CSV, JSON (an array of objects), JSON lines, or in
 * Google Benchmark's layout.  Fields are of two kinds: context, which is the
 * same in every row and which Markdown prints once above the table, and
 * columns.  What people read, Markdown, has times in ms and shares in per cent;
 * all else has them as they are, in ns and parts of 1.  Samples are columns of
 * several values, which only JSON shows.
 */
#ifndef BENCH_OUTPUT_TABLE_H
#define BENCH_OUTPUT_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    TABLE_NUMBER = 32, /* bytes of a number as text */
    TABLE_FIELDS = 64, /* of one row */
};

enum table_kind { TABLE_TEXT, TABLE_INTEGER, TABLE_REAL, TABLE_SAMPLES };

struct table_field {
    const char *name;
    enum table_kind kind;
    bool context;
    bool key;              /* a column that says what was measured */
    bool share;            /* of a whole: 1 is 100 per cent */
    const char *text;      /* TABLE_TEXT */
    int64_t integer;       /* TABLE_INTEGER */
    double real;           /* TABLE_REAL; NAN is an empty field, null in JSON */
    const double *samples; /* TABLE_SAMPLES */
    int n_samples;
};

/* A row that is being put together, field by field. */
struct table_fields {
    int n;
    struct table_field of[TABLE_FIELDS];
};

/* Context. */
void add_word(struct table_fields *fields, const char *name, const char *value);
void add_shared(struct table_fields *fields, const char *name, int64_t value);
void add_shared_real(struct table_fields *fields, const char *name,
                     double value);
void add_absent(struct table_fields *fields, const char *name); /* no value */

/* Columns that say what was measured. */
void add_key_word(struct table_fields *fields, const char *name,
                  const char *value);
void add_key(struct table_fields *fields, const char *name, int64_t value);

/* Columns with results. */
void add_text(struct table_fields *fields, const char *name, const char *value);
void add_integer(struct table_fields *fields, const char *name, int64_t value);
void add_real(struct table_fields *fields, const char *name, double value);
void add_share(struct table_fields *fields, const char *name, double value);
void add_samples(struct table_fields *fields, const char *name,
                 const double *values, int n);

struct table_format;

/* A table under way. */
struct table {
    const struct table_format *format;
    FILE *out;
    int n_rows;
    void *state; /* of the format, which frees it at the end */
};

struct table_format {
    const char *name;
    void (*row)(struct table *table, const struct table_field *fields, int n);
    void (*end)(struct table *table); /* NULL: nothing to do */
    bool needs_samples;               /* it shows nothing else */
    bool needs_bubbles;               /* it shows them by K and M */
    const char *help;                 /* where the name does not say it */
};

/* Rows all have the same fields, in the same order. */
void table_begin(struct table *table, const struct table_format *format,
                 FILE *out);
void table_row(struct table *table, const struct table_field *fields, int n);
void table_end(struct table *table);

/* A field as plain text; `buffer` holds numbers.  Samples have none. */
const char *table_text(const struct table_field *field,
                       char buffer[TABLE_NUMBER]);

#endif
