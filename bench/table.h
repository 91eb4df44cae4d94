/*
 * Tables as Markdown, CSV, JSON (an array of objects) or JSON lines.  Fields
 * are of two kinds: context, which is the same in every row and which Markdown
 * prints once above the table, and columns.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum table_kind { TABLE_TEXT, TABLE_INTEGER, TABLE_REAL };

struct table_field {
    const char *name;
    enum table_kind kind;
    bool context;
    const char *text; /* TABLE_TEXT */
    int64_t integer;  /* TABLE_INTEGER */
    double real;      /* TABLE_REAL; NAN is an empty field, null in JSON */
};

struct table_format;

/* The format called "md", "csv", "json" or "jsonl"; NULL if none is. */
const struct table_format *table_format_find(const char *name);

/* A table under way. */
struct table {
    const struct table_format *format;
    FILE *out;
    int n_rows;
};

/* Rows all have the same fields, in the same order. */
void table_begin(struct table *table, const struct table_format *format,
                 FILE *out);
void table_row(struct table *table, const struct table_field *fields, int n);
void table_end(struct table *table);

#endif
