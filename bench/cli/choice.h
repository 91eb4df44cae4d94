/* Options that take one word of a few, and the tables of those words. */
#ifndef BENCH_CLI_CHOICE_H
#define BENCH_CLI_CHOICE_H

#include <sluice/status.h>

struct choice {
    const char *name; /* NULL ends a table */
    int value;
};

extern const struct choice remat_choices[];          /* sluice_remat */
extern const struct choice backward_order_choices[]; /* of that name */
extern const struct choice cut_choices[];            /* sluice_cut, but LIST */
extern const struct choice layout_choices[];         /* sluice_weights_layout */
extern const struct choice save_layout_choices[];    /* the same, but AUTO */

/*
 * The value of the word `text`.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with the words there are.
 */
sluice_status choice_parse(const struct choice *table, const char *text,
                           int *value, sluice_diag *why);

/* The word for `value`, which is in the table. */
const char *choice_name(const struct choice *table, int value);

#endif
