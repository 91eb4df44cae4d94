/* Texts as the rows of a training. */
#ifndef BENCH_TRAIN_DATA_TEXT_SOURCE_H
#define BENCH_TRAIN_DATA_TEXT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <sluice/dataset.h>
#include <sluice/status.h>
#include <sluice/text.h>

enum { TEXT_CONTEXT = 128 }; /* unless the model or an option says */

struct text_config {
    const char *tokenizer; /* NULL: the characters of the text */
    int64_t context;       /* tokens of a window; 0: see TEXT_CONTEXT */
};

struct text_source {
    sluice_text *text;           /* NULL: the rows are no windows */
    sluice_tokenizer *tokenizer; /* NULL: the file has tokens */
    char *tokenizer_name;        /* the same */
};

/* Whether --data names a text: one with a name, or a file. */
bool text_source_is(const char *name);

/*
 * Read the text that `name` names, and make two data sets of it; the test part
 * is its end, `test_share` of it.
 *
 * Returns  SLUICE_OK, or why there is none.
 */
sluice_status text_source_open(struct text_source *source, const char *name,
                               const struct text_config *config,
                               double test_share, sluice_dataset **train,
                               sluice_dataset **test, sluice_diag *why);

/* Its data sets must be gone. */
void text_source_close(struct text_source *source);

/* A line for people. */
void text_source_print(const struct text_source *source, const char *name,
                       const sluice_dataset *train, const sluice_dataset *test,
                       FILE *out);

#endif
