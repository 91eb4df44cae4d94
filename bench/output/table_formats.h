/*
 * The formats of tables.  A new one is a file with its functions, named in
 * CMakeLists.txt, and a row in table_formats.c.
 */
#ifndef BENCH_OUTPUT_TABLE_FORMATS_H
#define BENCH_OUTPUT_TABLE_FORMATS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/output/table.h"

/* The format of that name; NULL if there is none. */
const struct table_format *table_format_find(const char *name);

/* "md (default), csv, ...": all, for help. */
void table_format_help(char *text, size_t bytes);

/* The same without those for rows that have samples. */
void table_format_plain_help(char *text, size_t bytes);

/* "md, csv, ...": those for tables whose rows have samples (`timed`), or have
 * none. */
void table_format_names(bool timed, char *text, size_t bytes);

#endif
