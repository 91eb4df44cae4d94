/*
 * The rows and cells of a CSV, as Python's csv module and PyTorch's pipelining
 * see them: a row ends with "\n", "\r\n" or "\r"; a cell that begins with a
 * quote goes to the next one, whatever is in between; white space around a
 * cell's content does not count.  Any bytes may come.  One thread.
 */
#ifndef SL_SCHED_CSV_CELLS_H
#define SL_SCHED_CSV_CELLS_H

#include <stdbool.h>
#include <stddef.h>

struct sl_csv_text {
    const char *at;
    const char *end;
};

/* Where the reading of a text has come to. */
struct sl_csv_cursor {
    struct sl_csv_text left;
    const char *row; /* where the row begins */
};

enum sl_csv_cell {
    SL_CSV_INNER, /* more cells of the row follow */
    SL_CSV_LAST,
    SL_CSV_TRAILED, /* more follows a closing quote */
};

/* Begin at the start of text[bytes]; a byte order mark is skipped. */
struct sl_csv_cursor sl_csv_begin(const char *text, size_t bytes);

/* Go to the next row.  Returns whether there is one. */
bool sl_csv_next_row(struct sl_csv_cursor *cursor);

/* Take the next cell of the row, without quotes and white space; `*bytes` is
 * how long the row is up to its end. */
enum sl_csv_cell sl_csv_next_cell(struct sl_csv_cursor *cursor,
                                  struct sl_csv_text *cell, size_t *bytes);

/* Leave white space at both ends out. */
struct sl_csv_text sl_csv_strip(struct sl_csv_text text);

#endif
