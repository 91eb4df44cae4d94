/*
 * The formats of tables.  A new one is a file with its functions, named in
 * CMakeLists.txt, and a row in table_formats.c.
 */
#ifndef BENCH_OUTPUT_FORMATS_TABLE_FORMATS_H
#define BENCH_OUTPUT_FORMATS_TABLE_FORMATS_H

#include <stddef.h>

#include "bench/output/table.h"

/* What the tables of a command have, besides figures. */
enum table_shows {
    TABLE_SHOWS_FIGURES,
    TABLE_SHOWS_SAMPLES, /* of timed steps */
    TABLE_SHOWS_BUBBLES, /* samples, and bubbles by devices and micro-batches */
};

/* The format of that name for such tables; NULL if there is none. */
const struct table_format *table_format_find(const char *name,
                                             enum table_shows shows);

/* "md (default), csv, ...", for help. */
void table_format_help(enum table_shows shows, char *text, size_t bytes);

/* "md, csv, ...". */
void table_format_names(enum table_shows shows, char *text, size_t bytes);

#endif
